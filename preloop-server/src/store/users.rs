//! Users, by account.

use preloop_api::{Page, Role, User};
use uuid::Uuid;

use super::dialect::{EngineRow, Statement, WriteTransaction};
use super::part::{Order, Part};
use super::row::{Columns, findable, micros};
use super::{Change, Store, StoreError, bounds, sign_ins, teams};

const TABLE: &str = "app_user";
const SELECT: &str =
    "select user_id, account_id, principal_id, name, email, role, password, created_at,
    disabled_at, signed_in_at from app_user";

/// A user as stored.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoredUser {
    pub(crate) account_id: Uuid,
    pub(crate) user: User,
    /// argon2id as a PHC text.
    pub(crate) password: Option<String>,
}

/// What came of adding or changing a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserSaved {
    /// It is stored.
    Saved,
    /// Another user has the name, or the identity that the name would be taken for.
    NameTaken,
    /// Another user has the address.
    EmailTaken,
}

/// Which sign-ins a change of a user ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndedSignIns {
    /// None of them.
    None,
    /// All of them.
    All,
    /// All but the one that makes the change.
    AllBut(Uuid),
}

/// The form in which names and addresses are compared.
pub(crate) fn name_key(name: &str) -> String {
    name.to_lowercase()
}

impl std::fmt::Debug for StoredUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredUser").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Store {
    /// Users of the account, oldest first.
    pub(crate) async fn user_list(
        &self,
        account_id: Uuid,
        part: &Part<i64>,
    ) -> Result<Page<StoredUser>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where account_id = ").bind(account_id.to_string())?;
        part.narrow(&mut statement, Order::Ascending("created_at", "user_id"))?;
        let users = self.users(statement, Some(account_id)).await?;
        Ok(part.page(users, |stored| (micros(stored.user.created_at), stored.user.id)))
    }

    /// The user of that id.
    pub(crate) async fn user_find(
        &self,
        account_id: Uuid,
        id: Uuid,
    ) -> Result<Option<StoredUser>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where account_id = ").bind(account_id.to_string())?;
        statement.push(" and user_id = ").bind(id.to_string())?;
        Ok(self.users(statement, Some(account_id)).await?.pop())
    }

    /// The user of that name.
    pub(crate) async fn user_find_named(
        &self,
        account_id: Uuid,
        name: &str,
    ) -> Result<Option<StoredUser>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where account_id = ").bind(account_id.to_string())?;
        statement.push(" and (name_key = ").bind(findable(&name_key(name)))?;
        statement.push(" or name = ").bind(findable(name))?.push(")");
        Ok(self.users(statement, Some(account_id)).await?.pop())
    }

    /// The users of all accounts, or of the one of that name, who sign in by that name or address; three at most.
    pub(crate) async fn user_candidates(
        &self,
        username: &str,
        account: Option<&str>,
    ) -> Result<Vec<StoredUser>, StoreError> {
        let key = findable(&name_key(username));
        let mut statement = Statement::new(SELECT);
        statement.push(" where (name_key = ").bind(key.clone())?;
        statement.push(" or email_key = ").bind(key)?;
        statement.push(" or name_key = ").bind(findable(username))?.push(")");
        if let Some(account) = account {
            statement.push(
                " and account_id in (select account_id from account where lower(name) = lower(",
            );
            statement.bind(findable(account))?.push("))");
        }
        statement.push(" limit 3");
        self.users(statement, None).await
    }

    /// Adds a user and puts it into teams of the account.
    pub(crate) async fn user_insert(
        &self,
        user: &StoredUser,
        teams: &[Uuid],
    ) -> Result<UserSaved, StoreError> {
        let mut tx = self.write().await?;
        let saved = insert(&mut tx, user, teams).await?;
        if saved == UserSaved::Saved {
            tx.announce(Change::KEYS).await?;
            tx.commit().await?;
        }
        Ok(saved)
    }

    /// Changes a user by a rule, which is told whether it is the only enabled owner; `None` where there is none of that id.
    pub(crate) async fn user_change<E: Send>(
        &self,
        account_id: Uuid,
        id: Uuid,
        rule: impl FnOnce(&mut StoredUser, bool) -> Result<EndedSignIns, E> + Send,
    ) -> Result<Option<Result<(StoredUser, UserSaved), E>>, StoreError> {
        let mut tx = self.write().await?;
        hold(&mut tx, account_id).await?;
        let row = sqlx::query(
            "select user_id, account_id, principal_id, name, email, role, password, created_at,
                disabled_at, signed_in_at
             from app_user where account_id = $1 and user_id = $2",
        )
        .bind(account_id.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let mut user = read(&row)?;
        let others = sqlx::query(
            "select user_id from app_user
             where account_id = $1 and user_id <> $2 and role = 'owner' and disabled_at is null
             limit 1",
        )
        .bind(account_id.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        let is_owner = user.user.role == Role::Owner && user.user.disabled_at.is_none();
        let ended = match rule(&mut user, is_owner && others.is_none()) {
            Ok(ended) => ended,
            Err(error) => return Ok(Some(Err(error))),
        };
        let taken = taken(&mut tx, &user).await?;
        if taken != UserSaved::Saved {
            return Ok(Some(Ok((user, taken))));
        }
        update(&mut tx, &user).await?;
        match ended {
            EndedSignIns::None => {}
            EndedSignIns::All => sign_ins::end_all(&mut tx, id, None).await?,
            EndedSignIns::AllBut(kept) => sign_ins::end_all(&mut tx, id, Some(kept)).await?,
        }
        tx.announce(Change::KEYS).await?;
        tx.commit().await?;
        Ok(Some(Ok((user, UserSaved::Saved))))
    }

    async fn users(
        &self,
        statement: Statement,
        account_id: Option<Uuid>,
    ) -> Result<Vec<StoredUser>, StoreError> {
        let rows = statement.query().fetch_all(self.connections.reader()).await?;
        let mut users = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if !users.is_empty() {
            let teams = self.team_names(account_id).await?;
            for user in &mut users {
                user.user.teams = teams.get(&user.user.id).cloned().unwrap_or_default();
            }
        }
        Ok(users)
    }
}

/// Lets one transaction at a time change who is in the account.
pub(super) async fn hold(tx: &mut WriteTransaction, account_id: Uuid) -> Result<(), StoreError> {
    tx.hold(&format!("people of {account_id}")).await
}

/// Adds a user inside a transaction of somebody else.
pub(super) async fn insert(
    tx: &mut WriteTransaction,
    stored: &StoredUser,
    teams: &[Uuid],
) -> Result<UserSaved, StoreError> {
    let StoredUser { account_id, user, password } = stored;
    hold(tx, *account_id).await?;
    let taken = taken(tx, stored).await?;
    if taken != UserSaved::Saved {
        return Ok(taken);
    }
    bounds::check_users(tx, *account_id).await?;
    sqlx::query(
        "insert into app_user (user_id, account_id, principal_id, name, name_key, email, email_key,
            role, password, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(user.id.to_string())
    .bind(account_id.to_string())
    .bind(&user.principal_id)
    .bind(&user.name)
    .bind(name_key(&user.name))
    .bind(&user.email)
    .bind(user.email.as_deref().map(name_key))
    .bind(user.role.as_str())
    .bind(password)
    .bind(micros(user.created_at))
    .execute(&mut **tx)
    .await?;
    for team in teams {
        teams::insert_member(tx, *account_id, *team, user.id).await?;
    }
    Ok(UserSaved::Saved)
}

/// Whether another user has what this one is about to be known by.
async fn taken(tx: &mut WriteTransaction, stored: &StoredUser) -> Result<UserSaved, StoreError> {
    let StoredUser { account_id, user, .. } = stored;
    let key = name_key(&user.name);
    let named = sqlx::query(
        "select user_id from app_user
         where account_id = $1 and user_id <> $2
           and (name_key = $3 or name = $4 or principal_id = $4 or principal_id = $5)
         union select agent_id from agent where account_id = $1 and (name = $4 or name = $5)",
    )
    .bind(account_id.to_string())
    .bind(user.id.to_string())
    .bind(key)
    .bind(&user.name)
    .bind(&user.principal_id)
    .fetch_optional(&mut **tx)
    .await?;
    if named.is_some() {
        return Ok(UserSaved::NameTaken);
    }
    let Some(email) = &user.email else { return Ok(UserSaved::Saved) };
    let found = sqlx::query(
        "select user_id from app_user where account_id = $1 and user_id <> $2 and email_key = $3",
    )
    .bind(account_id.to_string())
    .bind(user.id.to_string())
    .bind(name_key(email))
    .fetch_optional(&mut **tx)
    .await?;
    Ok(if found.is_some() { UserSaved::EmailTaken } else { UserSaved::Saved })
}

async fn update(tx: &mut WriteTransaction, stored: &StoredUser) -> Result<(), StoreError> {
    let StoredUser { user, password, .. } = stored;
    sqlx::query(
        "update app_user set name = $2, name_key = $3, email = $4, email_key = $5, role = $6,
            password = $7, disabled_at = $8
         where user_id = $1",
    )
    .bind(user.id.to_string())
    .bind(&user.name)
    .bind(name_key(&user.name))
    .bind(&user.email)
    .bind(user.email.as_deref().map(name_key))
    .bind(user.role.as_str())
    .bind(password)
    .bind(user.disabled_at.map(micros))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A user from its row; its teams are read by themselves.
pub(super) fn read(row: &EngineRow) -> Result<StoredUser, StoreError> {
    let columns = Columns::of(TABLE, "user_id", row);
    let password = columns.text_opt("password")?;
    Ok(StoredUser {
        account_id: columns.id("account_id")?,
        user: User {
            id: columns.id("user_id")?,
            principal_id: columns.text("principal_id")?,
            name: columns.text("name")?,
            email: columns.text_opt("email")?,
            role: columns.named("role", Role::from_name)?,
            teams: Vec::new(),
            has_password: password.is_some(),
            created_at: columns.time("created_at")?,
            signed_in_at: columns.time_opt("signed_in_at")?,
            disabled_at: columns.time_opt("disabled_at")?,
        },
        password,
    })
}
