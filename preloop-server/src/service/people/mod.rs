//! People and agents of an account: who they are, how they prove it, and who may change them.
//!
//! INVARIANT: nobody hands out more than they have: every right of a role, a key or an invitation is one that the caller has.

mod accounts;
mod agents;
mod invitations;
mod names;
mod passwords;
mod sign_in;
mod teams;
mod throttle;
mod tokens;
mod users;

pub(super) use names::check_name;
pub(super) use passwords::Passwords;
pub(super) use sign_in::principal_of;
pub(crate) use sign_in::{csrf_token, is_access_token};
pub(super) use throttle::Throttle;
pub(super) use tokens::{hash_of, random_text};

use preloop_api::{Permission, Role};

use super::{Caller, ServiceError};

impl Caller {
    /// Fails where the caller may not give that role to somebody, or take it away.
    fn must_give(&self, role: Role) -> Result<(), ServiceError> {
        self.must(Permission::UsersWrite)?;
        self.must_have(role)
    }

    /// Fails where that role may more than the caller, who may have it and still come with a key that is narrowed.
    pub(super) fn must_have(&self, role: Role) -> Result<(), ServiceError> {
        if role.permissions().all(|permission| self.may(permission)) {
            return Ok(());
        }
        let role = role.as_str();
        Err(ServiceError::Forbidden {
            code: "role_beyond_own",
            message: format!(
                "the role `{role}` may more than you or your key, so only somebody who may as much can do this"
            ),
        })
    }
}

/// A failure that says: there is no such thing here.
fn not_found(code: &'static str, what: &str, id: impl std::fmt::Display) -> ServiceError {
    ServiceError::NotFound { code, message: format!("there is no {what} with the id `{id}`") }
}

/// A failure that says: this does not fit how things stand.
fn conflict(code: &'static str, message: impl Into<String>) -> ServiceError {
    ServiceError::Conflict { code, message: message.into(), state: None }
}

/// A failure that says: this cannot be done.
fn invalid(code: &'static str, message: impl Into<String>) -> ServiceError {
    ServiceError::Invalid { code, message: message.into() }
}
