//! Scopes: agents, teams and flows with policies of their own, joined with the account's.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, on_both_engines};

async fn put(server: &TestServer, scope: &str, tools: &str, defaults: &str) -> Value {
    let name = scope.replace(':', "-");
    let policy = format!(
        "version: '1.0'\nmetadata: {{name: {name}}}\ndefaults: {{{defaults}}}\ntools:\n{tools}\n"
    );
    let body = json!({"policy": policy, "scope": scope});
    let (status, applied) = server.owner_post("/api/v1/policies/import", body).await;
    assert_eq!(status, StatusCode::OK, "{applied}");
    applied
}

async fn the_most_specific_scope_decides_and_denials_stand(server: TestServer) {
    put(&server, "account", "- {name: read}\n- {name: pay, approval_workflow: people}\n- {name: drop, conditions: [{action: deny}]}\napproval_workflows: [{name: people}]", "unknown_tools: deny").await;
    assert_eq!(server.decide("read", json!({})).await["action"], "allow");
    put(&server, "agent:agent", "- {name: pay}\n- {name: drop}\n- {name: own, approval_workflow: friends}\napproval_workflows: [{name: friends, timeout_seconds: 7}]", "").await;
    let pay = server.decide("pay", json!({})).await;
    assert_eq!((&pay["action"], &pay["policy"]["name"]), (&json!("allow"), &json!("agent-agent")));
    let dropped = server.decide("drop", json!({})).await;
    assert_eq!((&dropped["action"], &dropped["scope"]), (&json!("deny"), &json!("account")));
    let read = server.decide("read", json!({})).await;
    assert_eq!((&read["action"], &read["scope"]), (&json!("allow"), &json!("account")));
    assert_eq!(
        server.decide("other", json!({})).await["action"],
        "deny",
        "the strictest for unknown tools"
    );
    let own = server.decide("own", json!({})).await;
    let (_, approval) = server
        .owner_get(&format!("/api/v1/approvals/{}", own["approval"]["id"].as_str().unwrap()))
        .await;
    assert_eq!(
        (&approval["workflow"]["name"], &approval["workflow"]["timeout_seconds"]),
        (&json!("friends"), &json!(7))
    );
    // Another agent does not see that scope.
    let other = server.agent_key("other").await;
    let (_, theirs) = crate::support::send(
        server
            .request("POST", "/api/v1/decisions", &other)
            .json(&json!({"tool": "pay", "args": {}})),
    )
    .await;
    assert_eq!(theirs["action"], "require_approval");
    // A scope that does not inherit ends the chain.
    put(&server, "agent:agent", "- {name: drop}", "inherit_from_parent: false").await;
    assert_eq!(server.decide("drop", json!({})).await["action"], "allow");
    let (_, list) = server.owner_get("/api/v1/policies").await;
    let agent = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|policy| policy["scope"] == "agent:agent")
        .unwrap();
    let path = format!("/api/v1/policies/{}", agent["id"].as_str().unwrap());
    let removed = crate::support::send(server.request("DELETE", &path, &server.owner_key)).await;
    assert_eq!(removed.0, StatusCode::NO_CONTENT);
    assert_eq!(server.decide("drop", json!({})).await["action"], "deny");
    let server = server.restart().await;
    assert_eq!(server.decide("drop", json!({})).await["action"], "deny");
}

async fn a_scope_alone_is_not_looser_than_with_the_account(server: TestServer) {
    let read = async || {
        let decision = server.decide("read", json!({})).await;
        (decision["action"].clone(), decision["reason"].clone())
    };
    let unavailable = (json!("deny"), json!("policy_unavailable"));
    put(&server, "agent:agent", "- {name: read}", "").await;
    assert_eq!(read().await, unavailable, "the account has none yet");
    let account = put(&server, "account", "- {name: read}", "").await;
    assert_eq!(read().await.0, "allow");
    let path = format!("/api/v1/policies/{}", account["version"]["policy_id"].as_str().unwrap());
    let removed = crate::support::send(server.request("DELETE", &path, &server.owner_key)).await;
    assert_eq!(removed.0, StatusCode::NO_CONTENT);
    assert_eq!(read().await, unavailable, "taking the account's away loosens nothing");
    let bundle = server.request("GET", "/api/v1/policies/bundle", &server.agent_key);
    assert_eq!(crate::support::send(bundle).await.0, StatusCode::NOT_FOUND);
    put(&server, "agent:agent", "- {name: read}", "inherit_from_parent: false").await;
    assert_eq!(read().await.0, "allow", "it does without the account");
}

