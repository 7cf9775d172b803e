//! The one door to a decision, and the only maker of a [`Permit`].

mod held;
mod permit;

use preloop_core::audit::EnforcementPoint;
use preloop_core::call::Principal;
use preloop_core::decision::{Action, Decision, PolicyRef, Reason};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

pub use held::{Held, Settled};
pub use permit::{Outcome, Permit};

use super::{Caller, ServiceError, Services};
use crate::ids::new_id;

/// A call that somebody wants to make.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The tool's own name at its server.
    pub tool: String,
    /// The MCP server, where there is one.
    pub server: Option<String>,
    /// The class of the source or a server's name, as the caller gave it.
    pub source: Option<String>,
    /// MCP annotations of the tool.
    pub annotations: Map<String, Value>,
    /// Whether the tool's definition is not accepted yet.
    pub is_new: bool,
    /// The arguments exactly as received: a JSON object, checked for duplicate keys.
    pub arguments: Box<RawValue>,
    /// Why the agent wants it.
    pub justification: Option<String>,
    /// Free context; untrusted.
    pub context: Value,
    /// The session that the call belongs to; empty where there is none.
    pub session_id: String,
    /// Where the call is stopped if it must not run.
    pub enforcement_point: EnforcementPoint,
    /// The approval request that the caller comes back with.
    pub approval_id: Option<Uuid>,
}

/// The tool of [`Services::preview`].
#[derive(Clone, Copy, Debug)]
pub struct PreviewTool<'a> {
    /// The tool's own name at its server.
    pub tool: &'a str,
    /// The MCP server.
    pub server: &'a str,
    /// MCP annotations.
    pub annotations: &'a Map<String, Value>,
    /// Whether the definition is not accepted yet.
    pub is_new: bool,
}

/// Whether an agent gets to see a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// No call of it can ever be allowed or approved.
    Hidden,
    /// Some call of it may be.
    Visible,
}

/// What was ruled about an attempt.
#[derive(Debug)]
pub enum Ruling {
    /// It may run.
    Allowed(Permit),
    /// It must not run.
    Denied(Denied),
    /// It waits for people.
    Held(Box<Held>),
}

/// A call that must not run.
#[derive(Clone, Debug, PartialEq)]
pub struct Denied {
    /// Id of the recorded decision.
    pub decision_id: Uuid,
    /// The decision; its `message` is what the agent is told.
    pub decision: Decision,
}

impl Services {
    /// Decides an attempt by the live policy and records the decision.
    pub async fn decide(&self, caller: &Caller, attempt: Attempt) -> Result<Ruling, ServiceError> {
        let _ = (caller, attempt);
        let decision_id = new_id(self.inner.clock.now());
        Ok(Ruling::Denied(Denied { decision_id, decision: policy_unavailable() }))
    }

    /// Whether any call of the tool by this principal can ever be allowed or approved.
    pub fn preview(&self, principal: &Principal, tool: PreviewTool<'_>) -> Visibility {
        let _ = (principal, tool);
        Visibility::Hidden
    }
}

/// The answer where no policy is in force.
fn policy_unavailable() -> Decision {
    Decision {
        action: Action::Deny,
        reason: Reason::PolicyUnavailable,
        message: "no policy is loaded, so every call is denied; ask the operator of this server to load one"
            .to_owned(),
        rule: None,
        approval_workflow: None,
        policy: PolicyRef { name: String::new(), digest: String::new() },
        errors: Vec::new(),
        scope: None,
        trace: None,
    }
}
