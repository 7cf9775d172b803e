//! The state machine of one request: pending, then approved, declined, expired or cancelled; approved is used once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    AiVerdict, Ballot, Eligible, Event, EventKind, MatchCode, Proof, Vote, VoteDecision, VoteError,
    Voter, Workflow, WrongCodes,
};
use crate::document::StepUp;
use crate::time::Timestamp;
use crate::visible::shortened;

/// How many repeats of a waiting call its timeline tells one by one.
const JOINS_NOTED_MAX: u32 = 10;
/// How much of the reason of a repeat the timeline tells.
const REASON_CHARS_TOLD: usize = 500;
/// An approval may be used for as long as its workflow waits for votes, and at least this long.
pub const USE_WINDOW_SECONDS_MIN: u64 = 300;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// The quorum was reached; the call may be used once.
    Approved,
    /// The requester or an approver withdrew it.
    Cancelled,
    /// It was declined.
    Declined,
    /// Nobody decided in time, or the approval was not used in time.
    Expired,
    /// It waits for votes.
    Pending,
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
#[derive(Clone, Debug, PartialEq)]
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
    /// When people were added.
    pub escalated_at: Option<Timestamp>,
    /// When it was settled.
    pub decided_at: Option<Timestamp>,
    /// From then on an approval cannot be used.
    pub use_by: Option<Timestamp>,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// What a voter must type; known to the requester's side only.
    pub match_code: Option<MatchCode>,
    /// Wrong codes so far.
    pub wrong_codes: WrongCodes,
    /// What the model said, where one was asked.
    pub ai: Option<AiVerdict>,
    /// How many identical calls joined it.
    pub joins: u32,
    /// How often its approval was taken for a call: more than once only where a use was given back.
    pub uses: u32,
    /// What happened since it was read, oldest first; whoever stores the request stores these with it and clears them.
    pub events: Vec<Event>,
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

// === impl Request ===

impl Request {
    /// A new request.
    pub fn open(workflow: Workflow, requester_id: String, now: Timestamp) -> Self {
        let asked = format!("workflow `{}`", workflow.name);
        let requested = Event::new(EventKind::Requested, now).by(&*requester_id).saying(asked);
        Self {
            state: ApprovalState::Pending,
            requester_id,
            votes: Vec::new(),
            created_at: now,
            expires_at: after(now, workflow.timeout_seconds),
            workflow,
            escalated_at: None,
            decided_at: None,
            use_by: None,
            used_at: None,
            match_code: None,
            wrong_codes: WrongCodes::default(),
            ai: None,
            joins: 0,
            uses: 0,
            events: vec![requested],
        }
    }

    /// The workflow whose people decide: behind a model it may be another one than that of the request.
    pub fn deciding(&self) -> &Workflow {
        self.workflow.escalation_workflow.as_deref().unwrap_or(&self.workflow)
    }

    /// Whether a model is asked and has not answered, so that people are not asked yet.
    pub fn awaits_ai(&self) -> bool {
        self.workflow.ai.is_some() && self.ai.is_none()
    }

    /// Whether the voter is asked now: named, or added by the escalation.
    pub fn asks(&self, voter: Voter<'_>) -> bool {
        let deciding = self.deciding();
        deciding.asks(voter) || (self.escalated_at.is_some() && deciding.asks_when_escalated(voter))
    }

