//! Whom a key is made for: the caller, an agent or a user.

use preloop_api::{Agent, CreateApiKey, CreateUser, Permission, Role};
use uuid::Uuid;

use super::super::people::check_name;
use super::super::{Caller, ServiceError, Services};
use super::invalid;
use crate::store::KeyHolder;

/// Whom a key is to be made for.
pub(super) struct Holder {
    pub(super) id: KeyHolder,
    pub(super) role: Role,
    pub(super) name: String,
    pub(super) principal_id: String,
}

impl Services {
    /// Whom the request means: the caller, an agent, or a user.
    pub(super) async fn key_holder_for(
        &self,
        caller: &Caller,
        name: &str,
        request: &CreateApiKey,
    ) -> Result<Holder, ServiceError> {
        if request.agent.is_some() && request.user.is_some() {
            return Err(invalid("invalid_holder", "a key has one holder: `agent` or `user`"));
        }
        if let Some(agent) = &request.agent {
            if request.role.is_some_and(|role| role != Role::Agent) {
                return Err(invalid("invalid_role", "the key of an agent has the role `agent`"));
            }
            caller.must(Permission::KeysWrite)?;
            return self.agent_holder(check_name(agent)?).await;
        }
        match (request.role, &request.user) {
            (Some(Role::Agent), None) => {
                caller.must(Permission::KeysWrite)?;
                self.agent_holder(name).await
            }
            (None, None) => {
                let id = caller.must_be_user()?;
                caller.must(Permission::KeysOwn)?;
                self.user_holder(id).await
            }
            (role, user) => {
                caller.must(Permission::KeysWrite)?;
                self.named_user_holder(caller, user.as_deref(), name, role).await
            }
        }
    }

    /// The user of that name; where only a role was said, a user is made for the key.
    async fn named_user_holder(
        &self,
        caller: &Caller,
        user: Option<&str>,
        key_name: &str,
        role: Option<Role>,
    ) -> Result<Holder, ServiceError> {
        let account_id = self.inner.account_id;
        let found = self.inner.store.user_find_named(account_id, user.unwrap_or(key_name)).await?;
        let user = match (found, user, role) {
            (Some(stored), _, _) => stored.user,
            (None, None, Some(role)) => {
                let request = CreateUser {
                    name: key_name.to_owned(),
                    email: None,
                    role,
                    password: None,
                    teams: Vec::new(),
                };
                self.user_create(caller, request).await.map_err(|error| match error {
                    // An agent has the name, and the identity behind a name must not change what it may do.
                    ServiceError::Conflict { .. } => role_taken(key_name),
                    other => other,
                })?
            }
            (None, ..) => return Err(invalid("unknown_user", "there is no user of that name")),
        };
        if role.is_some_and(|role| role != user.role) {
            return Err(role_taken(key_name));
        }
        self.user_holder(user.id).await
    }

    async fn user_holder(&self, id: Uuid) -> Result<Holder, ServiceError> {
        let user = self.user(id).await?.user;
        Ok(Holder {
            id: KeyHolder::User(id),
            role: user.role,
            name: user.name,
            principal_id: user.principal_id,
        })
    }

    pub(super) async fn agent_holder(&self, name: &str) -> Result<Holder, ServiceError> {
        let agent = match self.agent_named(name).await? {
            Some(agent) => agent,
            None => match self.agent_add(name, None).await? {
                Some(agent) => agent,
                None => self.agent_named(name).await?.ok_or_else(|| role_taken(name))?,
            },
        };
        let Agent { id, name, .. } = agent;
        let principal_id = name.clone();
        Ok(Holder { id: KeyHolder::Agent(id), role: Role::Agent, name, principal_id })
    }
}

fn role_taken(name: &str) -> ServiceError {
    ServiceError::Conflict {
        code: "key_name_taken",
        message: format!("somebody named `{name}` has another role; take another name"),
        state: None,
    }
}
