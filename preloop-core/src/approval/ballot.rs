//! A vote: what a voter hands in, what is kept of it, and why it may not count.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::ApprovalState;
use crate::document::StepUp;
use crate::time::Timestamp;
use crate::visible::is_hidden;

/// Wrong codes by one voter that shut that voter out of approving.
pub const WRONG_CODES_PER_VOTER_MAX: u32 = 3;
/// Wrong codes by all voters together after which nobody can approve any more.
pub const WRONG_CODES_MAX: u32 = 5;

/// What a voter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VoteDecision {
    /// For the call.
    Approve,
    /// Against the call.
    Decline,
}

/// By which way a vote or an event came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A model.
    Ai,
    /// The HTTP API.
    Api,
    /// The command line.
    Cli,
    /// A link in an e-mail.
    Email,
    /// A button in Mattermost.
    Mattermost,
    /// The page of the request.
    Page,
    /// A push message.
    Push,
    /// A button in Slack.
    Slack,
}

/// What a vote proves besides who voted; made by whoever checked it.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// Nothing more.
    None,
    /// A passkey was asked for and its answer checked.
    Passkey,
    /// This code was typed; the rules compare it.
    MatchCode(String),
}

/// What a voter hands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// For or against.
    pub decision: VoteDecision,
    /// Why.
    pub reason: Option<String>,
    /// What the voter answers, where the call asks a question.
    pub answer: Option<String>,
    /// By which way it came.
    pub via: Via,
    /// What it proves.
    pub proof: Proof,
    /// Canonical hash of the call that the voter was shown, where that is known.
    pub seen: Option<String>,
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
    /// What the voter answered, where the call asks a question.
    pub answer: Option<String>,
    /// By which way it came.
    pub via: Via,
    /// What it proved.
    pub proved: StepUp,
    /// When.
    pub at: Timestamp,
}

/// Two digits that the requester's side shows and the voter types.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MatchCode(String);

/// Wrong codes so far, by identity of the voter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WrongCodes(BTreeMap<String, u32>);

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
    /// Too many wrong codes: it can only be declined, by this voter or by anybody.
    #[error("too many wrong codes were typed; you can decline the request, not approve it")]
    StepUpLocked,
    /// The workflow asks for a proof that the vote does not carry.
    #[error("{}", step_up_message(*.0))]
    StepUpRequired(StepUp),
    /// The code is not the one that the requester's side shows.
    #[error("this is not the code that the agent's side shows; {left} more tries")]
    WrongMatchCode {
        /// How often the voter may try again.
        left: u32,
    },
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

// === impl Via ===

impl Via {
    /// Every way.
    pub const ALL: [Self; 8] = [
        Self::Ai,
        Self::Api,
        Self::Cli,
        Self::Email,
        Self::Mattermost,
        Self::Page,
        Self::Push,
        Self::Slack,
    ];

    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ai => "ai",
            Self::Api => "api",
            Self::Cli => "cli",
            Self::Email => "email",
            Self::Mattermost => "mattermost",
            Self::Page => "page",
            Self::Push => "push",
            Self::Slack => "slack",
        }
    }

    /// The way of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|via| via.as_str() == name)
    }
}

// === impl Proof ===

impl Proof {
    /// What kind of proof it is.
    pub const fn step_up(&self) -> StepUp {
        match self {
            Self::None => StepUp::None,
            Self::Passkey => StepUp::Passkey,
            Self::MatchCode(_) => StepUp::MatchCode,
        }
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.step_up().as_str())
    }
}

// === impl Ballot ===

impl Ballot {
    /// A vote of which nothing more is said.
    pub fn new(decision: VoteDecision, via: Via) -> Self {
        Self { decision, reason: None, answer: None, via, proof: Proof::None, seen: None }
    }

    /// With a reason.
    #[must_use]
    pub fn because(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }

    /// With an answer to the question that the call asks.
    #[must_use]
    pub fn answering(mut self, answer: Option<String>) -> Self {
        self.answer = answer;
        self
    }

    /// Why, where anything was said that can be seen.
    pub fn reason(&self) -> Option<&str> {
        words(self.reason.as_deref())
    }

    /// What the voter answers, likewise.
    pub fn answer(&self) -> Option<&str> {
        words(self.answer.as_deref())
    }

    /// With a proof.
    #[must_use]
    pub fn proving(mut self, proof: Proof) -> Self {
        self.proof = proof;
        self
    }
}

// === impl MatchCode ===

impl MatchCode {
    /// The code of a number below 100; none of a higher one.
    pub fn of(number: u8) -> Option<Self> {
        (number < 100).then(|| Self(format!("{number:02}")))
    }

    /// The two digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a voter typed this code.
    pub fn is(&self, typed: &str) -> bool {
        self.0 == typed.trim()
    }
}

impl fmt::Debug for MatchCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[two digits]")
    }
}

// === impl WrongCodes ===

impl WrongCodes {
    /// How often the voter may still try.
    pub fn left(&self, voter_id: &str) -> u32 {
        let own = self.0.get(voter_id).copied().unwrap_or(0);
        let all = self.0.values().fold(0_u32, |sum, count| sum.saturating_add(*count));
        WRONG_CODES_PER_VOTER_MAX.saturating_sub(own).min(WRONG_CODES_MAX.saturating_sub(all))
    }

    pub(super) fn count(&mut self, voter_id: &str) {
        let own = self.0.entry(voter_id.to_owned()).or_default();
        *own = own.saturating_add(1);
    }
}

fn words(text: Option<&str>) -> Option<&str> {
    let is_seen = |character: char| !character.is_whitespace() && !is_hidden(character);
    text.map(str::trim).filter(|text| text.chars().any(is_seen))
}

fn step_up_message(step_up: StepUp) -> &'static str {
    match step_up {
        StepUp::Passkey => {
            "the workflow asks for a passkey with every approval; open the request's page to give it"
        }
        StepUp::MatchCode => {
            "the workflow asks for the code that the agent's side shows; send it with the approval"
        }
        StepUp::None => "the workflow asks for no proof",
    }
}
