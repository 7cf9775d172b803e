//! The one door to a decision, and the only maker of a [`Permit`].

mod ask;
mod call;
mod evaluate;
mod held;
mod permit;
mod ran;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use preloop_api::ApprovalState;
use preloop_core::Timestamp;
use preloop_core::audit::EnforcementPoint;
use preloop_core::decision::{Action, Decision, PolicyRef, Reason};
use preloop_core::schema::ToolSchema;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

pub use held::{Held, Settled};
pub use permit::{Outcome, Permit};
pub use ran::{Poll, PollStep, Ran, RunEnd};

pub(super) use evaluate::closed;

use super::grants::AskedCall;
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
    /// SHA-256 of the tool's definition at its MCP server, which an approval of the call is bound to.
    pub definition_hash: Option<String>,
    /// The tool's input schema, where it is known and to be checked.
    pub schema: Option<Arc<ToolSchema>>,
    /// The arguments exactly as received: a JSON object, checked for duplicate keys.
    pub arguments: Box<RawValue>,
    /// Why the agent wants it.
    pub justification: Option<String>,
    /// What is wrong with the call beside its arguments: it is denied as an invalid one.
    pub fault: Option<String>,
    /// Free context; untrusted.
    pub context: Map<String, Value>,
    /// The session that the call belongs to; empty where there is none.
    pub session_id: String,
    /// Where the call is stopped if it must not run.
    pub enforcement_point: EnforcementPoint,
    /// The approval request that the caller comes back with.
    pub approval_id: Option<Uuid>,
    /// Whether the call is itself a question to people.
    pub asks: Asks,
}

/// Whether a call is itself a question to people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Asks {
    /// It is not: the policy says who is asked.
    #[default]
    ByPolicy,
    /// It is: where the policy would allow it, people are asked all the same.
    Always {
        /// The workflow that the agent names; none means the default one.
        workflow: Option<String>,
    },
}

/// The tool of [`Services::preview`].
#[derive(Clone, Copy, Debug)]
pub struct PreviewTool<'a> {
    /// The tool's own name at its server.
    pub tool: &'a str,
    /// The MCP server, or the class `builtin`.
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
    /// It was approved and has had its one run; what came of that is told.
    Ran(Ran),
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
        let decision = self.asked_anyway(&call, self.evaluate(&call));
        let granted = match decision.action {
            Action::RequireApproval if self.has_grants() => {
                Box::pin(self.remembered(&call, &decision)).await?
            }
            Action::Allow | Action::Deny | Action::RequireApproval => None,
        };
        if let Some((decision, approval_id)) = granted {
            self.metrics().decided(decision.action, started.elapsed());
            let recorded = self.record_decision(&call, &decision, Some(approval_id))?;
            // Only what the trail took.
            self.remember(&call, decision.action);
            return Ok(Ruling::Allowed(Permit::new(self.clone(), call, recorded, decision, None)));
        }
        self.metrics().decided(decision.action, started.elapsed());
        match decision.action {
            Action::Deny => {
                let denied = self.deny(&call, decision, None)?;
                // Only what the trail took: a call that nobody may make is no evidence.
                self.remember(&call, Action::Deny);
                Ok(denied)
            }
            Action::Allow if call.attempt.approval_id.is_none() => self.allow(call, decision),
            Action::Allow | Action::RequireApproval => {
                // What waits for people is remembered while it waits; what comes back, once it was granted.
                self.remember(&call, Action::RequireApproval);
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

    /// The decision on a call that an approver had remembered, with the request by which it was. A call that is itself a
    /// question, or that comes back with an approval of its own, is none.
    async fn remembered(
        &self,
        call: &PreparedCall,
        asked: &Decision,
    ) -> Result<Option<(Decision, Uuid)>, ServiceError> {
        let attempt = &call.attempt;
        if attempt.approval_id.is_some() || attempt.asks != Asks::ByPolicy {
            return Ok(None);
        }
        // Whoever said "remember" saw another definition, or none that anybody accepted.
        if self.is_new(attempt) && self.live().asks_for_new_tools(call.caller.seen()) {
            return Ok(None);
        }
        let asked_call = AskedCall {
            caller: &call.caller,
            tool: &attempt.tool,
            source: call.source(),
            session_id: &attempt.session_id,
            args: &call.args,
            call_hash: &call.hash,
        };
        let Some(grant) = self.granted(asked_call, asked).await? else { return Ok(None) };
        if self.has_its_own_approval(call).await? {
            return Ok(None);
        }
        let (by, until) = (&grant.user_name, grant.grant.expires_at);
        let decision = Decision {
            action: Action::Allow,
            reason: Reason::Granted,
            message: format!("`{by}` approved calls like it until {until}"),
            approval_workflow: None,
            ..asked.clone()
        };
        Ok(Some((decision, grant.approval_id)))
    }

    /// Whether that very call was approved and not used, or ran and its answer was not told yet: a repetition is dealt
    /// with by that approval, so that no grant runs the call a second time.
    async fn has_its_own_approval(&self, call: &PreparedCall) -> Result<bool, ServiceError> {
        let (account_id, store) = (self.inner.account_id, &self.inner.store);
        let (principal_id, hash) = (&call.caller.principal.id, &call.hash);
        let state = ApprovalState::Approved;
        if store.approval_find_open(account_id, principal_id, hash, state).await?.is_some() {
            return Ok(true);
        }
        let untold = store.approval_call_untold(account_id, principal_id, hash, self.now()).await?;
        Ok(untold.is_some())
    }

    /// A call that is a question to people asks them, where the policy leaves it to the agent.
    fn asked_anyway(&self, call: &PreparedCall, decision: Decision) -> Decision {
        let Asks::Always { workflow } = &call.attempt.asks else { return decision };
        if decision.action != Action::Allow {
            return decision;
        }
        let live = self.live();
        let name = workflow.clone().unwrap_or_else(|| live.default_workflow(&decision.policy));
        if live.workflow(&decision.policy, &name).is_none() {
            let known = live.workflow_names(&decision.policy).join("`, `");
            let message = format!(
                "there is no approval workflow `{name}`; there is `{known}`, or leave `workflow` out"
            );
            return closed(Reason::InvalidCall, message, decision.policy);
        }
        let message = "the agent asks people before it goes on".to_owned();
        Decision {
            action: Action::RequireApproval,
            approval_workflow: Some(name),
            message,
            ..decision
        }
    }

    fn allow(&self, call: PreparedCall, decision: Decision) -> Result<Ruling, ServiceError> {
        let recorded = self.record_decision(&call, &decision, None)?;
        if call.attempt.approval_id.is_some() {
            self.remember_granted(&call);
        } else {
            self.remember(&call, Action::Allow);
        }
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
