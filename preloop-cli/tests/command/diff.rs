//! `preloop policy diff`: verdicts, formats and exit codes.

use serde_json::{Value, json};

use crate::support::{Place, Ran, preloop};

const BEFORE: &str = r#"version: "1.0"
metadata: {name: refunds}
tools:
  - name: refund
    conditions:
      - {name: big, expression: args.amount > 500, action: deny, message: "too | much `here`"}
      - {name: medium, expression: args.amount > 100, action: require_approval}
  - name: read_file
"#;

fn compared(after: &str, more: &[&str]) -> Ran {
    let place = Place::new();
    let before = place.write("before.yaml", BEFORE);
    let after = place.write("after.yaml", after);
    let mut arguments = vec!["policy", "diff", &before, &after];
    arguments.extend(more);
    place.run(&arguments)
}

#[test]
fn a_policy_does_not_differ_from_itself() {
    let ran = compared(BEFORE, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.starts_with("the policies are the same\n"), "{ran:?}");
    let ran = compared(&format!("# a comment\n{BEFORE}"), &["--format", "json"]);
    assert_eq!((ran.code, &ran.json()["verdict"]), (0, &json!("same_meaning")));
}

#[test]
fn every_example_is_what_both_policies_say() {
    let after = BEFORE.replace("> 500", "> 1000");
    let ran = compared(&after, &["--format", "json"]);
    assert_eq!(ran.code, 6);
    let report = ran.json();
    assert_eq!(report["verdict"], "loosened");
    let place = Place::new();
    let examples = report["examples"].as_array().expect("examples");
    assert!(!examples.is_empty());
    for example in examples {
        let calls = place.write("calls.jsonl", example["call"].to_string());
        for (side, text) in [("before", BEFORE), ("after", &after)] {
            let policy = place.write("policy.yaml", text);
            let decided = place.run(&["policy", "eval", &policy, "--calls", &calls]);
            let decided: Value = serde_json::from_str(&decided.stdout).expect("a decision");
            assert_eq!(decided["action"], example[side]["action"], "{example}");
            assert_eq!(decided["rule"]["path"], example[side]["rule"], "{example}");
        }
    }
    assert_eq!(report["changes"][0]["fields"][0]["before"], "args.amount > 500");
}

#[test]
fn the_exit_code_can_be_for_some_verdicts_alone() {
    let looser = BEFORE.replace("> 500", "> 1000");
    let stricter = BEFORE.replace("> 500", "> 300");
    // Another tool has a rule that never matches, which nothing proves.
    let rule = r#"{expression: "has(args.a) && args.a == 1 && args.a == 2", action: deny}"#;
    let stricter_and_unknown = format!("{stricter}    conditions: [{rule}]\n");
    for (after, fail_on, code) in [
        (&looser, "loosened", 6),
        (&stricter, "loosened", 0),
        (&stricter, "tightened", 6),
        (&stricter, "loosened,tightened", 6),
        (&looser, "unknown", 0),
        (&stricter_and_unknown, "loosened", 0),
        (&stricter_and_unknown, "loosened,unknown", 6),
    ] {
        let ran = compared(after, &["--fail-on", fail_on]);
        assert_eq!(ran.code, code, "{fail_on}: {ran:?}");
    }
}

#[test]
fn what_nobody_knows_stands_beside_what_was_found() {
    let servers = |address: &str| {
        format!(
            "mcp_servers: [{{name: crm, transport: http-streaming, url: \"https://{address}/mcp\"}}]\n"
        )
    };
    let place = Place::new();
    let before = place.write("before.yaml", format!("{BEFORE}{}", servers("crm.example.com")));
    let after = BEFORE.replace("> 500", "> 400");
    let after = place.write("after.yaml", format!("{after}{}", servers("crm.example.org")));
    let ran = place.run(&["policy", "diff", &before, &after]);
    let verdict = "tightened: less gets through; unknown is what changed for `crm`\n";
    assert!(ran.stdout.starts_with(verdict), "{ran:?}");
    let ran = place.run(&["policy", "diff", &before, &after, "--format", "markdown"]);
    assert!(ran.stdout.starts_with(&format!("### Policy `refunds`: {verdict}")), "{ran:?}");
    let ran = place.run(&["policy", "diff", &before, &after, "--fail-on", "unknown"]);
    assert_eq!(ran.code, 6, "{ran:?}");
}

