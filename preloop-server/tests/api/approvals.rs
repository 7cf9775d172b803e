//! Approval requests: bound to the exact call, used at most once, voted on by people only.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, send};

#[tokio::test]
async fn an_approved_call_is_allowed_exactly_once() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    let call = json!({"tool": "pay", "args": {"amount": 3.0}, "approval_id": id});
    let (_, waiting) = server.agent_post("/api/v1/decisions", call.clone()).await;
    assert_eq!(waiting["action"], "require_approval", "pending: the same answer again");
    assert_eq!(waiting["approval"]["id"], json!(id));
    let (status, approval) = server.approve(&id).await;
    assert_eq!((status, &approval["state"]), (StatusCode::OK, &json!("approved")));
    let (status, allowed) = server.agent_post("/api/v1/decisions", call.clone()).await;
    assert_eq!(status, StatusCode::OK, "{allowed}");
    assert_eq!((&allowed["action"], &allowed["reason"]), (&json!("allow"), &json!("granted")));
    let (status, used) = server.agent_post("/api/v1/decisions", call).await;
    assert_eq!((status, &used["code"]), (StatusCode::CONFLICT, &json!("approval_used")));
    let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
    assert_eq!(shown["outcome"], "handed_over");
    assert_ne!(shown["used_at"], Value::Null);
    assert_eq!(
        server.kinds(&format!("&approval_id={id}")).await,
        [
            "decision",
            "approval_requested",
            "vote",
            "approval_approved",
            "decision",
            "request_refused",
        ]
    );
}

#[tokio::test]
async fn of_racing_uses_one_wins() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    server.approve(&id).await;
    let call = json!({"tool": "pay", "args": {"amount": 3}, "approval_id": id});
    let uses = (0..20).map(|_| server.agent_post("/api/v1/decisions", call.clone()));
    let answers = futures_util::future::join_all(uses).await;
    let allowed = answers.iter().filter(|(_, body)| body["action"] == "allow").count();
    let refused = answers.iter().filter(|(_, body)| body["code"] == "approval_used").count();
    assert_eq!((allowed, refused), (1, 19), "{answers:?}");
}

#[tokio::test]
async fn of_racing_votes_one_counts() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    let votes = (0..50).map(|number| {
        let vote = if number % 2 == 0 { "approve" } else { "decline" };
        server.owner_post_owned(format!("/api/v1/approvals/{id}/{vote}"), json!({}))
    });
    let answers = futures_util::future::join_all(votes).await;
    let counted = answers.iter().filter(|(status, _)| *status == StatusCode::OK).count();
    let conflicts = answers.iter().filter(|(status, _)| *status == StatusCode::CONFLICT).count();
    assert_eq!((counted, conflicts), (1, 49));
    let states = ["approved", "declined"].map(Value::from);
    for (_, body) in answers.iter().filter(|(status, _)| *status == StatusCode::CONFLICT) {
        assert!(states.contains(&body["state"]), "a conflict says how things stand: {body}");
    }
    assert_eq!(server.kinds("&kind=vote").await.len(), 1);
}

#[tokio::test]
async fn an_agent_cannot_vote() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    for vote in ["approve", "decline"] {
        let path = format!("/api/v1/approvals/{id}/{vote}");
        let (status, problem) = server.agent_post(&path, json!({})).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(problem["code"], "agent_cannot_approve");
    }
    let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
    assert_eq!((&shown["state"], &shown["votes"]), (&json!("pending"), &json!([])));
    let refusals = server.kinds(&format!("&approval_id={id}&kind=request_refused")).await;
    assert_eq!(refusals.len(), 2);
}

#[tokio::test]
async fn an_identical_call_joins_and_another_does_not() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3, "to": "a"})).await;
    assert_eq!(server.hold("pay", json!({"to": "a", "amount": 3})).await, id);
    assert_ne!(server.hold("pay", json!({"to": "b", "amount": 3})).await, id);
    let other = server.agent_key("bot").await;
    let body = json!({"tool": "pay", "args": {"amount": 3, "to": "a"}});
    let (_, held) = send(server.request("POST", "/api/v1/decisions", &other).json(&body)).await;
    assert_ne!(held["approval"]["id"], json!(id), "requests belong to one principal");
    assert_eq!(server.kinds("&kind=approval_joined").await.len(), 1);
}

