//! Tool entries: each tool once for each source, under its own name.

use std::collections::HashMap;

use super::Check;
use crate::diagnostic::Code;

pub(super) fn check(check: &mut Check<'_>) {
    duplicates(check);
    spellings(check);
}

fn duplicates(check: &mut Check<'_>) {
    let mut seen: HashMap<(&str, Option<&str>), usize> = HashMap::new();
    for (index, tool) in check.document.tools.iter().enumerate() {
        if tool.name.is_empty() {
            continue;
        }
        let entry = (tool.name.as_str(), tool.source.as_deref());
        if let Some(first) = seen.get(&entry) {
            let source = match &tool.source {
                Some(source) => format!("source `{source}`"),
                None => "any source".to_owned(),
            };
            let message = format!("duplicate entry for tool `{}` with {source}", tool.name);
            let elsewhere = check.elsewhere(&format!("tools[{first}].name"));
            let help = format!("put the rules of both into `tools[{first}]`{elsewhere}");
            check.report(Code::DuplicateTool, format!("tools[{index}].name"), message, help);
        } else {
            seen.insert(entry, index);
        }
    }
}

/// Agents see `<server>__<tool>` or `<prefix>_<tool>`; an entry under such a name would never meet
/// the call that it was written for.
pub(super) fn spellings(check: &mut Check<'_>) {
    let document = check.document;
    for (index, tool) in document.tools.iter().enumerate() {
        let path = || format!("tools[{index}].name");
        let name = tool.name.strip_prefix("mcp__").unwrap_or(&tool.name);
        if let Some((server, own)) = split_server(check, name) {
            let message =
                format!("`{}` is the name that agents see, not the tool's own", tool.name);
            let help = format!("write `name: {own}` and `source: {server}`");
            check.report(Code::PrefixedToolName, path(), message, help);
        } else if let Some((server, own)) = name.split_once("__")
            && name.len() < tool.name.len()
        {
            let message = format!("`{}` looks like a name that agents see", tool.name);
            let help =
                format!("if so, declare `{server}` in `mcp_servers` and write `name: {own}`");
            check.report(Code::PossiblyPrefixedToolName, path(), message, help);
        } else if let Some((prefix, own)) = split_prefix(check, &tool.name, tool.source.as_deref())
        {
            let message = format!("`{}` begins with the tool_prefix `{prefix}`", tool.name);
            let help = format!("entries go by the tool's own name, probably `{own}`");
            check.report(Code::PossiblyPrefixedToolName, path(), message, help);
        }
    }
}

/// The server whose name and `__` begin a tool's name.
pub(super) fn split_server<'n>(check: &Check<'_>, name: &'n str) -> Option<(String, &'n str)> {
    let (server, own) = name.split_once("__")?;
    let servers = &check.document.mcp_servers;
    let declared = servers.iter().find(|declared| declared.name.eq_ignore_ascii_case(server))?;
    Some((declared.name.clone(), own))
}

/// The `tool_prefix` of a server that the tool may be at, where it begins the tool's name.
pub(super) fn split_prefix<'n>(
    check: &Check<'_>,
    name: &'n str,
    source: Option<&str>,
) -> Option<(String, &'n str)> {
    check.document.mcp_servers.iter().find_map(|server| {
        let prefix = server.tool_prefix.as_ref()?;
        let is_meant = source.is_none_or(|source| source == server.name || source == "mcp");
        let own = name.strip_prefix(prefix.as_str())?.strip_prefix('_')?;
        (is_meant && !own.is_empty()).then(|| (prefix.clone(), own))
    })
}
