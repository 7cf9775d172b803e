//! Laws of single changes: what undoes what, what stays, and what refused changes say.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::canonical::policy_digest;

fn document(rules: usize) -> PolicyDocument {
    let mut text =
        "version: '1.0'\nmetadata: {name: p}\ntools:\n- name: other\n- name: pay\n".to_owned();
    if rules > 0 {
        text.push_str("  conditions:\n");
    }
    text.extend((0..rules).map(|number| {
        let enabled = if number % 3 == 0 { ", enabled: false" } else { "" };
        format!("  - {{name: r{number}, expression: 'amount > {number}', action: deny{enabled}}}\n")
    }));
    crate::parse(&text).unwrap()
}

const PAY: ToolAddress<'static> = ToolAddress::Index(1);

fn edited(document: &PolicyDocument, edit: RuleEdit<'_>) -> PolicyDocument {
    edit_rules(document, PAY, edit).unwrap().document().clone()
}

fn names(document: &PolicyDocument) -> Vec<String> {
    document.tools[1].conditions.iter().map(|rule| rule.name.clone().unwrap()).collect()
}

fn new_rule() -> Condition {
    read_rule(&json!({"name": "new", "expression": "amount > 7"})).unwrap()
}

proptest! {
    #[test]
    fn moving_there_and_back_changes_nothing(count in 1..9_usize, from in 0..9_usize, to in 0..9_usize) {
        let (from, to) = (from % count, to % count);
        let before = document(count);
        let there = edited(&before, RuleEdit::Move { rule: RuleAddress::Index(from), to });
        let moved = format!("r{from}");
        prop_assert_eq!(&names(&there)[to], &moved);
        let rest = |document: &PolicyDocument| -> Vec<String> {
            names(document).into_iter().filter(|name| *name != moved).collect()
        };
        prop_assert_eq!(rest(&there), rest(&before), "the others keep their order");
        let back = edited(&there, RuleEdit::Move { rule: RuleAddress::Named(&moved), to: from });
        prop_assert_eq!(back, before);
    }

    #[test]
    fn adding_and_removing_changes_nothing(count in 0..9_usize, at in 0..10_usize) {
        let at = at % (count + 1);
        let before = document(count);
        let added = edited(&before, RuleEdit::Add { rule: new_rule(), at: Some(at) });
        prop_assert_eq!(&names(&added)[at], "new");
        prop_assert_ne!(policy_digest(&added), policy_digest(&before));
        prop_assert_eq!(edited(&added, RuleEdit::Remove(RuleAddress::Named("new"))), before);
    }

    #[test]
    fn replacing_is_removing_and_adding(count in 1..9_usize, at in 0..9_usize) {
        let at = at % count;
        let before = document(count);
        let replaced = edited(&before, RuleEdit::Replace { rule: RuleAddress::Index(at), with: new_rule() });
        let removed = edited(&before, RuleEdit::Remove(RuleAddress::Index(at)));
        let added = edited(&removed, RuleEdit::Add { rule: new_rule(), at: Some(at) });
        prop_assert_eq!(replaced, added);
    }

    #[test]
    fn switching_twice_changes_nothing(count in 1..9_usize, at in 0..9_usize) {
        let rule = RuleAddress::Index(at % count);
        let before = document(count);
        let was = before.tools[1].conditions[at % count].enabled != Some(false);
        let same = edited(&before, RuleEdit::Enable { rule, enabled: was });
        prop_assert_eq!(&same, &before);
        let other = edited(&before, RuleEdit::Enable { rule, enabled: !was });
        prop_assert_ne!(&other, &before);
        prop_assert_eq!(edited(&other, RuleEdit::Enable { rule, enabled: was }), before);
    }

    #[test]
    fn an_address_never_leads_past_the_end(count in 0..4_usize, at in 0..9_usize, to in 0..9_usize) {
        let before = document(count);
        let rule = RuleAddress::Index(at);
        let edits = [
            (RuleEdit::Remove(rule), at < count),
            (RuleEdit::Move { rule, to }, at < count && to < count),
            (RuleEdit::Enable { rule, enabled: true }, at < count),
            (RuleEdit::Replace { rule, with: new_rule() }, at < count),
            (RuleEdit::Add { rule: new_rule(), at: Some(at) }, at <= count),
        ];
        for (edit, is_fine) in edits {
            let result = edit_rules(&before, PAY, edit.clone());
            prop_assert_eq!(result.is_ok(), is_fine, "{:?}", edit);
            if let Err(report) = result {
                prop_assert_eq!(report.errors.len(), 1);
                prop_assert_eq!(&*report.errors[0].path, "tools[1].conditions");
                prop_assert!(report.errors[0].help.is_some());
            }
        }
    }
}

