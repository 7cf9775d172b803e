//! An MCP client that shows the wire.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::stand::{PATIENCE, Stand, client};

pub(crate) const BOTH: &str = "application/json, text/event-stream";

pub(crate) struct Agent {
    http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) session: Option<String>,
    next_id: AtomicU64,
}

/// A response that was read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A response that is read as it comes.
pub(crate) struct Open {
    response: reqwest::Response,
    buffer: String,
    pub(crate) id: u64,
}

/// One item of a stream.
#[derive(Debug, PartialEq)]
pub(crate) enum Item {
    Comment,
    Message(Value),
}

impl Agent {
    /// A client with a session.
    pub(crate) async fn open(stand: &Stand, path: &str) -> Self {
        Self::open_as(stand, path, stand.running.agent_key()).await
    }

    pub(crate) async fn open_as(stand: &Stand, path: &str, key: &str) -> Self {
        let mut agent = Self::new(stand, path, key);
        let answer = agent.initialize("2025-11-25").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        agent.session = Some(answer.headers["mcp-session-id"].to_str().unwrap().to_owned());
        let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        assert_eq!(agent.raw(note).await.status, 202);
        agent
    }

    /// A client without one.
    pub(crate) fn new(stand: &Stand, path: &str, key: &str) -> Self {
        Self {
            http: client(),
            url: stand.url(path),
            key: key.to_owned(),
            session: None,
            next_id: AtomicU64::new(1),
        }
    }

    pub(crate) async fn initialize(&self, revision: &str) -> Answer {
        self.request(
            "initialize",
            json!({
                "protocolVersion": revision,
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            }),
        )
        .await
    }

    pub(crate) fn builder(&self, method: http::Method) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, &self.url);
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        if let Some(session) = &self.session {
            request = request.header("mcp-session-id", session);
        }
        request.timeout(PATIENCE)
    }

    fn post(&self, body: &str, accept: &str) -> reqwest::RequestBuilder {
        self.builder(http::Method::POST)
            .header("content-type", "application/json")
            .header("accept", accept)
            .body(body.to_owned())
    }

    pub(crate) async fn raw(&self, body: &str) -> Answer {
        Answer::read(self.post(body, BOTH)).await
    }

    pub(crate) async fn request(&self, method: &str, params: Value) -> Answer {
        self.raw(&self.message(method, &params.to_string()).1).await
    }

    pub(crate) fn message(&self, method: &str, params: &str) -> (u64, String) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        (id, format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#))
    }

    /// The names of all tools, page by page.
    pub(crate) async fn tools(&self) -> Vec<Value> {
        let answer = self.request("tools/list", json!({})).await;
        answer.message()["result"]["tools"].as_array().unwrap().clone()
    }

    pub(crate) async fn tool_names(&self) -> Vec<String> {
        let tools = self.tools().await;
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The names of the servers' tools, without those that the firewall itself offers.
    pub(crate) async fn server_tool_names(&self) -> Vec<String> {
        let own = ["ask_user", "get_approval_status", "request_approval"];
        let mut names = self.tool_names().await;
        names.retain(|name| !own.contains(&name.as_str()));
        names
    }

    /// The result of a call.
    pub(crate) async fn call(&self, name: &str, arguments: Value) -> Value {
        let params = json!({"name": name, "arguments": arguments});
        let message = self.request("tools/call", params).await.message();
        assert!(message.get("error").is_none(), "{message}");
        message["result"].clone()
    }

    /// The text of a call's result, and whether it is an error.
    pub(crate) async fn told(&self, name: &str, arguments: Value) -> (String, bool) {
        text_of(&self.call(name, arguments).await)
    }

    /// Begins a call and leaves the answer open.
    pub(crate) async fn begin(&self, params: Value) -> Open {
        self.begin_accepting(params, BOTH).await
    }

    pub(crate) async fn begin_accepting(&self, params: Value, accept: &str) -> Open {
        let (id, body) = self.message("tools/call", &params.to_string());
        let response = self.post(&body, accept).send().await.unwrap();
        Open { response, buffer: String::new(), id }
    }

    pub(crate) async fn listen(&self) -> Open {
        let request = self.builder(http::Method::GET).header("accept", "text/event-stream");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Open { response, buffer: String::new(), id: 0 }
    }

    pub(crate) async fn cancel(&self, id: u64) {
        let note = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id},"reason":"user"}}}}"#
        );
        assert_eq!(self.raw(&note).await.status, 202);
    }
}

impl Answer {
    pub(crate) async fn read(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.text().await.unwrap() }
    }

    /// The JSON-RPC answer, whether it came as a body or as a stream.
    pub(crate) fn message(&self) -> Value {
        let is_stream = self
            .headers
            .get("content-type")
            .is_some_and(|kind| kind.to_str().unwrap().starts_with("text/event-stream"));
        let text = if is_stream {
            let mut data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
            data.next_back().unwrap_or_else(|| panic!("no answer in {}", self.body))
        } else {
            &self.body
        };
        serde_json::from_str(text).unwrap_or_else(|_| panic!("{}: {}", self.status, self.body))
    }

    pub(crate) fn error_code(&self) -> i64 {
        self.message()["error"]["code"].as_i64().unwrap()
    }
}

impl Open {
    pub(crate) fn content_type(&self) -> &str {
        self.response.headers()["content-type"].to_str().unwrap()
    }

    /// The next item of the stream; none at its end.
    pub(crate) async fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let event: String = self.buffer.drain(..end + 2).collect();
                if event.starts_with(':') {
                    return Some(Item::Comment);
                }
                let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
                return Some(Item::Message(serde_json::from_str(data).unwrap()));
            }
            let chunk: Bytes = self.response.chunk().await.unwrap()?;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next message of the stream; comments are skipped.
    pub(crate) async fn message(&mut self) -> Option<Value> {
        loop {
            match self.next().await? {
                Item::Comment => {}
                Item::Message(message) => return Some(message),
            }
        }
    }

    /// The result at the end of the stream, and the progress notes before it.
    pub(crate) async fn finish(mut self) -> (Value, Vec<Value>) {
        let mut notes = Vec::new();
        if self.content_type() == "application/json" {
            let message: Value = self.response.json().await.unwrap();
            return (message["result"].clone(), notes);
        }
        while let Some(message) = self.message().await {
            if message.get("result").is_some() {
                return (message["result"].clone(), notes);
            }
            assert_eq!(message["method"], "notifications/progress", "{message}");
            notes.push(message["params"].clone());
        }
        panic!("the stream ended without a result");
    }
}

pub(crate) fn text_of(result: &Value) -> (String, bool) {
    let text = result["content"][0]["text"].as_str().unwrap_or_default().to_owned();
    (text, result["isError"] == true)
}
