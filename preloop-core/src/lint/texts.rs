//! Tests of text that say less than they seem to: shell commands, addresses, paths, patterns.

use super::Lint;
use super::atoms::{Atom, Search, alternatives};
use crate::decision::Action;
use crate::diagnostic::Code;
use crate::document::{Condition, Tool};

/// Names of arguments, and of tools, that hold a shell command.
const COMMANDS: [&str; 7] =
    ["command", "cmd", "commandline", "command_line", "script", "shell", "bash"];
/// Names of arguments that hold a path.
const PATHS: [&str; 8] =
    ["path", "file", "file_path", "filepath", "filename", "directory", "folder", "cwd"];
/// Names of arguments that hold an address.
const ADDRESSES: [&str; 5] = ["url", "uri", "endpoint", "href", "address"];

pub(super) fn check(lint: &mut Lint<'_>) {
    let policy = lint.policy;
    for (index, tool) in policy.document().tools.iter().enumerate() {
        if tool.enabled == Some(false) {
            continue;
        }
        // All rules of a tool that read its command have the same gap: the first says it.
        let mut is_said = false;
        for (number, rule) in tool.conditions.iter().enumerate() {
            if rule.enabled == Some(false) {
                continue;
            }
            let path = format!("tools[{index}].conditions[{number}].expression");
            let found = match rule.action.unwrap_or(Action::RequireApproval) {
                Action::Allow => too_wide(rule),
                _ if is_said => None,
                _ => evadable(tool, number, rule),
            };
            if let Some((code, message, help)) = found {
                is_said |= code == Code::EvadableText;
                lint.report(code, &path, message, help);
            }
        }
    }
}

type Finding = (Code, String, String);

fn atoms(rule: &Condition) -> Vec<Atom> {
    alternatives(rule).into_iter().flatten().flatten().collect()
}

/// The last name of a path, in lower case.
fn last(path: &str) -> String {
    path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase()
}

fn is_one_of(path: &str, names: &[&str]) -> bool {
    path.starts_with("args.") && names.contains(&last(path).as_str())
}

/// A deny rule over the text of a command, where what it misses is allowed.
fn evadable(tool: &Tool, number: usize, rule: &Condition) -> Option<Finding> {
    if !ends_open(tool, number) {
        return None;
    }
    let (path, text) = atoms(rule).into_iter().find_map(|atom| match atom {
        Atom::Text(path, _, text) if is_one_of(&path, &COMMANDS) => Some((path, text)),
        _ => None,
    })?;
    let shown: String = text.chars().take(40).collect();
    let message = format!(
        "`{shown}` in `{path}` is one spelling of a command: quotes, variables, `sh -c` and other programs say the same, and what this rule misses is allowed"
    );
    let help = "end the tool's rules with one without a condition that asks (`action: require_approval`), and allow the exact commands that are harmless before it";
    Some((Code::EvadableText, message, help.to_owned()))
}

/// Whether a call that no rule from here on stops is allowed.
fn ends_open(tool: &Tool, number: usize) -> bool {
    let later = tool.conditions.iter().skip(number);
    !later.filter(|rule| rule.enabled != Some(false)).any(|rule| {
        let is_catch_all =
            rule.expression.as_deref().is_none_or(|text| text.trim().eq_ignore_ascii_case("true"));
        is_catch_all && rule.action != Some(Action::Allow)
    })
}

/// An allow rule that lets through more than it names.
fn too_wide(rule: &Condition) -> Option<Finding> {
    let expression = rule.expression.as_deref().unwrap_or_default();
    alternatives(rule)?.iter().find_map(|together| {
        together.iter().find_map(|atom| {
            let Atom::Text(path, search, text) = atom else { return None };
            let shown: String = text.chars().take(40).collect();
            if is_one_of(path, &COMMANDS) {
                return command(path, *search, text, &shown);
            }
            let is_prefix = *search == Search::StartsWith;
            if is_one_of(path, &ADDRESSES) && is_prefix && !text.split("://").nth(1)?.contains('/') {
                let message = format!("`{shown}` begins other hosts too, such as `{shown}.example.net` and `{shown}@example.net`");
                let help = format!("end it with a slash: `{path}.startsWith('{text}/')`");
                return Some((Code::TooWideText, message, help));
            }
            if is_one_of(path, &PATHS) && is_prefix && !expression.contains("..") {
                let message = format!("`{shown}` begins paths that lead elsewhere, such as `{}/../../etc`", text.trim_end_matches('/'));
                let help = format!("refuse them: `{path}.startsWith('{}/') && !{path}.contains('..')`", text.trim_end_matches('/'));
                return Some((Code::TooWideText, message, help));
            }
            // A pattern of an address may leave its path open behind the host.
            let is_address = is_one_of(path, &ADDRESSES) && begins(text) && text.ends_with('/');
            if *search == Search::Matches && !is_anchored(text) && !is_address {
                let message = format!("the pattern `{shown}` is found anywhere in the text");
                let help = "say the whole text: begin the pattern with `^` and end it with `$`".to_owned();
                return Some((Code::TooWideText, message, help));
            }
            None
        })
    })
}

fn command(path: &str, search: Search, text: &str, shown: &str) -> Option<Finding> {
    if search == Search::Matches && is_anchored(text) {
        return None;
    }
    let message = format!(
        "a command with `{shown}` in it may hold any other command too, as in `...; rm -rf ~`"
    );
    let help = format!(
        "name whole commands: `{path} == 'git status'`, or `{path}.matches('^git (status|log)$')`"
    );
    Some((Code::TooWideText, message, help))
}

fn is_anchored(pattern: &str) -> bool {
    let ends = pattern.ends_with('$') && !pattern.ends_with("\\$") || pattern.ends_with("\\z");
    begins(pattern) && ends
}

fn begins(pattern: &str) -> bool {
    pattern.starts_with('^') || pattern.starts_with("\\A")
}
