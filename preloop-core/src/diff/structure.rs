//! What was added, removed, changed or moved between two documents: by name, never by position.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::report::{Change, ChangeKind, FieldChange, Section};
use crate::canonical::export;
use crate::decision::Action;
use crate::document::{Condition, PolicyDocument, Tool};

/// Rules whose conditions share at least this part of their words are taken for one rule that was changed.
const LIKENESS_MIN: f64 = 0.34;
/// What stands in place of a secret.
const HIDDEN: &str = "[redacted]";

/// Every difference, in the order of the document.
pub(super) fn changes(before: &PolicyDocument, after: &PolicyDocument) -> Vec<Change> {
    let shown = [export(before.clone()), export(after.clone())];
    let [one, other] = &shown;
    let mut changes = Vec::new();
    single(&mut changes, Section::Metadata, "metadata", &one.metadata, &other.metadata);
    servers(&mut changes, before, after);
    let names = |document: &PolicyDocument| -> Vec<(String, Value)> {
        let workflows = document.approval_workflows.iter();
        workflows.map(|workflow| (workflow.name.clone(), value(workflow))).collect()
    };
    let section = Section::ApprovalWorkflow;
    named(&mut changes, section, "approval_workflows", &names(one), &names(other));
    tools(&mut changes, &one.tools, &other.tools);
    single(&mut changes, Section::Defaults, "defaults", &one.defaults, &other.defaults);
    hidden_channels(&mut changes, before, after);
    changes
}

fn value<T: Serialize>(part: &T) -> Value {
    // Parts of a document hold nothing that cannot be written as JSON.
    serde_json::to_value(part).unwrap_or_default()
}

fn single<T: Serialize>(
    changes: &mut Vec<Change>,
    section: Section,
    name: &str,
    before: &T,
    after: &T,
) {
    let fields = fields(section, &value(before), &value(after));
    if !fields.is_empty() {
        changes.push(Change {
            kind: ChangeKind::Changed,
            section,
            name: name.to_owned(),
            rule: None,
            path_before: Some(name.to_owned()),
            path_after: Some(name.to_owned()),
            fields,
        });
    }
}

fn servers(changes: &mut Vec<Change>, before: &PolicyDocument, after: &PolicyDocument) {
    let shown = |document: &PolicyDocument| -> Vec<(String, Value)> {
        let document = export(document.clone());
        document.mcp_servers.iter().map(|server| (server.name.clone(), value(server))).collect()
    };
    let start = changes.len();
    named(changes, Section::McpServer, "mcp_servers", &shown(before), &shown(after));
    for (at, server) in before.mcp_servers.iter().enumerate() {
        let mut others = after.mcp_servers.iter().enumerate();
        let Some((to, other)) = others.find(|(_, other)| other.name == server.name) else {
            continue;
        };
        if server.auth_config == other.auth_config && server.env == other.env {
            continue;
        }
        let known = changes.iter().skip(start).any(|change| {
            change.name == server.name
                && change
                    .fields
                    .iter()
                    .any(|field| field.field == "auth_config" || field.field == "env")
        });
        if !known {
            changes.push(secret_changed(Section::McpServer, "mcp_servers", &server.name, at, to));
        }
    }
}

/// Settings of notifications that are not shown.
fn hidden_channels(changes: &mut Vec<Change>, before: &PolicyDocument, after: &PolicyDocument) {
    for (at, workflow) in before.approval_workflows.iter().enumerate() {
        let mut others = after.approval_workflows.iter().enumerate();
        let Some((to, other)) = others.find(|(_, other)| other.name == workflow.name) else {
            continue;
        };
        let is_told = changes.iter().any(|change| {
            change.section == Section::ApprovalWorkflow
                && change.name == workflow.name
                && change.fields.iter().any(|field| field.field == "notifications")
        });
        if workflow.notifications != other.notifications && !is_told {
            let section = Section::ApprovalWorkflow;
            changes.push(secret_changed(section, "approval_workflows", &workflow.name, at, to));
        }
    }
}

