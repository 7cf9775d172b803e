//! Measures what a team does with a large policy over HTTP: import, export, comparison, and a long list of versions, on
//! SQLite and on PostgreSQL.
//!
//! Run with `cargo run --release -p preloop-server --example policy_latency`. PostgreSQL is Debian's, thrown away afterwards,
//! or the one that `DATABASE_URL` names.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use preloop_server::app::{Running, serve};
use preloop_server::config::{Config, SecretKeyText};
use preloop_testbed::Database;
use reqwest::{Client, Method};
use serde_json::{Value, json};

const TOOLS: usize = 1_000;
const RULES: usize = 5;
const ROUNDS: usize = 9;
const VERSIONS: usize = 10_000;
/// Versions that are made at once, so that there are many of them soon.
const MAKERS: usize = 8;

type Failure = Box<dyn Error + Send + Sync>;

/// A server and who asks it.
struct Asked {
    client: Client,
    url: String,
    key: String,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    for name in ["SQLite", "PostgreSQL"] {
        let folder = tempfile::tempdir()?;
        let database = (name == "PostgreSQL").then(Database::create);
        let running = start(folder.path(), database.as_ref()).await?;
        let asked = Asked {
            client: Client::builder().no_proxy().build()?,
            url: format!("http://{}", running.local_addr()),
            key: std::fs::read_to_string(running.owner_key_path())?.trim().to_owned(),
        };
        println!("{name}, {TOOLS} tools of {RULES} rules, {ROUNDS} rounds, median and worst:");
        policies(&asked).await?;
        println!("{name}, {VERSIONS} versions, {ROUNDS} rounds, median and worst:");
        versions(&asked).await?;
        running.shutdown().await;
    }
    Ok(())
}

async fn start(folder: &Path, database: Option<&Database>) -> Result<Running, Failure> {
    let config = Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        database_url: database.map(Database::url),
        // Shared databases need a key that every server knows.
        secret_key: database.map(|_| SecretKeyText::new("5a".repeat(32))),
        ..Config::new(folder.to_owned())
    };
    Ok(serve(config).await?)
}

/// A policy of many tools; `limits` says for each what its rules compare with.
fn document(limits: impl Fn(usize) -> usize) -> String {
    let mut text = String::from("version: '1.0'\nmetadata: {name: large}\ntools:\n");
    for tool in 0..TOOLS {
        let limit = limits(tool);
        // Writing to a text does not fail.
        let _ = write!(text, "  - name: tool_{tool}\n    conditions:\n");
        for rule in 0..RULES {
            let action = ["deny", "require_approval"].get(rule % 2).unwrap_or(&"deny");
            let _ = writeln!(
                text,
                "      - {{name: rule-{rule}, expression: \"args.kind == 'k{rule}' && args.amount > {limit}\", action: {action}}}"
            );
        }
    }
    text
}

async fn policies(asked: &Asked) -> Result<(), Failure> {
    let plain = document(|_| 100);
    println!("  the document as YAML: {} KB", plain.len() / 1000);
    let first = Instant::now();
    asked.import(&plain).await?;
    tell("import, nothing live before", &mut [first.elapsed()]);
    let mut took = Vec::new();
    for round in 0..ROUNDS {
        let changed = document(|tool| if tool == 500 { 200 + round } else { 100 });
        let begun = Instant::now();
        asked.import(&changed).await?;
        took.push(begun.elapsed());
    }
    tell("import, one tool changed", &mut took);
    took.clear();
    for round in 0..ROUNDS {
        let changed = document(|_| 300 + round);
        let begun = Instant::now();
        asked.import(&changed).await?;
        took.push(begun.elapsed());
    }
    tell("import, every tool changed", &mut took);
    for (name, path) in [("export as YAML", "export"), ("export as JSON", "export?format=json")] {
        took.clear();
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            asked.get(&format!("/api/v1/policies/{path}")).await?;
            took.push(begun.elapsed());
        }
        tell(name, &mut took);
    }
    let live = document(|_| 300 + ROUNDS - 1);
    asked.import(&live).await?;
    let one = document(|tool| if tool == 500 { 7 } else { 300 + ROUNDS - 1 });
    let all = document(|_| 7);
    for (name, text) in [("diff, one tool", one), ("diff, every tool", all)] {
        took.clear();
        for _ in 0..ROUNDS {
            let body = json!({"policy": text});
            let begun = Instant::now();
            asked.post("/api/v1/policies/diff", &body).await?;
            took.push(begun.elapsed());
        }
        tell(name, &mut took);
    }
    Ok(())
}

async fn versions(asked: &Asked) -> Result<(), Failure> {
    let scope = "team:many";
    let small = "version: '1.0'\nmetadata: {name: small}\ntools: [{name: pay}]\n";
    asked.post("/api/v1/policies/import", &json!({"policy": small, "scope": scope})).await?;
    let begun = Instant::now();
    let makers = (0..MAKERS).map(|_| async {
        for _ in 0..VERSIONS / MAKERS {
            let body = json!({"scope": scope, "message": "kept"});
            asked.post("/api/v1/policies/versions", &body).await?;
        }
        Ok::<(), Failure>(())
    });
    futures_util::future::try_join_all(makers).await?;
    println!("  made in {:.1} s", begun.elapsed().as_secs_f64());
    for limit in [100, 1000] {
        let mut took = [Vec::new(), Vec::new()];
        let [first, whole] = &mut took;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let mut count = 0;
            let mut cursor = String::new();
            loop {
                let path = format!("/api/v1/policies/versions?scope={scope}&limit={limit}{cursor}");
                let page: Value = serde_json::from_str(&asked.get(&path).await?)?;
                if count == 0 {
                    first.push(begun.elapsed());
                }
                let items = page.get("items").and_then(Value::as_array);
                count += items.map_or(0, Vec::len);
                match page.get("next_cursor").and_then(Value::as_str) {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            whole.push(begun.elapsed());
            if count <= VERSIONS {
                return Err(format!("{count} versions were listed").into());
            }
        }
        tell(&format!("first page of {limit}"), first);
        tell(&format!("all pages of {limit}"), whole);
    }
    Ok(())
}

fn tell(what: &str, took: &mut [Duration]) {
    took.sort_unstable();
    let milliseconds = |time: Option<&Duration>| time.map_or(0.0, |it| it.as_secs_f64() * 1e3);
    let (median, worst) = (milliseconds(took.get(took.len() / 2)), milliseconds(took.last()));
    println!("  {what:<28} {median:>9.2} ms {worst:>9.2} ms");
}

// === impl Asked ===

impl Asked {
    async fn import(&self, document: &str) -> Result<(), Failure> {
        self.post("/api/v1/policies/import", &json!({"policy": document})).await.map(drop)
    }

    async fn get(&self, path: &str) -> Result<String, Failure> {
        self.send(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<String, Failure> {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<String, Failure> {
        let url = format!("{}{path}", self.url);
        let mut request = self.client.request(method, url).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let (status, text) = (response.status(), response.text().await?);
        if !status.is_success() {
            return Err(format!("{path}: {status}: {text}").into());
        }
        Ok(text)
    }
}
