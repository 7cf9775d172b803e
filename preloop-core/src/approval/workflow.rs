//! A workflow with its defaults filled in, kept with the request so that later edits do not change a running one.

use serde::{Deserialize, Serialize};

use crate::document::{ApprovalWorkflow, Approver, BUILT_IN_WORKFLOW, PolicyDocument, StepUp};

/// How one request is settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workflow {
    /// Name in the document.
    pub name: String,
    /// How many approvals it takes.
    pub required_approvals: u32,
    /// How long it waits.
    pub timeout_seconds: u64,
    /// Who may vote; empty means anyone with the approver right.
    pub approvers: Vec<Approver>,
    /// Whether every vote needs a reason.
    pub require_reason: bool,
    /// Whether the requester's own identity may vote.
    pub allow_self_approval: bool,
    /// What a vote must prove.
    pub step_up: StepUp,
    /// Whether the call is answered with a handle at once.
    pub async_approval: bool,
}

// === impl Workflow ===

impl Workflow {
    /// The workflow of that name in a document, or the built-in one where the document has none called `default`.
    pub fn find(document: &PolicyDocument, name: &str) -> Option<Self> {
        document
            .approval_workflows
            .iter()
            .find(|workflow| workflow.name == name)
            .map(Self::from)
            .or_else(|| (name == BUILT_IN_WORKFLOW).then(Self::built_in))
    }

    /// Whether the other asks the same people in the same way: what was granted under one of them is then good under
    /// the other. How long it waits, and how the call is answered meanwhile, may differ.
    pub fn asks_alike(&self, other: &Self) -> bool {
        let Self { name, required_approvals, approvers, require_reason, .. } = self;
        *name == other.name
            && *required_approvals == other.required_approvals
            && *approvers == other.approvers
            && *require_reason == other.require_reason
            && self.allow_self_approval == other.allow_self_approval
            && self.step_up == other.step_up
    }

    /// One approval by anyone with the approver right, within an hour.
    pub fn built_in() -> Self {
        Self {
            name: BUILT_IN_WORKFLOW.to_owned(),
            required_approvals: 1,
            timeout_seconds: 3600,
            approvers: Vec::new(),
            require_reason: false,
            allow_self_approval: false,
            step_up: StepUp::None,
            async_approval: false,
        }
    }
}

impl From<&ApprovalWorkflow> for Workflow {
    fn from(written: &ApprovalWorkflow) -> Self {
        let built_in = Self::built_in();
        Self {
            name: written.name.clone(),
            required_approvals: written.required_approvals.unwrap_or(built_in.required_approvals),
            timeout_seconds: written.timeout_seconds.unwrap_or(built_in.timeout_seconds),
            approvers: written.approvers.clone(),
            require_reason: written.require_reason.unwrap_or(built_in.require_reason),
            allow_self_approval: written
                .allow_self_approval
                .unwrap_or(built_in.allow_self_approval),
            step_up: written.step_up.unwrap_or(built_in.step_up),
            async_approval: written.async_approval.unwrap_or(built_in.async_approval),
        }
    }
}