async fn teams_and_flows_hold_for_the_keys_that_are_in_them(server: TestServer) {
    put(&server, "account", "- {name: read}\n- {name: pay}", "").await;
    put(&server, "team:ops", "- {name: pay, conditions: [{action: deny}]}", "").await;
    put(&server, "flow:nightly", "- {name: read, conditions: [{action: deny}]}", "").await;
    let make = async |body: Value| {
        let (status, key) = server.owner_post("/api/v1/api-keys", body).await;
        assert_eq!(status, StatusCode::CREATED, "{key}");
        key["key"].as_str().unwrap().to_owned()
    };
    let in_flow = make(json!({"name": "night", "agent": "agent", "flow": "nightly"})).await;
    let decide = async |key: &str, tool: &str| {
        // What the call says of flow and teams does not count.
        let call = json!({"tool": tool, "args": {}, "context": {"flow": "nightly"},
            "principal": {"id": "agent", "teams": ["none"]}});
        let (_, decision) =
            crate::support::send(server.request("POST", "/api/v1/decisions", key).json(&call))
                .await;
        (decision["action"].clone(), decision["policy"]["name"].clone())
    };
    let (allowed, by_flow) =
        ((json!("allow"), json!("account")), (json!("deny"), json!("flow-nightly")));
    assert_eq!(decide(&server.agent_key, "read").await, allowed);
    assert_eq!(decide(&in_flow, "read").await, by_flow);
    assert_eq!(decide(&in_flow, "pay").await, allowed);
    let (_, team) = server.owner_post("/api/v1/teams", json!({"name": "ops"})).await;
    let (_, agents) = server.owner_get("/api/v1/agents").await;
    let agents = agents["items"].as_array().unwrap();
    let agent = agents.iter().find(|agent| agent["name"] == "agent").unwrap();
    let [team, agent] = [&team, agent].map(|thing| thing["id"].as_str().unwrap());
    let member = format!("/api/v1/teams/{team}/members/{agent}");
    let joined = server.request("PUT", &member, &server.owner_key);
    assert!(crate::support::send(joined).await.0.is_success());
    let by_team = (json!("deny"), json!("team-ops"));
    assert_eq!(decide(&server.agent_key, "pay").await, by_team, "the key is in the team at once");
    assert_eq!(decide(&in_flow, "pay").await, by_team);
    assert_eq!(decide(&in_flow, "read").await, by_flow);
    let left = server.request("DELETE", &member, &server.owner_key);
    assert!(crate::support::send(left).await.0.is_success());
    assert_eq!(decide(&server.agent_key, "pay").await, allowed);
}

async fn calls_are_tried_from_any_scope(server: TestServer) {
    put(&server, "account", "- {name: pay, conditions: [{action: deny}]}\n- {name: read, conditions: [{action: require_approval}]}", "").await;
    put(&server, "team:ops", "- {name: read}", "").await;
    put(&server, "flow:nightly", "- {name: read, conditions: [{action: deny}]}", "").await;
    let evaluate = async |body: Value| {
        let (status, answer) = server.owner_post("/api/v1/policies/evaluate", body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    };
    let call = json!({"tool": "read", "args": {}});
    assert_eq!(evaluate(json!({"call": call})).await["action"], "require_approval");
    assert_eq!(evaluate(json!({"call": call, "scope": "team:ops"})).await["action"], "allow");
    assert_eq!(evaluate(json!({"call": call, "scope": "flow:nightly"})).await["action"], "deny");
    let of_team = json!({"tool": "read", "args": {}, "principal": {"id": "u", "teams": ["ops"]}});
    assert_eq!(evaluate(json!({"call": of_team})).await["action"], "allow");
    let draft = "version: '1.0'\nmetadata: {name: draft}\ntools: [{name: pay}, {name: read}]\n";
    let pay = json!({"tool": "pay", "args": {}});
    assert_eq!(evaluate(json!({"call": pay, "policy": draft})).await["action"], "allow", "alone");
    let inherited =
        evaluate(json!({"call": pay, "policy": draft, "scope": "team:new", "explain": true})).await;
    assert_eq!((&inherited["action"], &inherited["scope"]), (&json!("deny"), &json!("account")));
    let scopes: Vec<&Value> =
        inherited["trace"].as_array().unwrap().iter().map(|item| &item["scope"]).collect();
    assert!(scopes.contains(&&json!("account")), "{inherited}");
    let (status, problem) = server
        .owner_post("/api/v1/policies/evaluate", json!({"call": pay, "scope": "team:none"}))
        .await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("no_policy")));
    let (_, versions) = server.owner_get("/api/v1/policies/versions").await;
    assert_eq!(versions["items"].as_array().unwrap().len(), 3, "nothing was recorded");
    let servers = json!({
        "policy": "version: '1.0'\nmetadata: {name: more}\nmcp_servers: [{name: x, url: 'https://x.example/mcp'}]\n",
        "scope": "team:more",
        "dry_run": true,
    });
    let (_, warned) = server.owner_post("/api/v1/policies/import", servers).await;
    assert_eq!(warned["warnings"][0]["code"], "undialled_server", "{warned}");
    let nobody = json!({
        "policy": "version: '1.0'\nmetadata: {name: x}\napproval_workflows: [{name: a, approvers: [owner, {user: nobody}, {team: empty}]}]\n",
        "dry_run": true,
    });
    let (_, warned) = server.owner_post("/api/v1/policies/import", nobody).await;
    let codes: Vec<&Value> =
        warned["warnings"].as_array().unwrap().iter().map(|warning| &warning["code"]).collect();
    assert_eq!(codes, [&json!("unknown_approver"); 2], "{warned}");
}

