//! One initialized connection to a server, shared by all calls that go there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use preloop_core::document::{McpServer, Transport};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::failure::{CallFailure, DialError};
use super::http::HttpLink;
use super::inbox::{Answer, Inbox};
use super::sse::SseLink;
use super::stdio::StdioLink;
use crate::mcp::dial_rules::DialRules;
use crate::mcp::environment::Masks;
use crate::mcp::wire::object::json_string;
use crate::mcp::wire::outgoing;
use crate::service::ServerSecrets;

/// The revision that we ask for, and the ones that we take.
const REVISION: &str = "2025-11-25";
const REVISIONS: [&str; 4] = [REVISION, "2025-06-18", "2025-03-26", "2024-11-05"];
/// How long a handshake or a page of tools may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(30);
/// How long a server may take to accept a cancellation.
const NOTICE_TIME: Duration = Duration::from_secs(2);
const PAGES_MAX: usize = 200;
const TOOLS_MAX: usize = 10_000;

/// One initialized connection.
#[derive(Debug)]
pub(crate) struct Connection {
    link: Link,
    inbox: Arc<Inbox>,
    next_id: AtomicU64,
    masks: Masks,
    offers_tools: bool,
}

#[derive(Debug)]
enum Link {
    Http(HttpLink),
    Sse(SseLink),
    Stdio(StdioLink),
}

/// What a call gives besides its parameters.
#[derive(Debug)]
pub(crate) struct CallTerms<'a> {
    /// Where progress notes go, as the text of their parameters.
    pub(crate) progress: Option<&'a mpsc::Sender<Bytes>>,
    /// How long the server may take without a sign of progress.
    pub(crate) timeout: Duration,
    /// The client's wish to stop.
    pub(crate) cancelled: &'a CancellationToken,
}

#[derive(Deserialize)]
struct InitializeResult {
    #[serde(rename = "protocolVersion")]
    protocol_version: String,
    #[serde(default)]
    capabilities: Capabilities,
}

#[derive(Default, Deserialize)]
struct Capabilities {
    #[serde(default)]
    tools: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct ToolsPage<'a> {
    #[serde(borrow)]
    tools: Vec<&'a RawValue>,
    #[serde(rename = "nextCursor", default)]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct ErrorObject {
    code: i64,
    message: String,
}

// === impl Connection ===

impl Connection {
    /// Dials and initializes.
    pub(super) async fn open(
        server: &McpServer,
        rules: &DialRules,
        stored: &ServerSecrets,
        tasks: &TaskTracker,
    ) -> Result<Self, DialError> {
        let inbox = Arc::new(Inbox::default());
        let masks = Masks::of(server, &rules.environment, stored);
        let link = match server.transport.unwrap_or(Transport::StreamableHttp) {
            Transport::StreamableHttp => {
                Link::Http(HttpLink::new(server, rules, stored, &inbox, tasks)?)
            }
            Transport::Stdio => {
                Link::Stdio(StdioLink::start(server, rules, stored, &masks, &inbox, tasks)?)
            }
            Transport::Sse => Link::Sse(SseLink::open(server, rules, stored, &inbox, tasks).await?),
        };
        let next_id = AtomicU64::new(1);
        let mut connection = Self { link, inbox, next_id, masks, offers_tools: false };
        match connection.initialize().await {
            Ok(()) => Ok(connection),
            Err(error) => Err(connection.without_secrets(error)),
        }
    }

    async fn initialize(&mut self) -> Result<(), DialError> {
        let params = format!(
            r#"{{"protocolVersion":"{REVISION}","capabilities":{{}},"clientInfo":{{"name":"preloop","version":"{}"}}}}"#,
            env!("CARGO_PKG_VERSION")
        );
        let handshake = |words: String| DialError::Handshake(words);
        let answer = self
            .request("initialize", &params)
            .await
            .map_err(|failure| handshake(failure.to_string()))?;
        let result: InitializeResult = match &answer {
            Answer::Result(result) => serde_json::from_slice(result).map_err(|_| {
                handshake("the server's answer to `initialize` is not an MCP answer".to_owned())
            })?,
            Answer::Error(error) => {
                return Err(handshake(format!("the server refused `initialize`: {}", told(error))));
            }
        };
        let revision = result.protocol_version;
        if !REVISIONS.contains(&revision.as_str()) {
            return Err(handshake(format!(
                "the server speaks MCP revision `{revision}`; this version speaks {REVISION} and before"
            )));
        }
        self.offers_tools = result.capabilities.tools.is_some();
        if let Link::Http(link) = &self.link {
            link.agree(&revision);
        }
        let initialized = outgoing::notification("notifications/initialized", None);
        self.send(initialized).await.map_err(|failure| handshake(failure.to_string()))?;
        if let Link::Http(link) = &self.link {
            link.listen();
        }
        Ok(())
    }

    /// Servers like to say which token it was that they did not like.
    fn without_secrets(&self, error: DialError) -> DialError {
        match error {
            DialError::Handshake(words) => {
                let words = self.masks.mask(&words);
                DialError::Handshake(match &self.link {
                    Link::Http(link) => link.mask(words),
                    Link::Sse(link) => link.mask(words),
                    Link::Stdio(_) => words,
                })
            }
            other => other,
        }
    }

