//! Commands that talk to a server: whom they reach, with which key, and what they say when they cannot.

use serde_json::json;

use crate::support::{Place, Server, eventually, preloop};

const DOCUMENT: &str = "\
version: \"1.0\"
metadata: {name: small}
tools:
  - name: ping
  - name: drop
    conditions: [{action: deny, name: never, message: never}]
";

#[test]
fn no_server_and_no_key_are_clear_failures() {
    let place = Place::new();
    let ran = place.run(&["approvals", "list"]);
    assert_eq!(ran.code, 1);
    let key = place.path(".local/share/preloop/owner.key");
    assert!(
        ran.stderr
            .starts_with(&format!("error: no key to act with: `{}` is not there", key.display())),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("help: start a server here with `preloop serve`"),
        "{}",
        ran.stderr
    );

    // The discard port: nothing listens there.
    let nowhere = ["approvals", "list", "--url", "http://127.0.0.1:9", "--token", "plo_x"];
    let ran = place.run(&nowhere);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr
            .starts_with("error: no server answers at `http://127.0.0.1:9`: connection refused\n"),
        "{}",
        ran.stderr
    );
    let mut with_json = nowhere.to_vec();
    with_json.extend(["--format", "json"]);
    let ran = place.run(&with_json);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    assert_eq!(ran.json()["error"]["code"], "unreachable");
}

#[test]
fn the_owner_key_is_not_sent_to_another_machine() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("data")).expect("a directory");
    place.write("data/owner.key", "plo_secret");
    let data_dir = place.path("data");
    let ran = place.run(&[
        "audit",
        "list",
        "--url",
        "http://preloop.invalid",
        "--data-dir",
        data_dir.to_str().expect("text"),
    ]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("the owner key stays on this machine"), "{}", ran.stderr);
}

#[test]
fn a_wrong_key_and_a_wrong_id_are_said() {
    let server = Server::start(DOCUMENT);
    let url = server.text("url");
    let ran =
        preloop(&["audit", "list", "--url", &url, "--token", "plo_wrong", "--format", "json"]);
    assert_eq!(ran.code, 1);
    let error = &ran.json()["error"];
    assert_eq!(error["status"], 401);
    assert!(error["help"].as_str().expect("help").contains("--token"), "{error}");
    let ran = server.run(&["approvals", "show", "01890a5d-ac96-774b-bcce-b302099a8057"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    assert_eq!(server.run(&["approvals", "show", "seven"]).code, 2);
}

#[test]
fn the_trail_is_listed_filtered_and_verified() {
    let server = Server::start(DOCUMENT);
    server.decide(&json!({ "tool": "ping", "args": {} }));
    server.decide(&json!({ "tool": "drop", "args": { "what": "\u{1b}[2Jall" } }));
    let denied = ["audit", "list", "--kind", "decision", "--action", "deny"];
    let record = eventually("the denied call in the trail", || {
        server.json(&denied)["items"].as_array().expect("items").first().cloned()
    });
    assert_eq!(record["tool"], "drop");
    assert_eq!(record["decision"]["rule"]["name"], "never");
    let ran = server.run(&["audit", "list", "--oldest-first", "--kind", "decision"]);
    assert_eq!(ran.code, 0);
    let (allowed, denied) = (ran.stdout.find("allow"), ran.stdout.find("deny"));
    assert!(allowed < denied, "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'));
    let verified = server.json(&["audit", "verify"]);
    assert_eq!(verified["is_valid"], true);
    assert!(server.run(&["audit", "verify"]).stdout.starts_with("intact: "));
    assert_eq!(server.run(&["audit", "list", "--kind", "nonsense"]).code, 2);
}

#[test]
fn keys_are_made_listed_and_revoked() {
    let server = Server::start(DOCUMENT);
    let ran = server.run(&["keys", "create", "build-agent"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let key = ran.stdout.trim();
    assert!(key.starts_with("pla_"), "the key alone is the result: {ran:?}");
    let listed = server.json(&["keys", "list"]);
    let keys = listed["items"].as_array().expect("items");
    let made = keys.iter().find(|key| key["name"] == "build-agent").expect("the key is listed");
    assert!(!listed.to_string().contains(key), "keys are listed without their text");
    let url = server.text("url");
    let vote = ["approvals", "list", "--url", &url, "--token", key];
    let before = preloop(&vote);
    let revoked = server.run(&["keys", "revoke", made["id"].as_str().expect("an id")]);
    assert_eq!(revoked.code, 0, "{revoked:?}");
    let after = preloop(&vote);
    assert!(after.stderr.contains("--token"), "revoked: {after:?}, before: {before:?}");
    assert_eq!(after.code, 1);
}

#[test]
fn tools_of_real_servers_are_listed_with_their_answers() {
    let place = Place::new();
    let program = serde_json::Value::from(env!("CARGO_BIN_EXE_preloop"));
    let policy = place.write(
        "policy.yaml",
        std::fs::read_to_string(crate::support::root().join("examples/quickstart.yaml"))
            .expect("the example")
            .replace("command: preloop\n", &format!("command: {program}\n")),
    );
    let server = Server::start_in(place, &["--policy", &policy]);
    let tools = eventually("the tools of the sample server", || {
        let listed = server.json(&["tools", "list", "--server", "office"]);
        let tools = listed["items"].as_array().expect("items").clone();
        (tools.len() == 5).then_some(tools)
    });
    let by_name = |name: &str| {
        tools.iter().find(|tool| tool["name"] == name).unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!(by_name("read_file")["exposed_name"], "office__read_file");
    assert_eq!(by_name("delete_database")["is_visible"], false);
    let ran = server.run(&["tools", "list"]);
    assert!(ran.stdout.contains("(hidden from agents)"), "{}", ran.stdout);
    let ran = server.run(&["tools", "accept", "office", "nonexistent"]);
    assert_eq!(ran.code, 1, "{ran:?}");
}

#[test]
fn a_server_that_cannot_be_started_is_named_with_the_cause() {
    let server = Server::start(
        "version: \"1.0\"\nmetadata: {name: x}\n\
         mcp_servers: [{name: gone, transport: stdio, command: no-such-program}]\n",
    );
    let said = eventually("the cause", || {
        let ran = server.run(&["tools", "list"]);
        (ran.code == 0 && ran.stderr.contains("not connected: gone: ")).then_some(ran)
    });
    assert!(said.stderr.contains("no-such-program"), "{said:?}");
    assert_eq!(said.stdout, "no tools\n");
}
