//! `preloop policy apply` and `policy diff` against what is live, on a real server, without anybody to ask.

use serde_json::{Value, json};

use crate::support::{Place, Ran, Server};

/// A policy that denies refunds above a limit.
pub(crate) fn policy(limit: u32) -> String {
    format!(
        "# The shop's policy.\nversion: \"1.0\"\nmetadata: {{name: shop}}\ntools:\n  - name: refund\n    \
         conditions: [{{name: large, expression: args.amount > {limit}, action: deny}}]\n"
    )
}

/// A server with nothing but what is applied.
pub(crate) fn server() -> Server {
    Server::start_in(Place::new(), &[])
}

/// Applies a policy without being asked.
pub(crate) fn applied(server: &Server, text: &str, more: &[&str]) -> Value {
    let file = server.place.write("applied.yaml", text);
    let mut arguments = vec!["policy", "apply", &file, "--yes"];
    arguments.extend(more);
    server.json(&arguments)
}

/// What a call of `refund` comes to.
pub(crate) fn refund(server: &Server, amount: u32) -> Value {
    server.decide(&json!({ "tool": "refund", "args": { "amount": amount } }))["action"].clone()
}

fn apply(server: &Server, text: &str, more: &[&str]) -> Ran {
    let file = server.place.write("policy.yaml", text);
    let mut arguments = vec!["policy", "apply", &file];
    arguments.extend(more);
    server.run(&arguments)
}