#[tokio::test]
async fn an_approval_belongs_to_its_principal_and_its_call() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    server.approve(&id).await;
    let other = server.agent_key("bot").await;
    let call = json!({"tool": "pay", "args": {"amount": 3}, "approval_id": id});
    let (status, problem) =
        send(server.request("POST", "/api/v1/decisions", &other).json(&call)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("approval_not_found")));
    let path = format!("/api/v1/approvals/{id}");
    let (status, _) = send(server.request("GET", &path, &other)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, list) = send(server.request("GET", "/api/v1/approvals", &other)).await;
    assert_eq!(list["items"], json!([]));
    for changed in [
        json!({"tool": "pay", "args": {"amount": 4}, "approval_id": id}),
        json!({"tool": "pay", "source": "mcp", "args": {"amount": 3}, "approval_id": id}),
        json!({"tool": "pay_two", "args": {"amount": 3}, "approval_id": id}),
    ] {
        let (status, problem) = server.agent_post("/api/v1/decisions", changed).await;
        assert_eq!(status, StatusCode::CONFLICT, "{problem}");
        assert_eq!(problem["code"], "approval_mismatch");
    }
    let (_, allowed) = server.agent_post("/api/v1/decisions", call).await;
    assert_eq!(allowed["action"], "allow", "the attempts of others did not use it up");
}

#[tokio::test]
async fn a_repeated_call_uses_its_approval_without_naming_it() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    server.approve(&id).await;
    assert_eq!(server.decide("pay", json!({"amount": 3})).await["reason"], "granted");
    let again = server.decide("pay", json!({"amount": 3})).await;
    assert_eq!(again["action"], "require_approval", "one approval is good for one call");
    assert_ne!(again["approval"]["id"], json!(id));
}

#[tokio::test]
async fn a_declined_call_is_denied_with_the_reason() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    let path = format!("/api/v1/approvals/{id}/decline");
    let (status, declined) = server.owner_post(&path, json!({"reason": "too much"})).await;
    assert_eq!((status, &declined["state"]), (StatusCode::OK, &json!("declined")));
    assert_eq!(declined["votes"][0]["reason"], "too much");
    let call = json!({"tool": "pay", "args": {"amount": 3}, "approval_id": id});
    let (_, denied) = server.agent_post("/api/v1/decisions", call).await;
    assert_eq!(denied["action"], "deny");
    assert_eq!(denied["message"], "`owner` declined the call: too much");
    let (status, late) = server.approve(&id).await;
    assert_eq!((status, &late["state"]), (StatusCode::CONFLICT, &json!("declined")));
}

#[tokio::test]
async fn reasons_quorum_and_named_approvers_are_enforced() {
    let server = TestServer::start().await;
    let id = server.hold("pay_reasoned", json!({})).await;
    let (status, problem) = server.approve(&id).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem["code"], "reason_required");
    let path = format!("/api/v1/approvals/{id}/approve");
    let (_, approved) = server.owner_post(&path, json!({"reason": "seen"})).await;
    assert_eq!(approved["state"], "approved");

    let bob = server.owner_key("bob").await;
    let id = server.hold("pay_two", json!({})).await;
    let (_, first) = server.approve(&id).await;
    assert_eq!(first["state"], "pending", "two are needed");
    let (status, twice) = server.approve(&id).await;
    assert_eq!((status, &twice["code"]), (StatusCode::CONFLICT, &json!("already_voted")));
    let path = format!("/api/v1/approvals/{id}/approve");
    let (_, second) = send(server.request("POST", &path, &bob)).await;
    assert_eq!(second["state"], "approved");
    assert_eq!(second["votes"][1]["by"], "bob");

    let id = server.hold("pay_alice", json!({})).await;
    let path = format!("/api/v1/approvals/{id}/approve");
    let (status, problem) = send(server.request("POST", &path, &bob)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("not_an_approver")));
    let alice = server.owner_key("alice").await;
    let (_, approved) = send(server.request("POST", &path, &alice)).await;
    assert_eq!(approved["state"], "approved");
}

#[tokio::test]
async fn nobody_approves_their_own_call() {
    let server = TestServer::start().await;
    let body = json!({"tool": "pay", "args": {}});
    let (_, held) = server.owner_post("/api/v1/decisions", body).await;
    let id = held["approval"]["id"].as_str().unwrap();
    let (status, problem) = server.approve(id).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("self_approval")));
}

