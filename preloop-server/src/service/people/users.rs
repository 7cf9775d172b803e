//! Users: making, changing, disabling them, and their passwords.

use preloop_api::{
    ChangePassword, ChangeUser, CreateUser, Credential, Page, Permission, Role, SecretText, User,
};
use preloop_core::audit::AuditKind;
use uuid::Uuid;

use super::names::{check_email, check_user_name};
use super::{conflict, invalid, not_found};
use crate::ids::new_id;
use crate::service::{Caller, OWNER, ServiceError, Services};
use crate::store::{EndedSignIns, Part, StoredUser, UserSaved};

impl Services {
    /// Users of the account, oldest first.
    pub(crate) async fn user_list(
        &self,
        caller: &Caller,
        part: &Part<i64>,
    ) -> Result<Page<User>, ServiceError> {
        caller.must(Permission::UsersRead)?;
        let Page { items, next_cursor } =
            self.inner.store.user_list(self.inner.account_id, part).await?;
        Ok(Page { items: items.into_iter().map(|stored| stored.user).collect(), next_cursor })
    }

    /// One user.
    pub(crate) async fn user_show(&self, caller: &Caller, id: Uuid) -> Result<User, ServiceError> {
        caller.must(Permission::UsersRead)?;
        self.user(id).await.map(|stored| stored.user)
    }

    /// Makes a user.
    pub(crate) async fn user_create(
        &self,
        caller: &Caller,
        request: CreateUser,
    ) -> Result<User, ServiceError> {
        caller.must_give(request.role)?;
        self.must_not_end(caller, "makes no user")?;
        let teams = self.team_ids(&request.teams).await?;
        let stored = self.new_user(&request.name, request.email.as_deref(), request.role)?;
        let stored = self.with_password(stored, request.password.as_ref()).await?;
        saved(self.inner.store.user_insert(&stored, &teams).await?)?;
        let user = self.user(stored.user.id).await?.user;
        let message = format!("user `{}` as {}", user.name, user.role.as_str());
        self.record_act(caller, AuditKind::UserCreated, message)?;
        Ok(user)
    }

    /// Changes name, address or role of a user.
    pub(crate) async fn user_change(
        &self,
        caller: &Caller,
        id: Uuid,
        request: ChangeUser,
    ) -> Result<User, ServiceError> {
        caller.must(Permission::UsersWrite)?;
        let name = request.name.as_deref().map(check_user_name).transpose()?;
        let email = request.email.as_deref().map(check_email).transpose()?;
        if let Some(role) = request.role {
            must_be_of_people(role)?;
            caller.must_give(role)?;
        }
        let user = self
            .user_apply(id, |stored, is_last_owner| {
                caller.must_give(stored.user.role)?;
                if is_last_owner && request.role.is_some_and(|role| role != Role::Owner) {
                    return Err(last_owner());
                }
                let user = &mut stored.user;
                user.name = name.unwrap_or(&user.name).to_owned();
                user.role = request.role.unwrap_or(user.role);
                user.email = email.map(str::to_owned).or(user.email.take());
                Ok(EndedSignIns::None)
            })
            .await?;
        let message = format!("user `{}` as {}", user.name, user.role.as_str());
        self.record_act(caller, AuditKind::UserChanged, message)?;
        Ok(user)
    }

    /// Disables a user, or enables one: keys and sign-ins of a disabled one are refused from now on, at every server.
    pub(crate) async fn user_disable(
        &self,
        caller: &Caller,
        id: Uuid,
        is_disabled: bool,
    ) -> Result<User, ServiceError> {
        caller.must(Permission::UsersWrite)?;
        let now = self.now();
        let user = self
            .user_apply(id, |stored, is_last_owner| {
                caller.must_give(stored.user.role)?;
                if is_disabled && is_last_owner {
                    return Err(last_owner());
                }
                if is_disabled && caller.user_id == Some(id) {
                    return Err(conflict(
                        "own_user",
                        "you cannot disable yourself; ask another owner or admin",
                    ));
                }
                stored.user.disabled_at = is_disabled.then_some(now);
                Ok(EndedSignIns::All)
            })
            .await?;
        let kind = if is_disabled { AuditKind::UserDisabled } else { AuditKind::UserEnabled };
        self.record_act(caller, kind, format!("user `{}`", user.name))?;
        Ok(user)
    }

    /// Sets the password of a user and ends that user's sign-ins.
    pub(crate) async fn user_set_password(
        &self,
        caller: &Caller,
        id: Uuid,
        password: &SecretText,
    ) -> Result<(), ServiceError> {
        caller.must(Permission::UsersWrite)?;
        let stored = self.user(id).await?;
        caller.must_give(stored.user.role)?;
        self.must_not_end(caller, "sets no password")?;
        let hash = self.inner.passwords.hash(password, &stored.user.name).await?;
        let user = self
            .user_apply(id, |stored, _| {
                caller.must_give(stored.user.role)?;
                stored.password = Some(hash);
                Ok(EndedSignIns::All)
            })
            .await?;
        self.record_act(caller, AuditKind::PasswordChanged, format!("user `{}`", user.name))
    }

