//! Policies that come over the API: applied whole, compared, exported, edited rule by rule.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, on_both_engines, send};

/// A document whose tool `pay` asks above a limit, and nothing more.
pub(crate) fn limit(limit: u32) -> String {
    format!(
        "version: '1.0'
metadata: {{name: refunds, description: money back}}
mcp_servers: [{{name: bank, url: 'https://bank.example/mcp', auth_type: bearer, auth_config: {{token: '${{BANK_TOKEN}}'}}}}]
tools:
- name: pay
  conditions:
  - {{name: large, expression: args.amount > {limit}, action: deny, message: too much}}
  - {{name: rest, action: allow}}
"
    )
}

/// Imports a document and answers what came of it.
pub(crate) async fn import(server: &TestServer, policy: &str) -> Value {
    let body = json!({"policy": policy, "message": "because"});
    let (status, applied) = server.owner_post("/api/v1/policies/import", body).await;
    assert_eq!(status, StatusCode::OK, "{applied}");
    applied
}

async fn action(server: &TestServer, amount: u32) -> Value {
    server.decide("pay", json!({"amount": amount})).await["action"].clone()
}

async fn an_import_is_live_at_once_and_after_a_restart(server: TestServer) {
    assert_eq!(server.decide("pay", json!({"amount": 1})).await["reason"], "policy_unavailable");
    let (_, none) = server.owner_get("/api/v1/policies").await;
    assert_eq!(none, json!({"items": [], "next_cursor": null}));
    let dry = json!({"policy": limit(100), "dry_run": true});
    let (status, dry) = server.owner_post("/api/v1/policies/import", dry).await;
    assert_eq!(
        (status, &dry["applied"], &dry["version"]),
        (StatusCode::OK, &json!(false), &Value::Null)
    );
    assert_eq!(action(&server, 1).await, "deny", "nothing came into force");
    let applied = import(&server, &limit(100)).await;
    assert_eq!((&applied["applied"], &applied["diff"]), (&json!(true), &Value::Null));
    let version = &applied["version"];
    assert_eq!((&version["number"], &version["cause"]), (&json!(1), &json!("import")));
    assert_eq!(
        (&version["message"], &version["author"]["name"]),
        (&json!("because"), &json!("owner"))
    );
    assert_eq!(
        (action(&server, 100).await, action(&server, 101).await),
        (json!("allow"), json!("deny"))
    );
    let looser = import(&server, &limit(1000)).await;
    assert_eq!(looser["diff"]["verdict"], "loosened");
    assert_eq!(looser["diff"]["examples"][0]["call"]["args"]["amount"], 101);
    let again = import(&server, &limit(1000)).await;
    assert_eq!((&again["applied"], &again["version"]["number"]), (&json!(false), &json!(2)));
    assert_eq!(again["diff"]["changed"], false);
    // What the document no longer has is gone.
    import(&server, "version: '1.0'\nmetadata: {name: refunds}\ndefaults: {unknown_tools: deny}\n")
        .await;
    assert_eq!(action(&server, 1).await, "deny");
    import(&server, &limit(5)).await;
    let server = server.restart().await;
    assert_eq!(
        (action(&server, 5).await, action(&server, 6).await),
        (json!("allow"), json!("deny"))
    );
    let (_, ready) = server.owner_get("/readyz").await;
    assert_eq!(ready["policy"]["name"], "refunds");
    let kinds = server.kinds("&kind=policy_loaded").await;
    assert_eq!(kinds.len(), 4, "each change once, and no start");
}

