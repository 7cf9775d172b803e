//! The `AuthZEN` Authorization API: the shapes of its certification scenario, and what is ours in the answers.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, send};

const ONE: &str = "/access/v1/evaluation";
const SEVERAL: &str = "/access/v1/evaluations";

/// What the certification scenario wants of a policy.
const FIXTURE: &str = "
version: '1.0'
metadata: {name: certification}
tools:
- name: read
- name: write
  conditions:
  - {expression: 'context.subject.properties.?role.orValue(\"\") == \"admin\"', action: allow}
  - {expression: 'context.resource.properties.?status.orValue(\"\") == \"archived\"', action: deny}
  - {expression: 'principal.id == \"bob\"', action: deny}
  - {action: allow}
- name: delete
  conditions: [{expression: 'args.soft == true', action: allow}, {action: deny}]
";

fn asked(subject: Value, action: Value, resource: Value) -> Value {
    Value::from_iter([("subject", subject), ("action", action), ("resource", resource)])
}

fn user(id: &str) -> Value {
    json!({"type": "user", "id": id})
}

fn archived() -> Value {
    json!({"type": "record", "id": "record-2", "properties": {"status": "archived"}})
}

#[tokio::test]
async fn one_evaluation_is_as_the_scenario_wants_it() {
    let server = TestServer::with_policy(FIXTURE).await;
    let record = || json!({"type": "record", "id": "record-1"});
    let named = |name: &str| json!({"name": name});
    let admin = json!({"type": "user", "id": "bob", "properties": {"role": "admin"}});
    let delete = |soft: bool| json!({"name": "delete", "properties": {"soft": soft}});
    for (request, decision) in [
        (asked(user("alice"), named("read"), record()), true),
        (asked(user("alice"), named("write"), record()), true),
        (asked(user("bob"), named("read"), record()), true),
        (asked(user("bob"), named("write"), record()), false),
        (asked(user("alice"), named("write"), archived()), false),
        (asked(admin, named("write"), archived()), true),
        (asked(user("alice"), delete(true), record()), true),
        (asked(user("alice"), delete(false), record()), false),
    ] {
        let (status, answer) = server.owner_post(ONE, request.clone()).await;
        assert_eq!((status, &answer["decision"]), (StatusCode::OK, &json!(decision)), "{request}");
        assert!(answer["context"].is_object());
    }
    let mut request = asked(user("alice"), named("read"), record());
    request["futureField"] = json!({"nested": true});
    request["context"] = json!({"time": "2026-06-27T18:03-07:00", "subject": "nobody"});
    let (_, answer) = server.owner_post(ONE, request).await;
    assert_eq!(answer["decision"], true);
    assert_eq!(server.kinds("&kind=decision").await.len(), 0, "asking for others records nothing");
}

