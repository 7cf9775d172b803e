//! Every fate is held against the whole policy compiled anew; every change against the text that would say it.

#![expect(
    clippy::disallowed_methods,
    reason = "the policies and the calls of the conformance suite are files"
)]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::expression::edits;
use super::*;
use crate::call::CallRecord;
use crate::canonical::{policy_digest, to_yaml};
use crate::parse::parse_value;
use crate::schema::ToolSchema;

/// The document as a change makes it.
fn mutated(document: &PolicyDocument, change: &Change) -> PolicyDocument {
    let mut document = document.clone();
    let mut defaults = document.defaults.clone().unwrap_or_default();
    match change {
        Change::Expression { rule, .. }
        | Change::Always(rule)
        | Change::Removed(rule)
        | Change::Workflow(rule)
        | Change::Action { rule, .. } => {
            let rule = &mut document.tools[rule.entry].conditions[rule.number];
            *rule = apply::changed(rule, change);
            // Examples say what the rule was meant for; here nobody reads them.
            rule.examples = None;
        }
        Change::Swapped { rule, next } => {
            document.tools[rule.entry].conditions.swap(rule.number, next.number);
        }
        Change::Enabled(entry) => document.tools[*entry].enabled = Some(true),
        Change::Unjustified(entry) => {
            document.tools[*entry].justification = Some(crate::document::Justification::Optional);
        }
        Change::Unproven(entry, number) => {
            document.tools[*entry].evidence_required.remove(*number);
        }
        Change::Unapproved(entry) => document.tools[*entry].approval_workflow = None,
        Change::EntryRemoved(entry) => {
            document.tools.remove(*entry);
        }
        Change::UnknownTools(action) => {
            defaults.unknown_tools = Some(*action);
            document.defaults = Some(defaults);
        }
        Change::NewTools => {
            defaults.require_approval_for_new_tools = Some(false);
            document.defaults = Some(defaults);
        }
    }
    document
}

fn mutated_all(document: &PolicyDocument, changes: &[Change]) -> PolicyDocument {
    changes.iter().fold(document.clone(), |document, change| mutated(&document, change))
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every valid document of the examples and of the conformance suite, and some that are written otherwise.
fn documents() -> Vec<(String, String)> {
    let files =
        files(&folder("examples")).into_iter().chain(files(&folder("conformance/documents")));
    let mut documents: Vec<(String, String)> = files
        .filter_map(|file| Some((file.display().to_string(), std::fs::read_to_string(file).ok()?)))
        .filter(|(_, text)| ValidPolicy::parse(text).is_ok())
        .collect();
    assert!(documents.len() > 10, "only {} documents are left", documents.len());
    for (name, text) in STYLES {
        ValidPolicy::parse(text).unwrap_or_else(|report| panic!("{name}: {report:#?}"));
        documents.push(((*name).to_owned(), (*text).to_owned()));
    }
    documents
}

const STYLES: &[(&str, &str)] = &[
    (
        "aliases",
        "version: '1.0'\nmetadata: {name: a}\ntools:\n  - name: one\n    conditions:\n      - &first\n        name: first\n        \
         expression: args.a > 5\n        action: deny\n      - expression: args.b == 1\n        action: allow\n  - name: two\n    \
         conditions: &both\n      - *first\n      - expression: args.c\n        action: allow\n      - expression: args.d\n  \
         - name: three\n    conditions: *both\n",
    ),
    (
        "json",
        r#"{"version": "1.0", "metadata": {"name": "j"}, "tools": [{"name": "pay", "justification": "required",
            "conditions": [{"expression": "args.a > 5 && args.b == 'x'", "action": "deny"},
                           {"expression": "args.c.contains('rm ')"}]}], "defaults": {"unknown_tools": "deny"}}"#,
    ),
    (
        "evidence",
        "version: '1.0'\nmetadata: {name: e}\ntools:\n  - name: pay\n    evidence_required: [look, check]\n    conditions:\n      \
         - {expression: args.a > 5, action: deny}\n",
    ),
    (
        "flow",
        "version: '1.0'\nmetadata: {name: f}\ntools: [{name: pay, conditions: [{expression: args.a > 5, \
         action: deny}, {expression: \"args.c.contains('rm ')\", name: two}]}, {name: off, enabled: false}]\n\
         defaults: {require_approval_for_new_tools: true}\n",
    ),
    (
        "blocks",
        "version: '1.0'\nmetadata:\n  name: b\ntools:\n  - name: pay\n    rules:\n      - expression: |\n          \
         args.a > 5 &&\n            args.b < 7\n        action: 'deny'\n      # the second\n      - expression: >-\n          \
         args.c\n          == 'its'\n        enabled: true\n      - action: \"allow\"\n        expression: \
         'args.c.startsWith(''rm '') || !args.d'\n",
    ),
];

