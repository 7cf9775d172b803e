//! Measures a decision and an evaluation over HTTP beside an empty axum handler, in turn, on kept connections.
//!
//! Run with `cargo run --release -p preloop-server --example decision_latency`. With `-- SECONDS` behind it Debian's `wrk`
//! asks each of the three that long, over 1 and over 64 connections.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use preloop_server::app::serve;
use preloop_server::config::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const ROUNDS: usize = 5_000;
const WARM_UP: usize = 500;
const POLICY: &str = "
version: '1.0'
metadata: {name: latency}
tools:
- name: read_file
  conditions:
  - {expression: 'path.startsWith(\"/etc\")', action: deny}
  - {action: allow}
- {name: send_email, conditions: [{expression: 'args.to.endsWith(\"@example.com\")', action: allow}, {action: deny}]}
";
const EVALUATION: &str =
    r#"{"call":{"tool":"read_file","args":{"path":"/srv/project/README.md","limit":100}}}"#;
const CALL: &str = r#"{"tool":"read_file","args":{"path":"/srv/project/README.md","limit":100}}"#;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let policy = folder.path().join("policy.yaml");
    std::fs::write(&policy, POLICY)?;
    let running = serve(Config {
        policy: Some(policy),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..Config::new(folder.path().to_owned())
    })
    .await?;
    let empty = TcpListener::bind("127.0.0.1:0").await?;
    let empty_addr = empty.local_addr()?;
    let router = Router::new().route("/", post(|body: Bytes| async move { body }));
    let server = tokio::spawn(async move { axum::serve(empty, router).await });

    let addr = running.local_addr();
    let owner_key = std::fs::read_to_string(running.owner_key_path())?;
    let asked = [
        Asked {
            name: "decision",
            addr,
            path: "/api/v1/decisions",
            key: running.agent_key(),
            body: CALL,
        },
        Asked {
            name: "evaluation",
            addr,
            path: "/api/v1/policies/evaluate",
            key: owner_key.trim(),
            body: EVALUATION,
        },
        Asked { name: "empty handler", addr: empty_addr, path: "/", key: "none", body: CALL },
    ];
    match std::env::args().nth(1) {
        None => in_turn(&asked).await?,
        Some(seconds) => {
            for connections in ["1", "64"] {
                for one in &asked {
                    one.wrk(connections, &seconds, folder.path()).await?;
                }
            }
        }
    }
    server.abort();
    running.shutdown().await;
    Ok(())
}

/// What is asked, and where.
struct Asked<'a> {
    name: &'static str,
    addr: SocketAddr,
    path: &'static str,
    key: &'a str,
    body: &'static str,
}

impl Asked<'_> {
    /// Has wrk ask over that many connections, and tells what it printed of latency and throughput.
    async fn wrk(&self, connections: &str, seconds: &str, folder: &Path) -> Result<(), Failure> {
        let script = folder.join("ask.lua");
        let Self { name, addr, path, key, body } = self;
        let text = format!(
            "wrk.method = 'POST'\nwrk.body = '{body}'\nwrk.headers['content-type'] = 'application/json'\n\
             wrk.headers['authorization'] = 'Bearer {key}'\n"
        );
        std::fs::write(&script, text)?;
        let mut wrk = tokio::process::Command::new("wrk");
        wrk.args([
            "--threads",
            "1",
            "--connections",
            connections,
            "--latency",
            "--duration",
            seconds,
        ]);
        let output =
            wrk.arg("--script").arg(&script).arg(format!("http://{addr}{path}")).output().await?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() || printed.contains("Non-2xx") {
            return Err(printed.into());
        }
        let told = |line: &&str| {
            ["50%", "90%", "99%", "Requests/sec"].iter().any(|what| line.contains(what))
        };
        let told: Vec<&str> = printed.lines().filter(told).map(str::trim).collect();
        println!("{name:>14}, {connections:>2} connections: {}", told.join(", "));
        Ok(())
    }
}

/// One request after the other, each kind in turn.
async fn in_turn(asked: &[Asked<'_>]) -> Result<(), Failure> {
    let mut kept = Vec::new();
    for one in asked {
        kept.push((one.name, Kept::open(one).await?, Vec::new()));
    }
    for round in 0..ROUNDS + WARM_UP {
        for (_, connection, took) in &mut kept {
            let one = connection.ask().await?;
            if round >= WARM_UP {
                took.push(one);
            }
        }
    }
    for (name, _, took) in &mut kept {
        report(name, took);
    }
    Ok(())
}

/// One kept connection that asks the same again and again.
struct Kept {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Kept {
    async fn open(asked: &Asked<'_>) -> Result<Self, Failure> {
        let Asked { addr, path, key, body, .. } = asked;
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(Self { stream, request: request.into_bytes(), buffer: vec![0; 64 * 1024] })
    }

    async fn ask(&mut self) -> Result<Duration, Failure> {
        let started = Instant::now();
        self.stream.write_all(&self.request).await?;
        // Answers are small and come in one piece.
        let length = self.stream.read(&mut self.buffer).await?;
        let took = started.elapsed();
        let answer = self.buffer.get(..length).unwrap_or_default();
        if !answer.starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(answer).into());
        }
        Ok(took)
    }
}

fn report(name: &str, took: &mut [Duration]) {
    took.sort_unstable();
    let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
    println!("{name:>14}: p50 {:?}, p90 {:?}, p99 {:?}", at(50), at(90), at(99));
}