fn secret_changed(section: Section, list: &str, name: &str, at: usize, to: usize) -> Change {
    Change {
        kind: ChangeKind::Changed,
        section,
        name: name.to_owned(),
        rule: None,
        path_before: Some(format!("{list}[{at}]")),
        path_after: Some(format!("{list}[{to}]")),
        fields: vec![FieldChange {
            field: "secret".to_owned(),
            before: Some(json!(HIDDEN)),
            after: Some(json!(HIDDEN)),
            is_documentation: false,
        }],
    }
}

/// A list whose items have names of their own.
fn named(
    changes: &mut Vec<Change>,
    section: Section,
    list: &str,
    before: &[(String, Value)],
    after: &[(String, Value)],
) {
    let mut pairs = Vec::new();
    for (at, (name, _)) in before.iter().enumerate() {
        pairs.push((at, after.iter().position(|(other, _)| other == name)));
    }
    let moved = moved(&pairs);
    for (at, to) in &pairs {
        let Some((name, one)) = before.get(*at) else { continue };
        let other = to.and_then(|to| after.get(to)).map(|(_, other)| other);
        let change = |kind, fields| Change {
            kind,
            section,
            name: name.clone(),
            rule: None,
            path_before: Some(format!("{list}[{at}]")),
            path_after: to.map(|to| format!("{list}[{to}]")),
            fields,
        };
        match other {
            None => changes.push(change(ChangeKind::Removed, set_fields(section, one, true))),
            Some(other) => {
                let fields = fields(section, one, other);
                if !fields.is_empty() {
                    changes.push(change(ChangeKind::Changed, fields));
                }
                if moved.contains(at) {
                    changes.push(change(ChangeKind::Moved, Vec::new()));
                }
            }
        }
    }
    for (to, (name, other)) in after.iter().enumerate() {
        if !before.iter().any(|(one, _)| one == name) {
            changes.push(Change {
                kind: ChangeKind::Added,
                section,
                name: name.clone(),
                rule: None,
                path_before: None,
                path_after: Some(format!("{list}[{to}]")),
                fields: set_fields(section, other, false),
            });
        }
    }
}

