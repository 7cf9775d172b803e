//! The call as the engine sees it, and the engine's answer by the live policy.

use preloop_api::ToolState;
use preloop_core::audit::EnforcementPoint;
use preloop_core::call::{Call, Session, SessionCall};
use preloop_core::cel::Tool;
use preloop_core::decision::{Action, Decision, PolicyRef, Reason};
use preloop_core::evaluate::Reach;

use super::super::sessions::SessionKey;
use super::super::{Caller, Services};
use super::call::PreparedCall;
use super::{Attempt, PreviewTool, Visibility};

/// The class of the server's own tools.
const BUILTIN: &str = "builtin";

impl Services {
    /// What the live policy says about the call now.
    pub(super) fn evaluate(&self, call: &PreparedCall) -> Decision {
        self.inner.sessions.look(&session_key(call), |session| {
            if session.calls.iter().any(|earlier| asks_for(earlier, call)) {
                // What waits for people is this very call: it must not stand in its own way once they agreed.
                let mut without = session.clone();
                without.calls.retain(|earlier| !asks_for(earlier, call));
                return self.evaluate_in(call, &without);
            }
            self.evaluate_in(call, session)
        })
    }

    /// What the live policy says about the call after what was called in the session.
    fn evaluate_in(&self, call: &PreparedCall, session: &Session) -> Decision {
        let attempt = &call.attempt;
        let seen = call.caller.seen();
        let call = Call {
            tool: Tool {
                name: &attempt.tool,
                source: attempt.source.as_deref().unwrap_or(""),
                server: attempt.server.as_deref().unwrap_or(""),
                annotations: Some(&attempt.annotations),
                is_new: self.is_new(attempt),
            },
            args: &call.args,
            schema: attempt.schema.as_deref(),
            principal: Some(&call.caller.principal),
            session: Some(session),
            context: Some(&attempt.context),
            now: Some(self.now()),
            justification: attempt.justification.as_deref().unwrap_or(""),
        };
        self.live().evaluate(seen, &call).into_owned()
    }

    /// Whether the tool waits to be accepted by now: a listing may have come in while the call waited.
    /// Whether nobody accepted the tool's definition as it is now.
    pub(super) fn is_new(&self, attempt: &Attempt) -> bool {
        attempt.is_new || self.is_unaccepted(attempt)
    }

    fn is_unaccepted(&self, attempt: &Attempt) -> bool {
        match (attempt.enforcement_point, &attempt.server) {
            (EnforcementPoint::Mcp, Some(server)) => {
                self.tool_state(server, &attempt.tool) != ToolState::Accepted
            }
            (EnforcementPoint::Mcp | EnforcementPoint::Http, _) => false,
        }
    }

    /// Whether any call of the tool by this caller can ever be allowed or approved.
    pub fn preview(&self, caller: &Caller, tool: PreviewTool<'_>) -> Visibility {
        match self.reach(caller, tool) {
            Some(reach) if reach.most_lenient != Action::Deny => Visibility::Visible,
            Some(_) | None => Visibility::Hidden,
        }
    }

    /// The answer to every call of the tool, where arguments cannot change it.
    pub(crate) fn settled_action(&self, caller: &Caller, tool: PreviewTool<'_>) -> Option<Action> {
        self.reach(caller, tool).map_or(Some(Action::Deny), Reach::settled)
    }

    fn reach(&self, caller: &Caller, tool: PreviewTool<'_>) -> Option<Reach> {
        let args = serde_json::Value::Null;
        let mut call = Call::new(tool.tool, &args);
        let is_builtin = tool.server == BUILTIN;
        call.tool.source = if is_builtin { BUILTIN } else { "mcp" };
        call.tool.server = if is_builtin { "" } else { tool.server };
        call.tool.annotations = Some(tool.annotations);
        call.tool.is_new = tool.is_new;
        call.principal = Some(&caller.principal);
        self.live().reach(caller.seen(), &call)
    }

    /// Remembers the call for conditions that look back.
    pub(super) fn remember(&self, call: &PreparedCall, action: Action) {
        if call.attempt.approval_id.is_some() && action == Action::RequireApproval {
            // It was remembered when it was first asked for.
            return;
        }
        let item = SessionCall {
            tool: call.attempt.tool.clone(),
            source: call.source().to_owned(),
            args: call.args.clone(),
            action: action.as_str().to_owned(),
            at: Some(self.now()),
        };
        let bytes = call.attempt.arguments.get().len();
        self.inner.sessions.remember(session_key(call), item, bytes);
    }
}

impl Services {
    /// Remembers that a call which waited was granted.
    pub(super) fn remember_granted(&self, call: &PreparedCall) {
        let is_known = self.inner.sessions.amend(&session_key(call), |earlier| {
            let asked = asks_for(earlier, call);
            if asked {
                Action::Allow.as_str().clone_into(&mut earlier.action);
            }
            asked
        });
        if !is_known {
            self.remember(call, Action::Allow);
        }
    }
}

fn session_key(call: &PreparedCall) -> SessionKey {
    let PreparedCall { caller, attempt, .. } = call;
    (attempt.enforcement_point, caller.principal.id.clone(), attempt.session_id.clone())
}

/// Whether the earlier call is an identical one that asked people and was not granted.
fn asks_for(earlier: &SessionCall, call: &PreparedCall) -> bool {
    earlier.tool == call.attempt.tool
        && earlier.action == Action::RequireApproval.as_str()
        && earlier.source == call.source()
        && earlier.args == call.args
}

/// A denial that no rule made.
pub(in crate::service) fn closed(
    reason: Reason,
    message: impl Into<String>,
    policy: PolicyRef,
) -> Decision {
    Decision {
        action: Action::Deny,
        reason,
        message: message.into(),
        rule: None,
        approval_workflow: None,
        policy,
        errors: Vec::new(),
        scope: None,
        trace: None,
    }
}
