//! A workflow with its defaults filled in, kept with the request so that later edits do not change a running one.

use serde::{Deserialize, Serialize};

use crate::canonical::redact_secret;
use crate::document::{
    AiFallback, ApprovalType, ApprovalWorkflow, Approver, BUILT_IN_WORKFLOW, NotificationChannel,
    OnTimeout, PolicyDocument, StepUp,
};

/// How sure a model must be where the document does not say.
const CONFIDENCE_THRESHOLD: f64 = 0.8;

/// How one request is settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    /// Name in the document.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// How many approvals it takes.
    pub required_approvals: u32,
    /// How long it waits.
    pub timeout_seconds: u64,
    /// What happens when nobody answered in time.
    #[serde(default)]
    pub on_timeout: OnTimeout,
    /// Who may vote; empty means anyone with the approver right.
    pub approvers: Vec<Approver>,
    /// Who is added when nobody answered for a while.
    #[serde(default)]
    pub escalation: Option<Escalated>,
    /// Whether every vote needs a reason.
    pub require_reason: bool,
    /// Whether the requester's own identity may vote.
    pub allow_self_approval: bool,
    /// What a vote must prove.
    pub step_up: StepUp,
    /// Whether the call is answered with a handle at once.
    pub async_approval: bool,
    /// The model that is asked first.
    #[serde(default)]
    pub ai: Option<AiReview>,
    /// Whose people decide where the model does not; none: those of this workflow.
    #[serde(default)]
    pub escalation_workflow: Option<Box<Self>>,
    /// Ways to tell the approvers, without literal secrets: those are looked up in the live policy.
    #[serde(default)]
    pub notifications: Vec<NotificationChannel>,
}

/// Who is added when nobody answered for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// The people added; empty means anyone with the approver right.
    pub escalate_to: Vec<Approver>,
    /// How long after people were asked; none: when the time is over.
    pub delay_seconds: Option<u64>,
}

/// A model that is asked before people are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AiReview {
    /// Its name.
    pub model: String,
    /// What it goes by.
    pub guidelines: String,
    /// How sure it must be.
    pub confidence_threshold: f64,
    /// What a valid but unsure answer leads to.
    pub fallback: AiFallback,
}

// === impl Workflow ===

impl Workflow {
    /// The workflow of that name in a document, or the built-in one where the document has none called `default`.
    pub fn find(document: &PolicyDocument, name: &str) -> Option<Self> {
        let written = document.approval_workflows.iter().find(|workflow| workflow.name == name);
        match written {
            Some(written) => Some(Self::from(written).with_escalation(document, written)),
            None => (name == BUILT_IN_WORKFLOW).then(Self::built_in),
        }
    }

    /// Whether the other asks the same people in the same way: what was granted under one of them is then good under
    /// the other. How long it waits, how people are told, and how the call is answered meanwhile, may differ.
    pub fn asks_alike(&self, other: &Self) -> bool {
        let people = |workflow: &Self| workflow.escalation.clone().map(|added| added.escalate_to);
        let Self { name, required_approvals, approvers, require_reason, .. } = self;
        *name == other.name
            && *required_approvals == other.required_approvals
            && *approvers == other.approvers
            && *require_reason == other.require_reason
            && self.allow_self_approval == other.allow_self_approval
            && self.step_up == other.step_up
            && people(self) == people(other)
            && self.ai == other.ai
            && match (&self.escalation_workflow, &other.escalation_workflow) {
                (None, None) => true,
                (Some(own), Some(other)) => own.asks_alike(other),
                (None, Some(_)) | (Some(_), None) => false,
            }
    }

    /// One approval by anyone with the approver right, within an hour.
    pub fn built_in() -> Self {
        Self {
            name: BUILT_IN_WORKFLOW.to_owned(),
            description: None,
            required_approvals: 1,
            timeout_seconds: 3600,
            on_timeout: OnTimeout::Deny,
            approvers: Vec::new(),
            escalation: None,
            require_reason: false,
            allow_self_approval: false,
            step_up: StepUp::None,
            async_approval: false,
            ai: None,
            escalation_workflow: None,
            notifications: Vec::new(),
        }
    }

