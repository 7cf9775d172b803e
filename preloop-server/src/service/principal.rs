//! Who is calling, as its key says.

use preloop_api::{Credential, Permission, Role};
use preloop_core::call::Principal;
use uuid::Uuid;

use super::{Seen, ServiceError};

/// The holder of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account that everything belongs to.
    pub account_id: Uuid,
    /// The identity that policies and approvers see.
    pub principal: Principal,
    /// What the caller may do.
    pub role: Role,
    /// What the key narrows the role to; empty: nothing is narrowed.
    pub scopes: Vec<Permission>,
    /// The flow that the key is for, where it says one.
    pub flow: Option<String>,
    /// The key that was used, or the sign-in.
    pub key_id: Uuid,
    /// Which of the two it is.
    pub credential: Credential,
    /// The user who calls; none where it is an agent.
    pub user_id: Option<Uuid>,
    /// The user's e-mail address.
    pub email: Option<String>,
}

impl Caller {
    /// Whether role and scopes allow it.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        // Whoever manages all keys manages the own ones.
        (permission == Permission::KeysOwn && self.may(Permission::KeysWrite))
            || (self.role.allows(permission)
                && (self.scopes.is_empty() || self.scopes.contains(&permission)))
    }

    /// Fails where role or scopes do not allow it.
    pub(crate) fn must(&self, permission: Permission) -> Result<(), ServiceError> {
        if self.may(permission) {
            return Ok(());
        }
        let role = self.role.as_str();
        let whose = if self.role.allows(permission) {
            format!("the scopes of this key leave out `{permission}`")
        } else {
            format!("the role `{role}` does not give `{permission}`")
        };
        Err(ServiceError::Forbidden {
            code: "permission_denied",
            message: format!("{whose}; ask an owner or an admin of the account"),
        })
    }

    /// From which scopes the caller's calls are seen.
    pub(crate) fn seen(&self) -> Seen<'_> {
        Seen { principal: &self.principal, flow: self.flow.as_deref() }
    }
}
