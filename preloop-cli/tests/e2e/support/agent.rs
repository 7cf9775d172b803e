//! An agent: one of the official MCP SDK clients in a process of its own, told line by line what to do.

use std::collections::VecDeque;
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::parts;
use super::wait::PATIENCE;

/// Which SDK the agent is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sdk {
    /// `mcp` for Python in its default mode: it asks for the newest revision and falls back.
    Python,
    /// `@modelcontextprotocol/sdk`.
    TypeScript1,
    /// `@modelcontextprotocol/client` in its default mode.
    TypeScript2,
    /// `@modelcontextprotocol/client` told to ask for the newest revision and fall back.
    TypeScript2Auto,
}

/// The official SDKs, each as it comes.
pub(crate) const SDKS: [Sdk; 3] = [Sdk::Python, Sdk::TypeScript1, Sdk::TypeScript2];

/// How a call is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallOptions {
    /// Ask for progress notifications.
    pub(crate) wants_progress: bool,
    /// Let each progress notification start the time limit anew.
    pub(crate) resets_timeout: bool,
    /// Time limit in milliseconds.
    pub(crate) timeout_ms: Option<u64>,
    /// `_meta` of the request.
    pub(crate) meta: Option<Value>,
}

/// A call that was made and not looked at yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Started(u64);

/// A connected agent; it dies with its value.
pub(crate) struct Agent {
    child: Child,
    orders: ChildStdin,
    inbox: Arc<Inbox>,
    next: u64,
    /// The protocol revision it agreed on.
    pub(crate) protocol: String,
}

/// What the agent has said and nobody has taken yet.
#[derive(Default)]
struct Inbox {
    lines: Mutex<VecDeque<Value>>,
    news: Condvar,
}

// === impl Agent ===

impl Agent {
    /// Connects; panics with what the SDK says when that fails.
    #[track_caller]
    pub(crate) fn connect(sdk: Sdk, url: &str, key: &str) -> Self {
        match Self::try_connect(sdk, url, key) {
            Ok(agent) => agent,
            Err(failure) => panic!("{sdk:?} could not connect to {url}: {failure}"),
        }
    }

    /// Connects, or says why the SDK could not.
    pub(crate) fn try_connect(sdk: Sdk, url: &str, key: &str) -> Result<Self, Value> {
        let mut child = command(sdk)
            .arg(json!({"url": url, "key": key}).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let inbox = Arc::new(Inbox::default());
        let filled = Arc::clone(&inbox);
        std::thread::spawn(move || filled.fill(said));
        let mut agent = Self { child, orders, inbox, next: 1, protocol: String::new() };
        let greeting =
            agent.take("a greeting", |line| line.get("ready").or(line.get("failed")).is_some());
        if let Some(failure) = greeting.get("failed") {
            return Err(failure.clone());
        }
        greeting["protocol"].as_str().unwrap_or_default().clone_into(&mut agent.protocol);
        Ok(agent)
    }

    /// The definitions that `tools/list` shows.
    #[track_caller]
    pub(crate) fn tools(&mut self) -> Vec<Value> {
        let order = self.order(json!({"op": "list"}));
        let answer = self.outcome(order).unwrap_or_else(|error| panic!("tools/list: {error}"));
        answer["tools"].as_array().cloned().unwrap_or_default()
    }

    /// The names that `tools/list` shows, without those of the firewall's own tools.
    #[track_caller]
    pub(crate) fn tool_names(&mut self) -> Vec<String> {
        let own = ["ask_user", "get_approval_status", "request_approval"];
        let tools = self.tools();
        let names = tools.iter().filter_map(|tool| tool["name"].as_str());
        names.filter(|name| !own.contains(name)).map(str::to_owned).collect()
    }

    /// Calls a tool and waits for its result; panics where the answer is a protocol error.
    #[track_caller]
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let started = self.start(tool, arguments);
        self.outcome(started).unwrap_or_else(|error| panic!("call of {tool}: {error}"))
    }

    /// Calls a tool without waiting.
    pub(crate) fn start(&mut self, tool: &str, arguments: Value) -> Started {
        self.start_with(tool, arguments, CallOptions::default())
    }

