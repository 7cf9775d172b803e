//! What was added, removed, changed or moved between two documents: by name, never by position.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::pairs::paired;
use super::report::{Change, ChangeKind, FieldChange, Section};
use crate::canonical::export;
use crate::decision::Action;
use crate::document::{Condition, PolicyDocument, Tool};

/// What stands in place of a secret.
const HIDDEN: &str = "[redacted]";

/// Every difference, in the order of the document.
pub(super) fn changes(before: &PolicyDocument, after: &PolicyDocument) -> Vec<Change> {
    // Tools hold no secrets, and most of a document is tools.
    let shown = [before, after].map(|document| {
        let PolicyDocument {
            version,
            metadata,
            mcp_servers,
            approval_workflows,
            tools: _,
            defaults,
        } = document;
        export(PolicyDocument {
            version: version.clone(),
            metadata: metadata.clone(),
            mcp_servers: mcp_servers.clone(),
            approval_workflows: approval_workflows.clone(),
            tools: Vec::new(),
            defaults: defaults.clone(),
        })
    });
    let [one, other] = &shown;
    let mut changes = Vec::new();
    single(&mut changes, Section::Metadata, "metadata", &one.metadata, &other.metadata);
    servers(&mut changes, [before, after], [one, other]);
    let [old, new] = [one, other].map(|document| {
        let workflows = document.approval_workflows.iter();
        workflows.map(|workflow| (workflow.name.as_str(), workflow)).collect::<Vec<_>>()
    });
    named(&mut changes, Section::ApprovalWorkflow, "approval_workflows", &old, &new);
    tools(&mut changes, &before.tools, &after.tools);
    single(&mut changes, Section::Defaults, "defaults", &one.defaults, &other.defaults);
    hidden_channels(&mut changes, before, after);
    changes
}

fn value<T: Serialize>(part: &T) -> Value {
    // Parts of a document hold nothing that cannot be written as JSON.
    serde_json::to_value(part).unwrap_or_default()
}

fn single<T: Serialize + PartialEq>(
    changes: &mut Vec<Change>,
    section: Section,
    name: &str,
    before: &T,
    after: &T,
) {
    let fields = fields_of(section, before, after);
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

fn servers(
    changes: &mut Vec<Change>,
    [before, after]: [&PolicyDocument; 2],
    shown: [&PolicyDocument; 2],
) {
    let [old, new] = shown.map(|document| {
        let servers = document.mcp_servers.iter();
        servers.map(|server| (server.name.as_str(), server)).collect::<Vec<_>>()
    });
    let start = changes.len();
    named(changes, Section::McpServer, "mcp_servers", &old, &new);
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

/// The first place of each name.
fn positions<T>(list: &[(impl AsRef<str>, T)]) -> HashMap<&str, usize> {
    let mut positions = HashMap::with_capacity(list.len());
    for (at, (name, _)) in list.iter().enumerate() {
        positions.entry(name.as_ref()).or_insert(at);
    }
    positions
}

/// A list whose items have names of their own.
fn named<T: Serialize + PartialEq>(
    changes: &mut Vec<Change>,
    section: Section,
    list: &str,
    before: &[(impl AsRef<str>, &T)],
    after: &[(impl AsRef<str>, &T)],
) {
    let (old, new) = (positions(before), positions(after));
    let pairs: Vec<(usize, Option<usize>)> = before
        .iter()
        .enumerate()
        .map(|(at, (name, _))| (at, new.get(name.as_ref()).copied()))
        .collect();
    let moved = moved(&pairs);
    for (at, to) in &pairs {
        let Some((name, one)) = before.get(*at) else { continue };
        let other = to.and_then(|to| after.get(to)).map(|(_, other)| other);
        let change = |kind, fields| Change {
            kind,
            section,
            name: name.as_ref().to_owned(),
            rule: None,
            path_before: Some(format!("{list}[{at}]")),
            path_after: to.map(|to| format!("{list}[{to}]")),
            fields,
        };
        match other {
            None => {
                let fields = set_fields(section, &value(one), true);
                changes.push(change(ChangeKind::Removed, fields));
            }
            Some(other) => {
                let fields = fields_of(section, *one, *other);
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
        if !old.contains_key(name.as_ref()) {
            changes.push(Change {
                kind: ChangeKind::Added,
                section,
                name: name.as_ref().to_owned(),
                rule: None,
                path_before: None,
                path_after: Some(format!("{list}[{to}]")),
                fields: set_fields(section, &value(other), false),
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
    let counts = [before, after].map(|tools| {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for tool in tools {
            let count = counts.entry(&tool.name).or_default();
            *count = count.saturating_add(1);
        }
        counts
    });
    let known = |tool: &Tool| {
        if counts.iter().all(|counts| counts.get(tool.name.as_str()) == Some(&1)) {
            return tool.name.clone();
        }
        key(tool)
    };
    let [old, new] = [before, after]
        .map(|tools| tools.iter().map(|tool| (known(tool), tool)).collect::<Vec<_>>());
    let (places_before, places_after) = (positions(&old), positions(&new));
    let start = changes.len();
    named(changes, Section::Tool, "tools", &old, &new);
    for change in changes.iter_mut().skip(start) {
        let (places, tools) = match change.kind {
            ChangeKind::Added => (&places_after, after),
            ChangeKind::Removed => (&places_before, before),
            ChangeKind::Changed | ChangeKind::Moved => continue,
        };
        let tool = places.get(change.name.as_str()).and_then(|at| tools.get(*at));
        let Some(tool) = tool.filter(|tool| !tool.conditions.is_empty()) else { continue };
        let rules = Some(Value::from(tool.conditions.iter().map(summary).collect::<Vec<_>>()));
        let (before, after) =
            if change.kind == ChangeKind::Added { (None, rules) } else { (rules, None) };
        let field = "rules".to_owned();
        change.fields.push(FieldChange { field, before, after, is_documentation: false });
    }
    for (at, (name, tool)) in old.iter().enumerate() {
        let Some(to) = places_after.get(name.as_str()).copied() else { continue };
        let Some(next) = after.get(to) else { continue };
        if tool.conditions == next.conditions {
            continue;
        }
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
        let fields = fields_of(section, rule, other);
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

/// The fields that differ between two parts; most parts are alike, and are not written out for it.
fn fields_of<T: Serialize + PartialEq>(
    section: Section,
    before: &T,
    after: &T,
) -> Vec<FieldChange> {
    if before == after {
        return Vec::new();
    }
    fields(section, &value(before), &value(after))
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