    /// Counts a vote and says where the request stands then. `eligible` matters where somebody declines, and where several
    /// approvals are needed: votes of people who are not among them any more do not count.
    ///
    /// # Errors
    /// Where the vote does not count; the request is unchanged, but for what time alone did to it and for the count of
    /// wrong codes.
    pub fn vote(
        &mut self,
        voter: Voter<'_>,
        ballot: &Ballot,
        eligible: &Eligible,
        now: Timestamp,
    ) -> Result<ApprovalState, VoteError> {
        self.advance(now);
        let reason = ballot.reason();
        self.may_vote(voter, reason)?;
        // To decline needs no proof: a stolen session can then stop a call, never let one through.
        if ballot.decision == VoteDecision::Approve {
            self.check_proof(voter.id, &ballot.proof)?;
        }
        let at = self.not_before(now);
        let decision = ballot.decision;
        self.votes.push(Vote {
            voter_id: voter.id.to_owned(),
            voter_name: voter.name.to_owned(),
            decision,
            reason: reason.map(str::to_owned),
            answer: ballot.answer().map(str::to_owned),
            via: ballot.via,
            proved: ballot.proof.step_up(),
            at,
        });
        let said = match reason {
            Some(reason) => format!("{}: {reason}", decision.as_str()),
            None => decision.as_str().to_owned(),
        };
        self.note(Event::new(EventKind::Voted, at).by(voter.name).via(ballot.via).saying(said));
        match decision {
            VoteDecision::Approve if self.approvals(eligible, voter.id) >= self.required() => {
                self.approve(voter.name, at);
            }
            VoteDecision::Decline if !self.can_be_approved(eligible, voter.id) => {
                self.decline(voter.name, at);
            }
            VoteDecision::Approve | VoteDecision::Decline => {}
        }
        Ok(self.state)
    }

    fn may_vote(&self, voter: Voter<'_>, reason: Option<&str>) -> Result<(), VoteError> {
        if self.has_voted(voter.id) {
            return Err(VoteError::AlreadyVoted);
        }
        if self.state != ApprovalState::Pending {
            return Err(VoteError::Settled(self.state));
        }
        let deciding = self.deciding();
        if voter.id == self.requester_id && !deciding.allow_self_approval {
            return Err(VoteError::SelfApproval);
        }
        if !self.asks(voter) {
            return Err(VoteError::NotAnApprover);
        }
        if deciding.require_reason && reason.is_none() {
            return Err(VoteError::ReasonRequired);
        }
        Ok(())
    }

    /// What approving takes: the stricter of what the request's workflow and the one whose people decide ask for.
    pub fn step_up(&self) -> StepUp {
        match (self.workflow.step_up, self.deciding().step_up) {
            (StepUp::Passkey, _) | (_, StepUp::Passkey) => StepUp::Passkey,
            (StepUp::MatchCode, _) | (_, StepUp::MatchCode) => StepUp::MatchCode,
            (StepUp::None, StepUp::None) => StepUp::None,
        }
    }

    fn check_proof(&mut self, voter_id: &str, proof: &Proof) -> Result<(), VoteError> {
        let step_up = self.step_up();
        match (step_up, proof) {
            (StepUp::None, _) | (StepUp::Passkey, Proof::Passkey) => Ok(()),
            (StepUp::MatchCode, _) if self.wrong_codes.left(voter_id) == 0 => {
                Err(VoteError::StepUpLocked)
            }
            (StepUp::MatchCode, Proof::MatchCode(typed)) => {
                // A request without a code is one that nobody can approve.
                if self.match_code.as_ref().is_some_and(|code| code.is(typed)) {
                    return Ok(());
                }
                self.wrong_codes.count(voter_id);
                Err(VoteError::WrongMatchCode { left: self.wrong_codes.left(voter_id) })
            }
            (StepUp::Passkey | StepUp::MatchCode, _) => Err(VoteError::StepUpRequired(step_up)),
        }
    }

    /// How many approvals count: those of people who may vote still, and that of `voter_id`, who was judged just now.
    fn approvals(&self, eligible: &Eligible, voter_id: &str) -> usize {
        let counts = |vote: &&Vote| {
            vote.decision == VoteDecision::Approve
                && (vote.voter_id == voter_id || eligible.contains(&vote.voter_id))
        };
        self.votes.iter().filter(counts).count()
    }

    /// How many must approve.
    pub fn required(&self) -> usize {
        usize::try_from(self.deciding().required_approvals).unwrap_or(usize::MAX).max(1)
    }

    fn has_voted(&self, id: &str) -> bool {
        self.votes.iter().any(|vote| vote.voter_id == id)
    }

    /// Whether the quorum can still be reached; where one approval is enough, one decline ends it all the same.
    fn can_be_approved(&self, eligible: &Eligible, voter_id: &str) -> bool {
        let required = self.required();
        let open = eligible.ids().filter(|id| !self.has_voted(id)).count();
        required > 1 && self.approvals(eligible, voter_id).saturating_add(open) >= required
    }

