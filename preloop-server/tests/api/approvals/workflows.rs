//! Workflows as documents name them, beside the people who are there.

use serde_json::{Value, json};

use crate::support::TestServer;

/// The warnings of workflows that nobody could answer.
fn told(answer: &Value) -> Vec<&Value> {
    let warnings = answer["warnings"].as_array().unwrap().iter();
    warnings.filter(|warning| warning["code"] == "no_approver").collect()
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
    let (status, checked) =
        server.owner_post("/api/v1/policies/validate", json!({"policy": policy})).await;
    assert_eq!((status.as_u16(), &checked["is_valid"]), (200, &json!(true)));
    assert_eq!(told(&checked), told(&answer), "a check tells what an apply would");
    let body = json!({"policy": policy});
    let (_, checked) = server.agent_post("/api/v1/policies/validate", body).await;
    assert_eq!((&checked["is_valid"], told(&checked).len()), (&json!(true), 0), "{checked}");
    let warnings: Vec<(&str, &str)> = told(&answer)
        .into_iter()
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
