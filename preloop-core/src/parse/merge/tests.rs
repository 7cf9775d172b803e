//! Several files as one document: what is joined, what must agree, where problems are told to be.

use serde_json::json;

use crate::{Call, CompiledPolicy, PolicyFile, ValidPolicy, validate_files};

const BASE: &str = "version: '1.0'\nmetadata: {name: team}\ndefaults: {unknown_tools: deny}\n";

fn files<'f>(texts: &[(&'f str, &'f str)]) -> Vec<PolicyFile<'f>> {
    texts.iter().map(|(name, text)| PolicyFile { name, text: text.as_bytes() }).collect()
}

/// Each error as `file:line:column path: message (help)`.
fn errors(texts: &[(&str, &str)]) -> Vec<String> {
    let shown = |place: Option<u32>| place.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let report = validate_files(&files(texts));
    let line = |error: &crate::Diagnostic| {
        let file = error.file.as_deref().unwrap_or("-");
        let place = format!("{file}:{}:{}", shown(error.line), shown(error.column));
        let help = error.help.as_deref().unwrap_or_default();
        format!("{place} {}: {} ({help})", error.path, error.message)
    };
    report.errors.iter().map(line).collect()
}

#[test]
fn files_say_together_what_one_document_would() {
    let bash = "version: 1.0\nrules: []\n".replace("rules: []", "tools: [{name: bash}]");
    let workflow =
        r#"{"approval_policies": [{"name": "ops"}], "defaults": {"unknown_tools": "deny"}}"#;
    let pay = "tools:\n  - {name: pay, approval_workflow: ops}\n";
    let merged = ValidPolicy::parse_files(&files(&[
        ("a.yaml", BASE),
        ("b.yaml", &bash),
        ("c.json", workflow),
        ("d.yml", pay),
    ]))
    .unwrap();
    let whole = ValidPolicy::parse(&format!(
        "{BASE}approval_workflows: [{{name: ops}}]\n\
         tools: [{{name: bash}}, {{name: pay, approval_workflow: ops}}]\n"
    ))
    .unwrap();
    assert_eq!(merged.document(), whole.document());
    assert_eq!(merged.digest(), whole.digest());
    let places = merged.places();
    assert_eq!(places.file("tools[1].name"), Some("d.yml"));
    assert_eq!(places.value_place("tools[1].name").unwrap().line, 2);
    assert_eq!(places.file("approval_workflows[0]"), Some("c.json"));
    let texts: Vec<_> = places.files();
    assert_eq!(texts[1], (Some("b.yaml"), bash.as_str()));
    assert_eq!(texts[3], (Some("d.yml"), pay));
    assert_eq!(whole.places().files().len(), 1);
    assert_eq!(whole.places().file("tools[0]"), None);
}

#[test]
fn what_stands_twice_is_told_with_both_places() {
    let first = "tools:\n- name: bash\napproval_workflows: [{name: ops}]\nmcp_servers: [{name: gh, url: 'https://gh.test/'}]\n";
    let second = "tools:\n- name: read\n- name: bash\napproval_policies: [{name: ops}]\nmcp_servers: [{name: GH, url: 'https://gh.test/'}]\n";
    let found = errors(&[("base.yaml", BASE), ("one.yaml", first), ("two.yaml", second)]);
    assert_eq!(
        found,
        [
            "two.yaml:3:9 tools[2].name: duplicate entry for tool `bash` with any source (put the rules of both into `tools[0]`, at one.yaml:2:9)",
            "two.yaml:4:28 approval_workflows[1].name: duplicate approval workflow name `ops` (it is the name of `approval_workflows[0]`, at one.yaml:3:29)",
            "two.yaml:5:22 mcp_servers[1].name: duplicate MCP server name `GH` (it is the name of `mcp_servers[0]`, at one.yaml:4:22; case does not matter)",
        ]
    );
}

#[test]
fn what_can_be_said_once_is_said_alike() {
    let other = "metadata: {name: other, author: me}\ndefaults:\n  unknown_tools: allow\n  inherit_from_parent: true\n";
    let found = errors(&[("base.yaml", BASE), ("other.yaml", other)]);
    assert_eq!(
        found,
        [
            "other.yaml:1:18 metadata.name: `metadata.name` is the text `other` here and the text `team` in another file (keep one of the two; the other is at base.yaml:2:12)",
            "other.yaml:3:18 defaults.unknown_tools: `defaults.unknown_tools` is the text `allow` here and the text `deny` in another file (keep one of the two; the other is at base.yaml:3:12)",
        ]
    );
    let agreeing = "version: '1.0'\nmetadata: {author: me, name: team}\ndefaults: {inherit_from_parent: true}\n";
    let merged =
        ValidPolicy::parse_files(&files(&[("base.yaml", BASE), ("b.yaml", agreeing)])).unwrap();
    assert_eq!(merged.document().metadata.author.as_deref(), Some("me"));
    assert_eq!(merged.document().defaults.as_ref().unwrap().inherit_from_parent, Some(true));
}

#[test]
fn every_problem_names_its_file() {
    let found = errors(&[
        ("a.yaml", "version: '2'\nmetadata: {nam: x}\ntols: []\n"),
        ("b.yaml", "version: '1.0'\ntools: {bash: {}}\nmodel_io: {}\n"),
        ("c.yaml", "tools:\n- name: x\n  conditions:\n  - expression: args.a = 1\n"),
    ]);
    let places: Vec<&str> = found.iter().map(|line| line.split_once(' ').unwrap().0).collect();
    assert_eq!(
        places,
        ["a.yaml:1:10", "a.yaml:2:12", "a.yaml:3:1", "b.yaml:2:8", "b.yaml:3:1", "c.yaml:4:24"]
    );
    let found = errors(&[("a.yaml", BASE), ("b.yaml", "a: [\n"), ("c.json", "{"), ("d.yaml", "")]);
    let files: Vec<&str> = found.iter().map(|line| line.split_once(':').unwrap().0).collect();
    assert_eq!(files, ["b.yaml", "c.json", "d.yaml"], "{found:?}");
    assert_eq!(errors(&[]), ["-:-:- : the policy has no files ()"]);
}

#[test]
fn what_no_file_says_is_missing() {
    let found = errors(&[("a.yaml", "tools: []\n"), ("b.yaml", "tools: []\n")]);
    assert_eq!(
        found,
        [
            "a.yaml:1:1 version: the document has no `version` (add `version`)",
            "a.yaml:1:1 metadata: the document has no `metadata` (add `metadata`)",
        ]
    );
}

#[test]
fn all_files_together_are_bounded_as_one_document() {
    let long = format!("# {}\n{BASE}", "x".repeat(700 * 1024));
    let found = errors(&[("a.yaml", &long), ("b.yaml", &long)]);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("the policy's files have"), "{found:?}");
}

#[test]
fn failures_of_conditions_name_the_file() {
    let rules =
        "tools:\n- name: pay\n  conditions:\n  - {expression: 'args.amount > 5', action: deny}\n";
    let valid = ValidPolicy::parse_files(&files(&[("a.yaml", BASE), ("pay.yaml", rules)])).unwrap();
    let policy = CompiledPolicy::compile(valid);
    let args = json!({"amount": "much"});
    let decision = policy.explain(&Call::new("pay", &args));
    let error = &decision.errors[0];
    assert_eq!((error.file.as_deref(), error.line), (Some("pay.yaml"), Some(4)));
    assert_eq!(decision.trace.unwrap()[0].file.as_deref(), Some("pay.yaml"));
}
