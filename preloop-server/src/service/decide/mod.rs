//! The one door to a decision, and the only maker of a [`Permit`].

mod ask;
mod call;
mod evaluate;
mod held;
mod permit;

use std::sync::Arc;
use std::time::Instant;

use preloop_core::Timestamp;
use preloop_core::audit::EnforcementPoint;
use preloop_core::decision::{Action, Decision, PolicyRef, Reason};
use preloop_core::schema::ToolSchema;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

pub use held::{Held, Settled};
pub use permit::{Outcome, Permit};

pub(super) use evaluate::closed;

use super::{Caller, ServiceError, Services};
use crate::ids::new_id;
use call::PreparedCall;

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
    /// The tool's input schema, where it is known and to be checked.
    pub schema: Option<Arc<ToolSchema>>,
    /// The arguments exactly as received: a JSON object, checked for duplicate keys.
    pub arguments: Box<RawValue>,
    /// Why the agent wants it.
    pub justification: Option<String>,
    /// Free context; untrusted.
    pub context: Map<String, Value>,
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
    /// When it was made.
    pub decided_at: Timestamp,
    /// The decision; its `message` is what the agent is told.
    pub decision: Decision,
}

impl Services {
    /// Decides an attempt by the live policy and records the decision.
    ///
    /// # Errors
    /// Where the trail or, for a call that needs people, the store cannot take it: the call must not run.
    pub async fn decide(&self, caller: &Caller, attempt: Attempt) -> Result<Ruling, ServiceError> {
        let started = Instant::now();
        let (call, readable) = PreparedCall::new(caller, attempt);
        if let Err(message) = readable {
            let live = self.account_policy();
            let policy = live.map_or_else(no_policy, |live| live.compiled().policy().clone());
            let decision = closed(Reason::InvalidCall, message, policy);
            self.metrics().decided(decision.action, started.elapsed());
            return self.deny(&call, decision, None);
        }
        let decision = self.evaluate(&call);
        self.metrics().decided(decision.action, started.elapsed());
        self.remember(&call, decision.action);
        match decision.action {
            Action::Deny => self.deny(&call, decision, None),
            Action::Allow if call.attempt.approval_id.is_none() => self.allow(call, decision),
            Action::Allow | Action::RequireApproval => {
                let comes_back = call.attempt.approval_id.map(|id| self.refused_return(&call, id));
                let ruled = self.ask(call, decision).await;
                if let (Err(error), Some(mut record)) = (&ruled, comes_back) {
                    record.message = Some(error.to_string());
                    self.record_or_log(&record);
                }
                ruled
            }
        }
    }

    fn allow(&self, call: PreparedCall, decision: Decision) -> Result<Ruling, ServiceError> {
        let recorded = self.record_decision(&call, &decision, None)?;
        Ok(Ruling::Allowed(Permit::new(self.clone(), call, recorded, decision, None)))
    }

    fn deny(
        &self,
        call: &PreparedCall,
        decision: Decision,
        approval_id: Option<Uuid>,
    ) -> Result<Ruling, ServiceError> {
        let recorded = self.record_decision(call, &decision, approval_id)?;
        Ok(Ruling::Denied(Denied { decision_id: recorded.id, decided_at: recorded.at, decision }))
    }

    /// Records a decision under a new id, before anybody is told.
    fn record_decision(
        &self,
        call: &PreparedCall,
        decision: &Decision,
        approval_id: Option<Uuid>,
    ) -> Result<Recorded, ServiceError> {
        let id = new_id(self.now());
        let record = self.decision_record(call, id, decision, approval_id);
        self.record(&record)?;
        Ok(Recorded { id, at: record.at })
    }
}

/// A decision in the trail.
#[derive(Clone, Copy, Debug)]
struct Recorded {
    id: Uuid,
    at: Timestamp,
}

fn no_policy() -> PolicyRef {
    PolicyRef { name: String::new(), digest: String::new() }
}
