//! The product under test: the real binary, started as a user starts it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::agent::{Agent, Sdk};
use super::wait::{until, until_true};
use super::wire::{self, Answer};

const BINARY: &str = env!("CARGO_BIN_EXE_preloop");

/// A running `preloop serve` with its own folder, policy file and keys.
pub(crate) struct Preloop {
    folder: TempDir,
    child: Child,
    said: Arc<Mutex<String>>,
    environment: Vec<(String, String)>,
    /// Address it listens on, as `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// Key of the owner.
    pub(crate) owner_key: String,
    /// Key of the first agent.
    pub(crate) agent_key: String,
}

/// A policy document with these servers and tools, and `rest` on top.
pub(crate) fn policy(servers: Vec<Value>, tools: Value, rest: Value) -> Value {
    let mut document = json!({"version": "1.0", "metadata": {"name": "end to end"}});
    document["mcp_servers"] = servers.into();
    document["tools"] = tools;
    if let (Some(document), Value::Object(rest)) = (document.as_object_mut(), rest) {
        document.extend(rest);
    }
    document
}

// === impl Preloop ===

impl Preloop {
    /// Starts with a policy document and waits until every one of its MCP servers is connected.
    #[track_caller]
    pub(crate) fn start(document: &Value) -> Self {
        Self::start_with(document, &[])
    }

    /// As [`Preloop::start`], with environment variables.
    #[track_caller]
    pub(crate) fn start_with(document: &Value, environment: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("policy.yaml"), document.to_string()).unwrap();
        Self::start_in(folder, environment)
    }

    /// Starts without a policy file, so that policies come over the API.
    #[track_caller]
    pub(crate) fn start_without_file(environment: &[(&str, &str)]) -> Self {
        Self::start_in(TempDir::new().unwrap(), environment)
    }

    fn start_in(folder: TempDir, environment: &[(&str, &str)]) -> Self {
        let environment: Vec<(String, String)> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let (child, said) = spawn(folder.path(), &environment);
        let mut preloop = Self {
            folder,
            child,
            said,
            environment,
            address: String::new(),
            owner_key: String::new(),
            agent_key: String::new(),
        };
        preloop.wait_until_up();
        preloop
    }

    /// Kills the server as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Kills the server as `kill -9` does, and starts it again on the same folder.
    #[track_caller]
    pub(crate) fn kill_and_restart(&mut self) {
        self.kill();
        (self.child, self.said) = spawn(self.folder.path(), &self.environment);
        self.wait_until_up();
    }

    /// Sends the server a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Asks the server to stop, as a service manager does, and returns its exit code.
    #[track_caller]
    pub(crate) fn stop(&mut self) -> Option<i32> {
        signal(&self.child, "TERM");
        until("preloop stops", || self.child.try_wait().unwrap()).code()
    }

    /// Everything the server has printed.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Where agents connect: all servers, or one.
    pub(crate) fn mcp_url(&self, server: &str) -> String {
        let path = if server.is_empty() { "mcp".to_owned() } else { format!("mcp/{server}") };
        format!("http://{}/{path}", self.address)
    }

    /// Connects the first agent to all servers.
    #[track_caller]
    pub(crate) fn agent(&self, sdk: Sdk) -> Agent {
        Agent::connect(sdk, &self.mcp_url(""), &self.agent_key)
    }

    /// Makes one more agent key.
    #[track_caller]
    pub(crate) fn create_agent_key(&self, name: &str) -> String {
        let body = json!({"name": name, "role": "agent"});
        let answer = self.post("/api/v1/api-keys", &self.owner_key, &body);
        answer.json()["key"].as_str().unwrap().to_owned()
    }

    /// Writes a new policy over the file that the server watches.
    pub(crate) fn rewrite_policy(&self, text: &str) {
        let draft = self.folder.path().join("policy.yaml.draft");
        std::fs::write(&draft, text).unwrap();
        std::fs::rename(draft, self.policy_file()).unwrap();
    }

    /// Where it keeps its data.
    pub(crate) fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The policy file.
    pub(crate) fn policy_file(&self) -> PathBuf {
        self.folder.path().join("policy.yaml")
    }

    /// Runs the command line in another terminal, as the owner.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Output {
        self.cli_as(&self.owner_key, arguments)
    }

    /// Runs the command line in another terminal, with a key.
    pub(crate) fn cli_as(&self, key: &str, arguments: &[&str]) -> Output {
        cli_command(arguments)
            .env("PRELOOP_URL", format!("http://{}", self.address))
            .env("PRELOOP_TOKEN", key)
            .output()
            .unwrap()
    }

    /// `GET` of the API.
    pub(crate) fn get(&self, path: &str, key: &str) -> Answer {
        let bearer = format!("Bearer {key}");
        wire::send(&self.address, "GET", path, &[("Authorization", &bearer)], b"")
    }

    /// `POST` of JSON to the API.
    pub(crate) fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {key}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        wire::send(&self.address, "POST", path, &headers, body.to_string().as_bytes())
    }

    /// Approval requests in a state, as the owner sees them.
    #[track_caller]
    pub(crate) fn approvals(&self, state: &str) -> Vec<Value> {
        items(&self.get(&format!("/api/v1/approvals?status={state}"), &self.owner_key))
    }

    /// Waits for exactly one pending approval request.
    #[track_caller]
    pub(crate) fn pending(&self) -> Value {
        let pending = until("an approval request is pending", || {
            Some(self.approvals("pending")).filter(|pending| !pending.is_empty())
        });
        assert_eq!(pending.len(), 1, "{pending:?}");
        pending[0].clone()
    }

    /// One approval request.
    #[track_caller]
    pub(crate) fn approval(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/approvals/{id}"), &self.owner_key).json()
    }

    /// Approves over the command line, as from another terminal.
    #[track_caller]
    pub(crate) fn approve(&self, id: &str) {
        let output = self.cli(&["approvals", "approve", id, "--yes"]);
        assert!(output.status.success(), "{output:?}");
    }

    /// Declines over the command line with a reason.
    #[track_caller]
    pub(crate) fn decline(&self, id: &str, reason: &str) {
        let output = self.cli(&["approvals", "decline", id, "--yes", "--reason", reason]);
        assert!(output.status.success(), "{output:?}");
    }

    /// The audit trail, oldest first.
    #[track_caller]
    pub(crate) fn trail(&self) -> Vec<Value> {
        items(&self.get("/api/v1/audit?order=asc&limit=500", &self.owner_key))
    }

    /// Waits until the trail has a record for which `wanted` holds, and returns it.
    #[track_caller]
    pub(crate) fn recorded(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(&format!("the trail says: {what}"), || self.trail().into_iter().find(&wanted))
    }

    /// Waits until the trail has a record of a kind, and returns the first.
    #[track_caller]
    pub(crate) fn recorded_kind(&self, kind: &str) -> Value {
        self.recorded(kind, |record| record["kind"] == kind)
    }

    /// How one upstream server stands.
    #[track_caller]
    pub(crate) fn upstream_state(&self, name: &str) -> String {
        let servers = items(&self.get("/api/v1/mcp-servers", &self.owner_key));
        let server = servers.iter().find(|server| server["name"] == name);
        server.and_then(|server| server["state"].as_str()).unwrap_or_default().to_owned()
    }

    fn wait_until_up(&mut self) {
        let said = Arc::clone(&self.said);
        let mut ended = None;
        let address = until("preloop says where it listens", || {
            ended = self.child.try_wait().unwrap();
            match listening_on(&said.lock().unwrap()) {
                None if ended.is_some() => Some(Err(ended)),
                None => None,
                Some(address) => Some(Ok(address)),
            }
        });
        self.address = address.unwrap_or_else(|status| {
            panic!("preloop ended with {status:?}:\n{}", self.said());
        });
        until_true("preloop answers", || {
            std::net::TcpStream::connect(&self.address).is_ok() && {
                wire::send(&self.address, "GET", "/healthz", &[], b"").status == 200
            }
        });
        let key = |name: &str| {
            let text = std::fs::read_to_string(self.folder.path().join("data").join(name)).unwrap();
            text.trim().to_owned()
        };
        (self.owner_key, self.agent_key) = (key("owner.key"), key("agent.key"));
        until_true("every MCP server is connected", || {
            let servers = items(&self.get("/api/v1/mcp-servers", &self.owner_key));
            servers.iter().all(|server| server["state"] == "connected")
        });
    }
}

