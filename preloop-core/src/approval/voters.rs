//! Who may vote.

use std::collections::BTreeSet;

use super::{Request, Workflow};
use crate::document::Approver;

/// Somebody with the approver right who wants to vote.
#[derive(Clone, Copy, Debug)]
pub struct Voter<'a> {
    /// Identity.
    pub id: &'a str,
    /// Name that documents use.
    pub name: &'a str,
    /// E-mail address, by which documents may name the voter too.
    pub email: Option<&'a str>,
    /// Roles held.
    pub roles: &'a [String],
    /// Teams belonged to.
    pub teams: &'a [String],
}

/// The identities that could vote on a request, now or once it escalates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Eligible {
    ids: BTreeSet<String>,
}

// === impl Eligible ===

impl Eligible {
    /// Those among the people who have the approver right.
    pub fn of<'a>(request: &Request, people: impl IntoIterator<Item = Voter<'a>>) -> Self {
        let deciding = request.deciding();
        let ids = people
            .into_iter()
            .filter(|voter| deciding.allow_self_approval || voter.id != request.requester_id)
            .filter(|voter| deciding.could_ask(*voter))
            .map(|voter| voter.id.to_owned());
        Self { ids: ids.collect() }
    }

    /// Whether one of them has that identity.
    pub fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Their identities.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }
}

// === impl Workflow ===

impl Workflow {
    /// Whether the voter is asked from the start.
    pub fn asks(&self, voter: Voter<'_>) -> bool {
        is_among(&self.approvers, voter)
    }

    /// Whether the voter is asked once it escalates.
    pub fn asks_when_escalated(&self, voter: Voter<'_>) -> bool {
        self.escalation.as_ref().is_some_and(|added| is_among(&added.escalate_to, voter))
    }

    /// Whether the voter could ever be asked.
    pub fn could_ask(&self, voter: Voter<'_>) -> bool {
        self.asks(voter) || self.asks_when_escalated(voter)
    }
}

/// Whether the voter is named; nobody named means anyone with the approver right.
fn is_among(approvers: &[Approver], voter: Voter<'_>) -> bool {
    approvers.is_empty()
        || approvers.iter().any(|approver| match approver {
            Approver::User(name) => {
                let is_address = |email: &str| email.eq_ignore_ascii_case(name);
                name == voter.name || name == voter.id || voter.email.is_some_and(is_address)
            }
            Approver::Team(name) => voter.teams.contains(name),
            Approver::Role(name) => voter.roles.contains(name),
        })
}
