//! The description of the API against the server that it describes.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, client, send};

/// What an agent may do, of all that routes ask for.
const AGENT_RIGHTS: [&str; 5] =
    ["approvals:read", "decisions:make", "policies:check", "tools:call", "tools:read"];

/// Method, path with ids filled in, and the operation.
fn operations(description: &Value) -> Vec<(String, String, Value)> {
    let mut operations = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let path = path
                .split('/')
                .map(|part| {
                    if part.starts_with('{') {
                        "00000000-0000-7000-8000-000000000000"
                    } else {
                        part
                    }
                })
                .collect::<Vec<&str>>()
                .join("/");
            operations.push((method.to_uppercase(), path, operation.clone()));
        }
    }
    operations
}

#[tokio::test]
async fn every_route_refuses_strangers_and_whoever_lacks_the_right() {
    let server = TestServer::start().await;
    let (_, description) = server.owner_get("/openapi.json").await;
    let operations = operations(&description);
    assert!(operations.len() > 25, "{}", operations.len());
    for (method, path, operation) in operations {
        let is_public = operation["security"] == json!([]);
        let stranger = client().request(method.parse().unwrap(), format!("{}{path}", server.url));
        let (status, body) = send(stranger).await;
        assert_eq!(status == StatusCode::UNAUTHORIZED, !is_public, "{method} {path}: {body}");
        let Some(right) = operation["x-permission"].as_str() else {
            let is_for_all = operation.get("x-permission").is_some();
            assert_ne!(is_public, is_for_all, "{method} {path} says who may use it");
            continue;
        };
        let (status, body) = send(server.request(&method, &path, &server.agent_key)).await;
        let is_refused = status == StatusCode::FORBIDDEN;
        assert_eq!(is_refused, !AGENT_RIGHTS.contains(&right), "{method} {path}: {body}");
        if is_refused {
            let code = body["code"].as_str().unwrap();
            assert!(["permission_denied", "agent_cannot_approve"].contains(&code), "{body}");
        }
    }
}

#[tokio::test]
async fn every_operation_says_what_it_is() {
    let server = TestServer::start().await;
    let (_, description) = server.owner_get("/openapi.json").await;
    let tags: Vec<&Value> =
        description["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut names = std::collections::BTreeSet::new();
    for (method, path, operation) in operations(&description) {
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{method} {path}");
        assert!(tags.contains(&&operation["tags"][0]), "{method} {path}: {}", operation["tags"]);
        assert!(names.insert(operation["operationId"].to_string()), "{method} {path}");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
    }
}
