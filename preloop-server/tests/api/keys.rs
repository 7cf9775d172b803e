//! API keys: made once, shown once, revoked at once.

use std::os::unix::fs::PermissionsExt as _;

use preloop_server::config::Config;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, config, send, start_error};

#[tokio::test]
async fn a_key_is_shown_once_and_revoked_at_once() {
    let server = TestServer::start().await;
    let body = json!({"name": "bot", "role": "agent"});
    let (status, created) = server.owner_post("/api/v1/api-keys", body.clone()).await;
    assert_eq!(status, StatusCode::CREATED);
    let key = created["key"].as_str().unwrap();
    assert!(key.starts_with("pla_") && key.len() == 68, "{key}");
    let (status, _) = send(server.request("GET", "/api/v1/approvals", key)).await;
    assert_eq!(status, StatusCode::OK);
    let (_, list) = server.owner_get("/api/v1/api-keys").await;
    assert!(!list.to_string().contains(key));
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    let (status, taken) = server.owner_post("/api/v1/api-keys", body.clone()).await;
    assert_eq!((status, &taken["code"]), (StatusCode::CONFLICT, &json!("key_name_taken")));
    let path = format!("/api/v1/api-keys/{}", created["id"].as_str().unwrap());
    let (status, _) = send(server.request("DELETE", &path, &server.owner_key)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = send(server.request("GET", "/api/v1/approvals", key)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, _) = send(server.request("DELETE", &path, &server.owner_key)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = server.owner_post("/api/v1/api-keys", body).await;
    assert_eq!(status, StatusCode::CREATED, "the name is free again");
    let other_role = json!({"name": "bot", "role": "owner"});
    let (status, _) = server.owner_post("/api/v1/api-keys", other_role).await;
    assert_eq!(status, StatusCode::CONFLICT, "an agent's name never becomes an owner's");
    assert_eq!(
        server.kinds("&kind=key_created,key_revoked").await,
        ["key_created", "key_revoked", "key_created"]
    );
}

#[tokio::test]
async fn names_are_checked_and_an_owner_keeps_a_key() {
    let server = TestServer::start().await;
    for name in ["", "  ", "a/b", "a\u{0}b", &"x".repeat(65)] {
        let body = json!({"name": name, "role": "agent"});
        let (status, problem) = server.owner_post("/api/v1/api-keys", body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert_eq!(problem["code"], "invalid_name");
    }
    let (_, list) = server.owner_get("/api/v1/api-keys").await;
    let own = list["items"].as_array().unwrap().iter().find(|key| key["role"] == "owner").unwrap();
    let path = format!("/api/v1/api-keys/{}", own["id"].as_str().unwrap());
    let (status, problem) = send(server.request("DELETE", &path, &server.owner_key)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("key_in_use")));
}

#[tokio::test]
async fn key_files_are_private_and_stay_good() {
    let parent = tempfile::tempdir().unwrap();
    let mut config = config(parent.path(), None);
    config.data_dir = parent.path().join("data");
    let running = preloop_server::app::serve(config).await.unwrap();
    let mode = std::fs::metadata(parent.path().join("data")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    running.shutdown().await;

    let server = TestServer::start().await;
    for name in ["owner.key", "agent.key", "preloop.db", "preloop.db-wal", "preloop.db-shm"] {
        let path = server.folder.path().join(name);
        let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    let stored = std::fs::read(server.database()).unwrap();
    let key = server.owner_key.as_bytes();
    assert!(!stored.windows(key.len()).any(|bytes| bytes == key), "only hashes are stored");
    let (owner, agent) = (server.owner_key.clone(), server.agent_key.clone());
    let server = server.restart().await;
    assert_eq!((&server.owner_key, &server.agent_key), (&owner, &agent));
    let folder = std::sync::Arc::clone(&server.folder);
    std::fs::remove_file(folder.path().join("owner.key")).unwrap();
    let server = server.restart().await;
    assert_ne!(server.owner_key, owner, "a lost key is replaced");
    let (status, _) = send(server.request("GET", "/api/v1/audit", &owner)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "and no longer good");
}

#[tokio::test]
async fn the_bootstrap_key_is_the_owners() {
    let server = TestServer::start().await;
    let first = server.owner_key.clone();
    let folder = std::sync::Arc::clone(&server.folder);
    let mut server = server;
    server.stop().await;
    let key = format!("plo_{}", "k".repeat(40));
    let with_key =
        |key: &str| Config { bootstrap_key: Some(key.to_owned()), ..config(folder.path(), None) };
    let error = start_error(with_key("short")).await.to_string();
    assert!(error.contains("PRELOOP_BOOTSTRAP_KEY"), "{error}");
    let running = preloop_server::app::serve(with_key(&key)).await.unwrap();
    let url = format!("http://{}/api/v1/audit", running.local_addr());
    let client = crate::support::client();
    let (status, _): (_, Value) = send(client.get(&url).bearer_auth(&key)).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = send(client.get(&url).bearer_auth(&first)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "there is one owner key of that name");
    running.shutdown().await;
    let server = TestServer::on(folder, None).await;
    assert_eq!(server.owner_key, key, "the command line on this machine finds it");
}

#[tokio::test]
async fn a_key_that_ends_leaves_nothing_that_does_not() {
    let server = TestServer::start().await;
    let ann = json!({"name": "ann", "role": "viewer", "password": "correct horse battery"});
    let (_, ann) = server.owner_post("/api/v1/users", ann).await;
    let body = json!({"name": "short", "role": "owner", "expires_at": "2999-01-31T12:00:00Z"});
    let (status, created) = server.owner_post("/api/v1/api-keys", body).await;
    assert_eq!(status, StatusCode::CREATED, "{created}");
    let key = created["key"].as_str().unwrap();
    let password = format!("/api/v1/users/{}/password", ann["id"].as_str().unwrap());
    let owner =
        json!({"name": "eve", "email": "eve@example.com", "password": "correct horse battery"});
    let lasting = [
        ("PUT", password.as_str(), json!({"new_password": "battery horse correct"})),
        ("POST", "/api/v1/users", json!({"name": "eve", "role": "admin"})),
        ("POST", "/api/v1/invitations", json!({"role": "admin"})),
        ("POST", "/api/v1/accounts", json!({"name": "eves", "owner": owner})),
    ];
    for (method, path, body) in &lasting {
        let (status, problem) = send(server.request(method, path, key).json(body)).await;
        let refused = (status, &problem["code"]);
        assert_eq!(
            refused,
            (StatusCode::FORBIDDEN, &json!("role_beyond_own")),
            "{path}: {problem}"
        );
    }
    // The very same with a key that does not end.
    for (method, path, body) in &lasting {
        let (status, answer) =
            send(server.request(method, path, &server.owner_key).json(body)).await;
        assert!(status.is_success(), "{path}: {answer}");
    }
}
