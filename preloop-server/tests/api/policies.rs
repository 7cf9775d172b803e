//! The live policy: watched, swapped whole, and nothing without one.

use reqwest::StatusCode;
use serde_json::json;

use preloop_server::app::StartError;

use crate::support::{POLICY, TestServer, config, send, start_error};

#[tokio::test]
async fn a_broken_policy_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let text = "version: '1.0'\nmetadata: {name: x}\ntools:\n- {name: bash, approval_workflow: nonexistent}\n- {nam: y}\n";
    std::fs::write(folder.path().join("policy.yaml"), text).unwrap();
    let StartError::InvalidPolicy { report, .. } = start_error(config(folder.path(), None)).await
    else {
        panic!("it must say what is wrong with the policy");
    };
    assert!(report.errors.len() >= 2, "every error: {report:?}");
    assert!(report.errors.iter().all(|error| error.line.is_some()));
    let mut missing = config(folder.path(), None);
    missing.policy = Some(folder.path().join("nothing.yaml"));
    let error = start_error(missing).await.to_string();
    assert!(error.contains("nothing.yaml"), "{error}");
}

#[tokio::test]
async fn starts_that_would_be_unsafe_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut public = config(folder.path(), None);
    public.listen = "0.0.0.0:0".parse().unwrap();
    let error = start_error(public).await.to_string();
    assert!(error.contains("--insecure"), "{error}");
    for (url, words) in [
        (
            "postgres://someone:secret@127.0.0.1:1/x",
            "cannot use the database `postgres://127.0.0.1:1/x`",
        ),
        ("mysql://someone:secret@x", "sqlite:PATH"),
    ] {
        let mut config = config(folder.path(), None);
        config.database_url = Some(url.to_owned());
        let error = start_error(config).await.to_string();
        assert!(error.contains(words) && !error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused() {
    let server = TestServer::start().await;
    let error = start_error(config(server.folder.path(), None)).await.to_string();
    assert!(error.contains("another server uses the data folder"), "{error}");
    assert_eq!(server.decide("drop", json!({})).await["action"], "deny");
    server.restart().await;
}

#[tokio::test]
async fn without_a_policy_every_call_is_denied() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let server = TestServer::on(folder, None).await;
    let denied = server.decide("read", json!({})).await;
    let expected = (json!("deny"), json!("policy_unavailable"));
    assert_eq!((denied["action"].clone(), denied["reason"].clone()), expected);
    let (status, ready) = server.owner_get("/readyz").await;
    assert_eq!(
        (status, &ready["policy"]["status"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("none"))
    );
}

#[tokio::test]
async fn a_valid_change_is_swapped_in_and_an_invalid_one_refused() {
    let server = TestServer::start().await;
    let swapped = POLICY.replace("{name: drop, enabled: false}", "{name: drop}");
    server.replace_policy(&swapped).await;
    assert_eq!(server.decide("drop", json!({})).await["action"], "allow");
    server.replace_policy(&POLICY.replace("name: people,", "nam: people,")).await;
    assert_eq!(
        server.decide("drop", json!({})).await["action"],
        "allow",
        "the last good one stays"
    );
    let (status, ready) = server.owner_get("/readyz").await;
    assert_eq!((status, &ready["status"]), (StatusCode::OK, &json!("degraded")));
    assert_eq!(ready["policy"]["errors"][0]["line"], 5, "{ready}");
    // Written in place, as some editors do.
    std::fs::write(server.policy_path(), POLICY).unwrap();
    server.eventually("/readyz", |ready| ready["status"] == "ready").await;
    assert_eq!(server.decide("drop", json!({})).await["action"], "deny");
    std::fs::remove_file(server.policy_path()).unwrap();
    server.eventually("/readyz", |ready| ready["status"] == "degraded").await;
    assert_eq!(
        server.decide("drop", json!({})).await["action"],
        "deny",
        "a lost file opens nothing"
    );
    std::fs::write(server.policy_path(), &swapped).unwrap();
    server.eventually("/readyz", |ready| ready["status"] == "ready").await;
    assert_eq!(server.decide("drop", json!({})).await["action"], "allow");
    let kinds = server.kinds("&kind=policy_loaded,policy_refused").await;
    let [l, r] = ["policy_loaded", "policy_refused"];
    assert_eq!(kinds, [l, l, r, l, r, l]);
}

#[tokio::test]
async fn a_swapped_symbolic_link_is_followed() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let releases = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("one", POLICY.to_owned()),
        ("two", POLICY.replace("{name: drop, enabled: false}", "{name: drop}")),
    ] {
        std::fs::create_dir(releases.path().join(name)).unwrap();
        std::fs::write(releases.path().join(name).join("policy.yaml"), text).unwrap();
    }
    let link = folder.path().join("policy.yaml");
    std::os::unix::fs::symlink(releases.path().join("one/policy.yaml"), &link).unwrap();
    let server = TestServer::on(folder, None).await;
    assert_eq!(server.decide("drop", json!({})).await["action"], "deny");
    let (_, before) = server.owner_get("/readyz").await;
    let next = link.with_extension("next");
    std::os::unix::fs::symlink(releases.path().join("two/policy.yaml"), &next).unwrap();
    std::fs::rename(&next, &link).unwrap();
    server.eventually("/readyz", |ready| ready["policy"] != before["policy"]).await;
    assert_eq!(server.decide("drop", json!({})).await["action"], "allow");
}

