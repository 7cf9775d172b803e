//! Compiling sources: every content gets an answer, only a body of another shape is a problem.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::TestServer;

const PATH: &str = "/api/v1/policies/compile";

#[tokio::test]
async fn a_source_is_compiled_and_nothing_is_stored() {
    let server = TestServer::start().await;
    let records = server.kinds("").await.len();
    let compile = async |source: &str, format: &str| -> Value {
        let body = json!({"source": source, "source_format": format});
        let (status, answer) = server.owner_post(PATH, body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["ok"], json!(answer["errors"].as_array().unwrap().is_empty()));
        answer
    };
    let flat = compile("name: p\ndenied_actions: [drop]\nowner: me\n", "yml").await;
    assert_eq!(flat["dialect"], "flat");
    assert_eq!(flat["policy"], json!({"name": "p", "denied_actions": ["drop"]}));
    assert_eq!(flat["document"]["tools"][0]["conditions"][0]["action"], "deny");
    assert_eq!(flat["warnings"][0]["code"], "ignored_key");
    // What it made is a document like any other.
    let body = json!({"policy": flat["document"], "call": {"tool": "drop"}});
    let (_, decision) = server.owner_post("/api/v1/policies/evaluate", body).await;
    assert_eq!(decision["action"], "deny", "{decision}");

    let document = compile(r#"{"version": "1.0", "metadata": {"name": "d"}}"#, "json").await;
    assert_eq!(
        (&document["dialect"], &document["policy"]),
        (&json!("document"), &document["document"])
    );
    let wrong = compile("name: p\nallowed_actions: drop\n", "yaml").await;
    assert_eq!((&wrong["policy"], &wrong["document"]), (&Value::Null, &Value::Null));
    assert_eq!(wrong["errors"][0]["path"], "allowed_actions");
    assert_eq!(
        (&wrong["errors"][0]["line"], &wrong["errors"][0]["column"]),
        (&json!(2), &json!(18))
    );
    let prose = compile("Refunds over $200 must be approved by a manager.", "prose").await;
    assert_eq!(
        (&prose["ok"], &prose["errors"][0]["code"]),
        (&json!(false), &json!("model_not_configured"))
    );
    assert_eq!(compile("", "md").await["errors"][0]["code"], "model_not_configured");
    assert_eq!(server.kinds("").await.len(), records);
}

#[tokio::test]
async fn a_body_of_another_shape_is_refused() {
    let server = TestServer::start().await;
    for body in [
        json!({"source": "name: p"}),
        json!({"source": "name: p", "source_format": "toml"}),
        json!({"source": {"name": "p"}, "source_format": "json"}),
        json!({"source": "name: p", "source_format": "yaml", "more": 1}),
        json!([]),
    ] {
        let (status, problem) = server.owner_post(PATH, body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body} {problem}");
        assert_eq!(problem["code"], "invalid_body", "{body}");
    }
}
