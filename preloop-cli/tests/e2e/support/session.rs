//! One MCP session by hand over the bare wire, for what the SDKs would hide.

use serde_json::{Value, json};

use super::preloop::Preloop;
use super::wire::{self, Answer, Stream};

/// An initialized session.
pub(crate) struct Session {
    address: String,
    path: String,
    bearer: String,
    /// `Mcp-Session-Id`.
    pub(crate) id: String,
}

impl Session {
    /// Initializes a session at `/mcp` or `/mcp/{server}`.
    #[track_caller]
    pub(crate) fn open(preloop: &Preloop, server: &str, key: &str) -> Self {
        let path = if server.is_empty() { "/mcp".to_owned() } else { format!("/mcp/{server}") };
        let bearer = format!("Bearer {key}");
        let mut session =
            Self { address: preloop.address.clone(), path, bearer, id: String::new() };
        let answer = session.post(&initialize("2025-11-25"));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("mcp-session-id").unwrap_or_default().clone_into(&mut session.id);
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
        assert_eq!(session.post(&ready).status, 202);
        session
    }

    /// Posts a message as it is and reads the answer to its end.
    pub(crate) fn post(&self, message: &str) -> Answer {
        self.post_with(&[], message)
    }

    /// As [`Session::post`], with headers that replace the usual ones of the same name.
    pub(crate) fn post_with(&self, headers: &[(&str, &str)], message: &str) -> Answer {
        let headers = self.headers(headers);
        wire::send(&self.address, "POST", &self.path, &headers, message.as_bytes())
    }

    /// Posts a message and returns while the answer is coming.
    pub(crate) fn post_and_watch(&self, message: &str) -> Stream {
        wire::open(&self.address, "POST", &self.path, &self.headers(&[]), message.as_bytes())
    }

    fn headers<'a>(&'a self, own: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut headers = own.to_vec();
        let usual = [
            ("Authorization", self.bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
            ("Mcp-Session-Id", self.id.as_str()),
        ];
        for (name, value) in usual {
            let is_given = own.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
            if !is_given && !value.is_empty() {
                headers.push((name, value));
            }
        }
        headers
    }
}

/// An `initialize` request that asks for a protocol revision.
pub(crate) fn initialize(revision: &str) -> String {
    let params = json!({
        "protocolVersion": revision,
        "capabilities": {},
        "clientInfo": {"name": "e2e-wire", "version": "1.0.0"},
    });
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string()
}

/// A `tools/call` request.
pub(crate) fn tools_call(id: u64, tool: &str, arguments: &Value) -> String {
    let params = json!({"name": tool, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
}