#[tokio::test]
async fn documents_and_calls_are_tried_without_recording() {
    let server = TestServer::start().await;
    let records = server.kinds("").await.len();
    let call = json!({
        "tool": "why", "args": {}, "principal": {"name": "somebody"}, "now": "2026-01-01T00:00:00Z",
    });
    let body = json!({"call": call, "explain": true});
    let (status, decision) = server.owner_post("/api/v1/policies/evaluate", body).await;
    assert_eq!((status, &decision["reason"]), (StatusCode::OK, &json!("justification_required")));
    assert!(decision["trace"].is_array(), "{decision}");
    let policy = "version: '1.0'\nmetadata: {name: other}\ntools: [{name: why, enabled: false}]\n";
    let body = json!({"policy": policy, "call": {"tool": "why"}});
    let (_, decision) = server.agent_post("/api/v1/policies/evaluate", body).await;
    assert_eq!(decision["policy"]["name"], "other");
    let body = json!({"policy": "version: 2\n", "call": {"tool": "why"}});
    let (status, problem) = server.owner_post("/api/v1/policies/evaluate", body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(problem["errors"][0]["line"].is_u64(), "{problem}");
    let body = json!({"policy": POLICY});
    let (_, report) = server.owner_post("/api/v1/policies/validate", body).await;
    assert_eq!(report["is_valid"], true);
    let yaml = server
        .request("POST", "/api/v1/policies/validate", &server.owner_key)
        .header("content-type", "application/yaml")
        .body("version: '1.0'\nmetadata: {name: x}\ntols: []\n");
    let (status, report) = send(yaml).await;
    assert_eq!((status, &report["is_valid"]), (StatusCode::OK, &json!(false)));
    assert_eq!(report["errors"][0]["code"], "unknown_key");
    assert_eq!(server.kinds("").await.len(), records);
}

#[tokio::test]
async fn the_live_document_is_exported_without_secrets() {
    let policy = format!(
        "{POLICY}\nmcp_servers:\n- {{name: gh, url: 'http://127.0.0.1:9/mcp', auth_type: bearer, auth_config: {{token: s3cret-literal}}}}\n"
    );
    let server = TestServer::with_policy(&policy).await;
    for format in ["yaml", "json"] {
        let path = format!("/api/v1/policies/export?format={format}");
        let response = server.request("GET", &path, &server.owner_key).send().await.unwrap();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(kind, format!("application/{format}"));
        let text = response.text().await.unwrap();
        assert!(!text.contains("s3cret-literal") && text.contains("redacted"), "{text}");
        let (_, report) =
            server.owner_post("/api/v1/policies/validate", json!({"policy": text})).await;
        assert_eq!(report["is_valid"], true, "{report}");
    }
}
