//! One tool call: resolved, decided, held where people have to decide, dispatched, answered.

mod answers;
mod hold;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use preloop_core::audit::EnforcementPoint;
use serde_json::Map;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::Firewall;
use super::catalog::Tool;
use super::downstream::{Endpoint, Frame, InFlightGuard};
use super::face::JUSTIFICATION_META;
use super::names::mistaken_for;
use super::upstream::{Answer, Dispatched, Forwarded};
use super::wire::object::{RawObject, json_string};
use super::wire::outgoing::{self, code};
use crate::service::{Attempt, Caller, Permit, Refusal, Ruling};

pub(crate) use answers::Reply;

/// How long a call of an unknown tool waits for servers that are still being dialled.
const PATIENCE: Duration = Duration::from_secs(10);
/// The parameters of `tools/call` that mean something to servers.
const PARAMETERS: [&str; 4] = ["name", "arguments", "_meta", "task"];

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
    pub(crate) in_flight: InFlightGuard,
}

/// What the client wrote.
struct Wanted<'a> {
    params: RawObject<'a>,
    meta: Option<RawObject<'a>>,
    name: String,
    /// JSON text of the arguments, an object.
    arguments: &'a str,
    /// JSON text of the token, where the client wants to hear of progress.
    progress_token: Option<String>,
    justification: Option<String>,
}

// === impl Call ===

impl Call {
    /// Runs the call and sends its answer.
    pub(crate) async fn run(self) {
        let reply = self.reply().await;
        let answer = match reply {
            Reply::Nothing => return,
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
        let _ = self.frames.send(Frame::Answer(answer)).await;
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
        let services = self.firewall.services();
        match services.decide(&self.caller, attempt).await {
            Ok(Ruling::Allowed(permit)) => self.dispatch(permit, &wanted, &tool, 0.0).await,
            Ok(Ruling::Denied(denied)) => Reply::denied(&denied),
            Ok(Ruling::Held(held)) => self.hold(*held, &wanted, &tool).await,
            Err(error) => Reply::error_result(&format!("the call was not run: {error}")),
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
        let arguments =
            RawValue::from_string(arguments).map_err(|_| "`arguments` must be an object")?;
        Ok(Attempt {
            tool: tool.name.clone(),
            server: Some(tool.server.clone()),
            source: Some("mcp".to_owned()),
            annotations: tool.annotations.clone(),
            is_new: self.firewall.catalog().is_new(tool),
            schema: tool.schema.clone(),
            arguments,
            justification: said.justification,
            context: Map::new(),
            session_id: self.session_id.clone(),
            enforcement_point: EnforcementPoint::Mcp,
            approval_id: None,
        })
    }

    /// Sends the permitted call; progress of the server goes to the client as it comes.
    async fn dispatch(
        &self,
        permit: Permit,
        wanted: &Wanted<'_>,
        tool: &Arc<Tool>,
        progress_so_far: f64,
    ) -> Reply {
        let (notes, mut received) = mpsc::channel(32);
        let token = wanted.progress_token.as_deref();
        let forwarded = Forwarded {
            params: &wanted.params,
            meta: wanted.meta.as_ref(),
            tool,
            progress: token.is_some().then_some(&notes),
            cancelled: &self.in_flight.cancelled,
            timeout: self.firewall.settings().upstream_timeout,
        };
        let dispatched = self.firewall.upstreams().dispatch(permit, forwarded);
        tokio::pin!(dispatched);
        let mut last = progress_so_far;
        let mut pass_on = |note: Bytes| {
            if let Some(token) = token
                && let Some(note) = relay(&note, token, &mut last)
            {
                // A slow client misses a note rather than holding up the server.
                let _ = self.frames.try_send(Frame::Note(note));
            }
        };
        let dispatched = loop {
            tokio::select! {
                biased;
                Some(note) = received.recv() => pass_on(note),
                dispatched = &mut dispatched => break dispatched,
            }
        };
        while let Ok(note) = received.try_recv() {
            pass_on(note);
        }
        match dispatched {
            Dispatched::Answered(answer) => Reply::Answer(answer),
            Dispatched::Cancelled => Reply::Nothing,
            Dispatched::Failed(words) => Reply::error_result(&words),
        }
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

// === impl Wanted ===

impl<'a> Wanted<'a> {
    fn read(params: &'a str) -> Result<Self, &'static str> {
        let object = RawObject::parse(params).ok_or("`params` must be an object with a `name`")?;
        if object.keys().any(|key| mistaken_for(key, PARAMETERS).is_some()) {
            return Err("`params` has a member that differs from `name`, `arguments`, `_meta` or \
                 `task` in its case only, which servers read differently: leave it out");
        }
        let name = object.text("name").ok_or("`params.name` must be the name of a tool")?;
        let arguments = match object.borrowed("arguments") {
            None | Some("null") => "{}",
            Some(arguments) if arguments.starts_with('{') => arguments,
            Some(_) => return Err("`params.arguments` must be an object"),
        };
        let mut meta = match object.borrowed("_meta") {
            None => None,
            Some(meta) => Some(RawObject::parse(meta).ok_or("`params._meta` must be an object")?),
        };
        let mut justification = None;
        let mut progress_token = None;
        if let Some(members) = &mut meta {
            justification = members.text(JUSTIFICATION_META);
            progress_token = members.value("progressToken").map(str::to_owned);
            if members.remove(JUSTIFICATION_META) && members.is_empty() {
                meta = None;
            }
        }
        if progress_token.as_deref().is_some_and(|token| !is_token(token)) {
            return Err("`params._meta.progressToken` must be a string or an integer");
        }
        Ok(Self { params: object, meta, name, arguments, progress_token, justification })
    }
}

/// Words for the agent where an argument differs from one that the tool declares in its case only:
/// rules would look at one of them, and the server at the other.
fn look_alike(tool: &Tool, arguments: &str) -> Option<String> {
    let arguments = RawObject::parse(arguments)?;
    let declared = || tool.parameters.iter().map(String::as_str);
    let (argument, name) = arguments.keys().find_map(|key| {
        mistaken_for(key, declared().collect::<Vec<_>>()).map(|name| (key, name))
    })?;
    Some(format!("the call was not run: the argument `{argument}` must be written `{name}`"))
}

fn is_token(text: &str) -> bool {
    text.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit())
}

/// A progress note of the server under the client's own token. What the client hears must only
/// grow, so a note that does not grow (after those of the waiting) is moved up a little.
fn relay(note: &Bytes, token: &str, last: &mut f64) -> Option<Bytes> {
    let mut params = RawObject::parse(std::str::from_utf8(note).ok()?)?;
    let progress: f64 = params.value("progress")?.parse().ok()?;
    params.set("progressToken", token.to_owned());
    if progress > *last {
        *last = progress;
    } else {
        *last += hold::PROGRESS_STEP;
        params.set("progress", last.to_string());
    }
    Some(outgoing::notification("notifications/progress", Some(&params.to_text())))
}

/// A progress note of ours; `progress` only grows.
fn waiting_note(token: &str, progress: f64, message: &str) -> Bytes {
    let params = format!(
        r#"{{"progressToken":{token},"progress":{progress},"message":{}}}"#,
        json_string(message)
    );
    outgoing::notification("notifications/progress", Some(&params))
}
