//! The GitHub Action and the pre-commit hooks: their own scripts, run on a repository.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use crate::support::{Place, root};

const POLICY: &str = "\
# yaml-language-server: $schema=policy.schema.json
version: \"1.0\"

metadata:
  name: agents

tools:
  - name: refund
    conditions:
      - name: large
        expression: args.amount > 100
        action: deny
";

const TESTS: &str = "\
policy: agents.yaml

groups:
  - name: refunds
    tool: refund
    tests:
      - {name: large, args: {amount: 500}, expect: {action: deny}}
      - {name: small, args: {amount: 20}, expect: {action: allow}}
";

/// A repository with a policy and its tests, as they were merged.
fn repository() -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path("policies")).expect("a folder");
    place.write("policies/agents.yaml", POLICY);
    place.write("policies/agents_test.yaml", TESTS);
    git(&place, &["init", "--quiet"]);
    git(&place, &["add", "policies"]);
    let author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    git(&place, &[&author[..], &["commit", "--quiet", "-m", "policies"]].concat());
    place
}

fn git(place: &Place, arguments: &[&str]) {
    let mut command = Command::new("git");
    let done = command.args(arguments).current_dir(place.path(".")).status().expect("git runs");
    assert!(done.success(), "git {arguments:?}");
}

/// Runs a script of ours in a place.
fn script(place: &Place, name: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(root().join("ci").join(name).canonicalize().expect("a script"));
    command.args(arguments).current_dir(place.path("."));
    command.env("PRELOOP", env!("CARGO_BIN_EXE_preloop")).envs(settings.iter().copied());
    command.output().expect("the script runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the check against what was merged; its exit code and its report.
fn check(place: &Place, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    check_of(place, "policies", settings)
}

fn check_of(place: &Place, path: &str, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let report = place.path("report.md");
    let report = report.to_str().expect("text");
    let mut all = vec![("PRELOOP_CI_BASE", "HEAD"), ("PRELOOP_CI_REPORT", report)];
    all.extend(settings);
    let ran = script(place, "check", &[path], &all);
    let written = std::fs::read_to_string(report).unwrap_or_default();
    (ran.status.code(), format!("{written}\n{}{}", text(&ran.stdout), text(&ran.stderr)))
}

#[test]
fn a_change_is_checked_and_reported_with_what_it_lets_through() {
    let place = repository();
    let (code, report) = check(&place, &[]);
    assert_eq!(code, Some(0), "{report}");
    for row in ["| valid | passed |", "| in the style | passed |", "| tests | passed |"] {
        assert!(report.contains(row), "{report}");
    }
    let (code, report) = check(&place, &[("PRELOOP_CI_COVERAGE", "75")]);
    assert_eq!(code, Some(0), "{report}");
    let unseen = format!("{POLICY}      - {{expression: args.currency == 'XTS', action: deny}}\n");
    place.write("policies/agents.yaml", unseen);
    let (code, report) = check(&place, &[("PRELOOP_CI_COVERAGE", "75")]);
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("| tests | **failed** |"), "{report}");
    place.write("policies/agents.yaml", POLICY.replace("> 100", "> 400"));
    let (code, report) = check(&place, &[]);
    assert_eq!(code, Some(0), "a change alone fails nothing: {report}");
    assert!(report.contains("### What the change means"), "{report}");
    assert!(report.to_lowercase().contains("loosened"), "{report}");
    let (code, report) = check(&place, &[("PRELOOP_CI_FAIL_ON", "loosened")]);
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("| change of policies | **failed** |"), "{report}");
}

#[test]
fn a_base_that_is_not_there_fails_the_check() {
    let place = repository();
    place.write("policies/agents.yaml", POLICY.replace("deny", "allow"));
    let base = "0123456789012345678901234567890123456789";
    let (code, report) = check(&place, &[("PRELOOP_CI_BASE", base)]);
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("is not in this repository; fetch it first"), "{report}");
    assert!(!report.contains("is new"), "{report}");
}

#[test]
fn a_renamed_policy_is_compared_with_what_it_was() {
    let place = repository();
    let looser = POLICY.replace("> 100", "> 400");
    git(&place, &["mv", "policies/agents.yaml", "policies/shop.yaml"]);
    git(&place, &["mv", "policies/agents_test.yaml", "policies/shop_test.yaml"]);
    place.write("policies/shop.yaml", &looser);
    place.write("policies/shop_test.yaml", TESTS.replace("agents", "shop"));
    let only_looser = [("PRELOOP_CI_FAIL_ON", "loosened")];
    let (code, report) = check_of(&place, "policies/shop.yaml", &only_looser);
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("`policies/shop.yaml` was `policies/agents.yaml`."), "{report}");
    assert!(report.contains("args.amount > 400"), "{report}");
    git(&place, &["mv", "policies", "rules"]);
    let (code, report) = check_of(&place, "rules", &only_looser);
    assert_eq!(code, Some(1), "{report}");
    assert!(!report.contains("is new"), "{report}");
    place.write("rules/other.yaml", POLICY);
    let (_, report) = check_of(&place, "rules/other.yaml", &only_looser);
    assert!(report.contains("`rules/other.yaml` is new."), "{report}");
}

#[test]
fn every_problem_is_in_one_report() {
    let place = repository();
    place.write(
        "policies/agents.yaml",
        POLICY.replace("> 100", "> 1000").replace("  name", "    name"),
    );
    let (code, report) = check(&place, &[]);
    assert_eq!(code, Some(1), "{report}");
    for row in ["| valid | passed |", "| in the style | **failed** |", "| tests | **failed** |"] {
        assert!(report.contains(row), "{report}");
    }
    assert!(report.contains("    -    name: agents"), "the lines that differ are shown: {report}");
    place.write("policies/agents.yaml", "version: \"1.0\"\n");
    let (code, report) = check(&place, &[]);
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("| valid | **failed** |"), "{report}");
    assert_eq!(script(&place, "check", &[], &[]).status.code(), Some(2));
}

