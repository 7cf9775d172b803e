//! One tool call: resolved, decided, held where people have to decide, dispatched, answered.

mod again;
mod answers;
mod handle;
mod hold;
mod send;
mod status;
mod wanted;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use preloop_core::audit::EnforcementPoint;
use serde_json::Map;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Firewall;
use super::builtin;
use super::catalog::Tool;
use super::downstream::{Endpoint, Frame, InFlightGuard};
use super::upstream::Answer;
use super::wire::outgoing::{self, code};
use crate::service::{Attempt, Caller, Refusal, Ruling};
use wanted::{Wanted, look_alike};

pub(crate) use answers::Reply;

/// How long a call of an unknown tool waits for servers that are still being dialled.
const PATIENCE: Duration = Duration::from_secs(10);

/// A `tools/call` of a session.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) firewall: Firewall,
    pub(crate) caller: Caller,
    pub(crate) session_id: String,
    pub(crate) endpoint: Endpoint,
    /// The JSON text of the request's id.
    pub(crate) id: String,
    /// The JSON text of `params`; empty where there are none.
    pub(crate) params: Bytes,
    /// Where the answer goes, and what comes before it.
    pub(crate) frames: mpsc::Sender<Frame>,
    /// Whether the client reads what comes before the answer.
    pub(crate) hears_notes: bool,
    pub(crate) in_flight: InFlightGuard,
}

// === impl Call ===

impl Call {
    /// Runs the call and sends its answer.
    pub(crate) async fn run(self) {
        let (reply, used) = self.reply().await.split();
        let answer = match reply {
            Reply::Nothing | Reply::OfRun(..) => return self.lost(used).await,
            Reply::Result(result) => outgoing::result(&self.id, &result),
            Reply::Answer(Answer::Result(result)) => match std::str::from_utf8(&result) {
                Ok(result) => outgoing::result(&self.id, result),
                Err(_) => self.unreadable(),
            },
            Reply::Answer(Answer::Error(error)) => match std::str::from_utf8(&error) {
                Ok(error) => outgoing::error_object(&self.id, error),
                Err(_) => self.unreadable(),
            },
            Reply::Invalid(words) => outgoing::error(&self.id, code::INVALID_PARAMS, &words),
        };
        // A client that has left gets no answer; what happened stands in the trail.
        if self.frames.send(Frame::Answer(answer)).await.is_err() {
            self.lost(used).await;
        }
    }

    /// The answer of an approved call did not reach the client, which is told it when it asks again.
    async fn lost(&self, used: Option<Uuid>) {
        if let Some(approval_id) = used {
            self.firewall.services().answer_lost(approval_id).await;
        }
    }

    async fn reply(&self) -> Reply {
        let params = std::str::from_utf8(&self.params).unwrap_or_default();
        let wanted = match Wanted::read(params) {
            Ok(wanted) => wanted,
            Err(words) => {
                self.record(None, words);
                return Reply::Invalid(words.to_owned());
            }
        };
        let tool = match self.resolve(&wanted.name).await {
            Ok(tool) => tool,
            Err(words) => {
                self.record(Some(&wanted.name), &words);
                return Reply::error_result(&words);
            }
        };
        if tool.name == builtin::GET_APPROVAL_STATUS && builtin::is_builtin(&tool) {
            return Box::pin(self.status(&wanted)).await;
        }
        if let Some(words) = look_alike(&tool, wanted.arguments) {
            self.record(Some(&wanted.name), &words);
            return Reply::error_result(&words);
        }
        let attempt = match self.attempt(&wanted, &tool) {
            Ok(attempt) => attempt,
            Err(words) => {
                self.record(Some(&wanted.name), words);
                return Reply::Invalid(words.to_owned());
            }
        };
        self.decide(attempt, &wanted, &tool).await
    }