async fn what_is_not_valid_changes_nothing(server: TestServer) {
    import(&server, &limit(100)).await;
    let broken = limit(1).replace("args.amount", "args.amount >");
    for path in ["/api/v1/policies/import", "/api/v1/policies/import?dry_run=true"] {
        let (status, problem) = server.owner_post(path, json!({"policy": broken})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert_eq!(problem["code"], "invalid_policy");
        assert_eq!(problem["detail"], "the policy is not valid: 1 error");
        let error = &problem["errors"][0];
        assert_eq!(
            (&error["path"], &error["line"]),
            (&json!("tools[0].conditions[0].expression"), &json!(7))
        );
    }
    let (status, problem) = server
        .owner_post("/api/v1/policies/import", json!({"policy": limit(1), "force": true}))
        .await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_body")));
    let (status, problem) =
        server.owner_post("/api/v1/policies/import", json!({"message": "x"})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_body")));
    let flat = json!({"version": "1.0", "metadata": {"name": "x"}, "allowed": []});
    let (status, problem) = server.owner_post("/api/v1/policies/import", flat).await;
    assert_eq!(
        (status, &problem["errors"][0]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("unknown_key"))
    );
    let long = json!({"policy": limit(1), "message": "x".repeat(1001)});
    let (status, problem) = server.owner_post("/api/v1/policies/import", long).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("message_too_long"))
    );
    let large = "x".repeat(5 * 1024 * 1024);
    let request = server.request("POST", "/api/v1/policies/import", &server.owner_key);
    let (status, problem) =
        send(request.header("content-type", "application/yaml").body(large)).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!("body_too_large"))
    );
    assert_eq!(action(&server, 100).await, "allow");
    let (_, versions) = server.owner_get("/api/v1/policies/versions").await;
    assert_eq!(versions["items"].as_array().unwrap().len(), 1);
}

async fn a_document_comes_as_json_yaml_or_a_file(server: TestServer) {
    let text = limit(100);
    let owner = server.owner_key.clone();
    let post = |path: &str| server.request("POST", path, &owner);
    let yaml =
        |path: &str| post(path).header("content-type", "application/yaml").body(text.clone());
    let file = |path: &str, dry: bool| {
        let dry_run = if dry { "true" } else { "false" };
        let parts = [
            ("file\"; filename=\"policy.yaml", &*text),
            ("message", "a file"),
            ("dry_run", dry_run),
        ];
        let parts = parts.map(|(name, value)| {
            format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        });
        let kind = "multipart/form-data; boundary=edge";
        post(path).header("content-type", kind).body(format!("{}--edge--\r\n", parts.concat()))
    };
    let object: Value = {
        let (_, validated) = send(yaml("/api/v1/policies/validate")).await;
        assert_eq!(validated["is_valid"], true, "{validated}");
        let (_, validated) = send(file("/api/v1/policies/validate", false)).await;
        assert_eq!(validated["code"], "invalid_body", "a message says nothing there: {validated}");
        json!({"version": "1.0", "metadata": {"name": "refunds"}, "tools": [{"name": "pay"}]})
    };
    let (_, dry) = send(file("/api/v1/policies/upload", true)).await;
    assert_eq!(dry["applied"], false, "{dry}");
    let (_, applied) = send(file("/api/v1/policies/upload", false)).await;
    assert_eq!(applied["version"]["message"], "a file", "{applied}");
    let (_, same) = send(yaml("/api/v1/policies/import?message=again")).await;
    assert_eq!((&same["applied"], &same["digest"]), (&json!(false), &applied["digest"]));
    let (_, diff) = send(yaml("/api/v1/policies/diff")).await;
    assert_eq!(diff["verdict"], "same_meaning", "{diff}");
    let (_, diff) = server.owner_post("/api/v1/policies/diff", json!({"policy": object})).await;
    assert_eq!(diff["verdict"], "both", "{diff}");
    let (_, applied) = server.owner_post("/api/v1/policies/import", object.clone()).await;
    assert_eq!(applied["applied"], true, "the object itself: {applied}");
    let bad = json!({"policy": {"version": "1.0", "metadata": {"name": 5}}});
    let (_, problem) = server.owner_post("/api/v1/policies/import", bad).await;
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["line"]),
        (&json!("invalid_policy"), &Value::Null)
    );
    let twice =
        post("/api/v1/policies/import?message=a").json(&json!({"policy": object, "message": "b"}));
    assert_eq!(send(twice).await.1["code"], "invalid_field");
    let wrong = post("/api/v1/policies/import").header("content-type", "image/png").body("x");
    assert_eq!(send(wrong).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let bytes = post("/api/v1/policies/validate")
        .header("content-type", "text/yaml")
        .body(vec![0xff, 0xfe]);
    assert_eq!(send(bytes).await.1["errors"][0]["code"], "invalid_utf8");
    let nothing = post("/api/v1/policies/validate").header("content-type", "application/yaml");
    assert_eq!(send(nothing.body("")).await.1["errors"][0]["code"], "empty_document");
    for odd in [json!({"policy": null}), json!({"policy": 5})] {
        let (_, problem) = server.owner_post("/api/v1/policies/import", odd).await;
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.ends_with("a policy is a text or an object"), "{detail}");
    }
}

