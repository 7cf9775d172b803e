//! The rules of an approval request: who may vote, when it is settled, when it lapses, that it is used once.
//!
//! Pure: time and identities come from outside, the server stores and delivers what these rules say.

mod request;
mod shown;
mod workflow;

pub use request::{
    ApprovalState, ClaimError, Request, USE_WINDOW_SECONDS_MIN, Vote, VoteDecision, VoteError,
    Voter,
};
pub use shown::{AskedValue, EFFECT_CHARS_MAX, Familiarity, Risk, RiskLevel, Told, asked_values};
pub use workflow::Workflow;

#[cfg(test)]
mod tests;
