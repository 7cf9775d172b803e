//! Names that must lead somewhere: approval workflows and MCP servers.

use std::collections::HashSet;

use super::Check;
use crate::diagnostic::{Code, did_you_mean, nearest};
use crate::document::{BUILT_IN_WORKFLOW, SOURCE_CLASSES, Tool};

pub(super) fn check(check: &mut Check<'_>) {
    // Where a name could not be read, a reference to it is no second error.
    if check.document.approval_workflows.iter().all(|workflow| !workflow.name.is_empty()) {
        workflows(check);
    }
    if check.document.mcp_servers.iter().all(|server| !server.name.is_empty()) {
        sources(check);
    }
}

fn workflows(check: &mut Check<'_>) {
    let document = check.document;
    let known: HashSet<&str> = document
        .approval_workflows
        .iter()
        .map(|workflow| workflow.name.as_str())
        .chain([BUILT_IN_WORKFLOW])
        .collect();
    let mut references: Vec<(String, String, &str)> = Vec::new();
    for (index, workflow) in document.approval_workflows.iter().enumerate() {
        if let Some(name) = &workflow.escalation_workflow {
            let subject = format!("Approval workflow '{}' references", workflow.name);
            let path = format!("approval_workflows[{index}].escalation_workflow");
            references.push((subject, path, name));
        }
    }
    for (index, tool) in document.tools.iter().enumerate() {
        if let Some(name) = &tool.approval_workflow {
            let subject = format!("Tool '{}' references", label_of(index, tool));
            references.push((subject, format!("tools[{index}].approval_workflow"), name));
        }
        for (rule, condition) in tool.conditions.iter().enumerate() {
            if let Some(name) = &condition.approval_workflow {
                let label = condition.name.clone().unwrap_or(format!("conditions[{rule}]"));
                let subject =
                    format!("Rule '{label}' of tool '{}' references", label_of(index, tool));
                let path = format!("tools[{index}].conditions[{rule}].approval_workflow");
                references.push((subject, path, name));
            }
        }
    }
    let default = document.defaults.as_ref().and_then(|d| d.default_approval_workflow.as_ref());
    if let Some(name) = default {
        let path = "defaults.default_approval_workflow".to_owned();
        references.push(("Defaults reference".to_owned(), path, name));
    }
    for (subject, path, name) in references {
        if !known.contains(name) {
            let message = format!("{subject} unknown approval workflow '{name}'");
            let names = document.approval_workflows.iter().map(|workflow| workflow.name.as_str());
            let help = help(name, names, "define it in `approval_workflows`");
            check.report(Code::UnknownApprovalWorkflow, path, message, help);
        }
    }
}

fn sources(check: &mut Check<'_>) {
    let document = check.document;
    let known: HashSet<&str> = document
        .mcp_servers
        .iter()
        .map(|server| server.name.as_str())
        .chain(SOURCE_CLASSES)
        .collect();
    for (index, tool) in document.tools.iter().enumerate() {
        let Some(source) = tool.source.as_deref() else { continue };
        if known.contains(source) {
            continue;
        }
        let message =
            format!("Tool '{}' references unknown MCP server '{source}'", label_of(index, tool));
        let names = document.mcp_servers.iter().map(|server| server.name.as_str());
        let names = names.chain(SOURCE_CLASSES);
        let otherwise = "define it in `mcp_servers`, or write `builtin`, `mcp`, `http` or `agent`";
        let help = help(source, names, otherwise);
        check.report(Code::UnknownMcpServer, format!("tools[{index}].source"), message, help);
    }
}

/// A tool by its name, or by its place where the name could not be read.
fn label_of(index: usize, tool: &Tool) -> String {
    if tool.name.is_empty() { format!("tools[{index}]") } else { tool.name.clone() }
}

fn help<'n>(name: &str, known: impl Iterator<Item = &'n str>, otherwise: &str) -> String {
    match nearest(name, known) {
        Some(meant) => did_you_mean(name, meant),
        None => otherwise.to_owned(),
    }
}