#[test]
fn every_change_gives_another_valid_policy() {
    let (mut all, mut in_text) = (0_usize, 0_usize);
    for (name, text) in documents() {
        let mutation = Mutation::new(ValidPolicy::parse(&text).unwrap(), Vec::new()).unwrap();
        let bare = |mut document: PolicyDocument| {
            document.tools.iter_mut().flat_map(|tool| &mut tool.conditions).for_each(|rule| {
                rule.examples = None;
                // The line break at the end of a block.
                rule.expression = rule.expression.take().map(|text| text.trim_end().to_owned());
            });
            policy_digest(&document)
        };
        let original = bare(mutation.document.clone());
        for (number, mutant) in mutation.mutants().iter().enumerate() {
            all += 1;
            let document = mutated_all(&mutation.document, &mutant.changes);
            let digest = bare(document.clone());
            assert_ne!(digest, original, "{name}: {mutant:?}");
            let printed = to_yaml(&document, None);
            ValidPolicy::parse(&printed)
                .unwrap_or_else(|report| panic!("{name}: {mutant:?}: {report:#?}"));
            let survivor = mutation.survivor(number).unwrap();
            assert_ne!(survivor.before, survivor.after, "{name}: {mutant:?}");
            let Some(edited) = edit::edited(mutation.policy.places(), &mutant.changes[0]) else {
                let is_told_in_words = match &mutant.changes[0] {
                    Change::EntryRemoved(_)
                    | Change::Unapproved(_)
                    | Change::Unproven(..)
                    | Change::Workflow(_) => true,
                    Change::UnknownTools(_) => mutation.document.defaults.is_none(),
                    // An item behind an anchor or an alias.
                    _ => text.contains("- &"),
                };
                assert!(is_told_in_words, "{name}: {mutant:?}");
                continue;
            };
            in_text += 1;
            let read = crate::parse(&edited)
                .unwrap_or_else(|report| panic!("{name}: {mutant:?}: {report:#?}\n{edited}"));
            assert_eq!(bare(read), digest, "{name}: {mutant:?}\n{edited}");
        }
    }
    assert!(all > 400, "only {all} changes");
    assert!(in_text > 400, "only {in_text} of {all} changes can be shown in the text");
}

/// A case of the conformance suite.
struct Case {
    record: CallRecord,
    schema: Option<ToolSchema>,
    expect: Value,
}

impl Case {
    fn holds(&self, decision: &Decision) -> bool {
        let rule = decision.rule.as_ref().and_then(|rule| rule.name.as_deref());
        self.expect["action"] == decision.action.as_str()
            && self.expect["reason"] == decision.reason.as_str()
            && self.expect.get("rule").is_none_or(|wanted| {
                wanted
                    .as_str()
                    .is_some_and(|wanted| wanted.starts_with("tools[") || rule == Some(wanted))
            })
    }

    fn call(&self) -> Call<'_> {
        Call { schema: self.schema.as_ref(), ..self.record.call() }
    }
}