    /// Every tool that the server offers, each as the text of its definition.
    pub(super) async fn list_tools(&self) -> Result<Vec<Bytes>, DialError> {
        self.read_tools().await.map_err(|error| self.without_secrets(error))
    }

    async fn read_tools(&self) -> Result<Vec<Bytes>, DialError> {
        let mut tools = Vec::new();
        if !self.offers_tools {
            return Ok(tools);
        }
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let params = match &cursor {
                None => "{}".to_owned(),
                Some(cursor) => format!(r#"{{"cursor":{}}}"#, json_string(cursor)),
            };
            let answer = self.request("tools/list", &params).await.map_err(|failure| {
                DialError::Handshake(format!("its tools could not be listed: {failure}"))
            })?;
            let page = match &answer {
                Answer::Result(result) => result,
                Answer::Error(error) => {
                    return Err(DialError::Handshake(format!(
                        "the server refused to list its tools: {}",
                        told(error)
                    )));
                }
            };
            let listing: ToolsPage<'_> = serde_json::from_slice(page).map_err(|_| {
                DialError::Handshake("the server's list of tools cannot be read".to_owned())
            })?;
            tools.extend(listing.tools.iter().map(|tool| page.slice_ref(tool.get().as_bytes())));
            if tools.len() > TOOLS_MAX {
                break;
            }
            match listing.next_cursor {
                Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
                _ => return Ok(tools),
            }
        }
        Err(DialError::Handshake(format!("the server lists more than {TOOLS_MAX} tools")))
    }

    /// Makes a request that waits as long as its terms allow; `params` gets the id, which is also
    /// the progress token.
    pub(super) async fn call(
        &self,
        method: &str,
        params: &(dyn Fn(u64) -> String + Sync),
        terms: &CallTerms<'_>,
    ) -> Result<Answer, CallFailure> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let message = outgoing::request(id, method, &params(id));
        let (notes, mut progress) = Inbox::progress_channel();
        let exchange = async {
            match &self.link {
                Link::Http(link) => link.exchange(id, message, notes).await,
                Link::Sse(link) => link.exchange(id, message, notes).await,
                Link::Stdio(link) => link.exchange(&self.inbox, id, message, notes).await,
            }
        };
        tokio::pin!(exchange);
        let deadline = tokio::time::sleep(terms.timeout);
        tokio::pin!(deadline);
        let failure = loop {
            tokio::select! {
                biased;
                answer = &mut exchange => {
                    // Notes that came before the answer are passed on before it.
                    while let Ok(note) = progress.try_recv() {
                        terms.pass_on(note);
                    }
                    return answer;
                }
                () = terms.cancelled.cancelled() => break CallFailure::Cancelled,
                Some(note) = progress.recv() => {
                    deadline.as_mut().reset(Instant::now() + terms.timeout);
                    terms.pass_on(note);
                }
                () = &mut deadline => break CallFailure::TimedOut(terms.timeout),
            }
        };
        let reason =
            if matches!(failure, CallFailure::Cancelled) { "cancelled" } else { "timeout" };
        let params = format!(r#"{{"requestId":{id},"reason":"{reason}"}}"#);
        let notice = outgoing::notification("notifications/cancelled", Some(&params));
        // A server that does not even take this is left alone.
        let _ = tokio::time::timeout(NOTICE_TIME, self.send(notice)).await;
        Err(failure)
    }

    /// Why the connection is gone, if it is.
    pub(super) fn lost(&self) -> Option<&str> {
        self.inbox.lost()
    }

    /// Wakes when the server says that its tools changed, or when the connection is gone.
    pub(super) async fn announcement(&self) {
        self.inbox.tools_changed.notified().await;
    }

    /// Gives the connection up: calls that wait learn the reason.
    pub(super) fn close(&self, reason: &str) {
        self.inbox.close(reason);
        match &self.link {
            Link::Http(link) => link.close(),
            Link::Sse(link) => link.close(),
            Link::Stdio(link) => link.close(),
        }
    }

    async fn request(&self, method: &str, params: &str) -> Result<Answer, CallFailure> {
        let terms = CallTerms {
            progress: None,
            timeout: HANDSHAKE_TIME,
            cancelled: &CancellationToken::new(),
        };
        self.call(method, &|_| params.to_owned(), &terms).await
    }

    async fn send(&self, message: Bytes) -> Result<(), CallFailure> {
        match &self.link {
            Link::Http(link) => link.send(message).await,
            Link::Sse(link) => link.send(message).await,
            Link::Stdio(link) => link.send(message).await,
        }
    }
}

// === impl CallTerms ===

impl CallTerms<'_> {
    fn pass_on(&self, note: Bytes) {
        if let Some(sender) = self.progress {
            // A full channel means a slow client: it gets a later note instead.
            let _ = sender.try_send(note);
        }
    }
}

/// An error object of a server in words.
pub(crate) fn told(error: &[u8]) -> String {
    match serde_json::from_slice::<ErrorObject>(error) {
        Ok(error) => format!("{} ({})", error.message, error.code),
        Err(_) => "an error without a message".to_owned(),
    }
}