async fn of_two_applies_one_wins_and_the_other_is_told(server: TestServer) {
    import(&server, &limit(1)).await;
    let (_, live) = server.owner_get("/api/v1/policies").await;
    let digest = live["items"][0]["digest"].as_str().unwrap().to_owned();
    let apply = async |policy: String, matching: String| {
        let request = server.request("POST", "/api/v1/policies/import", &server.owner_key);
        send(request.header("if-match", matching).json(&json!({"policy": policy}))).await
    };
    let matching = format!("\"{digest}\"");
    let (one, two) =
        tokio::join!(apply(limit(2), matching.clone()), apply(limit(3), matching.clone()));
    let mut statuses = [one.0, two.0];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::PRECONDITION_FAILED], "{one:?} {two:?}");
    let (won, lost) = if one.0 == StatusCode::OK { (one.1, two.1) } else { (two.1, one.1) };
    assert_eq!((&lost["code"], &lost["digest"]), (&json!("policy_changed"), &won["digest"]));
    let fields = &lost["diff"]["changes"][0]["fields"][0];
    assert!(fields["before"] != fields["after"], "{lost}");
    let (status, absent) = {
        let request = server.request("POST", "/api/v1/policies/import", &server.owner_key);
        send(request.header("if-none-match", "*").json(&json!({"policy": limit(9)}))).await
    };
    assert_eq!(
        (status, &absent["code"]),
        (StatusCode::PRECONDITION_FAILED, &json!("policy_changed"))
    );
    let dry = server.request("POST", "/api/v1/policies/import?dry_run=true", &server.owner_key);
    let (status, _) =
        send(dry.header("if-match", matching).json(&json!({"policy": limit(9)}))).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED, "a dry run says it too");
    let (_, versions) = server.owner_get("/api/v1/policies/versions").await;
    assert_eq!(versions["items"].as_array().unwrap().len(), 2);
}

async fn an_export_is_the_same_document_again(server: TestServer) {
    let applied = import(&server, &limit(7)).await;
    let (_, versions) = server.owner_get("/api/v1/policies/versions").await;
    let id = versions["items"][0]["id"].as_str().unwrap().to_owned();
    let queries = [
        "",
        "?format=json",
        "?scope=account",
        "?style=sorted",
        "?policy_name=refunds",
        &format!("?version={id}"),
        &format!("?version={id}&format=json"),
    ];
    for query in queries {
        let path = format!("/api/v1/policies/export{query}");
        let response = server.request("GET", &path, &server.owner_key).send().await.unwrap();
        let etag = response.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(etag, format!("\"{}\"", applied["digest"].as_str().unwrap()), "{query}");
        let text = response.text().await.unwrap();
        assert!(text.contains("${BANK_TOKEN}"), "{text}");
        let again = import(&server, &text).await;
        assert_eq!(
            (&again["applied"], &again["digest"]),
            (&json!(false), &applied["digest"]),
            "{query}"
        );
    }
    let (status, problem) = server.owner_get("/api/v1/policies/export?policy_name=none").await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("no_policy")));
    let (status, schema) = server.owner_get("/api/v1/policies/schema").await;
    assert_eq!((status, schema["$schema"].is_string()), (StatusCode::OK, true));
    assert!(schema["properties"]["tools"].is_object());
}

