//! The rules of an approval request: who may vote, when it is settled, whom it escalates to, when it lapses, that it is
//! used once.
//!
//! Pure: time, people and identities come from outside, the server stores and delivers what these rules say. What happens
//! is noted in [`Request::events`], so that whoever stores a change stores its events with it.

mod advance;
mod ai;
mod ballot;
mod event;
mod grant;
mod request;
mod shown;
mod voters;
mod workflow;

pub use ai::{AiDecision, AiVerdict, AiVerdictError};
pub use ballot::{
    Ballot, MatchCode, Proof, Via, Vote, VoteDecision, VoteError, WRONG_CODES_MAX,
    WRONG_CODES_PER_VOTER_MAX, WrongCodes,
};
pub use event::{Event, EventKind};
pub use grant::{
    ArgumentPattern, Grant, GrantError, GrantedCall, Pattern, fingerprint, is_as_given,
    may_be_remembered,
};
pub use request::{ApprovalState, ClaimError, Request, USE_WINDOW_SECONDS_MIN};
pub use shown::{AskedValue, EFFECT_CHARS_MAX, Familiarity, Risk, RiskLevel, Told, asked_values};
pub use voters::{Eligible, Voter};
pub use workflow::{AiReview, Escalated, Workflow};

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
