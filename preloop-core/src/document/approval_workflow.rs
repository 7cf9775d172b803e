//! How an approval is asked for and what settles it.

use serde::{Deserialize, Serialize};

use super::{Secret, Secrets};

/// The workflow that is always there: one approval by anyone with the approver right. A document may
/// define one of the same name in its place.
pub const BUILT_IN_WORKFLOW: &str = "default";

/// What happens when nobody answers in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// The request expires and the call is denied.
    #[default]
    Deny,
    /// The request goes to the escalation's people.
    Escalate,
}

/// What a vote must prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepUp {
    /// Nothing more than being signed in.
    None,
    /// A passkey.
    Passkey,
    /// A code that the requester's side shows.
    MatchCode,
}

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApprovalType {
    /// People.
    Standard,
    /// A model, by guidelines, with people behind it.
    AiDriven,
}

/// What an unsure model leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AiFallback {
    /// People decide.
    Escalate,
    /// The call is denied.
    Deny,
    /// The call is approved (only for a valid but unsure answer).
    Approve,
}

/// One who may vote: a user, every member of a team, or every holder of a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Approver {
    /// A user's name.
    User(String),
    /// A team's name.
    Team(String),
    /// A role's name.
    Role(String),
}

/// Who is added when nobody answered for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Escalation {
    /// Default true when the section is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The people added; the first approvers stay able to vote.
    pub escalate_to: Vec<Approver>,
    /// Seconds from the request until they are added.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 1, max = crate::limits::TIMEOUT_SECONDS_MAX)))]
    pub escalation_delay: Option<u64>,
}

/// The kind of a notification channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// E-mail.
    Email,
    /// Slack.
    Slack,
    /// Mattermost.
    Mattermost,
    /// A signed HTTP request.
    Webhook,
    /// Push to the approver's browser.
    WebPush,
}

/// One way to tell the approvers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotificationChannel {
    /// Which kind of channel.
    pub channel: ChannelKind,
    /// Address that is called (Slack, Mattermost, webhook); also written `webhook_url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Secret>,
    /// Headers sent with the call; values may hold `${ENV_VAR}`.
    #[serde(default, skip_serializing_if = "Secrets::is_empty")]
    pub headers: Secrets,
    /// Key that signs the call (webhook).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// Addresses or rooms told besides the approvers' own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
}

/// An entry of `approval_workflows[]`; what is left out has the stated default.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ApprovalWorkflow {
    /// Unique.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// 1..=2592000; default 3600.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 1, max = crate::limits::TIMEOUT_SECONDS_MAX)))]
    pub timeout_seconds: Option<u64>,
    /// Default deny.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_timeout: Option<OnTimeout>,
    /// Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_up: Option<StepUp>,
    /// Quorum, 1..=100; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 1, max = crate::limits::APPROVALS_MAX)))]
    pub required_approvals: Option<u32>,
    /// Who may vote; empty means anyone with the approver right.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<Approver>,
    /// Default standard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_type: Option<ApprovalType>,
    /// Model of an AI-driven workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ai_model: Option<String>,
    /// What the model goes by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ai_guidelines: Option<String>,
    /// 0..=1; default 0.8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 0.0, max = 1.0)))]
    pub ai_confidence_threshold: Option<f64>,
    /// Default escalate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ai_fallback_behavior: Option<AiFallback>,
    /// Workflow that an unsure model hands over to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalation_workflow: Option<String>,
    /// Who is added when nobody answered for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
    /// The call returns a handle at once; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub async_approval: Option<bool>,
    /// Every vote needs a reason; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_reason: Option<bool>,
    /// The requester's own identity may vote; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_self_approval: Option<bool>,
    /// Ways to tell the approvers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notifications: Vec<NotificationChannel>,
}

// === impl StepUp ===

impl StepUp {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Passkey => "passkey",
            Self::MatchCode => "match_code",
        }
    }

    /// The proof of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::None, Self::Passkey, Self::MatchCode]
            .into_iter()
            .find(|step_up| step_up.as_str() == name)
    }
}

// === impl NotificationChannel ===

impl NotificationChannel {
    /// A channel without settings.
    pub fn bare(channel: ChannelKind) -> Self {
        Self { channel, url: None, headers: Secrets::new(), secret: None, to: Vec::new() }
    }
}

// === impl ApprovalWorkflow ===

impl ApprovalWorkflow {
    /// A workflow of which nothing but its name is said.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            timeout_seconds: None,
            on_timeout: None,
            step_up: None,
            required_approvals: None,
            approvers: Vec::new(),
            approval_type: None,
            ai_model: None,
            ai_guidelines: None,
            ai_confidence_threshold: None,
            ai_fallback_behavior: None,
            escalation_workflow: None,
            escalation: None,
            async_approval: None,
            require_reason: None,
            allow_self_approval: None,
            notifications: Vec::new(),
        }
    }
}
