//! Calls that approvers had remembered, over HTTP: what is offered, granted, listed and ended, and by whom.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::approval_page::{PASSWORD, person};
use crate::support::{TestServer, on_both_engines, send};

const GRANTS: &str = "/api/v1/approval-grants";

/// Decides a call in a session; how.
async fn decided(server: &TestServer, args: Value) -> Value {
    let body = json!({"tool": "pay", "args": args, "session": {"id": "s1"}});
    let (status, decision) = server.agent_post("/api/v1/decisions", body).await;
    assert_eq!(status, StatusCode::OK, "{decision}");
    decision
}

async fn asked(server: &TestServer, args: Value) -> String {
    let decision = decided(server, args).await;
    assert_eq!(decision["action"], "require_approval", "{decision}");
    decision["approval"]["id"].as_str().unwrap().to_owned()
}

async fn token(server: &TestServer, name: &str, account: Option<&str>) -> String {
    let body = json!({"grant_type": "password", "username": name, "password": PASSWORD, "account": account});
    let (_, tokens) = server.owner_post("/api/v1/auth/token", body).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn a_grant_is_offered_given_listed_and_ended(server: TestServer) {
    let id = asked(&server, json!({"to": "ann", "amount": 3})).await;
    let (status, offer) = server.owner_get(&format!("/api/v1/approvals/{id}/remember")).await;
    assert_eq!(status, StatusCode::OK, "{offer}");
    assert_eq!(
        offer,
        json!({
            "principal": "agent", "tool": "pay", "source": "", "scopes": ["session", "time"],
            "pattern": {"arguments": {"to": {"is": "ann"}, "amount": {"is": 3}}},
        })
    );
    let pattern = json!({"arguments": {"to": {"is": "ann"}, "amount": "any"}});
    let vote = json!({"remember": {"scope": "session", "pattern": pattern}});
    let (status, voted) = server.owner_post(&format!("/api/v1/approvals/{id}/approve"), vote).await;
    assert_eq!((status, &voted["state"]), (StatusCode::OK, &json!("approved")), "{voted}");

    let covered = decided(&server, json!({"to": "ann", "amount": 4})).await;
    assert_eq!((&covered["action"], &covered["reason"]), (&json!("allow"), &json!("granted")));
    asked(&server, json!({"to": "bob", "amount": 4})).await;
    let body = json!({"tool": "pay", "args": {"to": "ann", "amount": 4}, "session": {"id": "s2"}});
    let (_, elsewhere) = server.agent_post("/api/v1/decisions", body).await;
    assert_eq!(elsewhere["action"], "require_approval", "{elsewhere}");

    let (_, listed) = server.owner_get(GRANTS).await;
    let [grant] = listed["items"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&grant["approval_id"], &grant["pattern"]), (&json!(id), &pattern));
    assert_eq!((&grant["granted_by"], &grant["session_id"]), (&json!("owner"), &json!("s1")));
    let path = format!("{GRANTS}/{}", grant["id"].as_str().unwrap());
    assert_eq!(
        send(server.request("DELETE", &path, &server.owner_key)).await.0,
        StatusCode::NO_CONTENT
    );
    let (status, again) = send(server.request("DELETE", &path, &server.owner_key)).await;
    assert_eq!((status, &again["code"]), (StatusCode::NOT_FOUND, &json!("grant_not_found")));
    assert_eq!(server.owner_get(GRANTS).await.1["items"], json!([]));
    asked(&server, json!({"to": "ann", "amount": 5})).await;
    let kinds = server.kinds(&format!("&approval_id={id}")).await;
    for kind in ["grant_created", "grant_revoked"] {
        assert_eq!(kinds.iter().filter(|it| *it == kind).count(), 1, "{kinds:?}");
    }
}

async fn a_grant_is_the_business_of_those_who_may_vote(server: TestServer) {
    person(&server, "vic", "viewer").await;
    let id = asked(&server, json!({"amount": 3})).await;
    let vote = json!({"remember": {"scope": "time", "seconds": 600}});
    server.owner_post(&format!("/api/v1/approvals/{id}/approve"), vote).await;
    let foreign = json!({"name": "acme", "owner": {"name": "eve", "password": PASSWORD}});
    assert_eq!(server.owner_post("/api/v1/accounts", foreign).await.0, StatusCode::CREATED);
    let eve = token(&server, "eve", Some("acme")).await;
    let (vic, bot) = (token(&server, "vic", None).await, server.agent_key("bot").await);
    let (agent, owner) = (server.agent_key.clone(), server.owner_key.clone());
    for (who, seen) in [(&owner, 1), (&vic, 1), (&agent, 1), (&bot, 0), (&eve, 0)] {
        let (status, listed) = send(server.request("GET", GRANTS, who)).await;
        assert_eq!(status, StatusCode::OK, "{listed}");
        assert_eq!(listed["items"].as_array().unwrap().len(), seen, "{listed}");
    }
    let (_, listed) = server.owner_get(GRANTS).await;
    let path = format!("{GRANTS}/{}", listed["items"][0]["id"].as_str().unwrap());
    for (who, status, code) in [
        (&vic, StatusCode::FORBIDDEN, "permission_denied"),
        (&agent, StatusCode::FORBIDDEN, "agent_cannot_approve"),
        (&eve, StatusCode::NOT_FOUND, "grant_not_found"),
    ] {
        let (given, problem) = send(server.request("DELETE", &path, who)).await;
        assert_eq!((given, &problem["code"]), (status, &json!(code)), "{problem}");
    }
    let offer = format!("/api/v1/approvals/{id}/remember");
    for who in [&eve, &bot] {
        assert_eq!(send(server.request("GET", &offer, who)).await.0, StatusCode::NOT_FOUND);
    }
    let (status, problem) = send(server.request("DELETE", &format!("{GRANTS}/x"), &owner)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("grant_not_found")));
    assert_eq!(decided(&server, json!({"amount": 3})).await["reason"], "granted", "the approval");
    assert_eq!(decided(&server, json!({"amount": 3})).await["reason"], "granted", "the grant");
}

