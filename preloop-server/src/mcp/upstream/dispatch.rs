//! The one place from which a tool call goes out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::connection::{CallTerms, told};
use super::failure::CallFailure;
use super::inbox::Answer;
use super::{Upstreams, server::Upstream};
use crate::mcp::catalog::Tool;
use crate::mcp::wire::object::{RawObject, json_string};
use crate::service::{KeptAnswer, Outcome, Permit};

/// A call on its way: what the client wrote around the arguments, and what it wants to hear.
#[derive(Debug)]
pub(crate) struct Forwarded<'a> {
    /// The client's parameters; name, arguments and progress token are replaced.
    pub(crate) params: &'a RawObject<'a>,
    /// The client's `_meta`, without what was meant for us; none where nothing is left of it.
    pub(crate) meta: Option<&'a RawObject<'a>>,
    /// The tool as it was when the call was decided.
    pub(crate) tool: &'a Arc<Tool>,
    /// Where progress goes, where the client asked for it.
    pub(crate) progress: Option<&'a mpsc::Sender<Bytes>>,
    /// The client's wish to stop.
    pub(crate) cancelled: &'a CancellationToken,
    /// Whether the client has left; the call goes on all the same.
    pub(crate) has_left: &'a AtomicBool,
    /// How long the server may take without a sign of progress.
    pub(crate) timeout: Duration,
}

/// How a dispatched call ended.
#[derive(Debug)]
pub(crate) enum Dispatched {
    /// The server answered.
    Answered(Answer),
    /// The client cancelled it.
    Cancelled,
    /// There is no answer; the words are for the agent.
    Failed(String),
    /// It never went out; the words are for the agent.
    NotSent(String),
}

#[derive(Deserialize)]
struct CallResult {
    #[serde(rename = "isError", default)]
    is_error: Option<bool>,
}

// === impl Dispatched ===

impl Dispatched {
    /// What is told again to an agent that this answer did not reach.
    fn kept(&self) -> Option<KeptAnswer> {
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).ok();
        match self {
            Self::Answered(Answer::Result(result)) => text(result).map(KeptAnswer::Result),
            Self::Answered(Answer::Error(error)) => text(error).map(KeptAnswer::Error),
            Self::Failed(words) => Some(KeptAnswer::Words(words.clone())),
            Self::Cancelled | Self::NotSent(_) => None,
        }
    }
}

// === impl Upstreams ===

impl Upstreams {
    /// Sends a permitted call to its server, once, and records how it ended.
    pub(crate) async fn dispatch(&self, mut permit: Permit, call: Forwarded<'_>) -> Dispatched {
        let name = permit.server().unwrap_or_default().to_owned();
        let upstream = match self.ready(&name, &call).await {
            Ok(upstream) => upstream,
            Err(words) => {
                permit.finish(Outcome::NotSent { message: words.clone() }, None).await;
                return Dispatched::NotSent(words);
            }
        };
        if call.cancelled.is_cancelled() {
            permit.finish(Outcome::Cancelled, None).await;
            return Dispatched::Cancelled;
        }
        if let Err(error) = permit.dispatched().await {
            return Dispatched::NotSent(format!("the call was not run: {error}"));
        }
        // Storing that it goes out takes a moment, in which the client may have changed its mind.
        if call.cancelled.is_cancelled() {
            permit.finish(Outcome::Cancelled, None).await;
            return Dispatched::Cancelled;
        }
        let mut answer =
            upstream.call("tools/call", &call.params_for(&permit), &call.terms()).await;
        if answer.as_ref().is_err_and(CallFailure::is_unsent) {
            // It certainly did not run, so it may go out once more; the server may have been
            // started anew in between, so its tool is looked at again.
            answer = match self.ready(&name, &call).await {
                Ok(_) if call.cancelled.is_cancelled() => {
                    permit.finish(Outcome::Cancelled, None).await;
                    return Dispatched::Cancelled;
                }
                Ok(upstream) => {
                    upstream.call("tools/call", &call.params_for(&permit), &call.terms()).await
                }
                Err(words) => Err(CallFailure::NotSent(words)),
            };
        }
        let (outcome, dispatched) = settle(&name, answer);
        let kept = permit.approval_id().and_then(|_| dispatched.kept());
        if call.has_left.load(Ordering::Relaxed) {
            permit.caller_left();
        }
        permit.finish(outcome, kept).await;
        dispatched
    }

    /// A connected server that still offers the tool as it was when the call was decided.
    async fn ready(&self, name: &str, call: &Forwarded<'_>) -> Result<Arc<Upstream>, String> {
        let upstream = self.server(name).ok_or_else(|| {
            format!("the server `{name}` is no longer in the policy; the call was not run")
        })?;
        let dialled = tokio::select! {
            dialled = upstream.connection() => dialled.map(drop),
            () = call.cancelled.cancelled() => Ok(()),
        };
        dialled.map_err(|error| {
            format!("the server `{name}` is not available, the call was not run: {error}")
        })?;
        if self.catalog.listing().is_current(call.tool) {
            return Ok(upstream);
        }
        Err(format!(
            "the server `{name}` changed the tool `{}` since this call was decided, \
             the call was not run; call it again",
            call.tool.name
        ))
    }
}

// === impl Forwarded ===

impl<'a> Forwarded<'a> {
    /// The parameters for the server: its own name of the tool, the permitted arguments, our token.
    fn params_for(&'a self, permit: &'a Permit) -> impl Fn(u64) -> String + Sync {
        let mut params = self.params.clone();
        params.set("name", json_string(permit.tool()));
        if params.value("arguments").is_some_and(|text| text != "null") {
            params.set("arguments", permit.arguments().get());
        }
        move |id| {
            let mut params = params.clone();
            let Some(meta) = self.meta else {
                params.remove("_meta");
                return params.to_text();
            };
            let mut meta = meta.clone();
            if self.progress.is_some() {
                meta.set("progressToken", id.to_string());
            }
            params.set("_meta", meta.to_text());
            params.to_text()
        }
    }

    fn terms(&self) -> CallTerms<'_> {
        CallTerms { progress: self.progress, timeout: self.timeout, cancelled: self.cancelled }
    }
}

fn settle(server: &str, answer: Result<Answer, CallFailure>) -> (Outcome, Dispatched) {
    let failure = match answer {
        Ok(Answer::Result(result)) => {
            let is_error = serde_json::from_slice::<CallResult>(&result)
                .is_ok_and(|result| result.is_error == Some(true));
            let answered = Dispatched::Answered(Answer::Result(result));
            return (Outcome::Completed { is_error }, answered);
        }
        Ok(Answer::Error(error)) => {
            let outcome = Outcome::Failed { message: told(&error) };
            return (outcome, Dispatched::Answered(Answer::Error(error)));
        }
        Err(failure) => failure,
    };
    match failure {
        CallFailure::Cancelled => (Outcome::Unknown, Dispatched::Cancelled),
        CallFailure::Lost(_) | CallFailure::TimedOut(_) => (
            Outcome::Unknown,
            Dispatched::Failed(format!(
                "the server `{server}` gave no answer: {failure}; whether the call ran is not \
                 known, it is not repeated: check its effect before you call again"
            )),
        ),
        CallFailure::Refused(_) => {
            let words = format!("the server `{server}` did not run the call: {failure}");
            (Outcome::Failed { message: words.clone() }, Dispatched::Failed(words))
        }
        CallFailure::NotSent(_) | CallFailure::SessionGone => {
            let words = format!("the server `{server}` did not run the call: {failure}");
            (Outcome::NotSent { message: words.clone() }, Dispatched::NotSent(words))
        }
    }
}
