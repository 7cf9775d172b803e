//! Opening, keeping and ending sessions; clients of another era.

use http::Method;
use serde_json::json;

use crate::agent::{Agent, Answer, Item};
use crate::stand::Stand;

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_is_agreed_on() {
    let stand = Stand::start("").await;
    let agent = Agent::new(&stand, "/mcp", stand.running.agent_key());
    for (asked, given) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-03-26"),
        ("2026-07-28", "2025-11-25"),
        ("2024-11-05", "2025-11-25"),
    ] {
        let answer = agent.initialize(asked).await;
        let result = &answer.message()["result"];
        assert_eq!(result["protocolVersion"], given, "{asked}");
        assert_eq!(result["capabilities"], json!({"tools": {"listChanged": true}}));
        assert_eq!(result["serverInfo"]["name"], "preloop");
        assert!(answer.headers.contains_key("mcp-session-id"));
    }
    let nothing = agent.request("initialize", json!({})).await;
    assert_eq!((nothing.status.as_u16(), nothing.error_code()), (400, -32602));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_known_to_its_principal_alone() {
    let stand = Stand::start("").await;
    let mut agent = Agent::open(&stand, "/mcp").await;
    assert_eq!(agent.request("ping", json!({})).await.message()["result"], json!({}));
    let same = Agent::open(&stand, "/mcp/v1").await;
    assert_eq!(same.request("ping", json!({})).await.status, 200);

    let mut other = Agent::new(&stand, "/mcp", &stand.another_key("other").await);
    other.session.clone_from(&agent.session);
    assert_eq!(other.request("ping", json!({})).await.status, 404);

    assert_eq!(Answer::read(agent.builder(Method::DELETE)).await.status, 204);
    assert_eq!(agent.request("ping", json!({})).await.status, 404);
    agent.session = None;
    let missing = agent.request("ping", json!({})).await;
    assert_eq!((missing.status.as_u16(), missing.error_code()), (400, -32000));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_tools_are_offered() {
    let stand = Stand::start("").await;
    let agent = Agent::open(&stand, "/mcp").await;
    for method in ["resources/list", "prompts/list", "completion/complete", "logging/setLevel"] {
        let answer = agent.request(method, json!({})).await;
        assert_eq!((answer.status.as_u16(), answer.error_code()), (200, -32601), "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn newer_clients_fall_back() {
    let stand = Stand::start("").await;
    let agent = Agent::new(&stand, "/mcp", stand.running.agent_key());
    let newer = |body: String| {
        let request = agent
            .builder(Method::POST)
            .header("content-type", "application/json")
            .header("accept", crate::agent::BOTH)
            .header("mcp-protocol-version", "2026-07-28")
            .body(body);
        Answer::read(request)
    };
    let probe = newer(agent.message("server/discover", "{}").1).await;
    assert_eq!((probe.status.as_u16(), probe.error_code()), (200, -32601));
    let call = newer(agent.message("tools/call", r#"{"name":"x"}"#).1).await;
    assert_eq!((call.status.as_u16(), call.error_code()), (400, -32000));
    let initialize =
        newer(agent.message("initialize", r#"{"protocolVersion":"2026-07-28"}"#).1).await;
    assert_eq!(initialize.message()["result"]["protocolVersion"], "2025-11-25");
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_hear_of_changes_and_stay_awake() {
    let stand = Stand::start("").await;
    let agent = Agent::open(&stand, "/mcp").await;
    let mut first = agent.listen().await;
    assert_eq!(first.next().await, Some(Item::Comment), "kept alive");
    let mut second = agent.listen().await;
    while let Some(item) = first.next().await {
        assert_eq!(item, Item::Comment, "the newer stream takes over");
    }
    stand.rewrite("defaults:\n  unknown_tools: deny\n");
    let note = second.message().await.unwrap();
    assert_eq!(note["method"], "notifications/tools/list_changed");
}