    /// Changes the caller's own password and ends the caller's other sign-ins.
    pub(crate) async fn password_change(
        &self,
        caller: &Caller,
        request: ChangePassword,
    ) -> Result<(), ServiceError> {
        let id = caller.must_be_user()?;
        // Whoever knows the password may all that the user may: a narrowed key must not set one.
        caller.must_have(caller.role)?;
        self.must_not_end(caller, "sets no password")?;
        let stored = self.user(id).await?;
        if let Some(hash) = &stored.password {
            let given = request.current_password.unwrap_or_default();
            self.guess_password(&stored, &given, hash).await?;
        }
        let hash = self.inner.passwords.hash(&request.new_password, &stored.user.name).await?;
        self.user_apply(id, |stored, _| {
            stored.password = Some(hash);
            Ok(EndedSignIns::AllBut(caller.key_id))
        })
        .await?;
        let message = format!("user `{}`, by the user", stored.user.name);
        self.record_act(caller, AuditKind::PasswordChanged, message)
    }

    /// Makes sure that the operator's account has the user that the owner key stands for.
    pub(crate) async fn first_owner_ensure(&self) -> Result<User, ServiceError> {
        if let Some(owner) = self.first_owner().await? {
            return Ok(owner);
        }
        let mut stored = self.new_user(OWNER, None, Role::Owner)?;
        OWNER.clone_into(&mut stored.user.principal_id);
        // Of two servers that start at once on one database, the other one was faster.
        let _ = self.inner.store.user_insert(&stored, &[]).await?;
        self.first_owner().await?.ok_or_else(|| ServiceError::Unavailable {
            message: "the first owner could not be made; try again".to_owned(),
        })
    }

    /// The user that the owner key stands for, whatever name that user has now.
    async fn first_owner(&self) -> Result<Option<User>, ServiceError> {
        let users = self.inner.store.user_list(self.inner.account_id, &Part::ALL).await?;
        let mut users = users.items.into_iter().map(|stored| stored.user);
        Ok(users.find(|user| user.principal_id == OWNER))
    }

    /// The user of that id.
    pub(in crate::service) async fn user(&self, id: Uuid) -> Result<StoredUser, ServiceError> {
        let found = self.inner.store.user_find(self.inner.account_id, id).await?;
        found.ok_or_else(|| not_found("user_not_found", "user", id))
    }

    /// A user that is not stored yet.
    pub(in crate::service) fn new_user(
        &self,
        name: &str,
        email: Option<&str>,
        role: Role,
    ) -> Result<StoredUser, ServiceError> {
        must_be_of_people(role)?;
        new_user(self.inner.account_id, self.now(), name, email, role)
    }

    pub(super) async fn with_password(
        &self,
        mut stored: StoredUser,
        password: Option<&SecretText>,
    ) -> Result<StoredUser, ServiceError> {
        if let Some(password) = password {
            stored.password = Some(self.inner.passwords.hash(password, &stored.user.name).await?);
        }
        Ok(stored)
    }

    /// Changes a user by a rule, and the keys in memory with it.
    async fn user_apply(
        &self,
        id: Uuid,
        rule: impl FnOnce(&mut StoredUser, bool) -> Result<EndedSignIns, ServiceError> + Send,
    ) -> Result<User, ServiceError> {
        let changed = self.inner.store.user_change(self.inner.account_id, id, rule).await?;
        let (_, outcome) = changed.ok_or_else(|| not_found("user_not_found", "user", id))??;
        saved(outcome)?;
        self.inner.keys_reload().await?;
        Ok(self.user(id).await?.user)
    }
}

impl Caller {
    /// The id of the user who calls; fails for agents.
    pub(in crate::service) fn must_be_user(&self) -> Result<Uuid, ServiceError> {
        self.user_id.ok_or_else(|| ServiceError::Forbidden {
            code: "users_only",
            message: "this is for users, and the key is an agent's".to_owned(),
        })
    }

    /// The id of the user who calls, signed in: a key that lies in a file, once stolen, must not be able to make itself
    /// another way to decide, that stays when it is revoked.
    pub(in crate::service) fn must_be_signed_in(&self) -> Result<Uuid, ServiceError> {
        let user_id = self.must_be_user()?;
        if self.credential == Credential::Key || !self.scopes.is_empty() {
            return Err(ServiceError::Forbidden {
                code: "sign_in_required",
                message: "passkeys, devices and who you are in chats are changed by whoever is \
                          signed in with a password, not with a key"
                    .to_owned(),
            });
        }
        Ok(user_id)
    }
}

/// A user of an account that is not stored yet.
pub(super) fn new_user(
    account_id: Uuid,
    now: preloop_core::Timestamp,
    name: &str,
    email: Option<&str>,
    role: Role,
) -> Result<StoredUser, ServiceError> {
    let name = check_user_name(name)?.to_owned();
    let email = email.map(check_email).transpose()?.map(str::to_owned);
    let id = new_id(now);
    let user = User {
        id,
        principal_id: id.to_string(),
        name,
        email,
        role,
        teams: Vec::new(),
        has_password: false,
        created_at: now,
        signed_in_at: None,
        disabled_at: None,
    };
    Ok(StoredUser { account_id, user, password: None })
}

/// What came of storing a user, as callers learn it.
pub(super) fn saved(saved: UserSaved) -> Result<(), ServiceError> {
    match saved {
        UserSaved::Saved => Ok(()),
        UserSaved::NameTaken => {
            Err(conflict("user_name_taken", "somebody in the account has this name; take another"))
        }
        UserSaved::EmailTaken => {
            Err(conflict("email_taken", "another user of the account has this e-mail address"))
        }
    }
}

fn must_be_of_people(role: Role) -> Result<(), ServiceError> {
    if role == Role::Agent {
        return Err(invalid(
            "invalid_role",
            "a user cannot have the role `agent`; make an agent instead",
        ));
    }
    Ok(())
}

fn last_owner() -> ServiceError {
    conflict("last_owner", "an account keeps at least one owner; make another owner first")
}