#[tokio::test]
async fn a_request_expires_at_its_time_and_not_before() {
    let server = TestServer::with_clock().await;
    let clock = server.clock.clone().unwrap();
    let id = server.hold("pay", json!({"amount": 3})).await;
    clock.advance(Duration::from_secs(599));
    let path = format!("/api/v1/approvals/{id}");
    assert_eq!(server.owner_get(&path).await.1["state"], "pending");
    clock.advance(Duration::from_secs(1));
    server.eventually(&path, |approval| approval["state"] == "expired").await;
    let (status, late) = server.approve(&id).await;
    assert_eq!((status, &late["state"]), (StatusCode::CONFLICT, &json!("expired")));
    let call = json!({"tool": "pay", "args": {"amount": 3}, "approval_id": id});
    assert_eq!(server.agent_post("/api/v1/decisions", call).await.1["action"], "deny");
    let kinds = server.kinds(&format!("&approval_id={id}")).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "approval_expired").count(), 1);
}

#[tokio::test]
async fn an_approval_that_is_not_used_lapses() {
    let server = TestServer::with_clock().await;
    let clock = server.clock.clone().unwrap();
    let id = server.hold("pay", json!({"amount": 3})).await;
    server.approve(&id).await;
    clock.advance(Duration::from_mins(10));
    let call = json!({"tool": "pay", "args": {"amount": 3}, "approval_id": id});
    let (_, denied) = server.agent_post("/api/v1/decisions", call).await;
    assert_eq!(denied["action"], "deny", "{denied}");
    let path = format!("/api/v1/approvals/{id}");
    server.eventually(&path, |approval| approval["state"] == "expired").await;
}

#[tokio::test]
async fn the_requester_withdraws_and_may_ask_again() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    let path = format!("/api/v1/approvals/{id}/cancel");
    let other = server.agent_key("bot").await;
    let (status, _) = send(server.request("POST", &path, &other)).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it is not theirs");
    let (status, cancelled) = server.agent_post(&path, json!({})).await;
    assert_eq!((status, &cancelled["state"]), (StatusCode::OK, &json!("cancelled")));
    let (status, again) = server.agent_post(&path, json!({})).await;
    assert_eq!((status, &again["state"]), (StatusCode::CONFLICT, &json!("cancelled")));
    assert_ne!(server.hold("pay", json!({"amount": 3})).await, id);
}

#[tokio::test]
async fn a_waiting_caller_is_woken_by_the_vote() {
    let server = TestServer::start().await;
    let call = json!({"tool": "pay", "args": {"amount": 3}});
    for (vote, action) in [("approve", "allow"), ("decline", "deny")] {
        let waiting = server.agent_post("/api/v1/decisions?wait=60", call.clone());
        let voting = async {
            let pending = server.pending().await;
            server.owner_post(&format!("/api/v1/approvals/{pending}/{vote}"), json!({})).await
        };
        let ((_, answer), (status, _)) = tokio::join!(waiting, voting);
        assert_eq!(status, StatusCode::OK);
        assert_eq!(answer["action"], action, "{answer}");
    }
}

#[tokio::test]
async fn the_live_policy_decides_again_when_an_approval_is_used() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    server.approve(&id).await;
    let call = json!({"tool": "pay", "args": {"amount": 3}, "approval_id": id});
    let policy = |entry: &str| {
        format!(
            "version: '1.0'\nmetadata: {{name: changed}}\n\
             approval_workflows: [{{name: people}}, {{name: other}}]\ntools: [{entry}]\n"
        )
    };
    server.replace_policy(&policy("{name: pay, enabled: false}")).await;
    let (_, denied) = server.agent_post("/api/v1/decisions", call.clone()).await;
    assert_eq!((&denied["action"], &denied["reason"]), (&json!("deny"), &json!("tool_disabled")));
    server.replace_policy(&policy("{name: pay, approval_workflow: other}")).await;
    let (_, anew) = server.agent_post("/api/v1/decisions", call.clone()).await;
    assert_eq!(anew["action"], "require_approval", "{anew}");
    assert_ne!(anew["approval"]["id"], json!(id), "another workflow asks anew");
    server.replace_policy(&policy("{name: pay, approval_workflow: people, description: x}")).await;
    let (_, allowed) = server.agent_post("/api/v1/decisions", call).await;
    assert_eq!(allowed["action"], "allow", "the same workflow goes on: {allowed}");
}

#[tokio::test]
async fn pending_requests_are_capped() {
    let server = TestServer::start().await;
    for amount in 0..100 {
        server.hold("pay", json!({"amount": amount})).await;
    }
    let denied = server.decide("pay", json!({"amount": 100})).await;
    assert_eq!(denied["action"], "deny");
    assert!(denied["message"].as_str().unwrap().contains("100 of your calls wait"), "{denied}");
    let joined = server.decide("pay", json!({"amount": 99})).await;
    assert_eq!(joined["action"], "require_approval", "joining is no new request");
}

