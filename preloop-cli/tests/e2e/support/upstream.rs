//! Real MCP servers behind the firewall: the reference servers of the field, and a fixture for rare moods.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::parts;
use super::wait::until;

const EVERYTHING: &str = "@modelcontextprotocol/server-everything";
const FILESYSTEM: &str = "@modelcontextprotocol/server-filesystem";

/// `mcp_servers` entry: server-everything over stdio.
pub(crate) fn everything_over_stdio(name: &str) -> Value {
    let program = parts().node_program(EVERYTHING);
    json!({"name": name, "transport": "stdio", "command": "node", "args": [program, "stdio"]})
}

/// `mcp_servers` entry: server-filesystem over stdio, allowed in `folder` only.
pub(crate) fn filesystem_over_stdio(name: &str, folder: &Path) -> Value {
    let program = parts().node_program(FILESYSTEM);
    json!({"name": name, "transport": "stdio", "command": "node", "args": [program, folder]})
}

/// server-everything over HTTP, in a process of its own.
pub(crate) struct EverythingOverHttp {
    child: Child,
    port: u16,
    way: Way,
}

/// How it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Streamable HTTP.
    Streamable,
    /// The older HTTP with server-sent events.
    Sse,
}

impl EverythingOverHttp {
    /// Starts it on a free port, over streamable HTTP.
    pub(crate) fn start() -> Self {
        Self::over(Way::Streamable)
    }

    /// Starts it on a free port.
    pub(crate) fn over(way: Way) -> Self {
        // The port may be taken between the look and the start: then it ends and another is tried.
        until("server-everything listens", || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            Self::listen(port, way)
        })
    }

    /// Starts it on a port; none when it could not listen there.
    fn listen(port: u16, way: Way) -> Option<Self> {
        let mut child = Command::new("node")
            .arg(parts().node_program(EVERYTHING))
            .arg(if way == Way::Sse { "sse" } else { "streamableHttp" })
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let is_up = said.by_ref().map_while(Result::ok).any(|line| {
            let line = line.to_lowercase();
            line.contains("listening") || line.contains("running")
        });
        // It goes on talking; a full pipe would stop it.
        std::thread::spawn(move || said.for_each(drop));
        let server = Self { child, port, way };
        is_up.then_some(server)
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        let path = if self.way == Way::Sse { "sse" } else { "mcp" };
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Its `mcp_servers` entry.
    pub(crate) fn entry(&self, name: &str) -> Value {
        let transport = if self.way == Way::Sse { "sse" } else { "streamable-http" };
        json!({"name": name, "transport": transport, "url": self.url()})
    }

    /// Kills it and starts another one on the same port.
    pub(crate) fn restart(&mut self) {
        let (port, way) = (self.port, self.way);
        let _ = self.child.kill();
        let _ = self.child.wait();
        *self = until("server-everything listens again", || Self::listen(port, way));
    }
}

impl Drop for EverythingOverHttp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server of the Python SDK over server-sent events, in a process of its own; see `clients/sse_server.py`.
pub(crate) struct PythonOverSse {
    child: Child,
    port: u16,
}

impl PythonOverSse {
    /// Starts it on a free port.
    pub(crate) fn start() -> Self {
        until("the Python server listens", || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/clients/sse_server.py");
            let mut child = Command::new(&parts().python)
                .args([program, &port.to_string()])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
            let is_up = said.by_ref().map_while(Result::ok).any(|line| line.contains("running on"));
            std::thread::spawn(move || said.for_each(drop));
            let server = Self { child, port };
            is_up.then_some(server)
        })
    }

    /// Its `mcp_servers` entry.
    pub(crate) fn entry(&self, name: &str) -> Value {
        json!({"name": name, "transport": "sse", "url": format!("http://127.0.0.1:{}/sse", self.port)})
    }
}

impl Drop for PythonOverSse {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server whose tools and answers the test writes; see `clients/fixture_server.mjs`.
pub(crate) struct Fixture {
    folder: TempDir,
}

impl Fixture {
    /// A fixture with tools of these names, each taking any object.
    pub(crate) fn new(tools: &[&str]) -> Self {
        let fixture = Self { folder: TempDir::new().unwrap() };
        fixture.offers(&tools.iter().map(|name| tool(name, "A tool.")).collect::<Vec<_>>());
        fixture
    }

    /// Its `mcp_servers` entry.
    pub(crate) fn entry(&self, name: &str) -> Value {
        let program =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/clients/fixture_server.mjs");
        json!({
            "name": name,
            "transport": "stdio",
            "command": "node",
            "args": [program, self.folder.path()],
        })
    }

    /// Replaces its tools; a running fixture announces the change.
    pub(crate) fn offers(&self, tools: &[Value]) {
        // Written beside and renamed, so that the server never reads half of it.
        let draft = self.path("tools.json.draft");
        std::fs::write(&draft, json!({"tools": tools}).to_string()).unwrap();
        std::fs::rename(draft, self.path("tools.json")).unwrap();
    }

    /// Sets the result of a tool, byte for byte.
    pub(crate) fn answers(&self, tool: &str, raw: &str) {
        std::fs::write(self.path(&format!("answer-{tool}.json")), raw).unwrap();
    }

    /// Parameters of the calls that reached it, in order.
    pub(crate) fn calls(&self) -> Vec<Value> {
        self.lines("calls.jsonl").iter().map(|request| request["params"].clone()).collect()
    }

    /// Parameters of the cancellations that reached it.
    pub(crate) fn cancellations(&self) -> Vec<Value> {
        self.lines("cancelled.jsonl")
    }

    /// The requests of calls that reached it, as they came.
    pub(crate) fn raw_calls(&self) -> String {
        std::fs::read_to_string(self.path("calls.jsonl")).unwrap_or_default()
    }

    /// The process id of the one that runs now.
    pub(crate) fn process(&self) -> u32 {
        until("the fixture has started", || {
            std::fs::read_to_string(self.path("pid")).ok()?.parse().ok()
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A tool's definition that takes any object.
pub(crate) fn tool(name: &str, description: &str) -> Value {
    json!({"name": name, "description": description, "inputSchema": {"type": "object"}})
}
