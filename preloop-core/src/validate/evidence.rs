//! Calls that must come before others: named as tools are, and such that they can be made at all.

use std::collections::{HashMap, HashSet};

use super::Check;
use super::tools::{split_prefix, split_server};
use crate::diagnostic::Code;
use crate::document::Tool;

pub(super) fn check(check: &mut Check<'_>) {
    let document = check.document;
    for (index, tool) in document.tools.iter().enumerate() {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (number, wanted) in tool.evidence_required.iter().enumerate() {
            let path = format!("tools[{index}].evidence_required[{number}]");
            if wanted.is_empty() {
                continue;
            }
            if let Some(first) = seen.insert(wanted, number) {
                let message = format!("`{wanted}` is wanted twice");
                let help = format!("it is `evidence_required[{first}]` too: remove one of the two");
                check.report(Code::DuplicateName, path, message, help);
            }
        }
        disabled(check, index, tool);
    }
    spellings(check);
    reachability(check);
}

/// Calls are known by the tool's own name, so any other spelling is evidence that never comes.
pub(super) fn spellings(check: &mut Check<'_>) {
    let document = check.document;
    for (index, tool) in document.tools.iter().enumerate() {
        let mut seen: HashSet<&str> = HashSet::new();
        for (number, wanted) in tool.evidence_required.iter().enumerate() {
            if !wanted.is_empty() && seen.insert(wanted) {
                spelling(check, format!("tools[{index}].evidence_required[{number}]"), wanted);
            }
        }
    }
}

fn spelling(check: &mut Check<'_>, path: String, wanted: &str) {
    let name = wanted.strip_prefix("mcp__").unwrap_or(wanted);
    if wanted.contains(['*', '?']) {
        let message =
            format!("`{wanted}` is a glob, and each call that must come first has one name");
        let help = "write the tools one by one, by their exact names";
        check.report(Code::InvalidName, path, message, help);
    } else if let Some((_, own)) = split_server(check, name) {
        let message = format!("`{wanted}` is the name that agents see, not the tool's own");
        check.report(Code::PrefixedToolName, path, message, format!("write `{own}`"));
    } else if let Some((server, own)) = name.split_once("__")
        && name.len() < wanted.len()
    {
        let message = format!("`{wanted}` looks like a name that agents see");
        let help =
            format!("if `{server}` is a server, write `{own}`: calls go by the tool's own name");
        check.report(Code::PossiblyPrefixedToolName, path, message, help);
    } else if let Some((prefix, own)) = split_prefix(check, wanted, None) {
        let message = format!("`{wanted}` begins with the tool_prefix `{prefix}`");
        let help = format!("calls go by the tool's own name, probably `{own}`");
        check.report(Code::PossiblyPrefixedToolName, path, message, help);
    }
}

/// Nothing of a disabled tool is ever asked.
fn disabled(check: &mut Check<'_>, index: usize, tool: &Tool) {
    if tool.enabled == Some(false) && !tool.evidence_required.is_empty() {
        let message =
            format!("no call comes to the evidence of `{}`: the tool is disabled", tool.name);
        let path = format!("tools[{index}].evidence_required");
        check.report(Code::NoEffect, path, message, "remove `enabled: false`, or the list");
    }
}

/// Evidence that can never be given, since each entry of its tool is disabled or waits, in the end, for itself.
fn reachability(check: &mut Check<'_>) {
    let document = check.document;
    if document.tools.iter().all(|tool| tool.evidence_required.is_empty()) {
        return;
    }
    let named: HashSet<&str> = document.tools.iter().map(|tool| tool.name.as_str()).collect();
    let callable = callable(&document.tools, &named);
    for (index, tool) in document.tools.iter().enumerate() {
        if tool.enabled == Some(false) {
            continue;
        }
        for (number, wanted) in tool.evidence_required.iter().enumerate() {
            if callable.contains(wanted.as_str()) || !named.contains(wanted.as_str()) {
                continue;
            }
            let path = format!("tools[{index}].evidence_required[{number}]");
            let message = format!(
                "`{}` can never be called: `{wanted}`, which must come first, is disabled or waits for itself",
                tool.name
            );
            let help = format!("enable `{wanted}`, or break the circle of what waits for what");
            check.report(Code::UnreachableEvidence, path, message, help);
        }
    }
}

/// The named tools of which some entry can be met: first those that want nothing, then what these open.
///
/// A tool without an entry under its own name may always be called, as far as this can tell.
fn callable<'d>(tools: &'d [Tool], named: &HashSet<&str>) -> HashSet<&'d str> {
    let mut waiting: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut open: Vec<&Tool> = Vec::new();
    let mut missing = vec![0_usize; tools.len()];
    for (index, tool) in tools.iter().enumerate().filter(|(_, tool)| tool.enabled != Some(false)) {
        let wanted = tool.evidence_required.iter().filter(|wanted| named.contains(wanted.as_str()));
        for wanted in wanted {
            waiting.entry(wanted).or_default().push(index);
            if let Some(missing) = missing.get_mut(index) {
                *missing = missing.saturating_add(1);
            }
        }
        if missing.get(index) == Some(&0) {
            open.push(tool);
        }
    }
    let mut callable = HashSet::new();
    while let Some(tool) = open.pop() {
        if !callable.insert(tool.name.as_str()) {
            continue;
        }
        for index in waiting.remove(tool.name.as_str()).unwrap_or_default() {
            let (Some(missing), Some(tool)) = (missing.get_mut(index), tools.get(index)) else {
                continue;
            };
            *missing = missing.saturating_sub(1);
            if *missing == 0 {
                open.push(tool);
            }
        }
    }
    callable
}
