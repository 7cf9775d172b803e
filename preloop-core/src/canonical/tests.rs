//! Tests of the hashes, of export and of the canonical document as text.

use super::{call_hash, export, policy_digest, to_json, to_yaml, visit_secrets};
use crate::document::PolicyDocument;
use crate::json::canonicalize;
use crate::parse::parse;

fn document(text: &str) -> PolicyDocument {
    parse(text).unwrap_or_else(|report| panic!("{report:?}"))
}

fn yaml(text: &str) -> String {
    to_yaml(&document(text), None)
}

#[test]
fn a_call_is_hashed_by_what_it_means() {
    let hash = |args: &str| call_hash("pay", Some("mcp"), &canonicalize(args).unwrap());
    let first = hash(r#"{"amount": 30, "to": "ann"}"#);
    assert_eq!(first, hash(r#"{ "to": "\u0061nn", "amount": 3.0e1 }"#));
    assert_ne!(first, hash(r#"{"amount": 30.5, "to": "ann"}"#));
    assert_ne!(
        first,
        call_hash("pay", None, &canonicalize(r#"{"amount": 30, "to": "ann"}"#).unwrap())
    );
    assert_ne!(hash("{\"n\": 9007199254740992}"), hash("{\"n\": 9007199254740993}"));
    // SHA-256 of {"args":{},"source":null,"tool":"t"}.
    assert_eq!(
        call_hash("t", None, "{}"),
        "sha256:a3dbc92bc0e700524011ced2bbcb0d3ee3f8c2375b4355d6dda07866c252317c"
    );
}

#[test]
fn the_digest_does_not_depend_on_spelling() {
    let canonical = document(
        "version: '1.0'\nmetadata: {name: p}\napproval_workflows:\n  - name: w\n    timeout_seconds: 60\n    \
         required_approvals: 2\n    approvers: [{user: ann}, {team: sre}]\n    notifications: [{channel: slack}]\n    \
         escalation: {escalate_to: [{user: bob}]}\n\
         mcp_servers: [{name: GitHub, url: 'https://g.example.com', transport: streamable-http}]\n\
         tools:\n  - name: t\n    source: GitHub\n    approval_workflow: w\n    conditions: [{expression: 'true'}]\n",
    );
    let older = document(
        "# a comment\ntools:\n  - rules:\n      - expression: true\n    approval_policy: w\n    source: github\n    name: t\n\
         mcp_servers:\n  - transport: http-streaming\n    url: \"https://g.example.com\"\n    name: GitHub\n\
         approval_policies:\n  - quorum: 2\n    timeout: 60.0\n    approver_users: [ann]\n    approver_teams: [sre]\n    \
         channel_configs: {slack: {}}\n    escalation_users: [bob]\n    name: w\n\
         metadata:\n  name: p\nversion: 1.0\n",
    );
    assert_eq!(canonical, older);
    assert_eq!(policy_digest(&canonical), policy_digest(&older));
    assert_eq!(policy_digest(&canonical), policy_digest(&document(&to_json(&canonical))));
    let other = document("version: '1.0'\nmetadata: {name: q}\n");
    assert_ne!(policy_digest(&canonical), policy_digest(&other));
}

const SECRETS: &str = r#"
version: "1.0"
metadata: {name: p}
mcp_servers:
  - name: a
    url: https://a.example.com
    auth_type: bearer
    auth_config: {token: hunter2}
  - name: b
    url: https://b.example.com
    auth_type: api_key
    auth_config: {api_key: "${KEY}", header: X-Key}
  - name: c
    transport: stdio
    command: c
    env: {C_TOKEN: hunter2, LEVEL: debug, D_TOKEN: "${D_TOKEN}"}
approval_workflows:
  - name: w
    notifications:
      - {channel: slack, url: "https://hooks.example.com/hunter2"}
      - channel: webhook
        url: https://w.example.com
        secret: hunter2
        headers: {Authorization: Bearer hunter2, X-Team: sre}
"#;

#[test]
fn secrets_are_found_by_the_names_of_their_places() {
    let mut written = document(SECRETS);
    let channels = &mut written.approval_workflows[0].notifications;
    channels.push(channels[1].clone());
    let mut places = Vec::new();
    visit_secrets(&mut written, |place, secret| {
        places.push(format!("{} {} {}", place.name, place.field, secret.is_literal()));
    });
    let expected = [
        "a auth_config.token true",
        "b auth_config.api_key false",
        "c env.C_TOKEN true",
        "c env.D_TOKEN false",
        "w notifications.slack.url true",
        "w notifications.webhook.headers.Authorization true",
        "w notifications.webhook.secret true",
        "w notifications.webhook#2.headers.Authorization true",
        "w notifications.webhook#2.secret true",
    ];
    assert_eq!(places, expected);
}

#[test]
fn secrets_do_not_leave() {
    let written = document(SECRETS);
    let exported = export(written.clone());
    let text = to_yaml(&exported, None) + &to_json(&exported);
    assert!(!text.contains("hunter2"), "{text}");
    for kept in ["${KEY}", "${D_TOKEN}", "debug", "https://w.example.com", "X-Team"] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    assert_eq!(document(&to_json(&exported)), exported, "redacted secrets are kept as such");
    assert_eq!(export(exported.clone()), exported);
    assert_eq!(policy_digest(&written), policy_digest(&exported));
    assert_eq!(
        policy_digest(&written),
        policy_digest(&document(&SECRETS.replace("hunter2", "hunter3"))),
        "a new secret is no new policy"
    );
    let shown = format!("{written:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn yaml_is_quoted_where_readers_disagree() {
    let text = r##"
version: "1.0"
metadata:
  name: "no"
  description: "line one\n  line two\n\nlast"
  author: "~"
  tags: ["1.0", "yes", "0x1F", "a: b", "# x", "-", "null", "2026-01-01", "é", "x y", "*a"]
tools:
  - name: "*"
    conditions:
      - expression: "args.a == 'it''s'"
        examples:
          match: [{a: {}, "on": [], n: 1.50, m: [[1, [2]], {b: null}]}]
"##;
    // The expression is not checked here, only carried.
    let wanted = r##"version: "1.0"

metadata:
  name: "no"
  description: |-
    line one
      line two

    last
  author: "~"
  tags:
    - "1.0"
    - "yes"
    - "0x1F"
    - "a: b"
    - "# x"
    - "-"
    - "null"
    - "2026-01-01"
    - "é"
    - x y
    - "*a"

tools:
  - name: "*"
    conditions:
      - expression: "args.a == 'it''s'"
        examples:
          match:
            - a: {}
              m:
                - - 1
                  - - 2
                - b: null
              "n": 1.5
              "on": []
"##;
    assert_eq!(yaml(text), wanted);
    assert_eq!(document(wanted), document(text));
    let with_schema = to_yaml(&document(text), Some("policy.schema.json"));
    let line = "# yaml-language-server: $schema=policy.schema.json\n";
    assert_eq!(with_schema, format!("{line}{wanted}"));
}

#[test]
fn long_and_strange_keys_survive() {
    let key = "k: ".repeat(700);
    let text = format!(
        "{{\"version\": \"1.0\", \"metadata\": {{\"name\": \"p\"}}, \"tools\": [{{\"name\": \"t\", \"conditions\": \
         [{{\"examples\": {{\"match\": [{{\"{key}\": {{\"\": 1, \"? x\": 2}}}}]}}}}]}}]}}"
    );
    let document = document(&text);
    assert_eq!(parse(&to_yaml(&document, None)), Ok(document));
}