#[test]
fn the_step_of_the_action_runs_the_check() {
    let action = std::fs::read(root().join("action.yml")).expect("text");
    let action = preloop_core::parse::parse_value(&action).expect("YAML");
    let steps = action["runs"]["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["id"] == "check").expect("the check");
    let place = repository();
    let summary = place.path("summary.md");
    let ran = Command::new("bash")
        .args(["-euo", "pipefail", "-c", step["run"].as_str().expect("a script")])
        .current_dir(place.path("."))
        .env("GITHUB_ACTION_PATH", root())
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env("PRELOOP", env!("CARGO_BIN_EXE_preloop"))
        .env("PRELOOP_CI_BASE", "HEAD")
        .env("PRELOOP_CI_REPORT", place.path("report.md"))
        .env("POLICIES", "policies policies/agents.yaml")
        .output()
        .expect("bash runs");
    assert!(ran.status.success(), "{ran:?}");
    let summary = std::fs::read_to_string(summary).expect("a summary");
    assert!(summary.starts_with("### Policy checks\n"), "{summary}");
    // Each setting of the script is one that the action hands over.
    let known = step["env"].as_object().expect("an environment");
    let script = std::fs::read_to_string(root().join("ci/check")).expect("text");
    for name in [
        "PRELOOP_CI_BASE",
        "PRELOOP_CI_FAIL_ON",
        "PRELOOP_CI_COVERAGE",
        "PRELOOP_CI_LINT",
        "PRELOOP_CI_REPORT",
    ] {
        assert!(known.contains_key(name) && script.contains(&format!("${{{name}:-")), "{name}");
    }
}

#[test]
fn the_hooks_run_on_the_files_of_a_commit() {
    let hooks = std::fs::read(root().join(".pre-commit-hooks.yaml")).expect("text");
    let hooks = preloop_core::parse::parse_value(&hooks).expect("YAML");
    let place = repository();
    place.write("policies/agents.yaml", POLICY.replace("  name: agents", "    name: agents"));
    for hook in hooks.as_array().expect("hooks") {
        let entry: Vec<&str> = hook["entry"].as_str().expect("a command").split(' ').collect();
        assert_eq!(entry[0], "ci/pre-commit");
        let files = ["policies/agents.yaml", "policies/agents_test.yaml"];
        let ran = script(&place, "pre-commit", &[&entry[1..], &files[..]].concat(), &[]);
        assert!(ran.status.success(), "{hook}: {ran:?}");
    }
    let formatted = std::fs::read_to_string(place.path("policies/agents.yaml")).expect("text");
    assert_eq!(formatted, POLICY, "the hook formats in place");
    place.write("policies/agents.yaml", "version: \"1.0\"\n");
    let ran = script(&place, "pre-commit", &["validate", "policies/agents.yaml"], &[]);
    assert_eq!(ran.status.code(), Some(3));
    assert_eq!(script(&place, "pre-commit", &["dance", "x"], &[]).status.code(), Some(2));
}

/// What was asked of the stand-in for GitHub: method, path, authorization and body.
type Asked = (String, String, String, Value);

/// Answers as GitHub does, with these comments in the pull request.
fn github(comments: Value) -> (String, Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Some(asked) = answer(stream, &comments)
                && sender.send(asked).is_err()
            {
                return;
            }
        }
    });
    (address, receiver)
}

fn answer(stream: TcpStream, comments: &Value) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut length, mut token) = (0_usize, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => value.clone_into(&mut token),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = if method == "GET" {
        comments.to_string()
    } else {
        r#"{"html_url": "https://x/1"}"#.to_owned()
    };
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
    reader.get_mut().write_all(format!("{head}{answer}").as_bytes()).ok()?;
    Some((method, path, token, serde_json::from_slice(&body).unwrap_or_default()))
}

fn comment(place: &Place, comments: Value) -> Vec<Asked> {
    let (address, asked) = github(comments);
    place.write("report.md", "### Policy checks\n\"quoted\" \\ `code`\n");
    let settings = [
        ("GITHUB_API_URL", address.as_str()),
        ("GITHUB_REPOSITORY", "acme/agents"),
        ("GITHUB_TOKEN", "secret-token"),
        ("PRELOOP_CI_PULL_REQUEST", "7"),
        ("no_proxy", "127.0.0.1"),
    ];
    let ran = script(place, "comment", &["report.md"], &settings);
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(text(&ran.stdout), "commented: https://x/1\n");
    asked.try_iter().collect()
}

#[test]
fn the_report_is_one_comment_however_often_it_is_written() {
    let place = Place::new();
    let first = comment(&place, json!([{ "id": 3, "body": "LGTM" }]));
    let (method, path, token, body) = first.last().expect("a request");
    assert_eq!((method.as_str(), path.as_str()), ("POST", "/repos/acme/agents/issues/7/comments"));
    assert_eq!(token, "Bearer secret-token");
    let written = body["body"].as_str().expect("text").to_owned();
    assert_eq!(written, "<!-- preloop policy check -->\n### Policy checks\n\"quoted\" \\ `code`\n");
    let again = comment(&place, json!([{ "id": 3, "body": "LGTM" }, { "id": 9, "body": written }]));
    let (method, path, _, _) = again.last().expect("a request");
    assert_eq!((method.as_str(), path.as_str()), ("PATCH", "/repos/acme/agents/issues/comments/9"));
}
