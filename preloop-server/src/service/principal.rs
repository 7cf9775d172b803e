//! Who is calling, as its key says.

use preloop_api::Role;
use preloop_core::approval::Voter;
use preloop_core::call::Principal;
use uuid::Uuid;

use super::ServiceError;
use super::keys::OWNER;

/// The holder of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account that everything belongs to.
    pub account_id: Uuid,
    /// The identity that policies and approvers see.
    pub principal: Principal,
    /// What the caller may do.
    pub role: Role,
    /// The key that was used.
    pub key_id: Uuid,
}

impl Caller {
    /// Fails for everybody but owners; `message` says what only they may do.
    pub(crate) fn must_be_owner(&self, message: &str) -> Result<(), ServiceError> {
        match self.role {
            Role::Owner => Ok(()),
            Role::Admin | Role::Agent | Role::Approver | Role::Editor | Role::Viewer => {
                Err(ServiceError::Forbidden { code: "owner_only", message: message.to_owned() })
            }
        }
    }

    /// The caller as the rules of approval see it.
    pub(crate) fn voter(&self) -> Voter<'_> {
        let Principal { id, name, roles, teams, .. } = &self.principal;
        let is_owner = self.role == Role::Owner && id == OWNER;
        Voter { id, name, roles, teams, is_owner }
    }
}
