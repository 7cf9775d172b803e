//! A small MCP client over streamable HTTP: how this program makes calls as an agent does.

use std::time::Duration;

use preloop_client::{Client, ClientError};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote;

const REVISION: &str = "2025-11-25";
const SESSION_HEADER: HeaderName = HeaderName::from_static("mcp-session-id");
const REVISION_HEADER: HeaderName = HeaderName::from_static("mcp-protocol-version");
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// An agent in an MCP session.
#[derive(Debug)]
pub(crate) struct Agent {
    http: reqwest::Client,
    url: String,
    headers: HeaderMap,
    requests: u64,
}

/// What the agent was told.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The result as it was answered.
    pub(crate) result: Value,
    /// The text of the answer.
    pub(crate) text: String,
    /// Whether the answer says that the call failed or did not run.
    pub(crate) is_error: bool,
}

/// The parameters of a call; its arguments go on as they are written.
#[derive(Debug, Serialize)]
struct CallParams<'a, A: Serialize> {
    name: &'a str,
    arguments: &'a A,
    #[serde(rename = "_meta")]
    meta: Value,
}

/// A request as it is sent.
#[derive(Debug, Serialize)]
struct Request<'a, P: Serialize> {
    jsonrpc: &'a str,
    id: u64,
    method: &'a str,
    params: &'a P,
}

// === impl Told ===

impl Told {
    fn of(result: Value) -> Self {
        let content = result.get("content").and_then(Value::as_array).into_iter().flatten();
        let texts: Vec<String> = content
            .map(|item| {
                let word = |key: &str| item.get(key).and_then(Value::as_str);
                word("text").map_or_else(
                    || format!("({}; --format json has it whole)", word("type").unwrap_or("other")),
                    str::to_owned,
                )
            })
            .collect();
        let is_error = result.get("isError").and_then(Value::as_bool).unwrap_or(false);
        Self { text: texts.join("\n"), is_error, result }
    }
}

// === impl Agent ===

impl Agent {
    /// Opens a session at the MCP endpoint of a server.
    pub(crate) async fn connect(server: &Client, key: &str) -> Result<Self, Failure> {
        preloop_client::install_tls_provider();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true);
        if server.is_local() {
            // A proxy cannot reach this machine's own loopback.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|cause| broken(&cause))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        let bearer = HeaderValue::from_str(&format!("Bearer {}", key.trim()));
        let mut bearer = bearer.map_err(|_| ClientError::InvalidToken)?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        let url = format!("{}/mcp", server.url());
        let mut agent = Self { http, url, headers, requests: 0 };
        agent.initialize().await?;
        Ok(agent)
    }

    /// The names of the tools that the agent is offered.
    pub(crate) async fn tools(&mut self) -> Result<Vec<String>, Failure> {
        let answer = self.request("tools/list", json!({})).await?;
        let tools = answer.get("tools").and_then(Value::as_array);
        let tools = tools.ok_or_else(|| broken(&"the list of tools is missing"))?;
        let names = tools.iter().filter_map(|tool| tool.get("name")?.as_str());
        Ok(names.map(str::to_owned).collect())
    }

    /// Calls a tool and waits for its answer, however long that takes; `note` hears what is said on the way.
    pub(crate) async fn call(
        &mut self,
        tool: &str,
        arguments: &impl Serialize,
        note: impl FnMut(&str),
    ) -> Result<Told, Failure> {
        let meta = json!({ "progressToken": self.requests });
        let params = CallParams { name: tool, arguments, meta };
        let result = self.request_noting("tools/call", &params, note).await?;
        Ok(Told::of(result))
    }

    /// Ends the session.
    pub(crate) async fn leave(self) {
        // A session that nobody ends ends by itself.
        let _ = self.http.delete(&self.url).headers(self.headers).send().await;
    }

    async fn initialize(&mut self) -> Result<(), Failure> {
        let params = json!({
            "protocolVersion": REVISION,
            "capabilities": {},
            "clientInfo": { "name": "preloop-cli", "version": env!("CARGO_PKG_VERSION") },
        });
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let mut response = self.post(&body).await?;
        if let Some(session) = response.headers().get(SESSION_HEADER).cloned() {
            self.headers.insert(SESSION_HEADER, session);
        }
        let answer = answer_to(0, &mut response, |_| {}).await?;
        let revision = answer.get("protocolVersion").and_then(Value::as_str).unwrap_or(REVISION);
        let revision = HeaderValue::from_str(revision).map_err(|cause| broken(&cause))?;
        self.headers.insert(REVISION_HEADER, revision);
        self.post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await?;
        Ok(())
    }