async fn an_agent_may_not_touch_policies(server: TestServer) {
    let applied = put(&server, "account", "- {name: read}", "").await;
    let id = applied["version"]["policy_id"].as_str().unwrap();
    let version = applied["version"]["id"].as_str().unwrap();
    let import = json!({"policy": "version: '1.0'\nmetadata: {name: mine}\n"});
    for (method, path) in [
        ("GET", "/api/v1/policies".to_owned()),
        ("POST", "/api/v1/policies".to_owned()),
        ("GET", format!("/api/v1/policies/{id}")),
        ("PUT", format!("/api/v1/policies/{id}")),
        ("DELETE", format!("/api/v1/policies/{id}")),
        ("POST", "/api/v1/policies/import".to_owned()),
        ("POST", "/api/v1/policies/upload".to_owned()),
        ("POST", "/api/v1/policies/diff".to_owned()),
        ("GET", "/api/v1/policies/export".to_owned()),
        ("GET", "/api/v1/policies/versions".to_owned()),
        ("POST", "/api/v1/policies/versions/prune".to_owned()),
        ("GET", format!("/api/v1/policies/versions/{version}")),
        ("DELETE", format!("/api/v1/policies/versions/{version}")),
        ("POST", format!("/api/v1/policies/versions/{version}/rollback")),
        ("PUT", format!("/api/v1/policies/versions/{version}/tag")),
        ("POST", format!("/api/v1/policies/{id}/tools/read/rules")),
        ("DELETE", format!("/api/v1/policies/{id}/tools/read/rules/0")),
    ] {
        let request = server.request(method, &path, &server.agent_key).json(&import);
        let (status, problem) = crate::support::send(request).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::FORBIDDEN, &json!("permission_denied")),
            "{method} {path}"
        );
    }
    assert_eq!(server.decide("read", json!({})).await["action"], "allow");
}

async fn tools_are_named_as_their_servers_name_them(server: TestServer) {
    let github = "mcp_servers: [{name: github, url: 'http://127.0.0.1:9/mcp'}]\n";
    let account = |servers: &str| {
        let policy =
            format!("version: '1.0'\nmetadata: {{name: all}}\n{servers}tools: [{{name: read}}]\n");
        server.owner_post("/api/v1/policies/import", json!({"policy": policy}))
    };
    let team = |text: &str| {
        let body = json!({"policy": text, "scope": "team:dev"});
        server.owner_post("/api/v1/policies/import", body)
    };
    let spelled = "version: '1.0'\nmetadata: {name: dev}\ntools:\n- name: github__delete_repo\n  enabled: false\n";
    // Nobody can know yet; the server that makes it wrong says so when it comes.
    account("").await;
    assert_eq!(team(spelled).await.0, StatusCode::OK);
    let (status, applied) = account(github).await;
    assert_eq!(status, StatusCode::OK, "{applied}");
    let told = applied["warnings"].as_array().unwrap();
    let about =
        told.iter().find(|warning| warning["code"] == "possibly_prefixed_tool_name").unwrap();
    let message = about["message"].as_str().unwrap();
    assert!(
        message.contains("`team:dev`") && message.contains("`github__delete_repo`"),
        "{message}"
    );
    assert_eq!(about["help"], "write `name: delete_repo` and `source: github`");
    let refused = async |text: &str| {
        let (status, problem) = team(text).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        let error = problem["errors"][0].clone();
        assert_eq!(error["code"], "prefixed_tool_name", "{problem}");
        error
    };
    let error = refused(spelled).await;
    assert_eq!((&error["path"], &error["line"]), (&json!("tools[0].name"), &json!(4)));
    refused("name: flat\ndenied_actions: [github__delete_repo]\n").await;
    refused("version: '1.0'\nmetadata: {name: dev}\ntools: [{name: pay, evidence_required: [mcp__github__look]}]\n")
        .await;
    let right =
        "version: '1.0'\nmetadata: {name: dev}\ntools:\n- name: delete_repo\n  enabled: false\n";
    assert_eq!(team(right).await.0, StatusCode::OK);
}

on_both_engines![
    tools_are_named_as_their_servers_name_them,
    the_most_specific_scope_decides_and_denials_stand,
    a_scope_alone_is_not_looser_than_with_the_account,
    teams_and_flows_hold_for_the_keys_that_are_in_them,
    calls_are_tried_from_any_scope,
    an_agent_may_not_touch_policies,
];
