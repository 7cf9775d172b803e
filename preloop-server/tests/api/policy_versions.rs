//! Versions: list, tag, compare, bring back, prune.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::policy_apply::{import, limit};
use crate::support::{TestServer, on_both_engines, send};

const VERSIONS: &str = "/api/v1/policies/versions";

/// Applies some limits, and answers the ids of their versions.
async fn applied(server: &TestServer, limits: &[u32]) -> Vec<String> {
    let mut ids = Vec::new();
    for amount in limits {
        let applied = import(server, &limit(*amount)).await;
        ids.push(applied["version"]["id"].as_str().unwrap().to_owned());
    }
    ids
}

async fn numbers(server: &TestServer, query: &str) -> Vec<u64> {
    let (status, page) = server.owner_get(&format!("{VERSIONS}{query}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let items = page["items"].as_array().unwrap();
    items.iter().map(|version| version["number"].as_u64().unwrap()).collect()
}

async fn a_rollback_is_exact_and_a_version_itself(server: TestServer) {
    let ids = applied(&server, &[1, 2, 3]).await;
    let (_, first) = server.owner_get(&format!("{VERSIONS}/{}", ids[0])).await;
    let back = format!("{VERSIONS}/{}/rollback", ids[0]);
    let (_, preview) = server.owner_post(&back, json!({"preview_only": true})).await;
    assert_eq!(
        (&preview["applied"], &preview["diff"]["verdict"]),
        (&json!(false), &json!("tightened"))
    );
    assert_eq!(server.decide("pay", json!({"amount": 3})).await["action"], "allow");
    let (status, done) = server.owner_post(&back, json!({})).await;
    assert_eq!((status, &done["applied"]), (StatusCode::OK, &json!(true)), "{done}");
    assert_eq!(done["digest"], first["digest"]);
    let version = &done["version"];
    assert_eq!((&version["number"], &version["cause"]), (&json!(4), &json!("rollback")));
    assert_eq!(
        (&version["parent_id"], &version["message"]),
        (&json!(ids[2]), &json!("back to version 1"))
    );
    assert_eq!(server.decide("pay", json!({"amount": 3})).await["action"], "deny");
    let path = format!("{VERSIONS}/{}", version["id"].as_str().unwrap());
    let (_, fourth) = server.owner_get(&path).await;
    assert_eq!(fourth["document"], first["document"]);
    let stale = server.request("POST", &back, &server.owner_key).json(&json!({}));
    let (status, _) = send(stale.header("if-match", "\"old\"")).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    let (status, _) = server.owner_post(&back, json!({"to": 1})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

async fn versions_are_listed_compared_and_found(server: TestServer) {
    let ids = applied(&server, &[1, 2, 3]).await;
    assert_eq!(numbers(&server, "").await, [3, 2, 1]);
    assert_eq!(numbers(&server, "?number=2").await, [2]);
    assert_eq!(numbers(&server, "?scope=team:x").await, Vec::<u64>::new());
    assert_eq!(numbers(&server, "?scope=account&limit=2").await, [3, 2]);
    let (_, page) = server.owner_get(&format!("{VERSIONS}?limit=2")).await;
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(numbers(&server, &format!("?limit=2&cursor={cursor}")).await, [1]);
    let lives: Vec<&Value> =
        page["items"].as_array().unwrap().iter().map(|version| &version["is_live"]).collect();
    assert_eq!(lives, [&json!(true), &json!(false)]);
    let verdict = async |path: String| server.owner_get(&path).await.1["verdict"].clone();
    assert_eq!(verdict(format!("{VERSIONS}/{}/diff", ids[0])).await, "loosened");
    assert_eq!(verdict(format!("{VERSIONS}/{}/diff?to={}", ids[2], ids[1])).await, "tightened");
    let body = json!({"base_version": ids[1], "policy": limit(2)});
    let (_, same) = server.owner_post("/api/v1/policies/diff", body).await;
    assert_eq!(same["verdict"], "same_meaning");
    let call = json!({"tool": "pay", "args": {"amount": 3}});
    let (_, then) = server
        .owner_post("/api/v1/policies/evaluate", json!({"version": ids[0], "call": call}))
        .await;
    let (_, now) = server.owner_post("/api/v1/policies/evaluate", json!({"call": call})).await;
    assert_eq!((&then["action"], &now["action"]), (&json!("deny"), &json!("allow")));
    for query in ["?limit=0", "?limit=1001", "?cursor=x", "?scope=teams", "?other=1", "?number=x"] {
        let (status, _) = server.owner_get(&format!("{VERSIONS}{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
}

async fn a_tagged_version_stays(server: TestServer) {
    let ids = applied(&server, &[1, 2, 3]).await;
    let put = async |id: &str, tag: &str| {
        let path = format!("{VERSIONS}/{id}/tag");
        send(server.request("PUT", &path, &server.owner_key).json(&json!({"tag": tag}))).await
    };
    let (status, tagged) = put(&ids[0], "prod-v1").await;
    assert_eq!((status, &tagged["tag"]), (StatusCode::OK, &json!("prod-v1")));
    assert_eq!(numbers(&server, "?scope=account&tag=prod-v1").await, [1]);
    put(&ids[1], "prod-v1").await;
    assert_eq!(numbers(&server, "?tag=prod-v1").await, [2], "it moves");
    for wrong in ["", "12", "a b", "-x", "0198c0de-0000-7000-8000-000000000000"] {
        let (status, problem) = put(&ids[0], wrong).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_tag")),
            "{wrong}"
        );
    }
    let delete = async |id: &str, what: &str| {
        let path = format!("{VERSIONS}/{id}{what}");
        let (status, problem) = send(server.request("DELETE", &path, &server.owner_key)).await;
        (status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(delete(&ids[1], "").await, (409, "version_tagged".to_owned()));
    assert_eq!(delete(&ids[2], "").await, (409, "version_live".to_owned()));
    let prune = json!({"older_than_days": 0, "keep_count": 0});
    let (_, pruned) = server.owner_post(&format!("{VERSIONS}/prune"), prune.clone()).await;
    assert_eq!(pruned, json!({"deleted_count": 1}));
    assert_eq!(numbers(&server, "").await, [3, 2]);
    let (status, _) =
        server.owner_post(&format!("{VERSIONS}/prune"), json!({"keep_tagged": false})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, none) = server.owner_post(&format!("{VERSIONS}/prune"), json!({})).await;
    assert_eq!(none, json!({"deleted_count": 0}));
    assert_eq!(delete(&ids[1], "/tag").await, (200, String::new()));
    assert_eq!(delete(&ids[1], "").await, (204, String::new()));
    assert_eq!(delete(&ids[1], "").await, (404, "version_not_found".to_owned()));
    let body = json!({"description": "before the audit", "tag": "audit"});
    let (status, kept) = server.owner_post(VERSIONS, body).await;
    assert_eq!(
        (status, &kept["number"], &kept["cause"]),
        (StatusCode::CREATED, &json!(4), &json!("snapshot"))
    );
    assert_eq!((&kept["message"], &kept["is_live"]), (&json!("before the audit"), &json!(false)));
    assert_eq!(server.kinds("&kind=policy_versioned").await.len(), 7);
}

async fn credentials_go_with_the_last_version_that_names_their_server(server: TestServer) {
    let policy = |servers: &str| {
        format!("version: '1.0'\nmetadata: {{name: shop}}\nmcp_servers: [{servers}]\n")
    };
    let bank = |token: &str| {
        format!(
            "{{name: bank, url: 'https://bank.example/mcp', auth_type: bearer, auth_config: {{token: {token}}}}}"
        )
    };
    let import = async |text: String, dry_run: bool| {
        let body = json!({"policy": text, "dry_run": dry_run});
        server.owner_post("/api/v1/policies/import", body).await
    };
    let (status, first) = import(policy(&bank("hunter2")), false).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    assert_eq!(import(policy(""), false).await.0, StatusCode::OK);
    // The version before still names the server, and a rollback finds its credentials.
    let kept = || policy(&bank("{redacted: true}"));
    assert_eq!(import(kept(), true).await.0, StatusCode::OK);
    let version = first["version"]["id"].as_str().unwrap();
    let rollback = format!("/api/v1/policies/versions/{version}/rollback");
    assert_eq!(server.owner_post(&rollback, json!({})).await.0, StatusCode::OK);
    assert_eq!(import(policy(""), false).await.0, StatusCode::OK);
    assert_eq!(import(kept(), true).await.0, StatusCode::OK);
    let prune = json!({"older_than_days": 0, "keep_count": 1});
    let (status, pruned) = server.owner_post("/api/v1/policies/versions/prune", prune).await;
    assert_eq!(status, StatusCode::OK, "{pruned}");
    let (_, missing) = import(kept(), true).await;
    assert_eq!(missing["code"], "secret_missing");
    let (_, trail) = server.owner_get("/api/v1/audit?kind=secret_forgotten").await;
    let message = trail["items"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("`bank`"), "{message}");
}

on_both_engines![
    credentials_go_with_the_last_version_that_names_their_server,
    a_rollback_is_exact_and_a_version_itself,
    versions_are_listed_compared_and_found,
    a_tagged_version_stays,
];