#[test]
fn the_last_position_is_where_a_rule_goes_without_one() {
    let added = edited(&document(2), RuleEdit::Add { rule: new_rule(), at: None });
    assert_eq!(names(&added), ["r0", "r1", "new"]);
}

#[test]
fn what_comes_of_a_change_is_validated() {
    let rule =
        read_rule(&json!({"expression": "amout.size() >", "approval_workflow": "nobody"})).unwrap();
    let report = edit_rules(&document(1), PAY, RuleEdit::Add { rule, at: Some(0) }).unwrap_err();
    let told: Vec<(&str, Code)> =
        report.errors.iter().map(|error| (error.path.as_str(), error.code)).collect();
    assert_eq!(
        told,
        [
            ("tools[1].conditions[0].expression", Code::InvalidExpression),
            ("tools[1].conditions[0].approval_workflow", Code::UnknownApprovalWorkflow),
        ]
    );
    assert!(report.errors.iter().all(|error| error.line.is_none() && error.column.is_none()));
}

#[test]
fn a_rule_is_read_as_strictly_as_in_a_document() {
    let report = read_rule(&json!({"expresion": "true", "action": "block"})).unwrap_err();
    let told: Vec<(&str, Option<&str>)> =
        report.errors.iter().map(|error| (error.path.as_str(), error.help.as_deref())).collect();
    assert!(told.contains(&("expresion", Some("did you mean `expression`?"))), "{told:?}");
    assert!(told.iter().any(|(path, _)| *path == "action"), "{told:?}");
    for wrong in [json!(null), json!("deny"), json!([]), json!(7)] {
        assert_eq!(read_rule(&wrong).unwrap_err().errors[0].code, Code::WrongType, "{wrong}");
    }
    let mut deep = json!({});
    for _ in 0..200 {
        deep = json!({ "a": deep });
    }
    assert!(read_rule(&json!({"examples": {"match": [deep]}})).is_err());
}

#[test]
fn an_entry_is_found_by_name_and_source() {
    let text = "version: '1.0'\nmetadata: {name: p}\nmcp_servers: [{name: Files, url: 'https://f.example.com'}]\n\
                tools:\n- {name: read, source: Files}\n- {name: read, source: builtin}\n- {name: read}\n\
                - {name: list, source: http}\n- {name: write, source: http}\n- {name: write, source: agent}\n";
    let document = crate::parse(text).unwrap();
    let find = |name: &str, source: Option<&str>| {
        address::tool(&document, ToolAddress::Named { name, source })
            .map_err(|problem| (problem.message, problem.help.unwrap()))
    };
    assert_eq!(find("read", Some("files")), Ok(0));
    assert_eq!(find("read", Some("BUILTIN")), Ok(1));
    assert_eq!(find("read", None), Ok(2));
    assert_eq!(find("list", None), Ok(3), "the only one of its name");
    let refused = |message: &str, help: &str| Err((message.to_owned(), help.to_owned()));
    assert_eq!(
        find("write", None),
        refused("2 entries are named `write`", "say its source: `http`, `agent`")
    );
    assert_eq!(
        find("list", Some("agent")),
        refused(
            "no entry for tool `list` has the source `agent`",
            "`tools[3]` has the source `http`"
        )
    );
    assert_eq!(find("lst", None), refused("no entry is named `lst`", "did you mean `list`?"));
    let past = address::tool(&document, ToolAddress::Index(6)).unwrap_err();
    assert_eq!(past.help.as_deref(), Some("there are 6 entries; positions count from 0"));
}

#[test]
fn rules_of_one_name_are_told_apart_by_position() {
    let mut document = document(3);
    for rule in &mut document.tools[1].conditions {
        rule.name = Some("same".to_owned());
    }
    let edit = RuleEdit::Remove(RuleAddress::Named("same"));
    let report = edit_rules(&document, PAY, edit).unwrap_err();
    assert_eq!(report.errors[0].code, Code::AmbiguousAddress);
    assert_eq!(report.errors[0].help.as_deref(), Some("say its position: 0, 1, 2"));
}
