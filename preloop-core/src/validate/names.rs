//! Names that must be unique, and names that are taken.

use std::collections::HashMap;

use super::Check;
use crate::diagnostic::Code;
use crate::document::SOURCE_CLASSES;

pub(super) fn check(check: &mut Check<'_>) {
    mcp_servers(check);
    approval_workflows(check);
}

fn mcp_servers(check: &mut Check<'_>) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (index, server) in check.document.mcp_servers.iter().enumerate() {
        if server.name.is_empty() {
            continue;
        }
        let path = format!("mcp_servers[{index}].name");
        let name = &server.name;
        let folded = name.to_lowercase();
        if SOURCE_CLASSES.contains(&folded.as_str()) {
            let message = format!("the name `{name}` means a class of tools");
            let help = format!("choose a name other than `{}`", SOURCE_CLASSES.join("`, `"));
            check.report(Code::ReservedName, &path, message, help);
        }
        let is_spelled_well =
            name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                && !name.contains("__");
        if !is_spelled_well {
            let message = format!("`{name}` cannot be part of tool names and addresses");
            let help = "use letters, digits, `-`, `_` and `.`, and no `__`";
            check.report(Code::InvalidName, &path, message, help);
        }
        if name == "v1" {
            let message = "`/mcp/v1` is the address of all tools, so `v1` alone has none";
            let help = "choose another name, so that agents can be given this server's tools alone";
            check.report(Code::ShadowedServer, &path, message, help);
        }
        if let Some(first) = seen.get(&folded) {
            let message = format!("duplicate MCP server name `{name}`");
            let elsewhere = check.elsewhere(&format!("mcp_servers[{first}].name"));
            let help = format!(
                "it is the name of `mcp_servers[{first}]`{elsewhere}; case does not matter"
            );
            check.report(Code::DuplicateName, &path, message, help);
        } else {
            seen.insert(folded, index);
        }
    }
}

fn approval_workflows(check: &mut Check<'_>) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (index, workflow) in check.document.approval_workflows.iter().enumerate() {
        let name = workflow.name.as_str();
        if name.is_empty() {
            continue;
        }
        if let Some(first) = seen.get(name) {
            let path = format!("approval_workflows[{index}].name");
            let message = format!("duplicate approval workflow name `{name}`");
            let elsewhere = check.elsewhere(&format!("approval_workflows[{first}].name"));
            let help = format!("it is the name of `approval_workflows[{first}]`{elsewhere}");
            check.report(Code::DuplicateName, path, message, help);
        } else {
            seen.insert(name, index);
        }
    }
}
