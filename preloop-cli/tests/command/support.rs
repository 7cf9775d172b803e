//! Runs `preloop` in a place of its own and keeps what it says.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use preloop_testbed::Terminal;
use serde_json::Value;
use tempfile::TempDir;

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A directory with nothing of the developer's in it.
#[derive(Debug)]
pub(crate) struct Place {
    directory: TempDir,
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) started: Value,
    pub(crate) place: Place,
}

const PATIENCE: Duration = Duration::from_mins(1);

/// The root of the repository, where the pages and examples are.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Waits until something is so; fails with its name when that takes too long.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

// === impl Ran ===

impl Ran {
    /// Runs a command that gets no input.
    pub(crate) fn of(mut command: Command) -> Self {
        let output = command.stdin(Stdio::null()).output().expect("preloop runs");
        Self {
            code: output.status.code().expect("an exit code"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// The result object.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no result object ({error}): {self:?}"))
    }

    /// The result objects, one a line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

// === impl Place ===

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: TempDir::new().expect("a directory") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file and returns its path as text.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("text").to_owned()
    }

    /// The command, at the root of the repository, without the developer's settings.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_preloop"));
        for (name, _) in std::env::vars() {
            if name.starts_with("PRELOOP_") || name == "XDG_DATA_HOME" {
                command.env_remove(name);
            }
        }
        command.args(arguments).env("HOME", self.directory.path()).current_dir(root());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with_input(arguments, b"")
    }

    /// Runs a command inside of the place, so that paths are short.
    pub(crate) fn run_inside(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.current_dir(self.directory.path());
        Ran::of(command)
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("preloop starts");
        let mut stdin = child.stdin.take().expect("stdin");
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // A command that needs no input may be gone before it is all written.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().expect("preloop ends");
        writer.join().expect("the input is written");
        Ran {
            code: output.status.code().expect("an exit code"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

fn serve<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["serve", "--format", "json", "--listen", "127.0.0.1:0", "--log", "warn"];
    all.extend(arguments);
    all
}

/// Runs the command in a place of its own.
pub(crate) fn preloop(arguments: &[&str]) -> Ran {
    Place::new().run(arguments)
}

// === impl Server ===

impl Server {
    /// Starts a server with a document and waits until it says where it is.
    pub(crate) fn start(document: &str) -> Self {
        let place = Place::new();
        let policy = place.write("policy.yaml", document);
        Self::start_in(place, &["--policy", &policy])
    }

    /// Starts a server in a place, with options of its own.
    pub(crate) fn start_in(place: Place, arguments: &[&str]) -> Self {
        let data_dir = place.path("data");
        let mut all = vec!["--data-dir", data_dir.to_str().expect("text")];
        all.extend(arguments);
        let command = place.command(&serve(&all));
        Self::spawn(place, command)
    }

    /// Starts a server that finds `preloop` by its name, as where it is installed.
    pub(crate) fn start_installed(place: Place, arguments: &[&str]) -> Self {
        let mut command = place.command(&serve(arguments));
        let bin = Path::new(env!("CARGO_BIN_EXE_preloop")).parent().expect("a directory");
        let path = std::env::var("PATH").expect("a path");
        command.env("PATH", format!("{}:{path}", bin.display()));
        Self::spawn(place, command)
    }

    /// Starts a server by a command of its own.
    pub(crate) fn spawn(place: Place, mut command: Command) -> Self {
        let (child, stdout, started) = begin(&mut command);
        Self { child, stdout, started, place }
    }

    /// Kills the server as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it ends");
    }

    /// Starts a server in the place of one that was killed.
    pub(crate) fn start_again(&mut self, mut command: Command) {
        (self.child, self.stdout, self.started) = begin(&mut command);
    }

    pub(crate) fn text(&self, member: &str) -> String {
        self.started[member].as_str().unwrap_or_else(|| panic!("no {member}")).to_owned()
    }

    /// A command that talks to this server with the owner key.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let (url, data_dir) = (self.text("url"), self.text("data_dir"));
        let options = ["--url", url.as_str(), "--data-dir", &data_dir];
        self.place.command(&with_options(arguments, &options))
    }

    /// Runs a command that talks to this server with the owner key.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments))
    }

    /// A person who runs a command that talks to this server.
    pub(crate) fn terminal(&self, arguments: &[&str]) -> Terminal {
        Terminal::start(self.command(arguments))
    }

    /// Runs a command with `--format json` and takes its result, which must not be a failure.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&with_options(arguments, &["--format", "json"]));
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()
    }

    /// Asks for a decision over HTTP as the agent does; the status and the body.
    pub(crate) fn decide(&self, call: &Value) -> Value {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let client = preloop_client::Client::new(&self.text("url")).expect("a client");
            let client = client.with_token(&self.text("agent_key")).expect("a key");
            let answer = client.decide(call).await.expect("a decision");
            serde_json::to_value(answer).expect("JSON")
        })
    }

    /// Brings a document into force over HTTP as the owner does.
    pub(crate) fn import(&self, document: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let key = std::fs::read_to_string(self.text("owner_key_file")).expect("a key");
            let client = preloop_client::Client::new(&self.text("url")).expect("a client");
            let client = client.with_token(key.trim()).expect("a key");
            let request = serde_json::from_value(serde_json::json!({ "policy": document }));
            let request = request.expect("a request");
            let expected = preloop_client::Expected::Anything;
            client.policy_apply(&request, &expected).await.expect("it is valid");
        });
    }

    /// Tells the server to stop and waits until it has; what else it printed.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        let stopped = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(stopped.expect("kill runs").success());
        let status = self.child.wait().expect("the server ends");
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.stdout, &mut rest).expect("text");
        (status.code(), rest)
    }
}

/// Starts a server and waits until it says where it is.
fn begin(command: &mut Command) -> (Child, BufReader<ChildStdout>, Value) {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the server starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    let started = serde_json::from_str(&line)
        .unwrap_or_else(|error| panic!("the server did not start ({error}): {line}"));
    (child, stdout, started)
}

/// The arguments with options of the command, which stand before what is another program's.
fn with_options<'a>(arguments: &[&'a str], options: &[&'a str]) -> Vec<&'a str> {
    let end = arguments.iter().position(|argument| *argument == "--");
    let (own, rest) = arguments.split_at(end.unwrap_or(arguments.len()));
    [own, options, rest].concat()
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a server for people until it has printed a line that holds `last`; all that it said so far.
pub(crate) fn said_by_server(place: &Place, arguments: &[&str], last: &str) -> String {
    let mut child = place
        .command(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let stdout = BufReader::new(child.stdout.take().expect("stdout"));
    let mut said = String::new();
    for line in stdout.lines() {
        let line = line.expect("text");
        said.push_str(&line);
        said.push('\n');
        if line.contains(last) {
            break;
        }
    }
    child.kill().expect("the server is stopped");
    child.wait().expect("the server ends");
    said
}
