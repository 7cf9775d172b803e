//! The state machine of one request: pending, then approved, declined, expired or cancelled; approved is used once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Workflow;
use crate::document::{Approver, StepUp};
use crate::time::Timestamp;

/// An approval may be used for as long as its workflow waits for votes, and at least this long.
pub const USE_WINDOW_SECONDS_MIN: u64 = 300;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// The quorum was reached; the call may be used once.
    Approved,
    /// The requester or the owner withdrew it.
    Cancelled,
    /// Somebody declined it.
    Declined,
    /// Nobody answered in time, or the approval was not used in time.
    Expired,
    /// It waits for votes.
    Pending,
}

/// What a voter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VoteDecision {
    /// For the call.
    Approve,
    /// Against the call; one is enough.
    Decline,
}

/// One counted vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Identity of the voter.
    pub voter_id: String,
    /// Name of the voter.
    pub voter_name: String,
    /// What the voter said.
    pub decision: VoteDecision,
    /// Why, where a reason was given.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

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
    /// Whether this is the account's owner, who stands in for every named approver.
    pub is_owner: bool,
}

/// Why a vote does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VoteError {
    /// The voter has voted before; votes stand.
    #[error("you have voted on this request already; a vote stands")]
    AlreadyVoted,
    /// The workflow names its approvers and the voter is none of them.
    #[error("the workflow names its approvers and you are none of them")]
    NotAnApprover,
    /// The workflow asks for a reason with every vote.
    #[error("the workflow asks for a reason with every vote; say why")]
    ReasonRequired,
    /// The requester may not vote on its own request.
    #[error("whoever asked for the approval may not vote on it")]
    SelfApproval,
    /// The request is settled.
    #[error("the request is settled: it is {}", .0.as_str())]
    Settled(ApprovalState),
    /// The workflow asks for a proof that a vote over this way cannot carry.
    #[error("the workflow asks for a passkey or a matching code, which this version cannot check")]
    StepUpUnavailable,
}

/// Why an approval cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// The request is not approved.
    #[error("the request is {}, not approved", .0.as_str())]
    NotApproved(ApprovalState),
    /// It was used before.
    #[error("the approval was used already; an approval is good for one call")]
    Used,
}

/// A request as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where it stands.
    pub state: ApprovalState,
    /// Identity of whoever asks.
    pub requester_id: String,
    /// The workflow as it was when the request was made.
    pub workflow: Workflow,
    /// Votes counted so far, oldest first.
    pub votes: Vec<Vote>,
    /// When it was asked.
    pub created_at: Timestamp,
    /// From then on votes do not count.
    pub expires_at: Timestamp,
    /// When it was settled.
    pub decided_at: Option<Timestamp>,
    /// From then on an approval cannot be used.
    pub use_by: Option<Timestamp>,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

// === impl ApprovalState ===

impl ApprovalState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Approved, Self::Cancelled, Self::Declined, Self::Expired, Self::Pending];

    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Cancelled => "cancelled",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Pending => "pending",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

// === impl VoteDecision ===

impl VoteDecision {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Decline => "decline",
        }
    }

    /// The decision of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Approve, Self::Decline].into_iter().find(|decision| decision.as_str() == name)
    }
}

// === impl Request ===

impl Request {
    /// A new request.
    pub fn open(workflow: Workflow, requester_id: String, now: Timestamp) -> Self {
        let expires_at = after(now, workflow.timeout_seconds);
        Self {
            state: ApprovalState::Pending,
            requester_id,
            workflow,
            votes: Vec::new(),
            created_at: now,
            expires_at,
            decided_at: None,
            use_by: None,
            used_at: None,
        }
    }