#[test]
fn what_only_people_read_is_a_change_of_the_same_meaning() {
    let after = BEFORE.replace("name: big,", "name: big, description: no large refunds,");
    let ran = compared(&after, &[]);
    assert_eq!(ran.code, 6);
    assert!(ran.stdout.starts_with("same meaning: proved"), "{}", ran.stdout);
    assert_eq!(compared(&after, &["--fail-on", "loosened,tightened,unknown"]).code, 0);
}

#[test]
fn a_comment_for_a_pull_request_holds_no_markup_of_the_document() {
    let after = BEFORE.replace("too | much", "<img> | much");
    let after = after.replace("> 500", "> 1000");
    let ran = compared(&after, &["--format", "markdown"]);
    assert_eq!(ran.code, 6);
    let text = &ran.stdout;
    assert!(text.starts_with("### Policy `refunds`: loosened"), "{text}");
    assert!(text.contains("🔓 **loosened** `refund`: deny → require_approval"), "{text}");
    assert!(text.contains("| `too \\| much 'here'` | `<img> \\| much 'here'` |"), "{text}");
    assert!(text.contains("```json\n{\"tool\":\"refund\",\"args\":{\"amount\":"), "{text}");
    let ran = preloop(&["policy", "validate", "examples/quickstart.yaml", "--format", "markdown"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn what_cannot_be_compared_is_told() {
    let ran = compared("version: '1.0'\n", &[]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("after.yaml"), "{ran:?}");
    let ran = preloop(&["policy", "diff", "-", "-"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let ran = preloop(&["policy", "diff", "examples/quickstart.yaml", "no-such-file.yaml"]);
    assert_eq!(ran.code, 1, "{ran:?}");
}

#[test]
fn secrets_are_not_shown() {
    let place = Place::new();
    let document = |token: &str| {
        format!(
            "version: '1.0'\nmetadata: {{name: s}}\nmcp_servers:\n  - name: hub\n    url: https://hub.example.com/mcp\n    auth_type: bearer\n    auth_config: {{token: {token}}}\n"
        )
    };
    let before = place.write("before.yaml", document("ghp_aaaaaaaaaaaaaaaaaaaa"));
    let after = place.write("after.yaml", document("ghp_bbbbbbbbbbbbbbbbbbbb"));
    for format in ["human", "json", "markdown"] {
        let ran = place.run(&["policy", "diff", &before, &after, "--format", format]);
        assert_eq!(ran.code, 6, "{ran:?}");
        assert!(ran.stdout.contains("secret"), "{ran:?}");
        assert!(!ran.stdout.contains("ghp_"), "{ran:?}");
    }
}

#[test]
fn examples_are_calls_that_the_listed_tools_take() {
    let place = Place::new();
    let before = place.write("before.yaml", BEFORE);
    let after = place.write("after.yaml", BEFORE.replace("> 500", "> 1000"));
    let listing = json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": [{
        "name": "refund",
        "inputSchema": {
            "type": "object",
            "required": ["order", "amount"],
            "properties": {"order": {"type": "string"}, "amount": {"type": "integer", "maximum": 600}},
        },
    }]}});
    let tools = place.write("tools.json", listing.to_string());
    let run = |tools: &str| {
        place.run(&["policy", "diff", &before, &after, "--tools", tools, "--format", "json"])
    };
    let ran = run(&tools);
    assert_eq!(ran.code, 6);
    let call = &ran.json()["examples"][0]["call"];
    assert_eq!(call["args"]["order"], "x");
    assert!(call["args"]["amount"].as_i64().is_some_and(|amount| (501..=600).contains(&amount)));
    let bad = place.write("bad.json", "{\"tools\": [");
    let ran = run(&bad);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("cannot read the tools of"), "{ran:?}");
}