#[test]
fn less_goes_through_and_more_wants_a_yes() {
    let server = server();
    let team = apply(&server, &policy(500), &["--scope", "team:shop"]);
    assert_eq!(team.code, 1, "{team:?}");
    assert!(
        team.stderr.contains("there is no policy to compare with, and nobody can be asked"),
        "{team:?}"
    );
    assert!(team.stderr.contains("--yes"), "{team:?}");
    let first = apply(&server, &policy(500), &["--message", "the first one"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(
        first.stdout.contains("new: there is no policy in account to compare with"),
        "{first:?}"
    );
    assert!(
        first.stdout.ends_with("applied: version 1 of `shop` is live in account\n"),
        "{first:?}"
    );
    let tighter = apply(&server, &policy(200), &[]);
    assert_eq!(tighter.code, 0, "{tighter:?}");
    assert!(tighter.stdout.starts_with("tightened: less gets through\n"), "{tighter:?}");
    assert!(
        tighter.stdout.contains("{\"tool\":\"refund\",\"args\":{\"amount\":500}}"),
        "{tighter:?}"
    );
    assert!(
        tighter.stdout.ends_with("applied: version 2 of `shop` is live in account\n"),
        "{tighter:?}"
    );
    assert_eq!(refund(&server, 300), "deny");
    let looser = apply(&server, &policy(1000), &[]);
    assert_eq!(looser.code, 1, "{looser:?}");
    assert!(looser.stdout.starts_with("loosened: more gets through\n"), "{looser:?}");
    let expected = "error: not applied: it lets more through, and nobody can be asked\n\
        help: look at the change, then apply it without being asked with `--yes`\n";
    assert_eq!(looser.stderr, expected);
    assert_eq!(refund(&server, 300), "deny", "nothing was applied");
    let looser = apply(&server, &policy(1000), &["--yes"]);
    assert_eq!(looser.code, 0, "{looser:?}");
    assert_eq!(refund(&server, 300), "allow");
    let versions = server.json(&["policy", "versions"]);
    assert_eq!(versions["items"][2]["message"], "the first one");
}

#[test]
fn a_change_of_words_goes_through() {
    let server = server();
    applied(&server, &policy(500), &[]);
    let words =
        policy(500).replace("{name: shop}", "{name: shop, description: What the shop may do}");
    let ran = apply(&server, &words, &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.starts_with("same meaning: "), "{ran:?}");
    assert!(ran.stdout.contains("applied: version 2"), "{ran:?}");
}

#[test]
fn what_is_live_already_makes_no_version() {
    let server = server();
    applied(&server, &policy(500), &[]);
    let ran = apply(&server, &policy(500).replace("# The shop's", "# Our"), &[]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "nothing to change: version 1 of `shop` is live already\n"),
        "{ran:?}"
    );
    let versions = server.json(&["policy", "versions"]);
    assert_eq!(versions["items"].as_array().expect("items").len(), 1);
}

#[test]
fn credentials_are_stored_though_nothing_else_changed() {
    let server = server();
    let servers = |token: &str| {
        format!(
            "{}mcp_servers:\n  - {{name: crm, enabled: false, transport: http-streaming, \
             url: \"https://crm.example.com/mcp\", auth_type: bearer, auth_config: {{token: {token}}}}}\n",
            policy(500)
        )
    };
    applied(&server, &servers("s3cret-one"), &[]);
    let ran = apply(&server, &servers("s3cret-two"), &["--dry-run"]);
    let same = "nothing to change: version 1 of `shop` is live already";
    assert_eq!((ran.code, ran.stdout), (0, format!("{same}\n")), "{}", ran.stderr);
    let ran = apply(&server, &servers("s3cret-two"), &[]);
    let stored = format!("{same}; its credentials were stored\n");
    assert_eq!((ran.code, ran.stdout), (0, stored), "{}", ran.stderr);
    let ran = server.run(&["policy", "export"]);
    assert!(ran.stdout.contains("redacted: true") && !ran.stdout.contains("s3cret"), "{ran:?}");
    let ran = apply(&server, &ran.stdout, &[]);
    assert_eq!((ran.code, ran.stdout), (0, format!("{same}\n")), "{}", ran.stderr);
}

#[test]
fn a_dry_run_says_what_it_would_do() {
    let server = server();
    applied(&server, &policy(500), &[]);
    let ran = apply(&server, &policy(1000), &["--dry-run"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.ends_with("\ndry run: nothing was applied\n"), "{ran:?}");
    let ran = apply(&server, &policy(1000), &["--dry-run", "--fail-on", "loosened"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    let ran =
        apply(&server, &policy(1000), &["--yes", "--fail-on", "loosened", "--format", "json"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert_eq!(ran.json()["applied"], false);
    assert_eq!(ran.json()["diff"]["verdict"], "loosened");
    assert_eq!(refund(&server, 600), "deny");
    let ran = apply(&server, &policy(100), &["--yes", "--fail-on", "loosened,unknown"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn scripts_get_one_object() {
    let server = server();
    let done = applied(&server, &policy(500), &["--message", "one"]);
    assert_eq!((&done["applied"], &done["version"]["number"]), (&json!(true), &json!(1)));
    let ran = apply(&server, &policy(1000), &["--format", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:?}");
    let error = &ran.json()["error"];
    assert_eq!(error["code"], "not_confirmed");
    assert_eq!(error["diff"]["verdict"], "loosened");
    let ran =
        apply(&server, &policy(1000), &["--if-match", "sha256:other", "--yes", "--format", "json"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    let error = &ran.json()["error"];
    assert_eq!(error["code"], "policy_changed");
    assert_eq!(error["digest"], done["digest"]);
    assert_eq!(error["diff"]["verdict"], "loosened");
    let digest = done["digest"].as_str().expect("a digest");
    let ran = apply(&server, &policy(1000), &["--if-match", digest, "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn an_invalid_document_is_told_in_its_places() {
    let place = Place::new();
    let file = place.write("policy.yaml", policy(1).replace("action: deny", "action: deney"));
    // Nothing is asked of a server.
    let ran = place.run(&["policy", "apply", &file, "--url", "http://127.0.0.1:9"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("policy.yaml:6:"), "{ran:?}");
    let validated = place.run(&["policy", "validate", &file]);
    assert!(validated.stderr.starts_with(&ran.stderr), "{validated:?}");
    let ran = place.run(&["policy", "apply", &file, "--format", "json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ran.json()["errors"].as_array().expect("errors").len(), 1);
    let ran = place.run(&["policy", "diff", &file]);
    assert_eq!(ran.code, 3, "{ran:?}");
}

#[test]
fn a_folder_is_one_policy() {
    let server = server();
    let folder = server.place.path("policies");
    std::fs::create_dir(&folder).expect("a folder");
    server.place.write("policies/base.yaml", "version: \"1.0\"\nmetadata: {name: shop}\n");
    let tools = server.place.write("policies/tools.yaml", "tools: [{name: refund}]\n");
    server.place.write("policies/tools_test.yaml", "policy: .\ntests: []\n");
    let folder = folder.to_str().expect("text");
    let ran = server.run(&["policy", "apply", folder, "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(refund(&server, 1), "allow");
    let ran = server.run(&["policy", "diff", folder]);
    assert_eq!(
        (ran.code, ran.stdout.starts_with("the policies are the same")),
        (0, true),
        "{ran:?}"
    );
    server.place.write("policies/tools.yaml", "tools: [{nam: refund}]\n");
    let ran = server.run(&["policy", "apply", folder, "--yes"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains(&format!("{tools}:1:10: error: ")), "{ran:?}");
}

#[test]
fn a_flat_policy_is_applied_too() {
    let server = server();
    let flat = "name: shop\nallowed_actions: [refund]\n";
    applied(&server, flat, &[]);
    assert_eq!(refund(&server, 1), "allow");
    assert_eq!(server.decide(&json!({ "tool": "drop", "args": {} }))["action"], "deny");
    let ran = apply(&server, &flat.replace("allowed", "alowed"), &["--yes"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("policy.yaml:2:1: error: "), "{ran:?}");
}

#[test]
fn a_policy_is_compared_with_what_is_live() {
    let server = server();
    let file = server.place.write("policy.yaml", policy(1000));
    let ran = server.run(&["policy", "diff", &file]);
    assert!(ran.stdout.contains("nothing in account"), "{ran:?}");
    applied(&server, &policy(500), &[]);
    let ran = server.run(&["policy", "diff", &file]);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(
        ran.stdout
            .starts_with("loosened: more gets through\n  before         live in account  sha256:"),
        "{ran:?}"
    );
    assert_eq!(server.run(&["policy", "diff", &file, "--fail-on", "tightened"]).code, 0);
    let ran = server.run(&["policy", "diff", &file, "--format", "json"]);
    assert_eq!((ran.code, &ran.json()["verdict"]), (6, &json!("loosened")));
    let ran = server.run(&["policy", "diff", &file, "--format", "markdown"]);
    assert!(ran.stdout.starts_with("### Policy `shop`: loosened: more gets through\n"), "{ran:?}");
    let ran = server.run(&["policy", "diff", &file, "--scope", "team:payments"]);
    assert!(ran.stdout.contains("nothing in team:payments: the policies above decide"), "{ran:?}");
    assert_eq!(server.run(&["policy", "diff", &file, "--scope", "team"]).code, 2);
    assert_eq!(server.run(&["policy", "diff", &file, &file, "--scope", "account"]).code, 2);
    let live = server.place.write("live.yaml", policy(500));
    assert_eq!(server.run(&["policy", "diff", &live]).code, 0);
}

#[test]
fn a_team_has_a_policy_of_its_own() {
    let server = server();
    applied(&server, &policy(500), &[]);
    let ran = apply(
        &server,
        &policy(100).replace("shop", "payments"),
        &["--scope", "team:payments", "--yes"],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("version 1 of `payments` is live in team:payments"), "{ran:?}");
    let ran = server.run(&["policy", "list"]);
    let rows: Vec<Vec<&str>> =
        ran.stdout.lines().map(|line| line.split_whitespace().take(4).collect()).collect();
    assert_eq!(rows[0], ["SCOPE", "NAME", "STATE", "VERSION"]);
    assert!(rows.contains(&vec!["account", "shop", "live", "1"]), "{ran:?}");
    assert!(rows.contains(&vec!["team:payments", "payments", "live", "1"]), "{ran:?}");
    let listed = server.json(&["policy", "list"]);
    assert_eq!(listed["items"].as_array().expect("items").len(), 2);
    let versions = server.json(&["policy", "versions", "--scope", "team:payments"]);
    assert_eq!(versions["items"].as_array().expect("items").len(), 1);
}

#[test]
fn what_the_operator_serves_from_a_file_is_changed_there() {
    let server = Server::start(&policy(500));
    let ran = apply(&server, &policy(100), &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stderr.contains("a file that the operator gave to the server; change it there"),
        "{ran:?}"
    );
    let file = server.place.write("other.yaml", policy(100));
    let ran = server.run(&["policy", "diff", &file]);
    assert_eq!(ran.code, 6, "{ran:?}");
    let listed = server.run(&["policy", "list"]);
    assert!(listed.stdout.contains("live, from a file"), "{listed:?}");
}

#[test]
fn a_live_policy_is_exported_as_it_was_applied() {
    let server = server();
    let ran = server.run(&["policy", "export"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    applied(&server, &policy(500), &[]);
    let ran = server.run(&["policy", "export"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let exported = server.place.write("exported.yaml", &ran.stdout);
    assert_eq!(server.run(&["policy", "diff", &exported]).code, 0, "{ran:?}");
    assert_eq!(server.run(&["policy", "export", "--format", "yaml"]).stdout, ran.stdout);
    let json = server.run(&["policy", "export", "shop", "--format", "json"]).json();
    assert_eq!(json["metadata"]["name"], "shop");
    let sorted = server.run(&["policy", "export", "--style", "sorted"]);
    assert_eq!(sorted.code, 0, "{sorted:?}");
    let top: Vec<&str> =
        sorted.stdout.lines().filter(|line| line.starts_with(char::is_alphabetic)).collect();
    assert!(top.is_sorted() && top.len() == 3, "{sorted:?}");
    let file = server.place.path("live.json");
    let file = file.to_str().expect("text");
    let ran = server.run(&["policy", "export", "--output", file]);
    assert_eq!((ran.code, ran.stdout), (0, format!("wrote the policy of account to {file}\n")));
    assert_eq!(server.run(&["policy", "diff", file]).code, 0);
    assert!(std::fs::read_to_string(file).expect("a file").starts_with('{'));
    let ran = server.run(&["policy", "export", "shp"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("help: there are: `shop`"), "{ran:?}");
    let ran = server.run(&["policy", "list", "--format", "yaml"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn an_agents_key_changes_nothing() {
    let server = server();
    applied(&server, &policy(500), &[]);
    let file = server.place.write("policy.yaml", policy(100));
    let (url, key) = (server.text("url"), server.text("agent_key"));
    let ran =
        server.place.run(&["policy", "apply", &file, "--yes", "--url", &url, "--token", &key]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("policies:write"), "{ran:?}");
}

#[test]
fn what_is_live_is_compared_as_hard_as_the_caller_wants() {
    let server = server();
    applied(&server, &policy(500), &[]);
    let file = server.place.write("after.yaml", policy(1000));
    let report = |more: &[&str]| {
        let mut arguments = vec!["policy", "diff", &file, "--format", "json"];
        arguments.extend(more);
        let ran = server.run(&arguments);
        assert_eq!(ran.code, 6, "{ran:?}");
        ran.json()
    };
    let by_server = report(&[]);
    let by_budget = report(&["--budget", "5000"]);
    assert_eq!(by_budget["searched"]["budget"], 5000);
    for member in ["verdict", "changes", "before", "after"] {
        assert_eq!(by_budget[member], by_server[member], "{member}");
    }
    let listing = json!({"refund": {
        "type": "object",
        "required": ["order", "amount"],
        "properties": {"order": {"type": "string"}, "amount": {"type": "integer", "maximum": 600}},
    }});
    let tools = server.place.write("tools.json", listing.to_string());
    let with_tools = report(&["--tools", &tools]);
    assert_eq!(with_tools["examples"][0]["call"]["args"]["order"], "x", "{with_tools}");
    let same = server.place.write("same.yaml", policy(500));
    assert_eq!(server.run(&["policy", "diff", &same, "--budget", "5000"]).code, 0);
}

#[test]
fn what_is_new_is_compared_with_nothing() {
    let server = server();
    let file = server.place.write("policy.yaml", policy(500));
    let diff = |more: &[&str]| {
        let mut arguments = vec!["policy", "diff", &file];
        arguments.extend(more);
        server.run(&arguments)
    };
    for more in [&[][..], &["--budget", "5000"]] {
        let ran = diff(more);
        assert_eq!(ran.code, 6, "{ran:?}");
        assert!(ran.stdout.starts_with("loosened: more gets through\n"), "{ran:?}");
        assert!(ran.stdout.contains("nothing in account: every call is denied\n"), "{ran:?}");
        assert!(ran.stdout.contains("added    tool `refund`"), "{ran:?}");
    }
    assert_eq!(diff(&["--fail-on", "loosened"]).code, 6);
    let team = diff(&["--scope", "team:shop", "--format", "json"]);
    assert_eq!(team.code, 6, "{team:?}");
    let report = team.json();
    assert_eq!((&report["verdict"], &report["examples"]), (&json!("unknown"), &json!([])));
    assert_eq!(report["before"], json!({"name": "nothing", "digest": ""}));
    assert_eq!(diff(&["--scope", "team:shop", "--fail-on", "unknown"]).code, 6);

    let planned = server.json(&["policy", "apply", &file, "--dry-run"]);
    assert_eq!(planned["diff"]["verdict"], "loosened", "{planned}");
    assert_eq!(planned["version"], Value::Null);
    let asked = apply(&server, &policy(500), &["--scope", "team:shop", "--format", "json"]);
    assert_eq!(asked.code, 1, "{asked:?}");
    assert_eq!(asked.json()["error"]["diff"]["before"]["name"], "nothing");
    let made = server.json(&["policy", "apply", &file]);
    assert_eq!((&made["applied"], &made["version"]["number"]), (&json!(true), &json!(1)));
}
