//! A server over MCP streamable HTTP: one POST a message, answers as JSON or as an event stream.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use preloop_core::document::McpServer;
use reqwest::Response;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::MESSAGE_BYTES_MAX;
use super::address::Address;
use super::failure::{CallFailure, DialError, in_words};
use super::http_answer::{is_event_stream, names_the_session, read_body, refused};
use super::inbox::{Answer, Inbox, Waiting};
use crate::mcp::dial_rules::DialRules;
use crate::mcp::wire::message::Message;
use crate::mcp::wire::sse::{Decoder, Event};
use crate::service::ServerSecrets;

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// How often a stream that ended early is taken up again before the call is given up.
const RESUMES_MAX: u32 = 5;
/// The pause before a stream is taken up again, and the longest that a server may ask for.
const RESUME_PAUSE: Duration = Duration::from_secs(1);
const RESUME_PAUSE_MAX: Duration = Duration::from_secs(10);
/// The longest pause between two tries to listen for announcements.
const LISTEN_PAUSE_MAX: Duration = Duration::from_mins(1);
/// How long the farewell to a server may take.
const FAREWELL_TIME: Duration = Duration::from_secs(1);

/// The way to a server over HTTP.
#[derive(Debug)]
pub(super) struct HttpLink {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: Address,
    session: OnceLock<HeaderValue>,
    revision: OnceLock<HeaderValue>,
    inbox: Arc<Inbox>,
    tasks: TaskTracker,
    closed: CancellationToken,
}

/// Where a stream can be taken up again.
#[derive(Debug, Default)]
struct Resume {
    last_event_id: Option<String>,
    retry: Option<Duration>,
}

// === impl HttpLink ===

impl HttpLink {
    /// Resolves the address and the credentials of `server`; nothing is sent yet.
    pub(super) fn new(
        server: &McpServer,
        rules: &DialRules,
        stored: &ServerSecrets,
        inbox: &Arc<Inbox>,
        tasks: &TaskTracker,
    ) -> Result<Self, DialError> {
        let address = Address::of(server, rules, stored)?;
        Ok(Self {
            shared: Arc::new(Shared {
                address,
                session: OnceLock::new(),
                revision: OnceLock::new(),
                inbox: Arc::clone(inbox),
                tasks: tasks.clone(),
                closed: CancellationToken::new(),
            }),
        })
    }

    /// The revision that was agreed on; every later request names it.
    pub(super) fn agree(&self, revision: &str) {
        if let Ok(value) = HeaderValue::from_str(revision) {
            let _ = self.shared.revision.set(value);
        }
    }

    /// Listens for announcements (tool list changes), where the server offers that.
    pub(super) fn listen(&self) {
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            let closed = shared.closed.clone();
            closed.run_until_cancelled(shared.listen()).await;
        });
    }

    /// Sends a message that needs no answer.
    pub(super) async fn send(&self, message: Bytes) -> Result<(), CallFailure> {
        let response = self.shared.post(message).await?;
        refused(&response).map_or(Ok(()), Err)
    }

    /// Sends the request `id` and waits for its answer.
    pub(super) async fn exchange(
        &self,
        id: u64,
        message: Bytes,
        progress: mpsc::Sender<Bytes>,
    ) -> Result<Answer, CallFailure> {
        let shared = &self.shared;
        let mut waiting = shared.inbox.expect(id, progress);
        if let Some(reason) = shared.inbox.lost() {
            return Err(CallFailure::NotSent(reason.to_owned()));
        }
        let response = shared.post(message).await?;
        if shared.session.get().is_none()
            && let Some(session) = response.headers().get(SESSION_ID)
        {
            let _ = shared.session.set(session.clone());
        }
        shared.answer(response, &mut waiting).await
    }

    /// The words without the token that the server got.
    pub(super) fn mask(&self, words: String) -> String {
        self.shared.address.mask(words)
    }

    /// Says goodbye in the background and stops listening.
    pub(super) fn close(&self) {
        self.shared.closed.cancel();
        let shared = Arc::clone(&self.shared);
        let Some(session) = self.shared.session.get().cloned() else { return };
        self.shared.tasks.spawn(async move {
            let Address { client, url, .. } = &shared.address;
            let farewell = shared.address.send(|credentials| {
                let request = client.delete(url.clone()).headers(shared.headers(credentials));
                request.header(SESSION_ID, session.clone())
            });
            // A server that is gone needs no farewell.
            let _ = tokio::time::timeout(FAREWELL_TIME, farewell).await;
        });
    }
}

impl Drop for HttpLink {
    fn drop(&mut self) {
        self.shared.closed.cancel();
    }
}

// === impl Shared ===

impl Shared {
    fn headers(&self, mut headers: HeaderMap) -> HeaderMap {
        for (name, value) in [(SESSION_ID, &self.session), (PROTOCOL_VERSION, &self.revision)] {
            if let Some(value) = value.get() {
                headers.insert(name, value.clone());
            }
        }
        headers
    }

    async fn post(&self, message: Bytes) -> Result<Response, CallFailure> {
        let Address { client, url, .. } = &self.address;
        let request = |credentials| {
            client
                .post(url.clone())
                .headers(self.headers(credentials))
                .header(CONTENT_TYPE, "application/json")
                .header(ACCEPT, "application/json, text/event-stream")
                .body(message.clone())
        };
        self.address.send(request).await
    }

