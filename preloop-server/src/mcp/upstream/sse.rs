//! A server over the older HTTP with server-sent events: one stream brings all that it says, and names the address that
//! messages are posted to.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE};
use preloop_core::document::McpServer;
use reqwest::{Response, Url};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::MESSAGE_BYTES_MAX;
use super::address::Address;
use super::failure::{CallFailure, DialError, in_words};
use super::http_answer::{is_event_stream, refused};
use super::inbox::{Answer, Inbox};
use crate::mcp::dial_rules::DialRules;
use crate::mcp::wire::sse::{Decoder, Event};
use crate::service::ServerSecrets;

/// How long a server may take to name the address for messages.
const OPENING_TIME: Duration = Duration::from_secs(30);
/// The event that names it.
const ENDPOINT: &str = "endpoint";
/// The event that carries a message, which is also what an event without a name is.
const MESSAGE: &str = "message";

/// The way to a server whose stream is open.
#[derive(Debug)]
pub(super) struct SseLink {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: Address,
    /// Where messages are posted to.
    endpoint: Url,
    inbox: Arc<Inbox>,
    tasks: TaskTracker,
    closed: CancellationToken,
}

/// A stream that is read event by event.
struct Events {
    response: Response,
    decoder: Decoder,
}

// === impl SseLink ===

impl SseLink {
    /// Opens the stream of `server` and waits for the address that it names.
    pub(super) async fn open(
        server: &McpServer,
        rules: &DialRules,
        stored: &ServerSecrets,
        inbox: &Arc<Inbox>,
        tasks: &TaskTracker,
    ) -> Result<Self, DialError> {
        let address = Address::of(server, rules, stored)?;
        let opening = async {
            let mut events = Events::open(&address).await?;
            let endpoint = events.endpoint().await?;
            Ok((events, endpoint))
        };
        let opened = tokio::time::timeout(OPENING_TIME, opening).await;
        let opened = opened.unwrap_or_else(|_| {
            let seconds = OPENING_TIME.as_secs();
            Err(format!(
                "the server's stream named no address for messages within {seconds} seconds"
            ))
        });
        let (events, endpoint) = opened.map_err(DialError::Handshake)?;
        let shared = Arc::new(Shared {
            address,
            endpoint,
            inbox: Arc::clone(inbox),
            tasks: tasks.clone(),
            closed: CancellationToken::new(),
        });
        let reader = Arc::clone(&shared);
        tasks.spawn(async move {
            let closed = reader.closed.clone();
            if let Some(reason) = closed.run_until_cancelled(reader.read(events)).await {
                reader.inbox.close(&reason);
            }
        });
        Ok(Self { shared })
    }

    /// Sends a message that needs no answer.
    pub(super) async fn send(&self, message: Bytes) -> Result<(), CallFailure> {
        self.shared.post(message).await
    }

    /// Sends the request `id` and waits for its answer on the stream.
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
        let lost = || {
            let reason = shared.inbox.lost().unwrap_or("the connection was closed");
            CallFailure::Lost(reason.to_owned())
        };
        let post = shared.post(message);
        tokio::pin!(post);
        tokio::select! {
            biased;
            // Some servers hold the post until the call is done, and its answer may be faster.
            answer = &mut waiting.answer => {
                if answer.is_err() {
                    // The stream broke; a message that is not taken does not run.
                    post.await?;
                }
                return answer.map_err(|_| lost());
            }
            posted = &mut post => posted?,
        }
        (&mut waiting.answer).await.map_err(|_| lost())
    }

    /// The words without the token that the server got.
    pub(super) fn mask(&self, words: String) -> String {
        self.shared.address.mask(words)
    }

    /// Lets the stream go, by which the server knows that nobody listens.
    pub(super) fn close(&self) {
        self.shared.closed.cancel();
    }
}

impl Drop for SseLink {
    fn drop(&mut self) {
        self.shared.closed.cancel();
    }
}

// === impl Shared ===

impl Shared {
    async fn post(&self, message: Bytes) -> Result<(), CallFailure> {
        let request = |credentials| {
            let request = self.address.client.post(self.endpoint.clone()).headers(credentials);
            request.header(CONTENT_TYPE, "application/json").body(message.clone())
        };
        let response = self.address.send(request).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Err(CallFailure::SessionGone);
        }
        refused(&response).map_or(Ok(()), Err)
    }

    /// Takes what comes until the stream ends; why it did.
    async fn read(self: &Arc<Self>, mut events: Events) -> String {
        loop {
            let event = match events.next().await {
                Ok(Some(event)) => event,
                Ok(None) => return "the server ended its stream".to_owned(),
                Err(words) => return words,
            };
            if event.data.is_empty() || event.name.as_deref().is_some_and(|name| name != MESSAGE) {
                continue;
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
    }
}

// === impl Events ===

impl Events {
    async fn open(address: &Address) -> Result<Self, String> {
        let request = |credentials| {
            let request = address.client.get(address.url.clone()).headers(credentials);
            request.header(ACCEPT, "text/event-stream")
        };
        let response = address.send(request).await.map_err(|failure| failure.to_string())?;
        if let Some(refusal) = refused(&response) {
            return Err(refusal.to_string());
        }
        if !is_event_stream(&response) {
            return Err(
                "the server's answer is no event stream: is its transport `streamable-http`?"
                    .to_owned(),
            );
        }
        Ok(Self { response, decoder: Decoder::new(MESSAGE_BYTES_MAX) })
    }

    /// The address for messages. It must be the server's own: what is posted there carries its credentials.
    async fn endpoint(&mut self) -> Result<Url, String> {
        while let Some(event) = self.next().await? {
            if event.name.as_deref() != Some(ENDPOINT) {
                continue;
            }
            let base = self.response.url();
            let named = std::str::from_utf8(&event.data).ok().and_then(|text| base.join(text).ok());
            return match named {
                Some(url) if url.origin() == base.origin() => Ok(url),
                Some(_) => Err(
                    "the server names an address on another host for messages, which is not used"
                        .to_owned(),
                ),
                None => Err("the server names an address for messages that is none".to_owned()),
            };
        }
        Err("the server ended its stream before it named an address for messages".to_owned())
    }

    async fn next(&mut self) -> Result<Option<Event>, String> {
        loop {
            if let Some(event) = self.decoder.next().map_err(|error| error.to_string())? {
                return Ok(Some(event));
            }
            let chunk = self.response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| in_words(&error.without_url()))? else {
                return Ok(None);
            };
            self.decoder.feed(&chunk).map_err(|error| error.to_string())?;
        }
    }
}
