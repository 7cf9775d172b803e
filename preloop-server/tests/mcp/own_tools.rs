//! The tools of the firewall itself, by which agents ask people.

use serde_json::json;

use crate::agent::{Agent, text_of};
use crate::stand::Stand;

async fn names(sections: &str) -> Vec<String> {
    let stand = Stand::start(sections).await;
    Agent::open(&stand, "/mcp").await.tool_names().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_says_which_are_there() {
    assert_eq!(names("").await, ["ask_user", "get_approval_status", "request_approval"]);
    let denied = "tools:\n  - {name: ask_user, source: builtin, enabled: false}\n";
    assert_eq!(names(denied).await, ["get_approval_status", "request_approval"]);
    let of_servers = "tools:\n  - {name: ask_user, source: mcp, enabled: false}\n";
    assert!(names(of_servers).await.contains(&"ask_user".to_owned()), "another source");
    let strict =
        "defaults: {unknown_tools: deny}\ntools:\n  - {name: request_approval, source: builtin}\n";
    assert_eq!(names(strict).await, ["get_approval_status", "request_approval"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_asks_before_something_risky() {
    let stand = Stand::start(
        "approval_workflows:\n  - {name: people}\n  - {name: board, required_approvals: 2}\n\
         defaults: {default_approval_workflow: people}\n",
    )
    .await;
    let agent = Agent::open(&stand, "/mcp").await;
    let arguments = json!({"title": "Drop the table", "details": {"table": "orders"}});
    let params = json!({"name": "request_approval", "arguments": arguments});
    let open = agent.begin(params).await;
    let approval = stand.pending().await;
    assert_eq!(approval["tool"], "request_approval");
    assert_eq!(approval["source"], "builtin");
    assert_eq!(approval["arguments"]["details"]["table"], "orders");
    assert_eq!(approval["workflow"]["name"], "people");
    stand.approve().await;
    let (result, _) = open.finish().await;
    let (words, is_error) = text_of(&result);
    assert!(!is_error && words.starts_with("APPROVED by"), "{words}");
    assert_eq!(result["structuredContent"]["status"], "approved");

    let open = agent
        .begin(
            json!({"name": "request_approval", "arguments": {"title": "x", "workflow": "board"}}),
        )
        .await;
    let approval = stand.pending().await;
    assert_eq!(approval["workflow"]["name"], "board");
    let path = format!("/api/v1/approvals/{}/decline", approval["id"].as_str().unwrap());
    stand.post(&path, json!({"reason": "no"})).await;
    stand
        .eventually("the decline", async || {
            let shown =
                stand.get(&format!("/api/v1/approvals/{}", approval["id"].as_str().unwrap())).await;
            (shown["votes"].as_array().unwrap().len() == 1).then_some(())
        })
        .await;
    drop(open);

    for wrong in [json!({}), json!({"title": "x", "workflow": "nobody"})] {
        let (words, is_error) = agent.told("request_approval", wrong).await;
        assert!(is_error, "{words}");
    }
    let (words, _) =
        agent.told("request_approval", json!({"title": "x", "workflow": "nobody"})).await;
    assert!(words.contains("`people`, `board`"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_about_the_tool_names_who_is_asked() {
    let stand = Stand::start(
        "approval_workflows:\n  - {name: people}\n  - {name: board}\ntools:\n  \
         - {name: request_approval, source: builtin, approval_workflow: board, justification: required}\n",
    )
    .await;
    let agent = Agent::open(&stand, "/mcp").await;
    let (words, is_error) = agent.told("request_approval", json!({"title": "x"})).await;
    assert!(is_error && words.contains("justification"), "{words}");
    let arguments = json!({"title": "x", "workflow": "people", "justification": "because"});
    let open = agent.begin(json!({"name": "request_approval", "arguments": arguments})).await;
    let approval = stand.pending().await;
    assert_eq!(approval["workflow"]["name"], "board", "not the agent's choice");
    assert_eq!(approval["justification"], "because");
    stand.approve().await;
    assert!(!text_of(&open.finish().await.0).1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_answers_a_question() {
    let stand = Stand::start("").await;
    let agent = Agent::open(&stand, "/mcp").await;
    let arguments = json!({"question": "Which region?", "options": ["eu", "us"]});
    let open = agent.begin(json!({"name": "ask_user", "arguments": arguments})).await;
    let id = stand.pending().await["id"].as_str().unwrap().to_owned();
    let vote = async |body: serde_json::Value| {
        let url = stand.url(&format!("/api/v1/approvals/{id}/approve"));
        let request = stand.http.post(url).bearer_auth(stand.owner_key()).json(&body);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json::<serde_json::Value>().await.unwrap()["code"].clone())
    };
    assert_eq!(vote(json!({})).await, (422, json!("answer_required")));
    assert_eq!(vote(json!({"answer": "mars"})).await, (422, json!("answer_not_an_option")));
    assert_eq!(vote(json!({"answer": " eu "})).await.0, 200);
    let (result, _) = open.finish().await;
    assert!(text_of(&result).0.ends_with("answered: eu"), "{result}");
    assert_eq!(result["structuredContent"]["answer"], "eu");
}

/// Without notes nobody would hear the code, so the call is answered with a handle that tells it.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_for_a_code_tells_it_whatever_its_client_reads() {
    let stand = Stand::start(
        "approval_workflows:\n  - {name: code, step_up: match_code}\n\
         defaults: {default_approval_workflow: code}\n",
    )
    .await;
    let agent = Agent::open(&stand, "/mcp").await;
    let call = |title: &str, token: Option<&str>| {
        let mut call = json!({"name": "request_approval", "arguments": {"title": title}});
        if let Some(token) = token {
            call["_meta"] = json!({"progressToken": token});
        }
        call
    };
    let mute = [
        agent.begin(call("no token", None)).await,
        agent.begin_accepting(call("no events", Some("t")), "application/json").await,
    ];
    for open in mute {
        let (given, _) = open.finish().await;
        let code = given["structuredContent"]["match_code"].as_str().unwrap_or_default();
        assert_eq!(code.len(), 2, "{given}");
        let path = format!(
            "/api/v1/approvals/{}/approve",
            given["structuredContent"]["request_id"].as_str().unwrap()
        );
        stand.post(&path, json!({"match_code": code})).await;
    }
    // Whoever hears notes is told in one, and waits.
    let mut open = agent.begin(call("notes", Some("t"))).await;
    let note = open.message().await.unwrap();
    let words = note["params"]["message"].as_str().unwrap().to_owned();
    let (_, code) = words.split_once("the code ").unwrap_or_else(|| panic!("{words}"));
    let code: String = code.chars().take_while(char::is_ascii_digit).collect();
    let path =
        format!("/api/v1/approvals/{}/approve", stand.pending().await["id"].as_str().unwrap());
    stand.post(&path, json!({"match_code": code})).await;
    assert!(text_of(&open.finish().await.0).0.starts_with("APPROVED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_side_that_asks_is_told_the_matching_code() {
    let stand = Stand::start(
        "approval_workflows:\n  - {name: code, step_up: match_code, async_approval: true}\n\
         defaults: {default_approval_workflow: code}\n",
    )
    .await;
    let agent = Agent::open(&stand, "/mcp").await;
    let given = agent.call("request_approval", json!({"title": "x"})).await;
    let code = given["structuredContent"]["match_code"].as_str().unwrap().to_owned();
    assert!(text_of(&given).0.contains(&format!("the code {code}")), "{given}");
    let approval = stand.pending().await;
    assert!(approval.get("match_code").is_none(), "those who decide are not told: {approval}");
    let path = format!("/api/v1/approvals/{}/approve", approval["id"].as_str().unwrap());
    stand.post(&path, json!({"match_code": code})).await;
    let arguments = json!({"request_id": approval["id"]});
    assert!(agent.told("get_approval_status", arguments).await.0.starts_with("APPROVED"));
}
