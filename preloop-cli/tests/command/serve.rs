//! `preloop serve`: what it prints, what it makes, and when it does not start.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::{Place, Server, preloop};

const DOCUMENT: &str = "version: \"1.0\"\nmetadata: {name: small}\ntools: [{name: ping}]\n";

#[test]
fn the_first_line_says_where_everything_is() {
    let server = Server::start(DOCUMENT);
    let url = server.text("url");
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!(server.text("mcp_url"), format!("{url}/mcp"));
    assert!(server.text("agent_key").starts_with("pla_"));
    for member in ["owner_key_file", "agent_key_file"] {
        let mode = std::fs::metadata(server.text(member)).expect("a key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{member}");
    }
    let agent_key = std::fs::read_to_string(server.text("agent_key_file")).expect("a key");
    assert_eq!(agent_key.trim(), server.text("agent_key"));
    let decision = server.decide(&json!({ "tool": "ping", "args": {} }));
    assert_eq!(decision["action"], "allow");
    let (code, rest) = server.stop();
    assert_eq!((code, rest.as_str()), (Some(0), ""));
}

#[test]
fn a_person_gets_the_lines_to_paste() {
    let place = Place::new();
    let data_dir = place.path("data");
    let policy = place.write("policy.yaml", DOCUMENT);
    let data_dir = data_dir.to_str().expect("text");
    let said = crate::support::said_by_server(
        &place,
        &["serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir, "--policy", &policy],
        "audit list",
    );
    for part in [
        "Preloop listens on http://127.0.0.1:",
        "claude mcp add --transport http preloop http://127.0.0.1:",
        "--header \"Authorization: Bearer $(cat ",
        "\"mcpServers\"",
        "curl http://127.0.0.1:",
        "approvals approve ID --url http://127.0.0.1:",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let owner_key = std::fs::read_to_string(place.path("data/owner.key")).expect("a key");
    assert!(!said.contains(owner_key.trim()), "the owner key is not printed");
}

#[test]
fn a_broken_document_keeps_the_server_from_starting() {
    let place = Place::new();
    let policy = place.write("policy.yaml", "version: \"1.0\"\ntools: [{nme: x}]\n");
    let data_dir = place.path("data");
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--policy",
        &policy,
        "--data-dir",
        data_dir.to_str().expect("text"),
    ];
    let ran = place.run(&arguments);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains(&format!("{policy}:2:10: error: unknown key `nme`")), "{ran:?}");
    assert!(ran.stderr.contains("no `metadata`"), "{ran:?}");
    let mut with_json = arguments.to_vec();
    with_json.extend(["--format", "json"]);
    let ran = place.run(&with_json);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.json()["errors"].as_array().map(Vec::len), Some(2), "{ran:?}");
}

#[test]
fn what_cannot_work_is_said() {
    for (arguments, code, part) in [
        (vec!["--policy", "nowhere.yaml"], 1, "nowhere.yaml"),
        (vec!["--listen", "0.0.0.0:0"], 1, "--insecure"),
        (vec!["--listen", "8000"], 2, "--listen"),
        (vec!["--log", "inf=o=x"], 2, "is no log filter"),
    ] {
        let place = Place::new();
        let data_dir = place.path("data");
        let mut all = vec!["serve", "--data-dir", data_dir.to_str().expect("text")];
        if !arguments.contains(&"--listen") {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        all.extend(arguments);
        let ran = place.run(&all);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.stderr.contains(part), "{part} in {ran:?}");
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_start_says_that_it_waits_for_the_database_and_ends() {
    let place = Place::new();
    let data_dir = place.path("data");
    let ran = place.run(&[
        "serve",
        "--data-dir",
        data_dir.to_str().expect("text"),
        "--listen",
        "127.0.0.1:0",
        "--database-url",
        "postgres://127.0.0.1:9/x",
    ]);
    assert_eq!((ran.code, &*ran.stdout), (1, ""), "{ran:?}");
    let waits = ran.stderr.find("waits for the database").expect("it says what it waits for");
    assert!(ran.stderr.find("cannot use the database") > Some(waits), "{}", ran.stderr);
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = preloop(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("approvals"), "{shell}");
        assert_eq!(ran.stderr, "");
    }
}