async fn a_policy_is_made_read_replaced_and_removed(server: TestServer) {
    let (status, made) = server.owner_post("/api/v1/policies", json!({"policy": limit(1)})).await;
    assert_eq!((status, &made["version"]["cause"]), (StatusCode::CREATED, &json!("apply")));
    let id = made["version"]["policy_id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/policies/{id}");
    let (status, taken) = server.owner_post("/api/v1/policies", json!({"policy": limit(2)})).await;
    assert_eq!((status, &taken["code"]), (StatusCode::CONFLICT, &json!("scope_taken")));
    assert!(taken["detail"].as_str().unwrap().contains(&id), "{taken}");
    let other = json!({"policy": limit(2), "scope": "team:x"});
    let (status, taken) = server.owner_post("/api/v1/policies", other).await;
    assert_eq!((status, &taken["code"]), (StatusCode::CONFLICT, &json!("policy_name_taken")));
    let (_, shown) = server.owner_get(&path).await;
    assert_eq!(
        (&shown["scope"], &shown["document"]["tools"][0]["name"]),
        (&json!("account"), &json!("pay"))
    );
    assert_eq!((&shown["state"], &shown["is_read_only"]), (&json!("live"), &json!(false)));
    let put = |body: Value| server.request("PUT", &path, &server.owner_key).json(&body);
    let (status, replaced) = send(put(json!({"policy": limit(2)}))).await;
    assert_eq!((status, &replaced["diff"]["verdict"]), (StatusCode::OK, &json!("loosened")));
    let (status, _) = send(put(json!({"policy": limit(2), "scope": "team:x"}))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let remove = || server.request("DELETE", &path, &server.owner_key);
    let (status, problem) = send(remove().header("if-match", "\"sha256:other\"")).await;
    assert_eq!(
        (status, &problem["digest"]),
        (StatusCode::PRECONDITION_FAILED, &replaced["digest"])
    );
    assert_eq!(send(remove()).await.0, StatusCode::NO_CONTENT);
    assert_eq!(server.decide("pay", json!({})).await["reason"], "policy_unavailable");
    for gone in [
        server.owner_get(&path).await,
        send(remove()).await,
        send(put(json!({"policy": limit(2)}))).await,
    ] {
        assert_eq!((gone.0, &gone.1["code"]), (StatusCode::NOT_FOUND, &json!("policy_not_found")));
    }
    assert_eq!(server.kinds("&kind=policy_removed").await.len(), 1);
    let (status, again) = server.owner_post("/api/v1/policies", json!({"policy": limit(3)})).await;
    assert_eq!((status, &again["version"]["number"]), (StatusCode::CREATED, &json!(3)));
}

async fn names_of_digits_come_before_positions(server: TestServer) {
    let document = "version: '1.0'\nmetadata: {name: p}\ntools:\n- name: '1'\n  conditions:\n  \
                    - {name: '1', action: allow, expression: 'args.x == 0'}\n  - {name: '0', action: deny, expression: 'args.x == 1'}\n  \
                    - {action: deny, expression: 'args.x == 2'}\n- name: other\n";
    let applied = import(&server, document).await;
    let id = applied["version"]["policy_id"].as_str().unwrap().to_owned();
    let message = async |rule: &str| {
        let path = format!("/api/v1/policies/{id}/tools/1/rules/{rule}");
        let body = json!({"rule": {"message": format!("at {rule}")}});
        let (status, answer) =
            send(server.request("PATCH", &path, &server.owner_key).json(&body)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    };
    message("1").await;
    message("2").await;
    let (_, shown) = server.owner_get(&format!("/api/v1/policies/{id}")).await;
    let rules = &shown["document"]["tools"][0]["conditions"];
    let messages: Vec<&Value> = (0..3).map(|at| &rules[at]["message"]).collect();
    assert_eq!(messages, [&json!("at 1"), &Value::Null, &json!("at 2")], "{shown}");
}

async fn rules_are_edited_one_by_one(server: TestServer) {
    let applied = import(&server, &limit(100)).await;
    let id = applied["version"]["policy_id"].as_str().unwrap().to_owned();
    let rules = format!("/api/v1/policies/{id}/tools/pay/rules");
    let call = async |method: &str, path: String, body: Value| {
        let (status, answer) =
            send(server.request(method, &path, &server.owner_key).json(&body)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["version"]["cause"], "edit");
        answer
    };
    let names = async || {
        let (_, shown) = server.owner_get(&format!("/api/v1/policies/{id}")).await;
        let rules = shown["document"]["tools"][0]["conditions"].as_array().unwrap().clone();
        rules.iter().map(|rule| rule["name"].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>()
    };
    let rule = json!({"name": "odd", "expression": "args.amount == 13", "action": "deny"});
    call("POST", rules.clone(), json!({"rule": rule, "position": 0, "message": "no 13"})).await;
    assert_eq!(names().await, ["odd", "large", "rest"]);
    assert_eq!(action(&server, 13).await, "deny");
    call("PATCH", format!("{rules}/odd"), json!({"rule": {"enabled": false}})).await;
    assert_eq!(action(&server, 13).await, "allow");
    call("PATCH", format!("{rules}/0"), json!({"rule": {"enabled": null, "message": "unlucky"}}))
        .await;
    assert_eq!(server.decide("pay", json!({"amount": 13})).await["message"], "unlucky");
    call("POST", format!("{rules}/odd/move"), json!({"to": 2})).await;
    assert_eq!(names().await, ["large", "rest", "odd"]);
    let last = call("DELETE", format!("{rules}/odd?message=gone"), json!({})).await;
    assert_eq!(
        (names().await, &last["version"]["message"]),
        (vec!["large".to_owned(), "rest".to_owned()], &json!("gone"))
    );
    assert_eq!(last["version"]["number"], 6);
    assert_eq!(last["digest"], applied["digest"], "back where it began");
    let refused = async |method: &str, path: String, body: Value| {
        let (status, problem) =
            send(server.request(method, &path, &server.owner_key).json(&body)).await;
        (status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned())
    };
    let wrong = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(
        refused("DELETE", format!("{rules}/odd"), json!({})).await,
        wrong(404, "rule_not_found")
    );
    assert_eq!(
        refused("PATCH", format!("{rules}/9"), json!({"rule": {}})).await,
        wrong(404, "rule_not_found")
    );
    let elsewhere = format!("/api/v1/policies/{id}/tools/none/rules");
    assert_eq!(
        refused("POST", elsewhere, json!({"rule": {}})).await,
        wrong(404, "entry_not_found")
    );
    let (_, problem) = server
        .owner_post(&format!("/api/v1/policies/{id}/tools/payy/rules"), json!({"rule": {}}))
        .await;
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("did you mean `pay`?") && detail.contains("document"), "{detail}");
    // Only a rule that is written without an expression matches always: no null may make one of another rule.
    let always = json!({"rule": {"expression": null}});
    assert_eq!(refused("PATCH", format!("{rules}/0"), always).await, wrong(422, "invalid_policy"));
    let bad = json!({"rule": {"expression": "args.amount >"}});
    assert_eq!(refused("PATCH", format!("{rules}/0"), bad).await, wrong(422, "invalid_policy"));
    assert_eq!(
        refused("POST", format!("{rules}/0/move"), json!({"to": 9})).await,
        wrong(422, "invalid_policy")
    );
    let stale = server.request("DELETE", &format!("{rules}/0"), &server.owner_key);
    assert_eq!(send(stale.header("if-match", "\"old\"")).await.0, StatusCode::PRECONDITION_FAILED);
    assert_eq!(names().await.len(), 2);
}

async fn flat_policies_and_secrets_come_too(server: TestServer) {
    let flat = json!({"name": "flat", "denied_actions": ["drop"], "require_approval": true, "approval_actions": ["pay"], "approval_threshold_usd": 200});
    let (_, report) = server.owner_post("/api/v1/policies/validate", json!({"policy": flat})).await;
    assert_eq!(report["is_valid"], true, "{report}");
    let (status, made) = server.owner_post("/api/v1/policies", flat).await;
    assert_eq!((status, &made["applied"]), (StatusCode::CREATED, &json!(true)), "{made}");
    assert_eq!(server.decide("drop", json!({})).await["action"], "deny");
    assert_eq!(server.decide("pay", json!({"amount": 1})).await["action"], "allow");
    assert_eq!(server.decide("pay", json!({"amount": 201})).await["action"], "require_approval");
    // A literal secret is taken out: neither in the version nor in what is exported, and kept by what says so.
    let literal = limit(1).replace("${BANK_TOKEN}", "s3cret-literal");
    let first = import(&server, &literal).await;
    let (_, text) = server.owner_get("/api/v1/policies/export").await;
    let text = text.as_str().unwrap().to_owned();
    assert!(!text.contains("s3cret") && text.contains("redacted"), "{text}");
    let stored = "/api/v1/mcp-servers/bank/credentials";
    let (_, credentials) = server.owner_get(stored).await;
    assert_eq!(credentials["items"][0]["field"], "auth_config.token", "{credentials}");
    import(&server, &limit(2)).await;
    let rollback =
        format!("/api/v1/policies/versions/{}/rollback", first["version"]["id"].as_str().unwrap());
    let (status, back) = server.owner_post(&rollback, json!({})).await;
    assert_eq!(
        (status, &back["digest"]),
        (StatusCode::OK, &first["digest"]),
        "the credential is still there: {back}"
    );
    let (_, before) = server.owner_get(stored).await;
    let other = import(&server, &literal.replace("s3cret-literal", "an0ther-one")).await;
    assert_eq!(other["applied"], false, "the digest does not cover secrets");
    let (_, after) = server.owner_get(stored).await;
    assert_ne!(
        before["items"][0]["set_at"], after["items"][0]["set_at"],
        "yet the new one is stored"
    );
    let elsewhere = text.replace("bank.example", "thief.example");
    let (status, problem) =
        server.owner_post("/api/v1/policies/import", json!({"policy": elsewhere})).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("secret_missing"))
    );
}