    async fn request(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        self.request_noting(method, &params, |_| {}).await
    }

    async fn request_noting(
        &mut self,
        method: &str,
        params: &impl Serialize,
        note: impl FnMut(&str),
    ) -> Result<Value, Failure> {
        self.requests = self.requests.saturating_add(1);
        let id = self.requests;
        let body = Request { jsonrpc: "2.0", id, method, params };
        let mut response = self.post(&body).await?;
        answer_to(id, &mut response, note).await
    }

    async fn post(&self, body: &impl Serialize) -> Result<Response, Failure> {
        let request = self.http.post(&self.url).headers(self.headers.clone()).json(body);
        let response = request.send().await.map_err(|cause| broken(&cause))?;
        match response.status() {
            StatusCode::OK | StatusCode::ACCEPTED => Ok(response),
            status => {
                let text = response.text().await.unwrap_or_default();
                Err(refused(status, &text))
            }
        }
    }
}

/// Reads the answer to a request: one JSON body, or a stream of events of which one is the answer and others are notes.
async fn answer_to(
    id: u64,
    response: &mut Response,
    mut note: impl FnMut(&str),
) -> Result<Value, Failure> {
    let is_stream = response
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|cause| broken(&cause))? {
        text.extend_from_slice(&chunk);
        if !is_stream {
            continue;
        }
        while let Some(event) = take_event(&mut text) {
            if let Some(answer) = result_of(id, &event)? {
                return Ok(answer);
            }
            if let Some(words) = note_of(&event) {
                note(&words);
            }
        }
    }
    let body = String::from_utf8_lossy(&text);
    result_of(id, &body)?.ok_or_else(|| broken(&"the session ended without an answer"))
}

/// Takes the data of the first whole event from the front of a stream; comments have none.
fn take_event(stream: &mut Vec<u8>) -> Option<String> {
    let (end, length) = [b"\r\n\r\n".as_slice(), b"\n\n"]
        .into_iter()
        .filter_map(|mark| {
            let at = stream.windows(mark.len()).position(|window| window == mark)?;
            Some((at, mark.len()))
        })
        .min()?;
    let event: Vec<u8> = stream.drain(..end.saturating_add(length)).collect();
    let event = String::from_utf8_lossy(&event);
    let data: Vec<&str> =
        event.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim_start).collect();
    Some(data.join("\n"))
}

/// The result, if the message is the answer to the request.
fn result_of(id: u64, message: &str) -> Result<Option<Value>, Failure> {
    let Ok(mut message) = serde_json::from_str::<Value>(message) else { return Ok(None) };
    if message.get("id").and_then(Value::as_u64) != Some(id) {
        return Ok(None);
    }
    if let Some(error) = message.get("error") {
        let text = error.get("message").and_then(Value::as_str).unwrap_or("no message");
        return Err(broken(&text));
    }
    Ok(message.get_mut("result").map(Value::take))
}

/// What a message says of how a call goes on, if that is what it is.
fn note_of(message: &str) -> Option<String> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_progress = message.get("method")?.as_str()? == "notifications/progress";
    let words = message.get("params")?.get("message")?.as_str()?;
    is_progress.then(|| words.to_owned())
}

/// Why the server does not take a message.
fn refused(status: StatusCode, body: &str) -> Failure {
    let body = serde_json::from_str::<Value>(body).unwrap_or_default();
    let words = body.pointer("/error/message").or_else(|| body.get("detail"));
    let words = words.and_then(Value::as_str);
    let Some(words) = words else { return broken(&format!("status {status}")) };
    let failure = Failure::new("mcp_refused", words).detail("status", status.as_u16());
    if status == StatusCode::UNAUTHORIZED { failure.help(remote::UNKNOWN_KEY) } else { failure }
}

fn broken(cause: &dyn std::fmt::Display) -> Failure {
    Failure::new("mcp_session", format!("the agent's session broke: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::take_event;

    #[test]
    fn events_are_taken_one_by_one_and_comments_carry_nothing() {
        let mut stream = b": keep-alive\n\nid: 1\ndata: {\"a\":\ndata: 1}\n\ndata: half".to_vec();
        assert_eq!(take_event(&mut stream).as_deref(), Some(""));
        assert_eq!(take_event(&mut stream).as_deref(), Some("{\"a\":\n1}"));
        assert_eq!(take_event(&mut stream), None);
        assert_eq!(stream, b"data: half");
    }
}
