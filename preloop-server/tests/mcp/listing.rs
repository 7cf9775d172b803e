//! What agents see of the servers' tools.

use serde_json::{Value, json};

use crate::agent::{Agent, text_of};
use crate::fixture::http::{HttpFixture, Mood};
use crate::fixture::{LONG_NAME, stdio};
use crate::stand::Stand;

fn named<'a>(tools: &'a [Value], name: &str) -> &'a Value {
    let found = tools.iter().find(|tool| tool["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {tools:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn all_servers_side_by_side_and_each_alone() {
    let web = HttpFixture::start(Mood::Json, None).await;
    let log = tempfile::tempdir().unwrap();
    let stand = Stand::start(&format!(
        "mcp_servers:\n{}{}{}tools:\n  - {{name: danger, enabled: false}}\n  - name: fail\n    \
         conditions: [{{action: deny, message: never}}]\n",
        web.entry("web", ""),
        web.entry("short", "    tool_prefix: s\n"),
        stdio::entry("local", &log.path().join("log")),
    ))
    .await;
    let merged = Agent::open(&stand, "/mcp").await.tool_names().await;
    for name in ["web__echo", "local__echo", "s_echo", "local__big"] {
        assert!(merged.contains(&name.to_owned()), "{name}: {merged:?}");
    }
    assert!(merged.is_sorted(), "{merged:?}");
    assert!(merged.iter().all(|name| name.len() <= 64));
    assert!(!merged.iter().any(|name| name.contains("danger") || name.contains("fail")));
    let cut = merged.iter().find(|name| name.starts_with("local__a_tool_with")).unwrap();

    let agent = Agent::open(&stand, "/mcp").await;
    assert_eq!(agent.told(cut, json!({})).await, (format!("{LONG_NAME} ran"), false));
    assert_eq!(agent.told("s_slow", json!({})).await, ("done".into(), false));

    let alone = Agent::open(&stand, "/mcp/web").await;
    let names = alone.tool_names().await;
    assert!(names.contains(&"echo".to_owned()) && names.contains(&LONG_NAME.to_owned()));
    assert!(!names.contains(&"danger".to_owned()));
    assert_eq!(alone.told("slow", json!({})).await, ("done".into(), false));
    let (words, is_error) = alone.told("danger", json!({})).await;
    assert!(is_error, "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_stay_as_they_were_written() {
    let web = HttpFixture::start(Mood::Json, None).await;
    let stand = Stand::start(&format!(
        "mcp_servers:\n{}tools:\n  - {{name: mirror, source: web, description: \"Ours, \\\"quoted\\\".\"}}\n",
        web.entry("web", "")
    ))
    .await;
    let agent = Agent::open(&stand, "/mcp").await;
    let body = agent.request("tools/list", json!({})).await.body;
    assert!(body.contains(r#""default":1.50}},"required":["text"]}"#), "{body}");
    assert!(body.contains(r#""execution":{"taskSupport":"optional"},"x-vendor":[1e2]"#), "{body}");
    let tools = agent.tools().await;
    assert_eq!(named(&tools, "web__mirror")["description"], "Ours, \"quoted\".");
    assert_eq!(named(&tools, "web__echo")["title"], "Echo");
    let answer = agent.request("tools/list", json!({"cursor": "???"})).await;
    assert_eq!(answer.error_code(), -32602);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_is_asked_for_where_the_policy_wants_one() {
    let web = HttpFixture::start(Mood::Json, None).await;
    let stand = Stand::start(&format!(
        "mcp_servers:\n{}tools:\n  - {{name: mirror, justification: required}}\n  - {{name: own_reason, justification: required}}\n  - {{name: slow, justification: optional}}\n",
        web.entry("web", "")
    ))
    .await;
    let agent = Agent::open(&stand, "/mcp/web").await;
    let tools = agent.tools().await;
    let schema = &named(&tools, "mirror")["inputSchema"];
    assert_eq!(schema["properties"]["justification"]["type"], "string");
    assert_eq!(schema["required"], json!(["justification"]));
    assert_eq!(named(&tools, "slow")["inputSchema"].get("required"), None);
    let own = &named(&tools, "own_reason")["inputSchema"]["properties"];
    assert_eq!(own["justification"].get("description"), None);

    let (words, is_error) = agent.told("mirror", json!({"x": 1})).await;
    assert!(is_error && words.contains("justification"), "{words}");
    let (seen, is_error) = agent.told("mirror", json!({"x": 1, "justification": "because"})).await;
    assert!(!is_error && seen.contains(r#""arguments":{"x":1}"#), "{seen}");
    let params = json!({
        "name": "mirror",
        "arguments": {"x": 2},
        "_meta": {"dev.preloop/justification": "because", "kept": 1},
    });
    let seen = agent.request("tools/call", params).await.message()["result"]["content"][0]["text"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(seen.contains(r#""_meta":{"kept":1}"#), "{seen}");
    let said = json!({"justification": "mine"});
    assert_eq!(agent.told("own_reason", said).await, ("own_reason ran".into(), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_that_is_no_text_makes_the_call_invalid() {
    let web = HttpFixture::start(Mood::Json, None).await;
    let stand = Stand::start(&format!(
        "mcp_servers:\n{}tools:\n  - {{name: mirror, justification: required}}\n  - {{name: danger, justification: optional}}\n",
        web.entry("web", "")
    ))
    .await;
    let agent = Agent::open(&stand, "/mcp/web").await;
    for (tool, reason) in
        [("danger", json!(7)), ("danger", json!(["because"])), ("mirror", json!({}))]
    {
        let result = agent.call(tool, json!({"justification": reason})).await;
        let decision = &result["_meta"]["dev.preloop/decision"];
        assert_eq!(
            (&decision["action"], &decision["reason"]),
            (&json!("deny"), &json!("invalid_call"))
        );
        let (words, is_error) = text_of(&result);
        assert!(is_error && words.contains("`justification` must be text"), "{words}");
    }
    let (words, is_error) = agent.told("danger", json!({"justification": null})).await;
    assert!(!is_error, "null says as much as nothing: {words}");
    let in_meta = json!({
        "name": "danger", "arguments": {}, "_meta": {"dev.preloop/justification": 7},
    });
    assert_eq!(agent.request("tools/call", in_meta).await.error_code(), -32602);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_come_in_pages() {
    let web = HttpFixture::start(Mood::Json, None).await;
    web.fixture().offer((0..1200).map(|number| format!("tool_{number:04}")));
    let stand = Stand::start(&format!("mcp_servers:\n{}", web.entry("web", ""))).await;
    let agent = Agent::open(&stand, "/mcp").await;
    let mut names = Vec::new();
    let mut pages = 0;
    let mut params = json!({});
    loop {
        let result = agent.request("tools/list", params).await.message()["result"].clone();
        let tools = result["tools"].as_array().unwrap();
        names.extend(tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(cursor) = result.get("nextCursor") else { break };
        params = json!({"cursor": cursor});
    }
    assert_eq!(pages, 3);
    assert!(names.is_sorted() && names.contains(&"web__tool_1199".to_owned()));
    let count = names.len();
    names.dedup();
    assert_eq!((names.len(), count), (1216, 1216), "three are our own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_two_tools_share_is_refused() {
    let one = HttpFixture::start(Mood::Json, None).await;
    let two = HttpFixture::start(Mood::Json, None).await;
    one.fixture().offer(std::iter::once("b_c".to_owned()));
    two.fixture().offer(std::iter::once("c".to_owned()));
    let stand = Stand::start(&format!(
        "mcp_servers:\n{}{}",
        one.entry("one", "    tool_prefix: a\n"),
        two.entry("two", "    tool_prefix: a_b\n"),
    ))
    .await;
    let agent = Agent::open(&stand, "/mcp").await;
    let names = agent.tool_names().await;
    assert!(names.contains(&"a_echo".to_owned()) && names.contains(&"a_b_echo".to_owned()));
    assert!(!names.contains(&"a_b_c".to_owned()), "{names:?}");
    let (words, is_error) = agent.told("a_b_c", json!({})).await;
    assert!(is_error && words.contains("several servers"), "{words}");
    let alone = Agent::open(&stand, "/mcp/two").await;
    assert_eq!(alone.told("c", json!({})).await, ("c ran".into(), false));
}

/// Clients would read the second name, under which nobody accepted anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_says_a_key_twice_is_left_out() {
    let web = HttpFixture::start(Mood::Json, None).await;
    let twice = [r#"twice","name":"other__tool"#, r#"plain","description":"x"#];
    web.fixture().offer(twice.into_iter().map(str::to_owned));
    let stand = Stand::start(&format!("mcp_servers:\n{}", web.entry("web", ""))).await;
    let agent = Agent::open(&stand, "/mcp").await;
    let names = agent.tool_names().await;
    assert!(names.contains(&"web__echo".to_owned()), "{names:?}");
    for name in &names {
        assert!(
            !name.contains("twice") && !name.contains("other") && !name.contains("plain"),
            "{name}"
        );
    }
}

/// The items of every page, and how many pages they came in.
async fn paged(stand: &Stand, path: &str, limit: usize) -> (Vec<Value>, usize) {
    let (mut items, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let page = stand.get(&format!("{path}?limit={limit}{cursor}")).await;
        let more = page["items"].as_array().unwrap().clone();
        assert!(more.len() <= limit, "{page}");
        items.extend(more);
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (items, pages),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_and_servers_are_listed_in_pages() {
    let one = HttpFixture::start(Mood::Json, None).await;
    let two = HttpFixture::start(Mood::Json, None).await;
    let servers = format!("mcp_servers:\n{}{}", two.entry("two", ""), one.entry("one", ""));
    let stand = Stand::start(&servers).await;
    stand.audited("upstream_connected", 2).await;
    for (path, limit) in
        [("/api/v1/tools", 3), ("/api/v1/mcp-servers", 1), ("/api/v1/mcp-servers/one/tools", 2)]
    {
        let whole = stand.get(path).await;
        assert_eq!(whole["next_cursor"], Value::Null, "{path}");
        let whole = whole["items"].as_array().unwrap().clone();
        let (items, pages) = paged(&stand, path, limit).await;
        assert_eq!(items, whole, "{path}");
        assert_eq!(pages, whole.len().div_ceil(limit), "{path}");
        let place = |item: &Value| [item["server"].to_string(), item["name"].to_string()];
        assert!(whole.is_sorted_by_key(place), "{path}");
    }
    let request = stand.http.get(stand.url("/api/v1/tools?cursor=!"));
    let answer = request.bearer_auth(stand.owner_key()).send().await.unwrap();
    assert_eq!(answer.status(), 400);
}
