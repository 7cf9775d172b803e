//! `cargo xtask bench-firewall`: what the firewall adds to a call, measured beside the same call without it.
//!
//! server-everything's `echo` over streamable HTTP, one kept connection each, 200 calls direct and 200 through the
//! firewall in turn, so that both see the same machine. A rule looks at the arguments of every governed call.

mod http;
#[path = "../../../preloop-cli/tests/e2e/support/parts.rs"]
mod parts;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use self::http::Connection;
use self::parts::Parts;
use crate::cargo;

const WARM_UP: usize = 50;
const CALLS: usize = 200;
const REVISION: &str = "2025-11-25";

/// A child process that dies with its value.
struct Process(Child);

/// An MCP session on a kept connection.
struct Session {
    connection: Connection,
    path: String,
    headers: String,
}

/// Builds the release binary, measures, and returns the table to print.
pub(crate) fn run(root: &Path) -> Result<String, String> {
    let parts = Parts::install()?;
    cargo::run(root, &["build", "--release", "--locked", "--package", "preloop-cli"])?;
    let folder = root.join("target").join("bench-firewall");
    let folder = std::env::var_os("CARGO_TARGET_DIR")
        .map_or(folder, |target| PathBuf::from(target).join("bench-firewall"));
    let binary = folder.with_file_name("release").join("preloop");
    // Keys and database of an earlier run must not be met.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;

    let everything = free_port()?;
    let _upstream = Process::start(
        Command::new("node")
            .arg(parts.node_program("@modelcontextprotocol/server-everything"))
            .arg("streamableHttp")
            .env("PORT", everything.to_string()),
    )?;
    let upstream = format!("127.0.0.1:{everything}");
    wait_for(&upstream)?;
    let firewall = format!("127.0.0.1:{}", free_port()?);
    let policy = folder.join("policy.yaml");
    std::fs::write(&policy, document(&upstream)).map_err(|error| error.to_string())?;
    let _preloop = Process::start(
        Command::new(binary)
            .args(["serve", "--listen", &firewall, "--policy"])
            .arg(&policy)
            .arg("--data-dir")
            .arg(folder.join("data")),
    )?;
    wait_for(&firewall)?;
    let key = std::fs::read_to_string(folder.join("data").join("agent.key"))
        .map_err(|error| format!("agent.key: {error}"))?;
    let mut direct = Session::open(&upstream, "/mcp", "")?;
    let bearer = format!("Authorization: Bearer {}\r\n", key.trim());
    let mut governed = Session::open(&firewall, "/mcp/everything", &bearer)?;
    measure(&mut direct, &mut governed)
}

fn measure(direct: &mut Session, governed: &mut Session) -> Result<String, String> {
    let mut times = [Vec::with_capacity(CALLS), Vec::with_capacity(CALLS)];
    for round in 0..WARM_UP.saturating_add(CALLS) {
        for (session, times) in [&mut *direct, &mut *governed].into_iter().zip(&mut times) {
            let taken = session.echo(round)?;
            if round >= WARM_UP {
                times.push(taken);
            }
        }
    }
    let [direct, governed] = times.map(|mut times| {
        times.sort_unstable();
        [at(&times, 50), at(&times, 99)]
    });
    let row = |name: &str, [p50, p99]: [Duration; 2]| {
        format!("| {name} | {:.2} | {:.2} |\n", milliseconds(p50), milliseconds(p99))
    };
    let [direct_p50, direct_p99] = direct;
    let [governed_p50, governed_p99] = governed;
    let added = [governed_p50.saturating_sub(direct_p50), governed_p99.saturating_sub(direct_p99)];
    Ok(format!(
        "server-everything `echo`, {CALLS} calls each in turn, kept connection, milliseconds\n\
         | way | p50 | p99 |\n|---|---|---|\n{}{}{}",
        row("direct", direct),
        row("through the firewall", governed),
        row("added", added)
    ))
}

/// The value below which `percent` of the sorted times lie.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    let place = sorted.len().saturating_mul(percent) / 100;
    sorted.get(place).or(sorted.last()).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// One server, and a rule that reads the arguments of `echo`.
fn document(upstream: &str) -> String {
    json!({
        "version": "1.0",
        "metadata": {"name": "latency"},
        "mcp_servers": [{"name": "everything", "url": format!("http://{upstream}/mcp")}],
        "tools": [{"name": "echo", "conditions": [
            {"expression": "args.message.contains(\"forbidden\")", "action": "deny"},
            {"expression": "args.message.startsWith(\"hello\")", "action": "allow"},
            {"action": "deny"},
        ]}],
    })
    .to_string()
}

fn free_port() -> Result<u16, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| error.to_string())
}

/// Waits until something listens.
fn wait_for(address: &str) -> Result<(), String> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_mins(1) {
        if std::net::TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(format!("nothing listens on {address}"))
}

// === impl Process ===

impl Process {
    fn start(command: &mut Command) -> Result<Self, String> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
            .map_err(|error| format!("{command:?}: {error}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

// === impl Session ===

impl Session {
    /// Initializes a session; tried again while the firewall still dials its server.
    fn open(address: &str, path: &str, headers: &str) -> Result<Self, String> {
        let mut connection = Connection::open(address)?;
        let params = json!({
            "protocolVersion": REVISION,
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1.0.0"},
        });
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        let answer = connection.post(path, headers, &hello.to_string())?;
        let id = answer.header("mcp-session-id").ok_or_else(|| answer.body.clone())?;
        // Both sides name the revision, as every client must: without it server-everything leaves out the event
        // that lets a stream be taken up again, and answers in half the time.
        let headers =
            format!("{headers}Mcp-Session-Id: {id}\r\nMCP-Protocol-Version: {REVISION}\r\n");
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        connection.post(path, &headers, &ready.to_string())?;
        let mut session = Self { connection, path: path.to_owned(), headers };
        let start = Instant::now();
        while let Err(error) = session.echo(0) {
            if start.elapsed() > Duration::from_secs(30) {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(session)
    }

    /// Calls `echo` once and returns how long it took.
    fn echo(&mut self, number: usize) -> Result<Duration, String> {
        let message = format!("hello {number}");
        let params = json!({"name": "echo", "arguments": {"message": message}});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let call = call.to_string();
        let start = Instant::now();
        let answer = self.connection.post(&self.path, &self.headers, &call)?;
        let taken = start.elapsed();
        if answer.body.contains(&format!("Echo: {message}")) {
            return Ok(taken);
        }
        Err(format!("echo was not answered: {}", answer.body))
    }
}
