//! Measures a decision over HTTP beside an empty axum handler, in turn, on kept connections.
//!
//! Run with `cargo run --release -p preloop-server --example decision_latency`.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::net::SocketAddr;
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

    let mut decide =
        Kept::open(running.local_addr(), "/api/v1/decisions", running.agent_key()).await?;
    let mut nothing = Kept::open(empty_addr, "/", "none").await?;
    let (mut decided, mut emptied) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS + WARM_UP {
        let (slow, fast) = (decide.ask().await?, nothing.ask().await?);
        if round >= WARM_UP {
            decided.push(slow);
            emptied.push(fast);
        }
    }
    report("decision", &mut decided);
    report("empty handler", &mut emptied);
    server.abort();
    running.shutdown().await;
    Ok(())
}

/// One kept connection that asks the same again and again.
struct Kept {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Kept {
    async fn open(addr: SocketAddr, path: &str, key: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{CALL}",
            CALL.len()
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
