//! Measures what an approval costs those who wait for it: from a vote to the call at its MCP server while a thousand other
//! requests wait, on SQLite and on PostgreSQL; and how much memory a call takes that is held, ten thousand of them at once.
//!
//! Run with `cargo run --release -p preloop-server --example approval_latency`; other numbers of waiting requests, rounds and
//! held calls may follow, such as `-- 100 20 500`. The server is a process of its own, this program once more, and each held
//! call is a connection: `ulimit -n` must allow as many. PostgreSQL is Debian's, thrown away afterwards, or the one that
//! `DATABASE_URL` names.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use futures_util::future::try_join_all;
use http::StatusCode;
use preloop_server::app::serve;
use preloop_server::config::{Config, SecretKeyText};
use preloop_testbed::Database;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

const WARM_UP: usize = 20;
/// As many requests of one agent may wait.
const OF_AN_AGENT: usize = 100;
/// How long a started server may take.
const PATIENCE: Duration = Duration::from_mins(1);

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    if let [command, folder, database @ ..] = given.as_slice()
        && command == "serve"
    {
        return serve_until_told(Path::new(folder), database.first()).await;
    }
    // The server installs it for itself; this process only asks.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let number = |at: usize, usual: usize| -> Result<usize, Failure> {
        Ok(given.get(at).map(|text| text.parse()).transpose()?.unwrap_or(usual))
    };
    let (pending, rounds, held) = (number(0, 1_000)?, number(1, 200)?, number(2, 10_000)?);
    for name in ["SQLite", "PostgreSQL"] {
        let database = (name == "PostgreSQL").then(Database::create);
        let (bank, calls) = Bank::start().await?;
        let server = Server::start(&bank, database.as_ref()).await?;
        let mut took = latency(&server, calls, pending, rounds).await?;
        took.sort_unstable();
        let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
        println!(
            "{name}, {pending} waiting, {rounds} votes: sent to seen by the MCP server p50 {:?}, p99 {:?}",
            at(50),
            at(99)
        );
    }
    let (bank, _calls) = Bank::start().await?;
    let server = Server::start(&bank, None).await?;
    memory(&server, held).await
}

/// The server that is measured, until its standard input ends.
async fn serve_until_told(folder: &Path, database_url: Option<&String>) -> Result<(), Failure> {
    let running = serve(Config {
        policy: Some(folder.join("policy.yaml")),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        database_url: database_url.cloned(),
        // Shared databases need a key that every server knows.
        secret_key: database_url.map(|_| SecretKeyText::new("5a".repeat(32))),
        ..Config::new(folder.to_owned())
    })
    .await?;
    let owner_key = std::fs::read_to_string(running.owner_key_path())?;
    println!("http://{} {} {}", running.local_addr(), owner_key.trim(), running.agent_key());
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    running.shutdown().await;
    Ok(())
}

/// From each vote to its call at the MCP server, while others wait.
async fn latency(
    server: &Server,
    mut calls: mpsc::UnboundedReceiver<Instant>,
    pending: usize,
    rounds: usize,
) -> Result<Vec<Duration>, Failure> {
    for agent in 0..pending.div_ceil(OF_AN_AGENT) {
        let key = server.agent_key(agent).await?;
        for number in agent * OF_AN_AGENT..pending.min((agent + 1) * OF_AN_AGENT) {
            let call = json!({"tool": "pay", "args": {"waiting": number}});
            server.post("/api/v1/decisions", &key, &call).await?;
        }
    }
    let agent = server.session(&server.agent_key).await?;
    let mut took = Vec::new();
    for round in 0..rounds + WARM_UP {
        let held = agent.call(round).await?;
        let id = server.request_of(round).await?;
        let path = format!("/api/v1/approvals/{id}/approve");
        let body = json!({});
        let begun = Instant::now();
        let (voted, seen) =
            tokio::join!(server.post(&path, &server.owner_key, &body), calls.recv());
        voted?;
        let seen = seen.ok_or("the MCP server ended")?;
        if round >= WARM_UP {
            took.push(seen.duration_since(begun));
        }
        let answer = held.text().await?;
        if !answer.contains("paid") {
            return Err(format!("the approved call was answered {answer}").into());
        }
    }
    Ok(took)
}

/// What the server needs for calls that are held on their connections.
async fn memory(server: &Server, count: usize) -> Result<(), Failure> {
    let mut agents = Vec::new();
    for number in 0..count.div_ceil(OF_AN_AGENT) {
        agents.push(server.session(&server.agent_key(number).await?).await?);
    }
    let before = server.resident_kib()?;
    let mut held = Vec::new();
    while held.len() < count {
        let number = held.len() / agents.len();
        let of_each = agents.iter().take(count - held.len()).map(|agent| agent.call(number));
        held.extend(try_join_all(of_each).await?);
    }
    let wanted = format!("preloop_held_calls {count}");
    until("all calls are held", async || Ok(server.metrics().await?.contains(&wanted))).await?;
    let grown = server.resident_kib()?.saturating_sub(before);
    let each = u64::try_from(grown / count.max(1))?;
    println!("SQLite, {count} calls held at once: {} MiB more, {each} KiB a call", grown / 1024);
    Ok(())
}

/// An MCP server with one tool, which tells when it was called.
struct Bank {
    addr: SocketAddr,
}

impl Bank {
    async fn start() -> Result<(Self, mpsc::UnboundedReceiver<Instant>), Failure> {
        let (seen, calls) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let router = Router::new().route("/mcp", post(answer)).with_state(seen);
        // It ends with the program.
        drop(tokio::spawn(async move { axum::serve(listener, router).await }));
        Ok((Self { addr }, calls))
    }
}