#[tokio::test]
async fn requests_are_listed_newest_first_by_page() {
    let server = TestServer::start().await;
    let mut ids = Vec::new();
    for amount in 0..5 {
        ids.push(server.hold("pay", json!({"amount": amount})).await);
    }
    server.approve(&ids[0]).await;
    ids.reverse();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/approvals?limit=2{cursor}");
        let (_, page) = server.owner_get(&path).await;
        for item in page["items"].as_array().unwrap() {
            seen.push(item["id"].as_str().unwrap().to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ids);
    let (_, pending) = server.owner_get("/api/v1/approvals?status=pending&tool=pay").await;
    assert_eq!(pending["items"].as_array().unwrap().len(), 4);
    let (_, none) = server.owner_get("/api/v1/approvals?tool=other").await;
    assert_eq!(none["items"], json!([]));
}

#[tokio::test]
async fn secrets_are_masked_where_people_look() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"to": "x", "password": "hunter2"})).await;
    let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
    let (_, trail) = server.owner_get("/api/v1/audit").await;
    assert!(!shown.to_string().contains("hunter2") && !trail.to_string().contains("hunter2"));
    assert_eq!(shown["arguments"]["to"], "x");
}

#[tokio::test]
async fn requests_are_found_by_approver_agent_and_day() {
    let server = TestServer::start().await;
    let alice = server.owner_key("alice").await;
    let named = server.hold("pay_alice", json!({})).await;
    let open = server.hold("pay", json!({"amount": 1})).await;
    let voted = server.hold("pay", json!({"amount": 2})).await;
    let path = format!("/api/v1/approvals/{voted}/approve");
    assert_eq!(send(server.request("POST", &path, &alice)).await.0, StatusCode::OK);
    let found = async |query: &str| {
        let (status, page) = server.owner_get(&format!("/api/v1/approvals?{query}")).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(found("approver=alice").await, format!("{voted} {open} {named}"));
    assert_eq!(found("approver=owner").await, open, "nobody stands in for alice");
    assert_eq!(found("approver=nobody").await, "");
    assert_eq!(found("approver=alice&status=pending&limit=1").await, open);
    assert_eq!(found("agent=agent&tool=pay_alice").await, named);
    assert_eq!(found("agent=other").await, "");
    let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{named}")).await;
    let (day, _) = shown["created_at"].as_str().unwrap().split_once('T').unwrap();
    assert_eq!(found(&format!("start_date={day}&end_date={day}&tool=pay_alice")).await, named);
    assert_eq!(found("end_date=2020-01-31").await, "");
    assert_eq!(found("start_date=2999-01-31").await, "");
    for bad in ["start_date=yesterday", "end_date=2026-02-30", "status=open"] {
        let (status, problem) = server.owner_get(&format!("/api/v1/approvals?{bad}")).await;
        let is_refused = (status, &problem["code"]);
        assert_eq!(is_refused, (StatusCode::BAD_REQUEST, &json!("invalid_field")), "{bad}");
    }
}

#[tokio::test]
async fn votes_of_a_batch_are_judged_each_on_its_own() {
    let server = TestServer::start().await;
    let good = server.hold("pay", json!({"amount": 1})).await;
    let reasoned = server.hold("pay_reasoned", json!({})).await;
    let named = server.hold("pay_alice", json!({})).await;
    let no_such = "018f0000-0000-7000-8000-000000000000";
    let votes = json!({"votes": [
        {"id": good, "decision": "approve"},
        {"id": reasoned, "decision": "approve"},
        {"id": reasoned, "decision": "decline", "reason": "no"},
        {"id": named, "decision": "approve"},
        {"id": no_such, "decision": "approve"},
    ]});
    let (status, answer) = server.owner_post("/api/v1/approvals/batch", votes.clone()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items[0]["approval"]["state"], "approved");
    assert_eq!(items[1]["error"]["code"], "reason_required");
    assert_eq!(items[2]["approval"]["state"], "declined");
    assert_eq!(items[3]["error"]["code"], "not_an_approver");
    assert_eq!(items[4]["error"]["code"], "approval_not_found");
    assert_eq!(items[4]["id"], no_such);
    let many: Vec<Value> = (0..101).map(|_| json!({"id": good, "decision": "approve"})).collect();
    let (status, _) = server.owner_post("/api/v1/approvals/batch", json!({"votes": many})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = server.agent_post("/api/v1/approvals/batch", votes).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn requests_are_exported_whole_and_safe_to_open() {
    let server = TestServer::start().await;
    for amount in 0..90 {
        server.hold("pay", json!({"amount": amount})).await;
    }
    let evil = server.hold("pay", json!({"to": "x"})).await;
    let path = format!("/api/v1/approvals/{evil}/decline");
    server.owner_post(&path, json!({"reason": "=cmd|' /C calc'!A0, \"x\""})).await;
    let fetch = async |path: &str| {
        let answer = server.request("GET", path, &server.owner_key).send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(answer.headers().contains_key("content-disposition"));
        (kind, answer.text().await.unwrap())
    };
    let (kind, text) = fetch("/api/v1/approvals/export").await;
    let items: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!((kind.as_str(), items.len()), ("application/json", 91));
    let (kind, text) = fetch("/api/v1/approvals/export?format=csv&status=declined").await;
    assert_eq!(kind, "text/csv; charset=utf-8");
    let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("id,state,tool,"), "{text}");
    assert!(lines[1].contains(",declined,pay,"), "{text}");
    assert!(lines[1].contains(r#""{""to"":""x""}""#), "{text}");
    let (_, none) = fetch("/api/v1/approvals/export?tool=none").await;
    assert_eq!(serde_json::from_str::<Value>(&none).unwrap(), json!([]));
    let mine = server.request("GET", "/api/v1/approvals/export?agent=owner", &server.agent_key);
    assert_eq!(send(mine).await.1, json!([]), "an agent gets its own alone");
}

#[tokio::test]
async fn a_request_tells_its_history_and_what_was_decided_before() {
    let server = TestServer::start().await;
    let first = server.hold("pay", json!({"amount": 1})).await;
    server.owner_post(&format!("/api/v1/approvals/{first}/decline"), json!({})).await;
    let id = server.hold("pay", json!({"amount": 1})).await;
    let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
    let earlier = &shown["earlier"][0];
    assert_eq!((&earlier["id"], &earlier["state"]), (&json!(first), &json!("declined")));
    assert_eq!((&earlier["is_same_call"], &earlier["by"]), (&json!(true), &json!(["owner"])));
    server.approve(&id).await;
    let path = format!("/api/v1/approvals/{id}/history");
    let (_, history) = server.owner_get(&path).await;
    let kinds: Vec<&Value> =
        history["items"].as_array().unwrap().iter().map(|item| &item["kind"]).collect();
    assert!(kinds.starts_with(&[&json!("requested")]), "{history}");
    assert!(kinds.ends_with(&[&json!("voted"), &json!("approved")]), "{history}");
    let other = server.agent_key("bot").await;
    assert_eq!(send(server.request("GET", &path, &other)).await.0, StatusCode::NOT_FOUND);
    let own = server.request("GET", &path, &server.agent_key);
    assert_eq!(send(own).await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_apply_warns_of_workflows_that_nobody_could_answer() {
    let server = TestServer::start().await;
    server.owner_key("ann").await;
    let body = json!({"name": "viewer", "role": "viewer"});
    assert!(server.owner_post("/api/v1/users", body).await.0.is_success());
    let policy = "
version: '1.0'
metadata: {name: x}
approval_workflows:
- {name: fine, required_approvals: 2}
- {name: many, required_approvals: 3}
- {name: looks, approvers: [viewer]}
- {name: gone, approvers: [{role: editor}, ann]}
";
    let body = json!({"policy": policy, "scope": "team:x", "dry_run": true});
    let (_, answer) = server.owner_post("/api/v1/policies/import", body).await;
    let warnings: Vec<(&str, &str)> = answer["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|warning| warning["code"] == "no_approver")
        .map(|w| (w["path"].as_str().unwrap(), w["message"].as_str().unwrap()))
        .collect();
    assert_eq!(
        warnings,
        [
            (
                "approval_workflows[1].required_approvals",
                "workflow `many` needs 3 approvals, and 2 people of the account could ever give one"
            ),
            (
                "approval_workflows[2].approvers",
                "workflow `looks` names the user `viewer`, and nobody there may vote"
            ),
            (
                "approval_workflows[2].required_approvals",
                "workflow `looks` needs 1 approvals, and 0 people of the account could ever give one"
            ),
            (
                "approval_workflows[3].approvers",
                "workflow `gone` names the role `editor`, and nobody there may vote"
            ),
        ],
        "{answer}"
    );
}