impl Drop for Preloop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = self.said();
            let _ = std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes());
        }
        // Asked first, so that it puts its own children away.
        if self.child.try_wait().ok().flatten().is_none() {
            signal(&self.child, "TERM");
            let start = std::time::Instant::now();
            while self.child.try_wait().ok().flatten().is_none() && start.elapsed().as_secs() < 10 {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command line with nothing of the tester's own settings.
pub(crate) fn cli_command(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars() {
        if name.starts_with("PRELOOP_") {
            command.env_remove(name);
        }
    }
    command
}

/// The items of a list answer.
#[track_caller]
pub(crate) fn items(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["items"].as_array().cloned().unwrap_or_default()
}

fn spawn(folder: &Path, environment: &[(String, String)]) -> (Child, Arc<Mutex<String>>) {
    let data = folder.join("data");
    let mut command = cli_command(&["serve", "--listen", "127.0.0.1:0"]);
    command.arg("--data-dir").arg(&data);
    let policy = folder.join("policy.yaml");
    if policy.exists() {
        command.arg("--policy").arg(policy);
    }
    let mut child = command
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = Arc::new(Mutex::new(String::new()));
    listen_to(child.stdout.take().unwrap(), &said);
    listen_to(child.stderr.take().unwrap(), &said);
    (child, said)
}

fn listen_to(stream: impl std::io::Read + Send + 'static, said: &Arc<Mutex<String>>) {
    let said = Arc::clone(said);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut said = said.lock().unwrap();
            said.push_str(&line);
            said.push('\n');
        }
    });
}

/// The first loopback address in what the server printed.
fn listening_on(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("http://127.0.0.1:")?;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    // The line may be half printed.
    rest.chars().nth(port.len())?;
    Some(format!("127.0.0.1:{port}"))
}

fn signal(child: &Child, name: &str) {
    let _ = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
}