/// The policies of the conformance suite that are written out, with their cases.
fn suite() -> Vec<(String, String, Vec<Case>)> {
    let mut suite = Vec::new();
    for file in files(&folder("conformance/decisions")) {
        let value = parse_value(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let policy = match value.get("policy_file") {
            Some(name) => {
                let path = folder("conformance/decisions").join(name.as_str().unwrap());
                std::fs::read_to_string(path).unwrap()
            }
            None => value["policy"].to_string(),
        };
        let cases = value["cases"].as_array().unwrap().iter().filter_map(|case| {
            let mut call = case.get("call")?.clone();
            if let Some(args) = call.as_object_mut()?.remove("args_json") {
                call["args"] = crate::json::parse(args.as_str()?).unwrap();
            }
            Some(Case {
                record: CallRecord::from_value(call).unwrap(),
                schema: case.get("schema").map(|schema| ToolSchema::compile(schema).unwrap()),
                expect: case["expect"].clone(),
            })
        });
        suite.push((file.display().to_string(), policy, cases.collect()));
    }
    suite
}

#[test]
fn fates_are_those_of_the_whole_policy() {
    let (mut killed, mut survived) = (0, 0);
    for (name, policy, cases) in suite() {
        let valid = ValidPolicy::parse(&policy).unwrap();
        let original = CompiledPolicy::compile(ValidPolicy::parse(&policy).unwrap());
        let tests =
            cases.iter().map(|case| Test::new(case.call(), |decision| case.holds(decision)));
        let mut mutation = Mutation::new(valid, tests.collect()).unwrap();
        // Compiling all of it anew takes its time: every fourth change of each policy.
        for number in (0..mutation.mutants().len()).step_by(4) {
            let mutant = mutation.mutants()[number].clone();
            let fate = mutation.judge(number).unwrap();
            let document = mutated_all(&mutation.document, &mutant.changes);
            let whole =
                CompiledPolicy::compile(ValidPolicy::parse(&to_yaml(&document, None)).unwrap());
            let fails = |case: &Case| !case.holds(&whole.evaluate(&case.call()));
            match fate {
                Fate::Killed { test } => {
                    killed += 1;
                    assert!(fails(&cases[test]), "{name}: {mutant:?}: test {test} does not fail");
                    assert!(cases[test].holds(&original.evaluate(&cases[test].call())));
                }
                Fate::Survived { .. } => {
                    survived += 1;
                    let failing = cases.iter().position(fails);
                    assert_eq!(failing, None, "{name}: {mutant:?} would have been noticed");
                }
            }
        }
        // Each change was unmade: the tests hold still.
        for case in &cases {
            assert!(case.holds(&mutation.policy.evaluate(&case.call())), "{name}");
        }
    }
    assert!(killed > 100 && survived > 10, "{killed} killed, {survived} survived");
}

#[test]
fn tests_must_hold_before_anything_is_changed() {
    let text =
        "version: '1.0'\nmetadata: {name: x}\ntools: [{name: t, conditions: [{action: deny}]}]\n";
    let args = json!({});
    let tests = || {
        ["t", "other"].map(|tool| {
            Test::new(Call::new(tool, &args), |decision| decision.action == Action::Allow)
        })
    };
    let failing = Mutation::new(ValidPolicy::parse(text).unwrap(), tests().into()).unwrap_err();
    assert_eq!(failing, [0]);
}

#[track_caller]
fn changes(source: &str, expected: &[&str]) {
    let found: Vec<String> = edits(source).iter().map(|edit| edit.apply(source)).collect();
    assert_eq!(found, expected, "{source}");
}

#[test]
fn what_is_changed_in_an_expression() {
    changes("args.a > 500", &["args.a >= 500", "args.a <= 500", "args.a > 501"]);
    changes("500 > args.a", &["499 > args.a", "500 >= args.a", "500 <= args.a"]);
    changes("args.a <= -0.50", &["args.a < -0.50", "args.a > -0.50", "args.a <= -0.49"]);
    changes("args.a >= 0x10u", &["args.a > 0x10u", "args.a < 0x10u", "args.a >= 15u"]);
    changes("args.a == 'x'", &["args.a != 'x'"]);
    changes("!has(args.a)", &["has(args.a)"]);
    changes(
        "(args.a) && !(args.b)",
        &[
            "(true) && !(args.b)",
            "(args.a) || !(args.b)",
            "(args.a) && (args.b)",
            "(args.a) && true",
        ],
    );
    changes(
        "a || b || c",
        &["false || b || c", "a && b || c", "a || false || c", "a || b && c", "a || b || false"],
    );
    changes(
        "args.a in ['x', 'y', 'z']",
        &["args.a in ['y', 'z']", "args.a in ['x', 'z']", "args.a in ['x', 'y']"],
    );
    changes("args.a in ['x']", &[]);
    changes("args.a ? args.b : args.c", &["true ? args.b : args.c", "false ? args.b : args.c"]);
    changes("args.l.all(x, x)", &["args.l.exists(x, x)"]);
}

#[test]
fn what_is_changed_in_texts_and_patterns() {
    changes(
        "args.a.contains('rm ')",
        &["args.a.startsWith('rm ')", "args.a.contains('m ')", "args.a.contains('rm')"],
    );
    changes("args.a.startsWith(\"ab\")", &["args.a.contains(\"ab\")", "args.a.startsWith(\"a\")"]);
    changes("args.a.endsWith(r'ab')", &["args.a.contains(r'ab')", "args.a.endsWith(r'b')"]);
    changes("args.a.contains('x')", &["args.a.startsWith('x')"]);
    changes("args.a.contains('a\\n')", &["args.a.startsWith('a\\n')"]);
    changes(
        r"args.a.matches('^\\b(é\\s|b)$')",
        &[
            r"args.a.matches('\\b(é\\s|b)$')",
            r"args.a.matches('^(é\\s|b)$')",
            r"args.a.matches('^\\b(b)$')",
            r"args.a.matches('^\\b(é\\s)$')",
            r"args.a.matches('^\\b(é\\s|b)')",
        ],
    );
    changes(
        "matches(args.a, r'(x\\$|y)')",
        &["matches(args.a, r'(y)')", "matches(args.a, r'(x\\$)')"],
    );
    changes(r"args.a.matches('\x41|b')", &[]);
}

#[test]
fn order_that_cannot_matter_is_left_alone() {
    let swaps = |first: &str, second: &str| {
        let text = format!(
            "version: '1.0'\nmetadata: {{name: x}}\ntools: [{{name: t, conditions: [{first}, {second}]}}]\n"
        );
        let mutation = Mutation::new(ValidPolicy::parse(&text).unwrap(), Vec::new()).unwrap();
        mutation.mutants().iter().any(|mutant| mutant.kind() == Kind::Order)
    };
    let rule = |expression: &str, action: &str| {
        format!("{{expression: \"{expression}\", action: {action}}}")
    };
    for (first, second) in [
        ("args.a == 'x'", "args.a == 'y'"),
        ("a == 'x'", "args.a != 'x'"),
        ("args.a > 5", "args.a <= 5"),
        ("args.a < 5", "args.a == 7"),
    ] {
        assert!(!swaps(&rule(first, "deny"), &rule(second, "allow")), "{first}, {second}");
    }
    for (first, second) in [
        ("args.a == 'x'", "args.b == 'y'"),
        ("args.a >= 5", "args.a <= 5"),
        ("args.a > 5", "args.a > 3"),
        ("args.a == 'x'", "args.a == 5"),
        ("dyn(args.a) == 'x'", "args.a == 'y'"),
    ] {
        assert!(swaps(&rule(first, "deny"), &rule(second, "allow")), "{first}, {second}");
        assert!(!swaps(&rule(first, "deny"), &rule(second, "deny")), "{first}, {second}");
    }
    assert!(swaps(&rule("args.a == 1", "allow"), &rule("args.b == 1", "allow")));
    assert!(!swaps("{action: deny}", &rule("args.b == 1", "allow")));
}

#[test]
fn survivors_show_the_lines_that_would_change() {
    let text = "version: '1.0'\nmetadata: {name: x}\ntools:\n  - name: t\n    conditions:\n      # one\n      \
                - name: big\n        expression: args.a > 5\n        action: deny\n      # two\n      - expression: \
                args.b == 1\n";
    let mutation = Mutation::new(ValidPolicy::parse(text).unwrap(), Vec::new()).unwrap();
    let shown: Vec<String> = (0..mutation.mutants().len())
        .map(|number| {
            let survivor = mutation.survivor(number).unwrap();
            let side = |sign: &str, lines: &[String]| {
                lines.iter().flat_map(|line| ["\n", sign, line]).collect::<String>()
            };
            format!(
                "{}:{} {} {}{}{}",
                survivor.line,
                survivor.column,
                survivor.kind.as_str(),
                survivor.change,
                side("-", &survivor.before),
                side("+", &survivor.after)
            )
        })
        .collect();
    assert_eq!(
        shown[..6],
        [
            "8:28 operator `>` becomes `>=`\n-        expression: args.a > 5\n+        expression: args.a >= 5",
            "8:28 operator `>` becomes `<=`\n-        expression: args.a > 5\n+        expression: args.a <= 5",
            "8:30 bound `5` becomes `6`\n-        expression: args.a > 5\n+        expression: args.a > 6",
            "8:21 rule the rule matches every call\n-        expression: args.a > 5\n+        expression: true",
            "9:17 action `deny` becomes `allow`\n-        action: deny\n+        action: allow",
            "7:9 rule the rule is removed\n-      - name: big\n+      - enabled: false\n+        name: big",
        ]
    );
    assert_eq!(
        shown[6],
        "7:9 order the rule and the next one change places\n-      - name: big\n-        expression: args.a > 5\n\
         -        action: deny\n-      # two\n-      - expression: args.b == 1\n+      - expression: args.b == 1\n\
         +      # two\n+      - name: big\n+        expression: args.a > 5\n+        action: deny"
    );
}