on_both_engines![
    flat_policies_and_secrets_come_too,
    an_import_is_live_at_once_and_after_a_restart,
    what_is_not_valid_changes_nothing,
    a_document_comes_as_json_yaml_or_a_file,
    of_two_applies_one_wins_and_the_other_is_told,
    an_export_is_the_same_document_again,
    a_policy_is_made_read_replaced_and_removed,
    names_of_digits_come_before_positions,
    rules_are_edited_one_by_one,
];

#[tokio::test]
async fn the_account_of_a_policy_file_is_read_only_and_its_changes_are_versions() {
    let server = TestServer::with_policy(&limit(1)).await;
    let versions = "/api/v1/policies/versions";
    let first = server.eventually(versions, |page| page["items"] != json!([])).await;
    assert_eq!(first["items"][0]["cause"], "file");
    for (path, body) in [
        ("/api/v1/policies/import", json!({"policy": limit(2)})),
        ("/api/v1/policies", json!({"policy": limit(2)})),
    ] {
        let (status, problem) = server.owner_post(path, body).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("policy_from_file")));
    }
    server.replace_policy(&limit(2)).await;
    let second = server.eventually(versions, |page| page["items"][0]["number"] == 2).await;
    assert_eq!(second["items"][0]["parent_id"], first["items"][0]["id"]);
    let id = first["items"][0]["id"].as_str().unwrap();
    let (status, problem) =
        server.owner_post_owned(format!("{versions}/{id}/rollback"), json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("policy_from_file")));
    let (_, list) = server.owner_get("/api/v1/policies").await;
    assert_eq!(list["items"][0]["is_read_only"], true);
    let team = json!({"policy": limit(2).replace("refunds", "team"), "scope": "team:x"});
    let (status, _) = server.owner_post("/api/v1/policies/import", team).await;
    assert_eq!(status, StatusCode::OK, "other scopes are the API's");
}
