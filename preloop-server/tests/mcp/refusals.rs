//! Bad input: the right status, words that help, and a line in the trail where a caller is known.

use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::agent::{Agent, Answer, BOTH};
use crate::fixture::stdio;
use crate::stand::Stand;

#[tokio::test(flavor = "multi_thread")]
async fn malformed_messages() {
    let stand = Stand::start("").await;
    let agent = Agent::open(&stand, "/mcp").await;
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"a":{}{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let cases = [
        ("", 400, -32700),
        ("{", 400, -32700),
        ("{\"jsonrpc\":\"2.0\",}", 400, -32700),
        ("\u{feff}{}", 400, -32700),
        ("{} {}", 400, -32700),
        ("[]", 400, -32600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, 400, -32600),
        ("1", 400, -32600),
        ("{}", 400, -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, 400, -32600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, 400, -32600),
        (r#"{"jsonrpc":"2.0","id":1}"#, 400, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, 400, -32600),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":{"b":1,"\u0062":2}}}}"#,
            400,
            -32600,
        ),
        (deep.as_str(), 400, -32600),
    ];
    for (body, status, code) in cases {
        let answer = agent.raw(body).await;
        let got = (answer.status.as_u16(), answer.error_code());
        assert_eq!(got, (status, code), "{body:.80}: {}", answer.body);
    }
    let records = stand.audited("request_refused", cases.len()).await;
    let duplicate = records.iter().any(|record| {
        record["message"].as_str().is_some_and(|message| message.contains("duplicate key `b`"))
    });
    assert!(duplicate, "{records:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_parameters_of_a_call() {
    let stand = Stand::start("").await;
    let agent = Agent::open(&stand, "/mcp").await;
    for params in ["{}", r#"{"name":1}"#, r#"{"name":"x","_meta":3}"#, "[]"] {
        let answer = agent.raw(&agent.message("tools/call", params).1).await;
        assert_eq!(answer.error_code(), -32602, "{params}");
    }
    let (words, is_error) = agent.told("nowhere__nothing", json!({})).await;
    assert!(is_error && words.contains("there is no tool `nowhere__nothing`"), "{words}");
    let records = stand.audited("request_refused", 5).await;
    assert!(records.iter().any(|record| record["tool"] == "nowhere__nothing"), "{records:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_requests() {
    let stand = Stand::start("").await;
    let agent = Agent::open(&stand, "/mcp").await;
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let post = |kind: &str, accept: &str, body: String| {
        let request = agent.builder(Method::POST).header("content-type", kind);
        Answer::read(request.header("accept", accept).body(body))
    };
    assert_eq!(post("text/plain", BOTH, ping.into()).await.status, 415);
    assert_eq!(post("application/json", "text/html", ping.into()).await.status, 406);
    assert_eq!(post("application/json; charset=utf-8", "*/*", ping.into()).await.status, 200);
    let stream = post("application/json", "text/event-stream", ping.into()).await;
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    assert_eq!(stream.message()["result"], json!({}));

    let put = Answer::read(agent.builder(Method::PUT)).await;
    assert_eq!(put.status, 405);
    let allowed = put.headers["allow"].to_str().unwrap();
    assert!(["POST", "GET", "DELETE"].iter().all(|method| allowed.contains(method)), "{allowed}");
    let get = agent.builder(Method::GET).header("accept", "application/json");
    assert_eq!(Answer::read(get).await.status, 406);
    let nowhere = Agent::new(&stand, "/mcp/nowhere", stand.running.agent_key());
    assert_eq!(nowhere.initialize("2025-11-25").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_other_hosts() {
    let stand = Stand::start("").await;
    for key in ["", "nonsense", "pla_0000000000000000000000000000000000000000000000000000"] {
        let answer = Agent::new(&stand, "/mcp", key).initialize("2025-11-25").await;
        assert_eq!(answer.status, 401);
        assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
    }
    let agent = Agent::open(&stand, "/mcp").await;
    for (name, value) in [("host", "evil.example"), ("origin", "http://evil.example")] {
        let request = agent
            .builder(Method::POST)
            .header("content-type", "application/json")
            .header(name, value)
            .body(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
        assert_eq!(Answer::read(request).await.status, 403, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_is_refused_before_it_is_read() {
    let stand = Stand::start("").await;
    let mut stream = TcpStream::connect(stand.running.local_addr()).await.unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        stand.running.agent_key(),
        4 * 1024 * 1024 + 1
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    stand.audited("request_refused", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_unknown_length_is_read_up_to_the_limit() {
    let stand = Stand::start("").await;
    let mut stream = TcpStream::connect(stand.running.local_addr()).await.unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n400001\r\n",
        stand.running.agent_key(),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; 4 * 1024 * 1024 + 1]).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

/// Servers in Go read `Name` where they look for `name`, and the last one counts.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_differ_in_case_only_are_refused() {
    let log = tempfile::tempdir().unwrap().keep().join("calls.log");
    let servers = format!("mcp_servers:\n{}", stdio::entry("local", &log));
    let stand = Stand::start(&servers).await;
    let agent = Agent::open(&stand, "/mcp/local").await;
    for params in [
        r#"{"name":"echo","arguments":{"text":"a"},"Name":"danger"}"#,
        r#"{"name":"echo","arguments":{"text":"a"},"ARGUMENTS":{"text":"b"}}"#,
        r#"{"name":"echo","arguments":{"text":"a"},"argument\u017f":{"text":"b"}}"#,
    ] {
        let answer = agent.raw(&agent.message("tools/call", params).1).await;
        assert_eq!(answer.error_code(), -32602, "{params}: {}", answer.body);
    }
    let (words, is_error) = agent.told("echo", json!({"text": "a", "Text": "b"})).await;
    assert!(is_error && words.contains("`Text` must be written `text`"), "{words}");
    let noted = std::fs::read_to_string(&log).unwrap_or_default();
    assert!(!noted.contains("call "), "nothing reached the server: {noted}");
    let (_, is_error) = agent.told("echo", json!({"text": "a", "other": "b"})).await;
    assert!(!is_error, "any other name is left alone");
    stand.audited("request_refused", 4).await;
}