    pub(super) fn approve(&mut self, by: &str, at: Timestamp) {
        self.state = ApprovalState::Approved;
        self.decided_at = Some(at);
        let window = self.workflow.timeout_seconds.max(USE_WINDOW_SECONDS_MIN);
        self.use_by = Some(after(at, window));
        self.note(Event::new(EventKind::Approved, at).by(by));
    }

    pub(super) fn decline(&mut self, by: &str, at: Timestamp) {
        self.state = ApprovalState::Declined;
        self.decided_at = Some(at);
        self.note(Event::new(EventKind::Declined, at).by(by));
    }

    /// Withdraws a pending request.
    ///
    /// # Errors
    /// Where it is settled already: its state.
    pub fn cancel(
        &mut self,
        by: Option<&str>,
        message: Option<&str>,
        now: Timestamp,
    ) -> Result<(), ApprovalState> {
        self.advance(now);
        if self.state != ApprovalState::Pending {
            return Err(self.state);
        }
        let at = self.not_before(now);
        self.state = ApprovalState::Cancelled;
        self.decided_at = Some(at);
        let mut event = Event::new(EventKind::Cancelled, at);
        event.actor = by.map(str::to_owned);
        event.message = message.map(str::to_owned);
        self.note(event);
        Ok(())
    }

    /// An identical call of the same principal waits with it; `reason` is why, where that is another reason than the first
    /// call gave. All are counted and the first few noted: whoever asks must not be able to drown what else happened.
    pub fn join(&mut self, reason: Option<&str>, now: Timestamp) {
        if self.state != ApprovalState::Pending {
            return;
        }
        self.joins = self.joins.saturating_add(1);
        if self.joins > JOINS_NOTED_MAX {
            return;
        }
        let at = self.not_before(now);
        let by = self.requester_id.clone();
        let event = Event::new(EventKind::Joined, at).by(by);
        self.note(match reason {
            Some(reason) => event.saying(shortened(reason, REASON_CHARS_TOLD)),
            None => event,
        });
    }

    /// Uses the approval, and says which use of it this is: by that number alone it is given back or ended.
    ///
    /// # Errors
    /// Where it is not approved, lapsed or used.
    pub fn claim(&mut self, now: Timestamp) -> Result<u32, ClaimError> {
        self.advance(now);
        if self.state != ApprovalState::Approved {
            return Err(ClaimError::NotApproved(self.state));
        }
        if self.used_at.is_some() {
            return Err(ClaimError::Used);
        }
        let at = self.not_before(now);
        self.used_at = Some(at);
        self.uses = self.uses.saturating_add(1);
        self.note(Event::new(EventKind::Used, at));
        Ok(self.uses)
    }

    /// Whether that use is the one that the approval is in.
    pub fn is_in_use(&self, number: u32) -> bool {
        self.used_at.is_some() && self.uses == number
    }

    /// Gives that use back, whose call certainly never went out, and says whether it was the one that the approval is in;
    /// it lapses as before.
    pub fn release(&mut self, number: u32, now: Timestamp) -> bool {
        if !self.is_in_use(number) {
            return false;
        }
        let at = self.not_before(now);
        self.used_at = None;
        let message = "the call was not sent, so its approval is good still";
        self.note(Event::new(EventKind::Interrupted, at).saying(message));
        true
    }

    /// Notes what happened, to be stored with the request.
    pub fn note(&mut self, event: Event) {
        self.events.push(event);
    }

    /// `now`, or the last moment that was written down where the clock went back: a timeline does not run backwards.
    pub fn not_before(&self, now: Timestamp) -> Timestamp {
        let last_vote = self.votes.last().map(|vote| vote.at);
        let last_ai = self.ai.as_ref().map(|verdict| verdict.at);
        let later = [last_vote, last_ai, self.escalated_at, self.decided_at, self.used_at];
        later.into_iter().flatten().chain([self.created_at]).fold(now, Timestamp::max)
    }
}

pub(super) fn after(now: Timestamp, seconds: u64) -> Timestamp {
    now.saturating_add(Duration::from_secs(seconds))
}
