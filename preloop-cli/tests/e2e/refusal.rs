//! Bad input: refused with the right status and a message, never with a crash, and never with a call.

use serde_json::{Value, json};

use crate::support::preloop::{Preloop, cli_command, policy};
use crate::support::session::{Session, initialize, tools_call};
use crate::support::text;
use crate::support::upstream::Fixture;
use crate::support::wire;

fn start() -> (Fixture, Preloop) {
    let fixture = Fixture::new(&["look"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    (fixture, preloop)
}

/// The server still works, and nothing that was refused has run.
#[track_caller]
fn assert_unharmed(fixture: &Fixture, preloop: &Preloop) {
    assert!(fixture.calls().is_empty(), "{:?}", fixture.calls());
    let session = Session::open(preloop, "things", &preloop.agent_key);
    let reply = session.post(&tools_call(1, "look", &json!({}))).message();
    assert_eq!(text(&reply["result"]), "ran look");
}

#[test]
fn wrong_and_missing_keys() {
    let (fixture, preloop) = start();
    for path in ["/mcp", "/mcp/things", "/mcp/v1", "/api/v1/approvals", "/api/v1/audit"] {
        for headers in [
            &[][..],
            &[("Authorization", "Bearer pla_wrong")],
            &[("Authorization", "Basic b3duZXI6")],
            &[("Authorization", "Bearer ")],
        ] {
            let answer = wire::send(&preloop.address, "GET", path, headers, b"");
            assert_eq!(answer.status, 401, "{path} {headers:?} {answer:?}");
            let challenge = answer.header("www-authenticate").unwrap_or_default();
            assert!(challenge.starts_with("Bearer"), "{answer:?}");
        }
    }
    assert_unharmed(&fixture, &preloop);
}

#[test]
fn requests_that_a_foreign_web_page_makes() {
    let (fixture, preloop) = start();
    let session = Session::open(&preloop, "", &preloop.agent_key);
    let call = tools_call(1, "things__look", &json!({}));
    for header in [
        ("Host", "evil.example"),
        ("Host", "127.0.0.1.evil.example"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
    ] {
        let answer = session.post_with(&[header], &call);
        assert_eq!(answer.status, 403, "{header:?} {answer:?}");
        let bearer = format!("Bearer {}", preloop.owner_key);
        let api = [("Authorization", bearer.as_str()), header];
        let answer = wire::send(&preloop.address, "GET", "/api/v1/approvals", &api, b"");
        assert_eq!(answer.status, 403, "{header:?} {answer:?}");
    }
    let local = format!("http://{}", preloop.address);
    assert_eq!(session.post_with(&[("Origin", &local)], &ping()).status, 200);
    assert_unharmed(&fixture, &preloop);
}

#[test]
fn bodies_over_the_limit() {
    let (fixture, preloop) = start();
    let session = Session::open(&preloop, "", &preloop.agent_key);
    let filling = "x".repeat(4 * 1024 * 1024);
    let big = tools_call(1, "things__look", &json!({"filling": filling}));
    assert_eq!(session.post(&big).status, 413);
    let body = json!({"tool": "look", "args": {"filling": filling}});
    let answer = preloop.post("/api/v1/decisions", &preloop.agent_key, &body);
    assert_eq!(answer.status, 413, "{answer:?}");
    // A length that is announced and never sent is refused by the announcement.
    let liar = session.post_with(&[("Content-Length", "99999999999")], &ping());
    assert_eq!(liar.status, 413, "{liar:?}");
    preloop.recorded("the refusal", |record| record["kind"] == "request_refused");
    assert_unharmed(&fixture, &preloop);
}

#[test]
fn duplicate_keys_at_any_depth() {
    let (fixture, preloop) = start();
    let session = Session::open(&preloop, "", &preloop.agent_key);
    for params in [
        r#"{"name":"things__look","name":"things__other","arguments":{}}"#,
        r#"{"name":"things__look","arguments":{"path":"/safe","path":"/etc/shadow"}}"#,
        r#"{"name":"things__look","arguments":{"a":[{"b":{"c":1,"d":2,"\u0063":3}}]}}"#,
        r#"{"name":"things__look","arguments":{},"arguments":{"x":1}}"#,
    ] {
        let message =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        let answer = session.post(&message);
        assert!(answer.body.contains("duplicate"), "{params}: {answer:?}");
        assert!(!answer.body.contains("ran look"), "{params}: {answer:?}");
    }
    let bearer = format!("Bearer {}", preloop.agent_key);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let body = br#"{"tool":"look","args":{"deep":{"a":1,"a":2}}}"#;
    let answer = wire::send(&preloop.address, "POST", "/api/v1/decisions", &headers, body);
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.json()["code"], "duplicate_key", "{answer:?}");
    let place = &answer.json()["errors"][0];
    assert_eq!((&place["line"], &place["column"]), (&json!(1), &json!(38)), "{answer:?}");
    assert_unharmed(&fixture, &preloop);
}

#[test]
fn malformed_messages() {
    let (fixture, preloop) = start();
    let session = Session::open(&preloop, "", &preloop.agent_key);
    let call = tools_call(1, "things__look", &json!({}));
    let cases = [
        ("{", -32700),
        ("", -32700),
        ("\u{feff}nonsense", -32700),
        ("[]", -32600),
        ("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", -32600),
        ("7", -32600),
        ("null", -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
        (r#"{"id":1,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600),
    ];
    for (message, code) in cases {
        let answer = session.post(message);
        assert_eq!(answer.status, 400, "{message}: {answer:?}");
        assert_eq!(answer.message()["error"]["code"], code, "{message}: {answer:?}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = call.replace("\"arguments\":{}", &format!("\"arguments\":{{\"a\":{deep}}}"));
    assert!(nested.contains("[["), "{nested:.200}");
    let answer = session.post(&nested);
    assert!(!answer.body.contains("ran look"), "{:.300}", answer.body);
    preloop.recorded("the refusal", |record| record["kind"] == "request_refused");
    assert_unharmed(&fixture, &preloop);
}

#[test]
fn methods_that_are_not_offered() {
    let (fixture, preloop) = start();
    let session = Session::open(&preloop, "", &preloop.agent_key);
    for method in ["resources/list", "prompts/list", "completion/complete", "logging/setLevel", "x"]
    {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method}).to_string();
        let reply = session.post(&message).message();
        assert_eq!(reply["error"]["code"], -32601, "{method}: {reply}");
    }
    assert_eq!(session.post(&ping()).message()["result"], json!({}));
    assert_unharmed(&fixture, &preloop);
}

#[test]
fn wrong_types_methods_and_places() {
    let (fixture, preloop) = start();
    let session = Session::open(&preloop, "", &preloop.agent_key);
    let call = tools_call(1, "things__look", &json!({}));
    let answer = session.post_with(&[("Content-Type", "text/plain")], &call);
    assert_eq!(answer.status, 415, "{answer:?}");
    let answer = session.post_with(&[("Accept", "text/html")], &call);
    assert_eq!(answer.status, 406, "{answer:?}");
    let answer = session.post_with(&[("Mcp-Session-Id", "made-up")], &call);
    assert_eq!(answer.status, 404, "{answer:?}");
    let key = preloop.owner_key.as_str();
    assert_eq!(preloop.get("/mcp/nowhere", key).status, 404);
    let answer = preloop.get("/api/v1/nothing", key);
    assert_eq!(answer.status, 404, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let answer = preloop.post("/api/v1/audit", key, &json!({}));
    assert_eq!(answer.status, 405, "{answer:?}");
    let answer = preloop.get("/api/v1/approvals/not-an-id", key);
    assert!([400, 404].contains(&answer.status), "{answer:?}");
    assert_unharmed(&fixture, &preloop);
}

#[test]
fn every_revision_that_is_spoken_and_one_that_is_not() {
    let (fixture, preloop) = start();
    let bearer = format!("Bearer {}", preloop.agent_key);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
    ];
    for (asked, agreed) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-03-26"),
        ("2026-07-28", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let body = initialize(asked);
        let answer = wire::send(&preloop.address, "POST", "/mcp", &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{asked}: {answer:?}");
        let result = &answer.message()["result"];
        assert_eq!(result["protocolVersion"], agreed, "{asked}: {answer:?}");
        assert!(result["capabilities"]["tools"].is_object(), "{answer:?}");
        assert!(result["capabilities"].get("resources").is_none(), "{answer:?}");
    }
    assert_unharmed(&fixture, &preloop);
}

#[test]
fn a_broken_policy_never_starts_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    let text = "version: \"1.0\"\nmetadata:\n  name: broken\ntools:\n  - name: bash\n    approval_workflow: nonexistent\n  - name: read\n    conditions:\n      - expression: \"args.path ==\"\n        action: deni\n";
    std::fs::write(&file, text).unwrap();
    let serve = |format: &str| {
        cli_command(&["serve", "--listen", "127.0.0.1:0", "--format", format])
            .arg("--policy")
            .arg(&file)
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .output()
            .unwrap()
    };
    let output = serve("human");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("Tool 'bash' references unknown approval workflow 'nonexistent'"),
        "{said}"
    );
    for place in ["policy.yaml:6:", "policy.yaml:9:", "policy.yaml:10:"] {
        assert!(said.contains(place), "every error has its place, {place}: {said}");
    }
    let output = serve("json");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["is_valid"], false, "{report}");
    assert!(report["errors"].as_array().unwrap().len() >= 3, "{report}");
}

fn ping() -> String {
    json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}).to_string()
}
