//! Who is calling, as its key says.

use preloop_api::Role;
use preloop_core::call::Principal;
use uuid::Uuid;

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