/// What stands elsewhere: everything that a longest run in the old order leaves out.
fn moved(pairs: &[(usize, Option<usize>)]) -> BTreeSet<usize> {
    let kept: Vec<(usize, usize)> =
        pairs.iter().filter_map(|(at, to)| Some((*at, (*to)?))).collect();
    // For each length, the run of that length that ends lowest; where each run came from.
    let mut ends: Vec<usize> = Vec::new();
    let mut from: Vec<Option<usize>> = Vec::with_capacity(kept.len());
    for (number, (_, to)) in kept.iter().enumerate() {
        let end_of = |index: &usize| kept.get(*index).map_or(0, |(_, to)| *to);
        let length = ends.partition_point(|index| end_of(index) < *to);
        from.push(length.checked_sub(1).and_then(|before| ends.get(before).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = number,
            None => ends.push(number),
        }
    }
    let mut stays = BTreeSet::new();
    let mut next = ends.last().copied();
    while let Some(number) = next {
        stays.insert(number);
        next = from.get(number).copied().flatten();
    }
    let moved = kept.iter().enumerate().filter(|(number, _)| !stays.contains(number));
    moved.map(|(_, (at, _))| *at).collect()
}

fn tools(changes: &mut Vec<Change>, before: &[Tool], after: &[Tool]) {
    let key = |tool: &Tool| match &tool.source {
        Some(source) => format!("{} (source {source})", tool.name),
        None => tool.name.clone(),
    };
    // A tool that is there once on each side is the same one, whatever its source.
    let is_alone =
        |tools: &[Tool], name: &str| tools.iter().filter(|tool| tool.name == name).count() == 1;
    let known = |tool: &Tool| {
        if is_alone(before, &tool.name) && is_alone(after, &tool.name) {
            return tool.name.clone();
        }
        key(tool)
    };
    let list = |tools: &[Tool]| -> Vec<(String, Value)> {
        tools.iter().map(|tool| (known(tool), value(tool))).collect()
    };
    let (old, new) = (list(before), list(after));
    let start = changes.len();
    named(changes, Section::Tool, "tools", &old, &new);
    for change in changes.iter_mut().skip(start) {
        let tool = match change.kind {
            ChangeKind::Added => position(&new, &change.name).and_then(|at| after.get(at)),
            ChangeKind::Removed => position(&old, &change.name).and_then(|at| before.get(at)),
            ChangeKind::Changed | ChangeKind::Moved => None,
        };
        let Some(tool) = tool.filter(|tool| !tool.conditions.is_empty()) else { continue };
        let rules = Some(Value::from(tool.conditions.iter().map(summary).collect::<Vec<_>>()));
        let (before, after) =
            if change.kind == ChangeKind::Added { (None, rules) } else { (rules, None) };
        let field = "rules".to_owned();
        change.fields.push(FieldChange { field, before, after, is_documentation: false });
    }
    for (at, (name, _)) in old.iter().enumerate() {
        let Some(to) = new.iter().position(|(other, _)| other == name) else { continue };
        let (Some(tool), Some(next)) = (before.get(at), after.get(to)) else { continue };
        let lists = [format!("tools[{at}].conditions"), format!("tools[{to}].conditions")];
        rules(changes, name, &lists, &tool.conditions, &next.conditions);
    }
}

fn rules(
    changes: &mut Vec<Change>,
    tool: &str,
    [list_before, list_after]: &[String; 2],
    before: &[Condition],
    after: &[Condition],
) {
    let pairs = paired(before, after);
    let moved = moved(&pairs);
    let section = Section::Rule;
    let mut add = |kind, rule: &Condition, at: Option<usize>, to: Option<usize>, fields| {
        changes.push(Change {
            kind,
            section,
            name: tool.to_owned(),
            rule: Some(label(rule)),
            path_before: at.map(|at| format!("{list_before}[{at}]")),
            path_after: to.map(|to| format!("{list_after}[{to}]")),
            fields,
        });
    };
    for (at, to) in &pairs {
        let Some(rule) = before.get(*at) else { continue };
        let Some((to, other)) = to.and_then(|to| Some((to, after.get(to)?))) else {
            let fields = set_fields(section, &value(rule), true);
            add(ChangeKind::Removed, rule, Some(*at), None, fields);
            continue;
        };
        let fields = fields(section, &value(rule), &value(other));
        if !fields.is_empty() {
            add(ChangeKind::Changed, other, Some(*at), Some(to), fields);
        }
        if moved.contains(at) {
            add(ChangeKind::Moved, other, Some(*at), Some(to), Vec::new());
        }
    }
    for (to, rule) in after.iter().enumerate() {
        if !pairs.iter().any(|(_, paired)| *paired == Some(to)) {
            let fields = set_fields(section, &value(rule), false);
            add(ChangeKind::Added, rule, None, Some(to), fields);
        }
    }
}

fn position(list: &[(String, Value)], name: &str) -> Option<usize> {
    list.iter().position(|(other, _)| other == name)
}

/// A rule in one line.
fn summary(rule: &Condition) -> String {
    let action = rule.action.unwrap_or(Action::RequireApproval);
    let off = if rule.enabled == Some(false) { " (switched off)" } else { "" };
    match (&rule.name, &rule.expression) {
        (Some(name), Some(text)) => format!("{name}: {action} if {text}{off}"),
        (Some(name), None) => format!("{name}: {action}{off}"),
        (None, Some(text)) => format!("{action} if {text}{off}"),
        (None, None) => format!("{action}{off}"),
    }
}

fn label(rule: &Condition) -> String {
    let name = rule.name.clone().or_else(|| rule.expression.clone());
    name.unwrap_or_else(|| "(always)".to_owned())
}

/// Which rule became which: by name, then by condition, then by likeness.
fn paired(before: &[Condition], after: &[Condition]) -> Vec<(usize, Option<usize>)> {
    let mut pairs: Vec<(usize, Option<usize>)> = (0..before.len()).map(|at| (at, None)).collect();
    let mut taken = BTreeSet::new();
    let mut pair = |matches: &dyn Fn(&Condition, &Condition) -> bool| {
        for ((_, to), rule) in pairs.iter_mut().zip(before) {
            if to.is_some() {
                continue;
            }
            let mut free = after.iter().enumerate().filter(|(at, _)| !taken.contains(at));
            if let Some((at, _)) = free.find(|(_, other)| matches(rule, other)) {
                taken.insert(at);
                *to = Some(at);
            }
        }
    };
    pair(&|one, other| one.name.is_some() && one.name == other.name);
    let may_be = |one: &Condition, other: &Condition| {
        one.name.is_none() || other.name.is_none() || one.name == other.name
    };
    pair(&|one, other| may_be(one, other) && one == other);
    pair(&|one, other| {
        may_be(one, other) && one.expression == other.expression && one.action == other.action
    });
    pair(&|one, other| may_be(one, other) && one.expression == other.expression);
    let mut likely: Vec<(f64, usize, usize)> = Vec::new();
    for (at, _) in pairs.iter().filter(|(_, to)| to.is_none()) {
        for (to, other) in after.iter().enumerate().filter(|(to, _)| !taken.contains(to)) {
            let Some(rule) = before.get(*at).filter(|rule| may_be(rule, other)) else { continue };
            likely.push((likeness(rule, other), *at, to));
        }
    }
    likely.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    for (likeness, at, to) in likely {
        let Some(pair) = pairs.get_mut(at) else { continue };
        if likeness >= LIKENESS_MIN && pair.1.is_none() && taken.insert(to) {
            pair.1 = Some(to);
        }
    }
    pairs
}

/// The part of the words that two conditions share.
fn likeness(one: &Condition, other: &Condition) -> f64 {
    let words = |rule: &Condition| -> BTreeSet<String> {
        let text = rule.expression.clone().unwrap_or_default();
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (one_words, other_words) = (words(one), words(other));
    let shared = one_words.intersection(&other_words).count();
    let all = one_words.union(&other_words).count();
    #[expect(clippy::cast_precision_loss, reason = "conditions have few words")]
    let part = if all == 0 { 0.0 } else { shared as f64 / all as f64 };
    // The same action speaks for the same rule.
    if one.action == other.action { part + 0.1 } else { part }
}

/// The fields that differ.
fn fields(section: Section, before: &Value, after: &Value) -> Vec<FieldChange> {
    let none = Map::new();
    let (one, other) = (before.as_object().unwrap_or(&none), after.as_object().unwrap_or(&none));
    let names: Vec<&String> =
        one.keys().chain(other.keys().filter(|name| !one.contains_key(*name))).collect();
    names
        .into_iter()
        .filter(|name| is_told(section, name))
        .filter(|name| one.get(*name) != other.get(*name))
        .map(|name| FieldChange {
            field: name.clone(),
            before: one.get(name).cloned(),
            after: other.get(name).cloned(),
            is_documentation: is_documentation(section, name),
        })
        .collect()
}

/// The fields of what is new or gone.
fn set_fields(section: Section, part: &Value, is_gone: bool) -> Vec<FieldChange> {
    let (before, after) = if is_gone { (part, &Value::Null) } else { (&Value::Null, part) };
    fields(section, before, after).into_iter().filter(|field| field.field != "name").collect()
}

/// Rules are told one by one.
fn is_told(section: Section, field: &str) -> bool {
    section != Section::Tool || field != "conditions"
}

fn is_documentation(section: Section, field: &str) -> bool {
    match section {
        Section::Metadata => true,
        Section::Rule => matches!(field, "name" | "description" | "message" | "examples"),
        Section::McpServer | Section::ApprovalWorkflow | Section::Tool => field == "description",
        Section::Defaults => false,
    }
}