async fn what_cannot_be_remembered_is_said_and_not_voted(server: TestServer) {
    let two = server.hold("pay_two", json!({})).await;
    let (status, problem) = server.owner_get(&format!("/api/v1/approvals/{two}/remember")).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("cannot_remember")));
    let plain = server.hold("pay", json!({"amount": 3})).await;
    for (id, decision, remember, code) in [
        (&two, "approve", json!({"scope": "time"}), "cannot_remember"),
        (&plain, "approve", json!({"scope": "session"}), "invalid_remember"),
        (&plain, "approve", json!({"scope": "time", "seconds": 59}), "invalid_remember"),
        (&plain, "decline", json!({"scope": "time"}), "invalid_field"),
    ] {
        let path = format!("/api/v1/approvals/{id}/{decision}");
        let (_, problem) = server.owner_post(&path, json!({"remember": remember})).await;
        assert_eq!(problem["code"], code, "{problem}");
        let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
        assert_eq!((&shown["state"], &shown["votes"]), (&json!("pending"), &json!([])));
    }
    assert_eq!(server.owner_get(GRANTS).await.1["items"], json!([]));
}

on_both_engines! { sqlite, postgres, with_file:
    a_grant_is_offered_given_listed_and_ended,
    a_grant_is_the_business_of_those_who_may_vote,
    what_cannot_be_remembered_is_said_and_not_voted,
}

#[tokio::test]
async fn what_an_agent_asks_people_is_answered_each_time() {
    let server = TestServer::of_shop(None).await;
    let call = json!({"tool": "ask_user", "source": "builtin", "args": {"question": "Why?"}});
    let (_, asked) = server.agent_post("/api/v1/decisions", call).await;
    let id = asked["approval"]["id"].as_str().unwrap();
    let vote = json!({"answer": "so", "remember": {"scope": "time"}});
    let (status, problem) =
        server.owner_post(&format!("/api/v1/approvals/{id}/approve"), vote).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("cannot_remember")));
}

#[tokio::test]
async fn a_grant_answers_for_a_rule_alone() {
    let policy = |rules: &str| {
        format!(
            "version: '1.0'\nmetadata: {{name: rules}}\napproval_workflows:\n\
             - {{name: people, timeout_seconds: 600}}\n\
             - {{name: two, timeout_seconds: 600, required_approvals: 2}}\n\
             - {{name: coded, timeout_seconds: 600, step_up: match_code}}\n\
             tools: [{{name: pay, approval_workflow: people, conditions: [{rules}]}}]\n"
        )
    };
    let asks = "{name: large, condition_type: cel, expression: 'args.amount > 0', action: require_approval}";
    let server = TestServer::with_policy(&policy(asks)).await;
    let id = asked(&server, json!({"amount": 1})).await;
    let pattern = json!({"arguments": {"amount": "any"}});
    let vote = json!({"remember": {"scope": "time", "pattern": pattern}});
    let (status, voted) = server.owner_post(&format!("/api/v1/approvals/{id}/approve"), vote).await;
    assert_eq!(status, StatusCode::OK, "{voted}");
    assert_eq!(decided(&server, json!({"amount": 7})).await["reason"], "granted");
    let failed = decided(&server, json!({"amount": "7"})).await;
    assert_eq!(
        (&failed["action"], &failed["reason"]),
        (&json!("require_approval"), &json!("condition_error")),
        "a condition that cannot be evaluated"
    );
    let deny = "{name: never, expression: 'args.amount == 8', action: deny}";
    let with = |more: &str| asks.replace("require_approval}", &format!("require_approval{more}}}"));
    for (rules, action, why) in [
        (format!("{deny}, {asks}"), "deny", "a deny"),
        (asks.replace("> 0", "> 1"), "require_approval", "another condition"),
        (with(", approval_workflow: coded"), "require_approval", "a step-up"),
        (with(", approval_workflow: two"), "require_approval", "two people"),
    ] {
        server.replace_policy(&policy(&rules)).await;
        assert_eq!(decided(&server, json!({"amount": 8})).await["action"], action, "{why}");
    }
}