    /// What the `escalation_workflow` means: where a model does not decide, its people do; else they are added when the
    /// time is over.
    fn with_escalation(mut self, document: &PolicyDocument, written: &ApprovalWorkflow) -> Self {
        let Some(name) = &written.escalation_workflow else { return self };
        let found = document.approval_workflows.iter().find(|workflow| workflow.name == *name);
        let next = match found {
            Some(next) => Self::from(next),
            None if name == BUILT_IN_WORKFLOW => Self::built_in(),
            // Validation refuses such a document.
            None => return self,
        };
        if self.ai.is_some() {
            // One model is asked at most: behind it are people, who may have others added as without a model.
            let people = Self { ai: None, ..next };
            let people = match found {
                Some(found) => people.with_escalation(document, found),
                None => people,
            };
            self.escalation_workflow = Some(Box::new(people));
        } else if self.on_timeout == OnTimeout::Escalate {
            let delay_seconds = self.escalation.as_ref().and_then(|added| added.delay_seconds);
            let mut escalate_to = self.escalation.take().map_or(Vec::new(), |a| a.escalate_to);
            if next.approvers.is_empty() {
                escalate_to.clear();
            } else {
                escalate_to.extend(next.approvers);
            }
            self.escalation = Some(Escalated { escalate_to, delay_seconds });
        }
        self
    }
}

impl From<&ApprovalWorkflow> for Workflow {
    fn from(written: &ApprovalWorkflow) -> Self {
        let built_in = Self::built_in();
        let escalation = escalation(written);
        // People who are named to be added, and not said when, are added when the time is over.
        let on_timeout = match &escalation {
            Some(Escalated { delay_seconds: None, .. }) => OnTimeout::Escalate,
            Some(_) | None => built_in.on_timeout,
        };
        Self {
            name: written.name.clone(),
            description: written.description.clone(),
            required_approvals: written.required_approvals.unwrap_or(built_in.required_approvals),
            timeout_seconds: written.timeout_seconds.unwrap_or(built_in.timeout_seconds),
            on_timeout: written.on_timeout.unwrap_or(on_timeout),
            approvers: written.approvers.clone(),
            escalation,
            require_reason: written.require_reason.unwrap_or(built_in.require_reason),
            allow_self_approval: written
                .allow_self_approval
                .unwrap_or(built_in.allow_self_approval),
            step_up: written.step_up.unwrap_or(built_in.step_up),
            async_approval: written.async_approval.unwrap_or(built_in.async_approval),
            ai: ai(written),
            escalation_workflow: None,
            notifications: written.notifications.iter().map(without_secrets).collect(),
        }
    }
}

fn escalation(written: &ApprovalWorkflow) -> Option<Escalated> {
    let escalation = written.escalation.as_ref().filter(|added| added.enabled != Some(false))?;
    (!escalation.escalate_to.is_empty()).then(|| Escalated {
        escalate_to: escalation.escalate_to.clone(),
        delay_seconds: escalation.escalation_delay,
    })
}

fn ai(written: &ApprovalWorkflow) -> Option<AiReview> {
    (written.approval_type == Some(ApprovalType::AiDriven)).then(|| AiReview {
        model: written.ai_model.clone().unwrap_or_default(),
        guidelines: written.ai_guidelines.clone().unwrap_or_default(),
        confidence_threshold: written.ai_confidence_threshold.unwrap_or(CONFIDENCE_THRESHOLD),
        fallback: written.ai_fallback_behavior.unwrap_or(AiFallback::Escalate),
    })
}

fn without_secrets(channel: &NotificationChannel) -> NotificationChannel {
    let mut channel = channel.clone();
    let headers = channel.headers.values_mut();
    channel.url.iter_mut().chain(channel.secret.iter_mut()).chain(headers).for_each(redact_secret);
    channel
}
