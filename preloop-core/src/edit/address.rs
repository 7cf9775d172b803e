//! Which entry and which rule a change is about.

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::document::{PolicyDocument, Tool};

/// An entry of `tools[]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolAddress<'a> {
    /// By its position, from 0.
    Index(usize),
    /// By its name as written and its source. Without a source it is the entry that has none, else the
    /// only one of that name.
    Named {
        /// `name` of the entry.
        name: &'a str,
        /// `source` of the entry, in any case.
        source: Option<&'a str>,
    },
}

/// A rule of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAddress<'a> {
    /// By its position, from 0.
    Index(usize),
    /// By its `name`, which only one rule of the entry may have.
    Named(&'a str),
}

/// The position of an entry.
pub(super) fn tool(
    document: &PolicyDocument,
    address: ToolAddress<'_>,
) -> Result<usize, Diagnostic> {
    match address {
        ToolAddress::Index(index) if index < document.tools.len() => Ok(index),
        ToolAddress::Index(index) => {
            let message = format!("the document has no entry `tools[{index}]`");
            Err(Diagnostic::new(Code::NotInDocument, "tools", message)
                .help(counted(document.tools.len(), "entries")))
        }
        ToolAddress::Named { name, source } => named_tool(document, name, source),
    }
}

fn named_tool(
    document: &PolicyDocument,
    name: &str,
    source: Option<&str>,
) -> Result<usize, Diagnostic> {
    let folded = source.map(str::to_lowercase);
    let entries = document.tools.iter().enumerate().filter(|(_, tool)| tool.name == name);
    let entries: Vec<(usize, &Tool)> = entries.collect();
    let exact =
        entries.iter().find(|(_, tool)| tool.source.as_deref().map(str::to_lowercase) == folded);
    match (exact, source, &*entries) {
        (Some((index, _)), ..) | (None, None, [(index, _)]) => Ok(*index),
        (None, None, [_, _, ..]) => {
            let sources: Vec<&str> =
                entries.iter().filter_map(|(_, tool)| tool.source.as_deref()).collect();
            let message = format!("{} entries are named `{name}`", entries.len());
            let help = format!("say its source: `{}`", sources.join("`, `"));
            Err(Diagnostic::new(Code::AmbiguousAddress, "tools", message).help(help))
        }
        (None, Some(source), [(index, other), ..]) => {
            let message = format!("no entry for tool `{name}` has the source `{source}`");
            let help = match &other.source {
                Some(other) => format!("`tools[{index}]` has the source `{other}`"),
                None => format!("`tools[{index}]` has none: leave the source out"),
            };
            Err(Diagnostic::new(Code::NotInDocument, "tools", message).help(help))
        }
        (None, _, []) => {
            let message = format!("no entry is named `{name}`");
            let meant = nearest(name, document.tools.iter().map(|tool| tool.name.as_str()));
            let help = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => counted(document.tools.len(), "entries"),
            };
            Err(Diagnostic::new(Code::NotInDocument, "tools", message).help(help))
        }
    }
}

/// The position of a rule.
pub(super) fn rule(
    index: usize,
    tool: &Tool,
    address: RuleAddress<'_>,
) -> Result<usize, Diagnostic> {
    let path = format!("tools[{index}].conditions");
    let count = tool.conditions.len();
    let name = match address {
        RuleAddress::Index(rule) if rule < count => return Ok(rule),
        RuleAddress::Index(rule) => {
            let message = format!("tool `{}` has no rule at position {rule}", tool.name);
            return Err(
                Diagnostic::new(Code::NotInDocument, path, message).help(counted(count, "rules"))
            );
        }
        RuleAddress::Named(name) => name,
    };
    let is_meant = |rule: &crate::document::Condition| rule.name.as_deref() == Some(name);
    let found: Vec<usize> =
        (0..count).filter(|number| tool.conditions.get(*number).is_some_and(is_meant)).collect();
    match &*found {
        [rule] => Ok(*rule),
        [] => {
            let message = format!("no rule of tool `{}` is named `{name}`", tool.name);
            let names = tool.conditions.iter().filter_map(|rule| rule.name.as_deref());
            let help = match nearest(name, names) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => counted(count, "rules"),
            };
            Err(Diagnostic::new(Code::NotInDocument, path, message).help(help))
        }
        several => {
            let message =
                format!("{} rules of tool `{}` are named `{name}`", several.len(), tool.name);
            let positions: Vec<String> = several.iter().map(ToString::to_string).collect();
            let help = format!("say its position: {}", positions.join(", "));
            Err(Diagnostic::new(Code::AmbiguousAddress, path, message).help(help))
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        0 => format!("there are no {noun}"),
        _ => format!("there are {count} {noun}; positions count from 0"),
    }
}
