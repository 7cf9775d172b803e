//! Who there is to vote, as the store has it now: keys and sign-ins in memory may be older.

use preloop_api::{Permission, User};
use preloop_core::approval::{ApprovalState, Eligible, Request, Voter};
use preloop_core::diagnostic::nearest;
use preloop_core::visible::visible;

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

/// Somebody whose requests are looked for.
pub(super) struct Asked {
    principal_id: String,
    /// None where that one may not vote now.
    person: Option<Person>,
}

// === impl Asked ===

impl Asked {
    /// Whether the request asks this person now, or this person voted on it.
    pub(super) fn has_to_do_with(&self, request: &Request) -> bool {
        let has_voted = request.votes.iter().any(|vote| vote.voter_id == self.principal_id);
        has_voted
            || (request.state == ApprovalState::Pending
                && self.person.as_ref().is_some_and(|person| {
                    let voter = person.voter();
                    let is_own = voter.id == request.requester_id;
                    request.asks(voter) && (!is_own || request.deciding().allow_self_approval)
                }))
    }
}

impl Services {
    /// Whom a name, an e-mail address or an id means: any user, since those may have voted who may not any more.
    pub(super) async fn asked_person(&self, name: &str) -> Result<Asked, ServiceError> {
        let stored = self.inner.store.user_list(self.inner.account_id, &Part::ALL).await?.items;
        let is_this = |user: &&User| {
            let is_address = |email: &str| email.eq_ignore_ascii_case(name);
            user.name == name
                || user.principal_id == name
                || user.email.as_deref().is_some_and(is_address)
        };
        let users = || stored.iter().map(|stored| &stored.user);
        let Some(user) = users().find(is_this) else {
            let meant = nearest(name, users().map(|user| user.name.as_str()));
            let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            return Err(ServiceError::Invalid {
                code: "unknown_user",
                message: format!("`approver`: there is no user `{}`{meant}", visible(name)),
            });
        };
        Ok(Asked { principal_id: user.principal_id.clone(), person: Person::of(user.clone()) })
    }

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