    /// Calls a tool in a given manner without waiting.
    pub(crate) fn start_with(
        &mut self,
        tool: &str,
        arguments: Value,
        options: CallOptions,
    ) -> Started {
        let mut order = json!({"op": "call", "tool": tool});
        order["arguments"] = arguments;
        order["progress"] = options.wants_progress.into();
        order["reset_timeout"] = options.resets_timeout.into();
        if let Some(timeout_ms) = options.timeout_ms {
            order["timeout_ms"] = timeout_ms.into();
        }
        if let Some(meta) = options.meta {
            order["meta"] = meta;
        }
        self.order(order)
    }

    /// How a call ended: its result, or the SDK's error.
    #[track_caller]
    pub(crate) fn outcome(&mut self, started: Started) -> Result<Value, Value> {
        let line = self
            .take("an answer", |line| line["id"] == started.0 && line.get("progress").is_none());
        match line.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(line["result"].clone()),
        }
    }

    /// The next progress notification of a call.
    #[track_caller]
    pub(crate) fn progress(&mut self, started: Started) -> Value {
        self.take("progress", |line| line["id"] == started.0 && line.get("progress").is_some())
            ["progress"]
            .clone()
    }

    /// Whether a call is still without an answer.
    pub(crate) fn is_waiting(&self, started: Started) -> bool {
        let lines = self.inbox.lines.lock().unwrap();
        !lines.iter().any(|line| line["id"] == started.0 && line.get("progress").is_none())
    }

    /// Takes a call back, which sends `notifications/cancelled`.
    #[track_caller]
    pub(crate) fn cancel(&mut self, started: Started) {
        let order = self.order(json!({"op": "cancel", "call": started.0}));
        self.outcome(order).unwrap();
    }

    /// Waits until the server has announced that its tools changed.
    #[track_caller]
    pub(crate) fn hears_that_tools_changed(&mut self) {
        self.take("notifications/tools/list_changed", |line| line.get("notification").is_some());
    }

    /// As [`Agent::hears_that_tools_changed`], without insisting.
    pub(crate) fn hears_that_tools_changed_within(&self, patience: Duration) -> bool {
        self.inbox.take(patience, |line| line.get("notification").is_some()).is_some()
    }

    /// Ends the agent as a crash does: its connections break off.
    pub(crate) fn vanish(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn order(&mut self, mut order: Value) -> Started {
        let id = self.next;
        self.next += 1;
        order["id"] = id.into();
        writeln!(self.orders, "{order}").unwrap();
        Started(id)
    }

    #[track_caller]
    fn take(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.inbox.take(PATIENCE, wanted).unwrap_or_else(|| {
            let ended = self.child.try_wait().ok().flatten();
            let lines = self.inbox.lines.lock().unwrap();
            panic!("{what} did not come (agent ended: {ended:?}); untaken lines: {lines:?}")
        })
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended on its own.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// === impl Inbox ===

impl Inbox {
    fn fill(&self, said: impl std::io::BufRead) {
        for line in said.lines().map_while(Result::ok) {
            if let Ok(line) = serde_json::from_str(&line) {
                self.lines.lock().unwrap().push_back(line);
                self.news.notify_all();
            }
        }
    }

    fn take(&self, patience: Duration, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        let is_missing = |lines: &mut VecDeque<Value>| !lines.iter().any(&wanted);
        let lines = self.lines.lock().unwrap();
        let (mut lines, _) = self.news.wait_timeout_while(lines, patience, is_missing).unwrap();
        let place = lines.iter().position(&wanted)?;
        lines.remove(place)
    }
}

/// The program of an SDK's client.
fn command(sdk: Sdk) -> Command {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/clients");
    let mut command = match sdk {
        Sdk::Python => Command::new(&parts().python),
        Sdk::TypeScript1 | Sdk::TypeScript2 | Sdk::TypeScript2Auto => Command::new("node"),
    };
    command.arg(clients.join(match sdk {
        Sdk::Python => "client.py",
        Sdk::TypeScript1 => "client.mjs",
        Sdk::TypeScript2 | Sdk::TypeScript2Auto => "client_v2.mjs",
    }));
    command.env("E2E_PARTS", &parts().node);
    // The interpreter must not leave its caches in the tree.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    if sdk == Sdk::TypeScript2Auto {
        command.env("E2E_NEGOTIATION", "auto");
    }
    command
}