async fn answer(
    State(seen): State<mpsc::UnboundedSender<Instant>>,
    Json(message): Json<Value>,
) -> Response {
    let at = Instant::now();
    let result = match message.get("method").and_then(Value::as_str) {
        Some("initialize") => json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "bank", "version": "1"},
        }),
        Some("tools/list") => {
            json!({"tools": [{"name": "pay", "inputSchema": {"type": "object"}}]})
        }
        Some("tools/call") => {
            // Nobody listens while memory is measured.
            let _ = seen.send(at);
            json!({"content": [{"type": "text", "text": "paid"}]})
        }
        _ => return StatusCode::ACCEPTED.into_response(),
    };
    let id = message.get("id");
    Json(json!({"jsonrpc": "2.0", "id": id, "result": result})).into_response()
}

/// A server in a process of its own; it ends with this.
struct Server {
    process: Child,
    client: Client,
    url: String,
    owner_key: String,
    agent_key: String,
    _folder: tempfile::TempDir,
}

/// An agent's session with the firewall.
struct Session {
    client: Client,
    url: String,
    key: String,
    id: String,
}

// === impl Server ===

impl Server {
    async fn start(bank: &Bank, database: Option<&Database>) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let policy = format!(
            "version: '1.0'\nmetadata: {{name: latency}}\n\
             mcp_servers: [{{name: bank, url: 'http://{}/mcp'}}]\n\
             approval_workflows: [{{name: people, timeout_seconds: 3600}}]\n\
             tools: [{{name: pay, approval_workflow: people}}]\n",
            bank.addr
        );
        std::fs::write(folder.path().join("policy.yaml"), policy)?;
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .arg(folder.path())
            .args(database.map(Database::url))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process.stdout.take().ok_or("the server has no output")?;
        let told = BufReader::new(stdout).lines().next_line().await?.unwrap_or_default();
        let told: Vec<&str> = told.split(' ').collect();
        let &[url, owner_key, agent_key] = told.as_slice() else {
            return Err("the server did not start".into());
        };
        let server = Self {
            client: Client::builder().no_proxy().build()?,
            url: url.to_owned(),
            owner_key: owner_key.to_owned(),
            agent_key: agent_key.to_owned(),
            process,
            _folder: folder,
        };
        until("the MCP server is connected", async || {
            let servers = server.get("/api/v1/mcp-servers").await?;
            Ok(servers.contains("\"connected\""))
        })
        .await?;
        Ok(server)
    }

    async fn get(&self, path: &str) -> Result<String, Failure> {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.owner_key);
        Ok(request.send().await?.error_for_status()?.text().await?)
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.client.post(format!("{}{path}", self.url)).bearer_auth(key).json(body);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    async fn metrics(&self) -> Result<String, Failure> {
        self.get("/metrics").await
    }

    /// The key of a further agent.
    async fn agent_key(&self, number: usize) -> Result<String, Failure> {
        let body = json!({"name": format!("agent-{number}"), "role": "agent"});
        let made = self.post("/api/v1/api-keys", &self.owner_key, &body).await?;
        Ok(made.get("key").and_then(Value::as_str).ok_or("no key was made")?.to_owned())
    }

    /// The id of the request that a round's call made.
    async fn request_of(&self, round: usize) -> Result<String, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let page = self.get("/api/v1/approvals?status=pending&agent=agent&limit=1").await?;
            let page: Value = serde_json::from_str(&page)?;
            let newest = page.pointer("/items/0");
            let is_it = newest.and_then(|it| it.pointer("/arguments/round")) == Some(&json!(round));
            match newest.and_then(|it| it.get("id")).and_then(Value::as_str).filter(|_| is_it) {
                Some(id) => return Ok(id.to_owned()),
                None if Instant::now() > deadline => return Err("no request was made".into()),
                None => {}
            }
        }
    }

    async fn session(&self, key: &str) -> Result<Session, Failure> {
        let client = Client::builder().no_proxy().build()?;
        let mut session =
            Session { client, url: self.url.clone(), key: key.to_owned(), id: String::new() };
        let params = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "latency", "version": "1"},
        });
        let message = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        let begun = session.send(&message).await?;
        let id = begun.headers().get("mcp-session-id").ok_or("there is no session")?;
        session.id = id.to_str()?.to_owned();
        session.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await?;
        Ok(session)
    }

    /// Memory of the server's process.
    fn resident_kib(&self) -> Result<usize, Failure> {
        let id = self.process.id().ok_or("the server ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.ok_or("the memory of the server cannot be read")?.trim().parse()?)
    }
}

// === impl Session ===

impl Session {
    async fn send(&self, message: &Value) -> Result<reqwest::Response, Failure> {
        let mut request = self
            .client
            .post(format!("{}/mcp/bank", self.url))
            .bearer_auth(&self.key)
            .header("accept", "application/json, text/event-stream")
            .json(message);
        if !self.id.is_empty() {
            request = request.header("mcp-session-id", &self.id);
        }
        Ok(request.send().await?.error_for_status()?)
    }

    /// Calls the tool; the answer is a stream that stays open while the call is held.
    async fn call(&self, round: usize) -> Result<reqwest::Response, Failure> {
        let params = json!({"name": "pay", "arguments": {"round": round}});
        let message =
            json!({"jsonrpc": "2.0", "id": round + 1, "method": "tools/call", "params": params});
        self.send(&message).await
    }
}

/// Waits until something is so.
async fn until(what: &str, is_so: impl AsyncFn() -> Result<bool, Failure>) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await? {
        if Instant::now() > deadline {
            return Err(format!("{what}: not in time").into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
