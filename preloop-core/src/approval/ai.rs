//! What a model says about a request, and how far that goes.

use serde::{Deserialize, Serialize};

use super::{ApprovalState, Event, EventKind, Request, Via, Vote, VoteDecision};
use crate::document::{AiFallback, StepUp};
use crate::time::Timestamp;

/// What a model says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AiDecision {
    /// For the call.
    Approve,
    /// Against the call.
    Decline,
    /// It gave no valid answer, or none in time.
    Failed,
    /// It says itself that it does not know.
    Unsure,
}

/// The answer of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct AiVerdict {
    /// What it says.
    pub decision: AiDecision,
    /// Which model.
    pub model: String,
    /// How sure it is, 0 to 1; none where it failed.
    pub confidence: Option<f64>,
    /// Why, in its own words; what went wrong where it failed.
    pub reasoning: Option<String>,
    /// When it answered.
    pub at: Timestamp,
    /// Whether its answer, or the fallback of an unsure one, was acted on; else people decide.
    pub acted: bool,
}

/// Why an answer of a model does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AiVerdictError {
    /// A model answered before.
    #[error("a model has answered already")]
    AlreadyAnswered,
    /// The workflow asks no model.
    #[error("the workflow asks no model")]
    NotAsked,
    /// The request is settled.
    #[error("the request is settled: it is {}", .0.as_str())]
    Settled(ApprovalState),
}

// === impl AiDecision ===

impl AiDecision {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Failed => "failed",
            Self::Unsure => "unsure",
        }
    }
}

// === impl Request ===

impl Request {
    /// Takes the answer of a model and says where the request stands then. A sure answer settles it; an unsure one
    /// leads to the fallback. People decide after a failure, where a vote must prove something, where somebody has voted
    /// already, and where more than one approval is needed, which no model gives.
    ///
    /// # Errors
    /// Where the answer does not count; the request is unchanged, but for what time alone did to it.
    pub fn ai_verdict(
        &mut self,
        verdict: AiVerdict,
        now: Timestamp,
    ) -> Result<ApprovalState, AiVerdictError> {
        self.advance(now);
        if self.ai.is_some() {
            return Err(AiVerdictError::AlreadyAnswered);
        }
        let Some(review) = self.workflow.ai.clone() else { return Err(AiVerdictError::NotAsked) };
        if self.state != ApprovalState::Pending {
            return Err(AiVerdictError::Settled(self.state));
        }
        let at = self.not_before(now);
        let vote = self.ai_vote(&verdict, review.confidence_threshold, review.fallback);
        let reasoning = verdict.reasoning.clone();
        let model = verdict.model.clone();
        let said = match verdict.confidence {
            Some(sure) => format!("{} by `{model}`, {sure} sure", verdict.decision.as_str()),
            None => format!("{} by `{model}`", verdict.decision.as_str()),
        };
        self.note(Event::new(EventKind::AiReviewed, at).by(AI).via(Via::Ai).saying(said));
        self.ai = Some(AiVerdict { at, acted: vote.is_some(), ..verdict });
        if let Some(decision) = vote {
            self.votes.push(Vote {
                voter_id: format!("ai:{model}"),
                voter_name: format!("{AI} ({model})"),
                decision,
                reason: reasoning,
                answer: None,
                via: Via::Ai,
                proved: StepUp::None,
                at,
            });
            match decision {
                VoteDecision::Approve => self.approve(AI, at),
                VoteDecision::Decline => self.decline(AI, at),
            }
        }
        if self.state == ApprovalState::Pending {
            self.go_to_people(at);
        }
        Ok(self.state)
    }

    /// What the answer comes to as a vote; none where people decide.
    fn ai_vote(
        &self,
        verdict: &AiVerdict,
        threshold: f64,
        fallback: AiFallback,
    ) -> Option<VoteDecision> {
        // A model proves nothing, overrules nobody who has voted, and is not one of several people.
        if self.step_up() != StepUp::None || !self.votes.is_empty() {
            return None;
        }
        let sure = verdict.confidence.filter(|confidence| (0.0..=1.0).contains(confidence))?;
        let vote = match verdict.decision {
            AiDecision::Approve => Some(VoteDecision::Approve),
            AiDecision::Decline => Some(VoteDecision::Decline),
            AiDecision::Unsure => None,
            AiDecision::Failed => return None,
        };
        let vote = vote.filter(|_| sure >= threshold).or(match fallback {
            AiFallback::Approve => Some(VoteDecision::Approve),
            AiFallback::Deny => Some(VoteDecision::Decline),
            AiFallback::Escalate => None,
        });
        let is_enough = self.workflow.required_approvals <= 1;
        vote.filter(|vote| is_enough || *vote == VoteDecision::Decline)
    }

    /// The time is over and the model has not answered: that is a failure, and people have not been asked yet.
    pub(super) fn ai_too_late(&mut self, now: Timestamp) {
        let Some(review) = &self.workflow.ai else { return };
        let at = self.not_before(now);
        let model = review.model.clone();
        let said = format!("{} by `{model}`", AiDecision::Failed.as_str());
        self.note(Event::new(EventKind::AiReviewed, at).by(AI).via(Via::Ai).saying(said));
        self.ai = Some(AiVerdict {
            decision: AiDecision::Failed,
            model,
            confidence: None,
            reasoning: Some("it did not answer before the time was over".to_owned()),
            at,
            acted: false,
        });
        self.go_to_people(at);
    }

    /// From now on people decide, and their time begins.
    fn go_to_people(&mut self, at: Timestamp) {
        self.expires_at = super::request::after(at, self.deciding().timeout_seconds);
        let message = format!("people decide: workflow `{}`", self.deciding().name);
        self.note(Event::new(EventKind::Escalated, at).by(AI).saying(message));
    }
}

/// The name of a model in the timeline.
const AI: &str = "ai";