    /// Counts a vote and says where the request stands then.
    ///
    /// # Errors
    /// Where the vote does not count; the request is unchanged, but for lapsing when its time is over.
    pub fn vote(
        &mut self,
        voter: Voter<'_>,
        decision: VoteDecision,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<ApprovalState, VoteError> {
        self.expire(now);
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        if self.votes.iter().any(|vote| vote.voter_id == voter.id) {
            return Err(VoteError::AlreadyVoted);
        }
        if self.state != ApprovalState::Pending {
            return Err(VoteError::Settled(self.state));
        }
        if voter.id == self.requester_id && !self.workflow.allow_self_approval {
            return Err(VoteError::SelfApproval);
        }
        if !is_approver(&self.workflow.approvers, voter) {
            return Err(VoteError::NotAnApprover);
        }
        // To decline needs no proof: a stolen session can then stop a call, never let one through.
        if decision == VoteDecision::Approve && self.workflow.step_up != StepUp::None {
            return Err(VoteError::StepUpUnavailable);
        }
        if self.workflow.require_reason && reason.is_none() {
            return Err(VoteError::ReasonRequired);
        }
        self.votes.push(Vote {
            voter_id: voter.id.to_owned(),
            voter_name: voter.name.to_owned(),
            decision,
            reason: reason.map(str::to_owned),
            at: now,
        });
        self.settle(decision, now);
        Ok(self.state)
    }

    fn settle(&mut self, last: VoteDecision, now: Timestamp) {
        let approvals =
            self.votes.iter().filter(|vote| vote.decision == VoteDecision::Approve).count();
        let required = usize::try_from(self.workflow.required_approvals).unwrap_or(usize::MAX);
        if last == VoteDecision::Decline {
            self.state = ApprovalState::Declined;
            self.decided_at = Some(now);
        } else if approvals >= required.max(1) {
            self.state = ApprovalState::Approved;
            self.decided_at = Some(now);
            let window = self.workflow.timeout_seconds.max(USE_WINDOW_SECONDS_MIN);
            self.use_by = Some(after(now, window));
        }
    }

    /// Withdraws a pending request.
    ///
    /// # Errors
    /// Where it is settled already: its state.
    pub fn cancel(&mut self, now: Timestamp) -> Result<(), ApprovalState> {
        self.expire(now);
        if self.state != ApprovalState::Pending {
            return Err(self.state);
        }
        self.state = ApprovalState::Cancelled;
        self.decided_at = Some(now);
        Ok(())
    }

    /// Lets the request lapse when its time is over, and says whether it did; never early.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let is_over = match self.state {
            ApprovalState::Pending => now >= self.expires_at,
            ApprovalState::Approved => {
                self.used_at.is_none() && self.use_by.is_some_and(|use_by| now >= use_by)
            }
            ApprovalState::Cancelled | ApprovalState::Declined | ApprovalState::Expired => false,
        };
        if is_over {
            self.state = ApprovalState::Expired;
            self.decided_at = Some(now);
        }
        is_over
    }

    /// Uses the approval.
    ///
    /// # Errors
    /// Where it is not approved, lapsed or used.
    pub fn claim(&mut self, now: Timestamp) -> Result<(), ClaimError> {
        self.expire(now);
        if self.state != ApprovalState::Approved {
            return Err(ClaimError::NotApproved(self.state));
        }
        if self.used_at.is_some() {
            return Err(ClaimError::Used);
        }
        self.used_at = Some(now);
        Ok(())
    }

    /// Gives a use back whose call certainly never went out, and says whether there was one; it lapses as before.
    pub fn release(&mut self) -> bool {
        self.used_at.take().is_some()
    }
}

/// Whether the voter is one of the named approvers; nobody named means anyone with the approver right.
fn is_approver(approvers: &[Approver], voter: Voter<'_>) -> bool {
    approvers.is_empty()
        || voter.is_owner
        || approvers.iter().any(|approver| match approver {
            Approver::User(name) => {
                name == voter.name || name == voter.id || voter.email == Some(name.as_str())
            }
            Approver::Team(name) => voter.teams.contains(name),
            Approver::Role(name) => voter.roles.contains(name),
        })
}

fn after(now: Timestamp, seconds: u64) -> Timestamp {
    now.saturating_add(Duration::from_secs(seconds))
}
