//! Every command that the pages show is run here, or named with the place that runs it.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{Place, Server, eventually, root};

const PAGES: [&str; 7] = [
    "README.md",
    "docs/quickstart.md",
    "docs/cli.md",
    "docs/policy-fmt.md",
    "docs/policy-ci.md",
    "docs/policy-diff.md",
    "docs/policy-replay.md",
];

/// Commands that other tests run: what is shown, and where it is run.
const ELSEWHERE: [(&str, &str); 2] = [
    // The tests of demo.rs play it to its end, with Enter's place taken by the printed line.
    ("cargo run --release -- demo", "preloop-cli/tests/command/demo.rs"),
    ("cargo test --workspace", ".ci/run"),
];

/// The lines of `sh` blocks.
fn commands(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(page)).expect(page);
    let mut commands = Vec::new();
    let mut is_shell = false;
    for line in text.lines().map(str::trim) {
        match line {
            "```sh" => is_shell = true,
            "```" => is_shell = false,
            command if is_shell && !command.is_empty() => commands.push(command.to_owned()),
            _ => {}
        }
    }
    assert!(!commands.is_empty(), "{page} shows no command");
    commands
}

/// A shell in which `preloop` and `claude` are found, and the default server is the test's own.
struct Shell<'s> {
    server: &'s Server,
    bin: PathBuf,
}

impl<'s> Shell<'s> {
    fn new(server: &'s Server) -> Self {
        let bin = server.place.path("bin");
        std::fs::create_dir(&bin).expect("a directory");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_preloop"), bin.join("preloop"))
            .expect("a link");
        // Claude Code is no part of the tests: what the shell would hand to it is what counts.
        let claude = bin.join("claude");
        std::fs::write(&claude, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").expect("a script");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&claude, mode).expect("a mode");
        Self { server, bin }
    }

    fn run(&self, command: &str) -> Output {
        let path = std::env::var("PATH").expect("a path");
        Command::new("sh")
            .args(["-c", command])
            .current_dir(root())
            .env("PATH", format!("{}:{path}", self.bin.display()))
            .env("HOME", self.server.place.path("."))
            .env_remove("XDG_DATA_HOME")
            .env("PRELOOP_URL", self.server.text("url"))
            .stdin(Stdio::null())
            .output()
            .expect("a shell")
    }

    /// A call that was just held, for commands that need the id of one.
    fn held(&self, amount: u32) -> String {
        let call = json!({ "tool": "refund", "args": { "order": "A-1", "amount": amount } });
        let decision = self.server.decide(&call);
        decision["approval"]["id"].as_str().expect("an approval").to_owned()
    }

    fn key(&self, name: &str) -> String {
        let made = self.server.json(&["keys", "create", name]);
        made["id"].as_str().expect("an id").to_owned()
    }
}

/// What stands for itself in a page, put in for the run; a vote has no terminal to be asked on.
fn filled(command: &str, shell: &Shell<'_>, number: u32) -> String {
    if command.starts_with("preloop keys revoke ID") {
        return command.replace(" ID", &format!(" {}", shell.key(&format!("agent-{number}"))));
    }
    if command.starts_with("preloop keys create") {
        return command.replace("build-agent", &format!("build-agent-{number}"));
    }
    let mut filled = command.to_owned();
    if command.contains(" ID") {
        filled = command.replace(" ID", &format!(" {}", shell.held(101 + number)));
    }
    if command.contains("approvals approve") || command.contains("approvals decline") {
        filled.push_str(" --yes");
    }
    filled.replace("SERVER TOOL", "office read_file")
}

fn serve_quickstart() -> Server {
    let place = Place::new();
    let data_dir = place.path(".local/share/preloop");
    std::fs::create_dir_all(data_dir.parent().expect("a parent")).expect("a directory");
    let arguments = ["--policy", "examples/quickstart.yaml", "--data-dir"];
    let data_dir = data_dir.to_str().expect("text").to_owned();
    let mut arguments = arguments.to_vec();
    arguments.push(&data_dir);
    // The example starts its sample tools by the name `preloop`, as it is where Preloop is installed.
    Server::start_installed(place, &arguments)
}

#[test]
fn every_command_on_the_pages_works() {
    let server = serve_quickstart();
    let shell = Shell::new(&server);
    eventually("the sample tools", || {
        let listed = server.json(&["tools", "list"]);
        (!listed["items"].as_array()?.is_empty()).then_some(())
    });
    let mut number = 0;
    for page in PAGES {
        for command in commands(page) {
            number += 1;
            if let Some((_, file)) = ELSEWHERE.iter().find(|(shown, _)| *shown == command) {
                assert!(root().join(file).exists(), "{page}: `{command}` is not run by {file}");
                continue;
            }
            match command.as_str() {
                // The server of this test was started by this very line, on a free port.
                "preloop serve --policy examples/quickstart.yaml" => {}
                claude if claude.starts_with("claude ") => check_claude(&shell, claude),
                other => check(page, &shell, other, number),
            }
        }
    }
}

fn check(page: &str, shell: &Shell<'_>, command: &str, number: u32) {
    let run = command
        .strip_prefix("cargo run --release -- ")
        .map_or_else(|| filled(command, shell, number), |arguments| format!("preloop {arguments}"));
    let output = shell.run(&run);
    // The answer of `policy eval` is an exit code of its own.
    let expected: &[i32] = match command {
        eval if eval.contains("policy eval") => &[0, 4, 5],
        // So is what has changed.
        check if check.contains("policy diff") || check.contains("policy replay") => &[0, 6],
        _ => &[0],
    };
    let code = output.status.code().expect("an exit code");
    assert!(
        expected.contains(&code),
        "{page}: `{command}`, run as `{run}`, ended with {code}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

fn check_claude(shell: &Shell<'_>, command: &str) {
    let output = shell.run(command);
    let handed = String::from_utf8(output.stdout).expect("text");
    let handed: Vec<&str> = handed.lines().collect();
    let header = format!("Authorization: Bearer {}", shell.server.text("agent_key"));
    assert_eq!(
        handed,
        [
            "mcp",
            "add",
            "--transport",
            "http",
            "preloop",
            "http://127.0.0.1:8000/mcp",
            "--header",
            &header,
        ]
    );
}

#[test]
fn the_ci_runs_the_test_command_of_the_readme() {
    let script = std::fs::read_to_string(root().join(".ci/run")).expect(".ci/run");
    assert!(script.contains("cargo test --workspace"), "{script}");
}

#[test]
fn every_document_on_the_pages_is_valid() {
    let mut count = 0;
    for page in PAGES {
        let text = std::fs::read_to_string(root().join(page)).expect(page);
        for block in text.split("```yaml\n").skip(1) {
            let document = block.split("```").next().expect("a block");
            let place = Place::new();
            let file = place.write("document.yaml", document);
            let ran = place.run(&["policy", "validate", &file, "--format", "json"]);
            assert_eq!(ran.json()["errors"], Value::Array(Vec::new()), "{page}");
            count += 1;
        }
    }
    assert!(count >= 2, "the pages show documents");
}
