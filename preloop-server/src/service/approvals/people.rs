//! Who there is to vote, as the store has it now: keys and sign-ins in memory may be older.

use preloop_api::{Permission, User};
use preloop_core::approval::{Eligible, Request, Voter};

use super::super::{Caller, ServiceError, Services};
use crate::store::Part;

/// A user who has the right to vote and is not disabled.
#[derive(Clone, Debug)]
pub(in crate::service) struct Person {
    pub(in crate::service) user: User,
    roles: [String; 1],
}

// === impl Person ===

impl Person {
    /// The user, where it is one who may vote.
    pub(in crate::service) fn of(user: User) -> Option<Self> {
        let may_vote = user.disabled_at.is_none() && user.role.allows(Permission::ApprovalsVote);
        may_vote.then(|| Self { roles: [user.role.as_str().to_owned()], user })
    }

    /// The person as the rules of approval see it.
    pub(in crate::service) fn voter(&self) -> Voter<'_> {
        let User { principal_id, name, email, teams, .. } = &self.user;
        Voter { id: principal_id, name, email: email.as_deref(), roles: &self.roles, teams }
    }
}

impl Services {
    /// Everybody who may vote now.
    pub(in crate::service) async fn people_who_vote(&self) -> Result<Vec<Person>, ServiceError> {
        let users = self.inner.store.user_list(self.inner.account_id, &Part::ALL).await?;
        Ok(users.items.into_iter().filter_map(|stored| Person::of(stored.user)).collect())
    }

    /// The caller as a person who may vote now.
    pub(super) async fn person_who_votes(&self, caller: &Caller) -> Result<Person, ServiceError> {
        let found = match caller.user_id {
            Some(id) => self.inner.store.user_find(self.inner.account_id, id).await?,
            None => None,
        };
        found.and_then(|stored| Person::of(stored.user)).ok_or_else(|| ServiceError::Forbidden {
            code: "permission_denied",
            message: "you were disabled, or lost the right to vote, meanwhile".to_owned(),
        })
    }
}

/// Who among them could vote on the request, now or later.
pub(super) fn eligible(request: &Request, people: &[Person]) -> Eligible {
    Eligible::of(request, people.iter().map(Person::voter))
}
