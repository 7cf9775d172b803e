//! Invitations, by the hashes of their tokens.

use std::collections::HashMap;

use preloop_api::{Invitation, Page, Permission, Role};
use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::{EngineRow, Statement, WriteTransaction};
use super::part::{Order, Part};
use super::row::{Columns, micros, to_json};
use super::users::{self, StoredUser, UserSaved};
use super::{Change, Store, StoreError, bounds};

const TABLE: &str = "invitation";

/// An invitation as stored; `invitation.teams` is empty, since it keeps ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredInvitation {
    pub(crate) account_id: Uuid,
    pub(crate) invitation: Invitation,
    /// Ids of the teams.
    pub(crate) teams: Vec<Uuid>,
    /// The user who invited: the invitation is worth what that one may.
    pub(crate) invited_by_id: Option<Uuid>,
}

/// What came of accepting an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// The user is stored.
    Done,
    /// It was accepted or revoked before, or has ended, or who invited may not any more.
    Over,
    /// The user cannot be stored.
    Refused(UserSaved),
}

impl Store {
    /// Invitations of the account, newest first, with the names of their teams.
    pub(crate) async fn invitation_list(
        &self,
        account_id: Uuid,
        part: &Part<i64>,
    ) -> Result<Page<Invitation>, StoreError> {
        let mut statement = Statement::new(
            "select invitation_id, account_id, email, name, role, teams, invited_by,
                invited_by_id, created_at, expires_at, accepted_at, revoked_at
             from invitation where account_id = ",
        );
        statement.bind(account_id.to_string())?;
        part.narrow(&mut statement, Order::Descending("created_at", "invitation_id"))?;
        let rows = statement.query().fetch_all(self.connections.reader()).await?;
        let teams = self.team_list(account_id, &Part::ALL).await?.items;
        let names: HashMap<Uuid, String> =
            teams.into_iter().map(|team| (team.id, team.name)).collect();
        let invitations = rows.iter().map(|row| {
            let mut stored = read(row)?;
            let teams = stored.teams.iter().filter_map(|id| names.get(id).cloned());
            stored.invitation.teams = teams.collect();
            Ok(stored.invitation)
        });
        let invitations = invitations.collect::<Result<_, StoreError>>()?;
        Ok(part.page(invitations, |one: &Invitation| (micros(one.created_at), one.id)))
    }

    /// The invitation of a token.
    pub(crate) async fn invitation_find(
        &self,
        hash: &str,
    ) -> Result<Option<StoredInvitation>, StoreError> {
        let row = sqlx::query(
            "select invitation_id, account_id, email, name, role, teams, invited_by,
                invited_by_id, created_at, expires_at, accepted_at, revoked_at
             from invitation where hash = $1",
        )
        .bind(hash)
        .fetch_optional(self.connections.reader())
        .await?;
        row.as_ref().map(read).transpose()
    }

    /// Adds an invitation.
    pub(crate) async fn invitation_insert(
        &self,
        stored: &StoredInvitation,
        hash: &str,
    ) -> Result<(), StoreError> {
        let StoredInvitation { account_id, invitation, teams, invited_by_id } = stored;
        let mut tx = self.write().await?;
        bounds::check_invitations(&mut tx, *account_id, invitation.created_at).await?;
        sqlx::query(
            "insert into invitation (invitation_id, account_id, hash, email, role, teams, invited_by,
                created_at, expires_at, name, invited_by_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(invitation.id.to_string())
        .bind(account_id.to_string())
        .bind(hash)
        .bind(&invitation.email)
        .bind(invitation.role.as_str())
        .bind(to_json(TABLE, &invitation.id, teams)?)
        .bind(&invitation.invited_by)
        .bind(micros(invitation.created_at))
        .bind(micros(invitation.expires_at))
        .bind(&invitation.name)
        .bind(invited_by_id.map(|id| id.to_string()))
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Accepts an invitation: the user is added in the same transaction, which no change of the inviter comes between.
    pub(crate) async fn invitation_accept(
        &self,
        invitation: &StoredInvitation,
        user: &StoredUser,
        now: Timestamp,
    ) -> Result<Accepted, StoreError> {
        let mut tx = self.write().await?;
        users::hold(&mut tx, invitation.account_id).await?;
        if !inviter_may(&mut tx, invitation).await? {
            return Ok(Accepted::Over);
        }
        let taken = sqlx::query(
            "update invitation set accepted_at = $2
             where invitation_id = $1 and accepted_at is null and revoked_at is null
               and expires_at > $2",
        )
        .bind(invitation.invitation.id.to_string())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        if taken.rows_affected() != 1 {
            return Ok(Accepted::Over);
        }
        let saved = users::insert(&mut tx, user, &invitation.teams).await?;
        if saved != UserSaved::Saved {
            return Ok(Accepted::Refused(saved));
        }
        tx.announce(Change::KEYS).await?;
        tx.commit().await?;
        Ok(Accepted::Done)
    }

    /// Revokes an open invitation; false where there is none of that id.
    pub(crate) async fn invitation_revoke(
        &self,
        account_id: Uuid,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let revoked = sqlx::query(
            "update invitation set revoked_at = $3
             where account_id = $1 and invitation_id = $2 and accepted_at is null
               and revoked_at is null",
        )
        .bind(account_id.to_string())
        .bind(id.to_string())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(revoked.rows_affected() == 1)
    }
}

/// Whether who invited is there, and may all that the invited would.
async fn inviter_may(
    tx: &mut WriteTransaction,
    invitation: &StoredInvitation,
) -> Result<bool, StoreError> {
    let Some(id) = invitation.invited_by_id else { return Ok(false) };
    let row = sqlx::query(
        "select user_id, role from app_user
         where account_id = $1 and user_id = $2 and disabled_at is null",
    )
    .bind(invitation.account_id.to_string())
    .bind(id.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(false) };
    let role = Columns::of("app_user", "user_id", &row).named("role", Role::from_name)?;
    let may_invite = role.allows(Permission::UsersWrite);
    Ok(may_invite && invitation.invitation.role.permissions().all(|it| role.allows(it)))
}

fn read(row: &EngineRow) -> Result<StoredInvitation, StoreError> {
    let columns = Columns::of(TABLE, "invitation_id", row);
    Ok(StoredInvitation {
        account_id: columns.id("account_id")?,
        invitation: Invitation {
            id: columns.id("invitation_id")?,
            email: columns.text_opt("email")?,
            name: columns.text_opt("name")?,
            role: columns.named("role", Role::from_name)?,
            teams: Vec::new(),
            invited_by: columns.text("invited_by")?,
            created_at: columns.time("created_at")?,
            expires_at: columns.time("expires_at")?,
            accepted_at: columns.time_opt("accepted_at")?,
            revoked_at: columns.time_opt("revoked_at")?,
        },
        teams: columns.json("teams")?,
        invited_by_id: match columns.text_opt("invited_by_id")? {
            Some(_) => Some(columns.id("invited_by_id")?),
            None => None,
        },
    })
}
