//! Servers over the older HTTP with server-sent events: what is theirs alone. Calls over every transport are in `calls`.

use serde_json::json;

use crate::agent::Agent;
use crate::fixture::sse::{Opening, SseFixture};
use crate::stand::Stand;

#[tokio::test(flavor = "multi_thread")]
async fn credentials_go_with_the_stream_and_with_messages() {
    for opening in [Opening::Path, Opening::Whole] {
        let web = SseFixture::start(opening).await;
        let auth = "    auth_type: bearer\n    auth_config: {token: t0ken}\n";
        let stand = Stand::start(&format!("mcp_servers:\n{}", web.entry("web", auth))).await;
        let agent = Agent::open(&stand, "/mcp/web").await;
        assert_eq!(agent.told("echo", json!({"text": "x"})).await.0, "x");
        let seen = web.seen();
        assert!(seen.len() >= 4, "{opening:?}: a stream, a handshake, tools, a call: {seen:?}");
        for (method, headers) in &seen {
            assert_eq!(headers["authorization"], "Bearer t0ken", "{opening:?} {method}");
        }
        assert_eq!(web.sessions(), 1);
        stand.running.shutdown().await;
        let mut rounds = 0;
        while web.sessions() > 0 {
            rounds += 1;
            assert!(rounds < 500, "the stream is let go");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_leaves_the_call_unknown_and_is_opened_again() {
    let web = SseFixture::start(Opening::Path).await;
    let stand = Stand::start(&format!("mcp_servers:\n{}", web.entry("web", ""))).await;
    let agent = Agent::open(&stand, "/mcp/web").await;
    let (words, is_error) = agent.told("crash", json!({})).await;
    assert!(is_error && words.contains("not known"), "{words}");
    stand.audited("outcome_unknown", 1).await;
    assert_eq!(agent.told("echo", json!({"text": "again"})).await, ("again".into(), false));
    web.forget_sessions();
    assert_eq!(agent.told("echo", json!({"text": "anew"})).await, ("anew".into(), false));
    stand.audited("upstream_lost", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_as_it_should_be_says_why() {
    let mut document = String::from("mcp_servers:\n");
    let cases = [
        ("foreign", Opening::Foreign, "an address on another host"),
        ("short", Opening::Short, "ended its stream before it named an address"),
        ("json", Opening::NoStream, "no event stream: is its transport `streamable-http`?"),
    ];
    let mut servers = Vec::new();
    for (name, opening, _) in cases {
        let web = SseFixture::start(opening).await;
        let auth = "    auth_type: bearer\n    auth_config: {token: t0ken}\n";
        document.push_str(&web.entry(name, auth));
        servers.push(web);
    }
    let stand = Stand::start(&document).await;
    for (name, opening, words) in cases {
        let state = crate::upstreams::state_of(&stand, name, "failed").await;
        let error = state["last_error"].as_str().unwrap();
        assert!(error.contains(words), "{opening:?}: {error}");
    }
    for web in &servers {
        assert!(web.seen().iter().all(|(method, _)| *method == "GET"), "no message is sent");
    }
}
