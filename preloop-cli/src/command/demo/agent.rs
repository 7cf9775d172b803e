//! The agent that the demo plays: a small MCP client over streamable HTTP.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::failure::Failure;

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
    /// The text of the answer.
    pub(crate) text: String,
    /// Whether the answer says that the call failed or did not run.
    pub(crate) is_error: bool,
}

impl Agent {
    /// Opens a session at an MCP endpoint.
    pub(crate) async fn connect(url: String, key: &str) -> Result<Self, Failure> {
        preloop_client::install_tls_provider();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .no_proxy()
            .build()
            .map_err(|cause| broken(&cause))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        let bearer = HeaderValue::from_str(&format!("Bearer {key}"));
        headers.insert(AUTHORIZATION, bearer.map_err(|cause| broken(&cause))?);
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

    /// Calls a tool and waits for its answer, however long that takes.
    pub(crate) async fn call(&mut self, tool: &str, arguments: &Value) -> Result<Told, Failure> {
        let params = json!({ "name": tool, "arguments": arguments });
        let answer = self.request("tools/call", params).await?;
        let texts: Vec<&str> = answer
            .get("content")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|item| item.get("text")?.as_str())
            .collect();
        let is_error = answer.get("isError").and_then(Value::as_bool).unwrap_or(false);
        Ok(Told { text: texts.join("\n"), is_error })
    }

    async fn initialize(&mut self) -> Result<(), Failure> {
        let params = json!({
            "protocolVersion": REVISION,
            "capabilities": {},
            "clientInfo": { "name": "preloop-demo-agent", "version": env!("CARGO_PKG_VERSION") },
        });
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let mut response = self.post(&body).await?;
        if let Some(session) = response.headers().get(SESSION_HEADER).cloned() {
            self.headers.insert(SESSION_HEADER, session);
        }
        let answer = answer_to(0, &mut response).await?;
        let revision = answer.get("protocolVersion").and_then(Value::as_str).unwrap_or(REVISION);
        let revision = HeaderValue::from_str(revision).map_err(|cause| broken(&cause))?;
        self.headers.insert(REVISION_HEADER, revision);
        self.post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await?;
        Ok(())
    }

    async fn request(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        self.requests = self.requests.saturating_add(1);
        let id = self.requests;
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let mut response = self.post(&body).await?;
        answer_to(id, &mut response).await
    }

    async fn post(&self, body: &Value) -> Result<Response, Failure> {
        let request = self.http.post(&self.url).headers(self.headers.clone()).json(body);
        let response = request.send().await.map_err(|cause| broken(&cause))?;
        match response.status() {
            StatusCode::OK | StatusCode::ACCEPTED => Ok(response),
            status => {
                let text = response.text().await.unwrap_or_default();
                Err(broken(&format!("status {status}: {text}")))
            }
        }
    }
}

/// Reads the answer to a request: one JSON body, or a stream of events of which one is the answer.
async fn answer_to(id: u64, response: &mut Response) -> Result<Value, Failure> {
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

fn broken(cause: &dyn std::fmt::Display) -> Failure {
    Failure::new("demo_session", format!("the agent's session broke: {cause}"))
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