    /// Has the call decided and goes on as it was.
    async fn decide(&self, attempt: Attempt, wanted: &Wanted<'_>, tool: &Arc<Tool>) -> Reply {
        match self.firewall.services().decide(&self.caller, attempt).await {
            Ok(ruling) => self.ruled(ruling, wanted, tool).await,
            Err(error) => Reply::error_result(&format!("the call was not run: {error}")),
        }
    }

    async fn ruled(&self, ruling: Ruling, wanted: &Wanted<'_>, tool: &Arc<Tool>) -> Reply {
        match ruling {
            Ruling::Allowed(permit) => self.dispatch(permit, wanted, tool, 0.0).await,
            Ruling::Denied(denied) => Reply::denied(&denied),
            Ruling::Held(held) => self.hold(*held, wanted, tool).await,
            Ruling::Ran(ran) => self.tell_again(&ran, wanted, 0.0).await,
        }
    }

    /// The tool of that name at this endpoint.
    async fn resolve(&self, name: &str) -> Result<Arc<Tool>, String> {
        if let Some(found) = self.find(name) {
            return found;
        }
        let only = match &self.endpoint {
            Endpoint::Merged => None,
            Endpoint::Server(server) => Some(server.as_str()),
        };
        self.firewall.upstreams().tried(only, PATIENCE).await;
        self.find(name).unwrap_or_else(|| {
            Err(format!("there is no tool `{name}` here; `tools/list` says which there are"))
        })
    }

    fn find(&self, name: &str) -> Option<Result<Arc<Tool>, String>> {
        let listing = self.firewall.catalog().listing();
        let builtins = self.firewall.builtins();
        if let Some(tool) = builtins.named(&self.endpoint, &listing, name) {
            return Some(Ok(Arc::clone(tool)));
        }
        match &self.endpoint {
            Endpoint::Server(server) => listing.tool_of(server, name).cloned().map(Ok),
            Endpoint::Merged => match listing.named(name) {
                [] => None,
                [tool] => Some(Ok(Arc::clone(tool))),
                _ => Some(Err(format!(
                    "the name `{name}` stands for tools of several servers, so it is refused; \
                     the operator can give one of them a `tool_prefix`"
                ))),
            },
        }
    }

    fn attempt(&self, wanted: &Wanted<'_>, tool: &Arc<Tool>) -> Result<Attempt, &'static str> {
        let face = self.firewall.face(&self.caller, tool);
        let said = face.said(tool, wanted.arguments, wanted.justification.clone());
        let arguments = said.arguments.unwrap_or_else(|| wanted.arguments.to_owned());
        let asks = builtin::asks(tool, &arguments);
        let is_builtin = builtin::is_builtin(tool);
        let arguments =
            RawValue::from_string(arguments).map_err(|_| "`arguments` must be an object")?;
        Ok(Attempt {
            tool: tool.name.clone(),
            server: (!is_builtin).then(|| tool.server.clone()),
            source: Some(if is_builtin { builtin::SOURCE } else { "mcp" }.to_owned()),
            annotations: tool.annotations.clone(),
            is_new: !is_builtin && self.firewall.catalog().is_new(tool),
            definition_hash: (!is_builtin).then(|| tool.definition_hash.clone()),
            schema: tool.schema.clone(),
            arguments,
            justification: said.justification,
            fault: said.fault,
            context: Map::new(),
            session_id: self.session_id.clone(),
            enforcement_point: EnforcementPoint::Mcp,
            approval_id: None,
            asks,
        })
    }

    fn unreadable(&self) -> Bytes {
        outgoing::error(&self.id, code::INTERNAL_ERROR, "the server's answer is not readable text")
    }

    /// Puts a refusal into the trail.
    fn record(&self, tool: Option<&str>, message: &str) {
        let server = match &self.endpoint {
            Endpoint::Merged => None,
            Endpoint::Server(server) => Some(server.clone()),
        };
        let refusal = Refusal {
            tool: tool.map(str::to_owned),
            server,
            message: message.to_owned(),
            ..Refusal::default()
        };
        self.firewall.services().record_refusal(&self.caller, EnforcementPoint::Mcp, refusal);
    }
}
