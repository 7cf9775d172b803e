//! `preloop tools call`: calls through the firewall to a real MCP server, and how they end.

use std::io::Read as _;
use std::process::Stdio;

use serde_json::json;

use crate::support::{Ran, Server, eventually};

const DOCUMENT: &str = "\
version: \"1.0\"
metadata: {name: tools}
mcp_servers:
  - {name: shop, transport: stdio, command: PROGRAM, args: [demo-tools]}
approval_workflows:
  - {name: people}
  - {name: later, async_approval: true}
  - {name: quick, timeout_seconds: 1}
defaults: {require_approval_for_new_tools: false}
tools:
  - name: read_file
    conditions:
      - {expression: 'args.path == \"later\"', action: require_approval, approval_workflow: later}
      - {expression: 'args.path == \"quick\"', action: require_approval, approval_workflow: quick}
      - {expression: 'args.path.startsWith(\"/etc\")', action: deny, message: stay out}
      - {action: allow}
  - name: refund
    approval_workflow: people
";

/// A server in front of the sample tools, which are there.
fn server() -> Server {
    let server = Server::start(&DOCUMENT.replace("PROGRAM", env!("CARGO_BIN_EXE_preloop")));
    eventually("the tools are there", || {
        let list = server.json(&["tools", "list"]);
        (list["items"] != json!([])).then_some(())
    });
    server
}

fn call(server: &Server, tool: &str, arguments: &str) -> Ran {
    server.run(&["tools", "call", tool, arguments])
}

#[test]
fn a_call_is_allowed_denied_or_fails() {
    let server = server();
    let ran = call(&server, "shop__read_file", r#"{"path": "reports/q3.txt"}"#);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert!(!ran.stdout.is_empty());
    let result =
        server.json(&["tools", "call", "shop__read_file", r#"{"path": "reports/q3.txt"}"#]);
    let text = result["content"][0]["text"].as_str().expect("text");
    assert_eq!(ran.stdout.trim_end(), text.trim_end());

    let file = server.place.write("call.json", r#"{"path": "/etc/passwd"}"#);
    let ran = call(&server, "shop__read_file", &format!("@{file}"));
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{ran:?}");
    assert_eq!(ran.stderr, "denied: stay out\n");
    let (url, data_dir) = (server.text("url"), server.text("data_dir"));
    let piped = ["tools", "call", "shop__read_file", "-", "--url", &url, "--data-dir", &data_dir];
    let ran = server.place.run_with_input(&piped, br#"{"path": "/etc/shadow"}"#);
    assert_eq!(ran.code, 4, "{ran:?}");
    let ran = server.run(&[
        "tools",
        "call",
        "shop__read_file",
        r#"{"path": "/etc/passwd"}"#,
        "--format",
        "json",
    ]);
    assert_eq!(
        (ran.code, &ran.json()["_meta"]["dev.preloop/decision"]["action"]),
        (4, &json!("deny"))
    );

    let ran = call(&server, "shop__read_file", r#"{"path": "no/such"}"#);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "the tool says no: {ran:?}");
    assert!(ran.stderr.starts_with("failed: "), "{ran:?}");
    let ran = call(&server, "shop__nothing", "{}");
    assert_eq!(ran.code, 1, "{ran:?}");
    for arguments in ["7", "{", r#"{"a": 1, "a": 2}"#, "[]"] {
        let ran = call(&server, "shop__read_file", arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.starts_with("error: the arguments are no JSON object: "), "{ran:?}");
    }
    let ran = call(&server, "shop__read_file", "@/no/such/file");
    assert!(ran.stderr.starts_with("error: cannot read `/no/such/file`: "), "{ran:?}");

    let records = eventually("the calls in the trail", || {
        let list = server.json(&["audit", "list", "--kind", "decision"]);
        let items = list["items"].as_array().expect("items").clone();
        (items.len() >= 6).then_some(items)
    });
    assert!(records.iter().all(|record| record["principal"]["name"] == "agent"), "{records:?}");
}

#[test]
fn a_held_call_says_that_it_waits_and_ends_as_it_is_voted() {
    let server = server();
    for (vote, code, said) in
        [("approve", 0, ""), ("decline", 4, "denied: the call was declined by owner")]
    {
        let order = format!(r#"{{"order": "{vote}", "amount": 20}}"#);
        let mut command = server.command(&["tools", "call", "shop__refund", &order]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let id = eventually("the call is held", || {
            let list = server.json(&["approvals", "list", "--status", "pending"]);
            list["items"][0]["id"].as_str().map(str::to_owned)
        });
        let voted = server.run(&["approvals", vote, &id, "--yes"]);
        assert_eq!(voted.code, 0, "{voted:?}");
        let ended = child.wait().expect("it ends");
        let mut errors = String::new();
        child.stderr.take().expect("errors").read_to_string(&mut errors).expect("text");
        assert_eq!(ended.code(), Some(code), "{errors}");
        let held =
            format!("held: waiting for one approval (workflow `people`) of approval request {id}");
        assert!(errors.starts_with(&held), "{errors}");
        assert_eq!(errors.matches("held:").count(), 1, "{errors}");
        assert!(errors.contains(said), "{errors}");
    }
}

#[test]
fn a_call_that_nobody_approved_is_not_run() {
    let server = server();
    for path in ["later", "quick"] {
        let arguments = json!({ "path": path }).to_string();
        let ran = call(&server, "shop__read_file", &arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (5, ""), "{ran:?}");
        assert!(ran.stderr.contains("not run: "), "{ran:?}");
        let ran = server.run(&["tools", "call", "shop__read_file", &arguments, "--format", "json"]);
        let decision = &ran.json()["_meta"]["dev.preloop/decision"];
        assert_eq!((ran.code, &decision["action"]), (5, &json!("require_approval")), "{ran:?}");
    }
}

#[test]
fn the_given_key_is_who_calls() {
    let server = server();
    let key = server.run(&["keys", "create", "robot", "--role", "agent"]).stdout;
    let arguments =
        ["tools", "call", "shop__read_file", r#"{"path": "/etc/x"}"#, "--token", key.trim()];
    assert_eq!(server.run(&arguments).code, 4);
    eventually("the robot in the trail", || {
        let list = server.json(&["audit", "list", "--kind", "decision"]);
        (list["items"][0]["principal"]["name"] == "robot").then_some(())
    });
    let viewer = server.run(&["keys", "create", "ann", "--role", "viewer"]).stdout;
    let ran = server.run(&["tools", "call", "shop__read_file", "{}", "--token", viewer.trim()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let ran = server.run(&["tools", "call", "shop__read_file", "{}", "--token", "pla_wrong"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("help: the key is not one of this server's"), "{ran:?}");
}
