//! What a change does that no answer to a call shows: servers, inheritance, workflows in ways that have no order.

use super::report::{Effect, Section, Verdict};
use super::workflows;
use crate::document::{AuthType, McpServer, PolicyDocument, Transport};

/// Everything of this kind that differs.
pub(super) fn effects(before: &PolicyDocument, after: &PolicyDocument) -> Vec<Effect> {
    let mut effects = Vec::new();
    servers(before, after, &mut effects);
    unclear_workflows(before, after, &mut effects);
    inheritance(before, after, &mut effects);
    effects
}

fn add(
    effects: &mut Vec<Effect>,
    verdict: Verdict,
    section: Section,
    name: &str,
    message: impl Into<String>,
) {
    effects.push(Effect { verdict, section, name: name.to_owned(), message: message.into() });
}

fn servers(before: &PolicyDocument, after: &PolicyDocument, effects: &mut Vec<Effect>) {
    let find = |document: &PolicyDocument, name: &str| {
        document.mcp_servers.iter().find(|server| server.name == name).cloned()
    };
    let is_on = |server: &McpServer| server.enabled.unwrap_or(true);
    for server in &before.mcp_servers {
        let name = &server.name;
        let Some(other) = find(after, name) else {
            if is_on(server) {
                let message = "agents no longer reach the tools of this server";
                add(effects, Verdict::Tightened, Section::McpServer, name, message);
            }
            continue;
        };
        match (is_on(server), is_on(&other)) {
            (true, false) => {
                let message = "agents no longer reach the tools of this server";
                add(effects, Verdict::Tightened, Section::McpServer, name, message);
            }
            (false, true) => {
                let message = "agents reach the tools of this server, as entries and defaults say";
                add(effects, Verdict::Loosened, Section::McpServer, name, message);
            }
            _ => {}
        }
        let checks = |server: &McpServer| server.validate_arguments.unwrap_or(true);
        match (checks(server), checks(&other)) {
            (true, false) => {
                let message = "arguments that break a tool's schema are no longer denied";
                add(effects, Verdict::Loosened, Section::McpServer, name, message);
            }
            (false, true) => {
                let message = "arguments that break a tool's schema are denied";
                add(effects, Verdict::Tightened, Section::McpServer, name, message);
            }
            _ => {}
        }
        if address(server) != address(&other) {
            let message = "calls go to another address or are made in another way";
            add(effects, Verdict::Unknown, Section::McpServer, name, message);
        }
    }
    for server in &after.mcp_servers {
        if find(before, &server.name).is_none() && is_on(server) {
            let message = "agents reach the tools of this server, as entries and defaults say";
            add(effects, Verdict::Loosened, Section::McpServer, &server.name, message);
        }
    }
}

/// Everything that says where a server is and how it is called.
fn address(server: &McpServer) -> McpServer {
    let mut server = server.clone();
    server.enabled = None;
    server.validate_arguments = None;
    server.transport.get_or_insert(Transport::StreamableHttp);
    server.auth_type.get_or_insert(AuthType::None);
    server
}

fn unclear_workflows(before: &PolicyDocument, after: &PolicyDocument, effects: &mut Vec<Effect>) {
    for workflow in &before.approval_workflows {
        let name = workflow.name.as_str();
        if !after.approval_workflows.iter().any(|other| other.name == name) {
            continue;
        }
        let is_used = uses(before, name) && uses(after, name);
        for difference in workflows::compare([before, after], name, name) {
            if is_used && difference.verdict == Verdict::Unknown {
                let section = Section::ApprovalWorkflow;
                add(effects, Verdict::Unknown, section, name, difference.message);
            }
        }
    }
}

fn uses(document: &PolicyDocument, name: &str) -> bool {
    let is_it = |used: &Option<String>| used.as_deref() == Some(name);
    name == crate::document::BUILT_IN_WORKFLOW
        || document.tools.iter().any(|tool| {
            is_it(&tool.approval_workflow)
                || tool.conditions.iter().any(|rule| is_it(&rule.approval_workflow))
        })
        || document.defaults.iter().any(|defaults| is_it(&defaults.default_approval_workflow))
        || document.approval_workflows.iter().any(|other| is_it(&other.escalation_workflow))
}

fn inheritance(before: &PolicyDocument, after: &PolicyDocument, effects: &mut Vec<Effect>) {
    let inherits = |document: &PolicyDocument| {
        let defaults = document.defaults.as_ref();
        defaults.and_then(|defaults| defaults.inherit_from_parent).unwrap_or(true)
    };
    let (verdict, message) = match (inherits(before), inherits(after)) {
        (true, false) => (Verdict::Loosened, "what parent scopes say no longer holds here"),
        (false, true) => (Verdict::Tightened, "what parent scopes say holds here too"),
        _ => return,
    };
    add(effects, verdict, Section::Defaults, "inherit_from_parent", message);
}