    async fn answer(
        self: &Arc<Self>,
        mut response: Response,
        waiting: &mut Waiting<'_>,
    ) -> Result<Answer, CallFailure> {
        let status = response.status();
        if status == StatusCode::NOT_FOUND && self.session.get().is_some() {
            return Err(CallFailure::SessionGone);
        }
        if is_event_stream(&response) && status.is_success() {
            return self.follow(response, waiting).await;
        }
        let refusal = refused(&response);
        let body = read_body(&mut response).await?;
        if status == StatusCode::BAD_REQUEST
            && self.session.get().is_some()
            && names_the_session(&body)
        {
            return Err(CallFailure::SessionGone);
        }
        // Some servers put a proper JSON-RPC error under an HTTP error status.
        match Message::parse(&body) {
            Ok(Message::Response { answer: Err(error), .. }) => {
                return Ok(Answer::Error(body.slice_ref(error.as_bytes())));
            }
            Ok(Message::Response { .. }) if refusal.is_none() => {
                self.inbox.take(&body);
            }
            _ => {}
        }
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        waiting.answer.try_recv().map_err(|_| {
            CallFailure::Lost("the server's answer is no JSON-RPC response to the request".into())
        })
    }

    /// Reads streams until the answer is there, taking a stream up again where it ended early.
    async fn follow(
        self: &Arc<Self>,
        first: Response,
        waiting: &mut Waiting<'_>,
    ) -> Result<Answer, CallFailure> {
        let mut response = first;
        let mut resume = Resume::default();
        for _ in 0..=RESUMES_MAX {
            tokio::select! {
                biased;
                answer = &mut waiting.answer => {
                    return answer.map_err(|_| self.lost());
                }
                read = self.read_stream(&mut response, &mut resume) => read?,
            }
            if let Ok(answer) = waiting.answer.try_recv() {
                return Ok(answer);
            }
            let Some(last) = resume.last_event_id.clone() else { break };
            tokio::time::sleep(resume.retry.unwrap_or(RESUME_PAUSE).min(RESUME_PAUSE_MAX)).await;
            response = self.get(Some(&last)).await?;
            if !response.status().is_success() {
                break;
            }
        }
        Err(CallFailure::Lost("the server ended the stream without an answer".to_owned()))
    }

    async fn read_stream(
        self: &Arc<Self>,
        response: &mut Response,
        resume: &mut Resume,
    ) -> Result<(), CallFailure> {
        let mut decoder = Decoder::new(MESSAGE_BYTES_MAX);
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return Ok(()),
                Err(_) if resume.last_event_id.is_some() => return Ok(()),
                Err(error) => return Err(CallFailure::Lost(in_words(&error.without_url()))),
            };
            let too_long = |error| CallFailure::Lost(in_words(&error));
            decoder.feed(&chunk).map_err(too_long)?;
            while let Some(event) = decoder.next().map_err(too_long)? {
                self.take_event(event, resume);
            }
        }
    }

    fn take_event(self: &Arc<Self>, event: Event, resume: &mut Resume) {
        if let Some(id) = event.id {
            resume.last_event_id = Some(id);
        }
        if let Some(ms) = event.retry_ms {
            resume.retry = Some(Duration::from_millis(ms));
        }
        if event.data.is_empty() {
            return;
        }
        if let Some(reply) = self.inbox.take(&event.data) {
            let shared = Arc::clone(self);
            self.tasks.spawn(async move {
                if let Err(error) = shared.post(reply).await {
                    tracing::debug!(%error, "a reply to the server was not taken");
                }
            });
        }
    }

    async fn get(&self, last_event_id: Option<&str>) -> Result<Response, CallFailure> {
        let Address { client, url, .. } = &self.address;
        let request = |credentials| {
            let request = client
                .get(url.clone())
                .headers(self.headers(credentials))
                .header(ACCEPT, "text/event-stream");
            match last_event_id {
                Some(id) => request.header(LAST_EVENT_ID, id),
                None => request,
            }
        };
        // The request that the stream belongs to was sent, whatever becomes of this one.
        self.address.send(request).await.map_err(|failure| CallFailure::Lost(failure.to_string()))
    }

    async fn listen(self: &Arc<Self>) {
        let mut pause = RESUME_PAUSE;
        let mut resume = Resume::default();
        loop {
            let last = resume.last_event_id.clone();
            if let Ok(mut response) = self.get(last.as_deref()).await {
                let status = response.status();
                let is_stream = status.is_success() && is_event_stream(&response);
                if is_stream {
                    pause = RESUME_PAUSE;
                    // However the stream ended, it is taken up again.
                    let _ = self.read_stream(&mut response, &mut resume).await;
                } else if !status.is_server_error() {
                    // 405 and the like: it has no announcements to make.
                    return;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LISTEN_PAUSE_MAX);
        }
    }

    fn lost(&self) -> CallFailure {
        CallFailure::Lost(self.inbox.lost().unwrap_or("the connection was closed").to_owned())
    }
}