#[tokio::test]
async fn what_is_no_evaluation_is_a_bad_request() {
    let server = TestServer::with_policy(FIXTURE).await;
    let good = asked(user("alice"), json!({"name": "read"}), json!({"type": "record", "id": "1"}));
    let mut bad = Vec::new();
    for part in ["subject", "action", "resource"] {
        let mut without = good.clone();
        without.as_object_mut().unwrap().remove(part);
        bad.push(without);
        for name in good[part].as_object().unwrap().keys() {
            let mut without = good.clone();
            without[part].as_object_mut().unwrap().remove(name);
            bad.push(without);
        }
        let mut other = good.clone();
        other[part] = json!("alice");
        bad.push(other);
    }
    bad.push(json!([user("alice"), {"name": "read"}, {"type": "record", "id": "1"}]));
    bad.push(asked(user("alice"), json!(["read"]), json!({"type": "record", "id": "1"})));
    bad.push(asked(user("alice"), json!({"name": 123}), json!({"type": "record", "id": "1"})));
    for request in bad {
        let (status, answer) = server.owner_post(ONE, request.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{request}: {answer}");
    }
    for (kind, body) in [
        ("text/plain", good.to_string()),
        ("application/json", String::new()),
        ("application/json", "{".to_owned()),
    ] {
        let request = server.request("POST", ONE, &server.owner_key).header("content-type", kind);
        let (status, answer) = send(request.body(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    }
}

#[tokio::test]
async fn several_evaluations_share_what_stands_at_the_top() {
    let server = TestServer::with_policy(FIXTURE).await;
    let several = async |body: Value| {
        let (status, answer) = server.owner_post(SEVERAL, body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let decisions = answer["evaluations"].as_array().unwrap().iter();
        decisions.map(|one| one["decision"].as_bool().unwrap()).collect::<Vec<bool>>()
    };
    let record = json!({"type": "record", "id": "record-1"});
    let body = json!({
        "subject": user("bob"), "resource": record,
        "evaluations": [{"action": {"name": "read"}}, {"action": {"name": "write"}}],
    });
    assert_eq!(several(body).await, [true, false]);
    let body = |semantic: &str| {
        json!({
            "subject": user("alice"), "action": {"name": "write"},
            "evaluations": [
                {"resource": archived()}, {"resource": record}, {"subject": user("bob"), "resource": record}, {},
            ],
            "options": {"evaluations_semantic": semantic, "another_option": "value"},
        })
    };
    assert_eq!(several(body("execute_all")).await, [false, true, false, false]);
    assert_eq!(several(body("deny_on_first_deny")).await, [false]);
    assert_eq!(several(body("permit_on_first_permit")).await, [false, true]);
    let (_, answer) = server.owner_post(SEVERAL, body("execute_all")).await;
    let error = &answer["evaluations"][3]["context"]["error"];
    assert_eq!((&error["status"], &error["code"]), (&json!(400), &json!("invalid_field")));

    let (status, _) = server.owner_post(SEVERAL, body("whatever")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    for field in ["justification", "approval_id"] {
        let mut wrong = asked(user("alice"), json!({"name": "read"}), record.clone());
        wrong["context"] = json!({field: 7});
        let (status, problem) = server.owner_post(ONE, wrong).await;
        let path = &problem["errors"][0]["path"];
        assert_eq!((status, path), (StatusCode::BAD_REQUEST, &json!(format!("context.{field}"))));
    }
    let single = asked(user("alice"), json!({"name": "read"}), record.clone());
    let (_, answer) = server.owner_post(SEVERAL, single).await;
    assert_eq!((&answer["decision"], answer.get("evaluations")), (&json!(true), None));
}

#[tokio::test]
async fn an_agent_asks_for_itself_and_comes_back_with_the_approval() {
    let server = TestServer::start().await;
    let call = |subject: &str, context: Value| {
        json!({
            "subject": {"type": "identity", "id": subject},
            "action": {"name": "tools/call", "properties": {"arguments": {"amount": 3}}},
            "resource": {"type": "tool", "id": "pay"},
            "context": context,
        })
    };
    let (status, problem) = server.agent_post(ONE, call("somebody else", json!({}))).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("permission_denied")));

    let mut otherwise = call("agent", json!({}));
    otherwise["action"]["name"] = json!("execute");
    let (_, named) = server.agent_post(ONE, otherwise).await;
    let (status, held) = server.agent_post(ONE, call("agent", json!({}))).await;
    assert_eq!((status, &held["decision"]), (StatusCode::OK, &json!(false)), "{held}");
    assert_eq!(named["context"]["approval"]["id"], held["context"]["approval"]["id"], "{named}");
    assert_eq!(held["context"]["action"], "require_approval");
    let id = held["context"]["approval"]["id"].as_str().unwrap();
    let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
    assert_eq!((&shown["tool"], &shown["arguments"]), (&json!("pay"), &json!({"amount": 3})));

    server.approve(id).await;
    let with_approval = || call("agent", json!({"approval_id": id}));
    let (_, granted) = server.agent_post(ONE, with_approval()).await;
    assert_eq!(
        (&granted["decision"], &granted["context"]["reason"]),
        (&json!(true), &json!("granted"))
    );
    let (status, used) = server.agent_post(ONE, with_approval()).await;
    assert_eq!((status, &used["code"]), (StatusCode::CONFLICT, &json!("approval_used")));
    assert!(server.kinds("&kind=decision").await.len() >= 2);
}

#[tokio::test]
async fn enforcement_points_find_out_where_it_is() {
    let server = TestServer::start().await;
    let (status, found) = server.owner_get("/.well-known/authzen-configuration").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(found["policy_decision_point"], server.url);
    assert_eq!(found["access_evaluation_endpoint"], format!("{}{ONE}", server.url));
    assert_eq!(found["access_evaluations_endpoint"], format!("{}{SEVERAL}", server.url));
}
