//! Globs in tool names: signs that are none, and entries that an earlier glob leaves nothing to.

use super::Check;
use crate::diagnostic::Code;
use crate::document::Tool;

/// Earlier globs that an entry is held against; past it a document is too odd to be worth the time.
const EARLIER_MAX: usize = 200;

pub(super) fn check(check: &mut Check<'_>) {
    let mut earlier: Vec<(usize, &Tool)> = Vec::new();
    for (index, tool) in check.document.tools.iter().enumerate() {
        signs(check, index, tool);
        if !tool.name.contains(['*', '?']) {
            continue;
        }
        let over = earlier.iter().find(|(_, over)| covers(over, tool)).map(|(number, _)| *number);
        if let Some(over) = over {
            let message =
                format!("no call comes to `{}`: `tools[{over}]` takes it first", tool.name);
            let help = "globs are tried in the order of the document: move it before that entry";
            check.report(Code::UnreachableTool, format!("tools[{index}].name"), message, help);
        } else if !tool.name.contains('?') && earlier.len() < EARLIER_MAX {
            earlier.push((index, tool));
        }
    }
}

/// Regular expressions, character classes, alternatives and negation look like globs and are none.
fn signs(check: &mut Check<'_>, index: usize, tool: &Tool) {
    let is_pattern = tool.name.contains(['[', ']', '{', '}', '|', '^', '$', '\\'])
        || tool.name.starts_with('!')
        || tool.name.contains(".*");
    if is_pattern {
        let message = format!("`{}` is taken letter by letter, but for `*` and `?`", tool.name);
        let help =
            "`*` is any run of characters and `?` any one; write an entry for each further name";
        check.report(Code::SuspiciousToolName, format!("tools[{index}].name"), message, help);
    }
}

/// Whether every call that `under` takes is one that `over`, a glob without `?`, takes as well.
fn covers(over: &Tool, under: &Tool) -> bool {
    let has_source = match (over.source.as_deref(), under.source.as_deref()) {
        (None, _) => true,
        (Some(over), Some(under)) => {
            over == under || over == "mcp" && !matches!(under, "builtin" | "http" | "agent")
        }
        (Some(_), None) => false,
    };
    has_source && matches(&over.name, &under.name)
}

/// Whether a glob of `*` takes a text; the wildcards of the text are characters like any other, and
/// only a `*` can take them.
fn matches(glob: &str, text: &str) -> bool {
    let mut pieces = glob.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_covers_what_it_takes_first() {
        let tool = |name: &str, source: Option<&str>| Tool {
            source: source.map(str::to_owned),
            ..Tool::named(name)
        };
        let covers = |over: &str, under: &str| covers(&tool(over, None), &tool(under, None));
        assert!(covers("*", "delete_*"));
        assert!(covers("delete_*", "delete_user_?"));
        assert!(covers("*_*", "a_b*"));
        assert!(covers("a*b*c", "ab*bc"));
        assert!(!covers("delete_*", "*"));
        assert!(!covers("delete_*", "delete*"));
        assert!(!covers("*a*a", "*a"));
        assert!(!covers("a*", "?a*"));
        let sources = |over, under| super::covers(&tool("*", over), &tool("x*", under));
        assert!(sources(Some("mcp"), Some("github")));
        assert!(sources(None, Some("github")));
        assert!(!sources(Some("mcp"), Some("agent")));
        assert!(!sources(Some("github"), None));
        assert!(!sources(Some("github"), Some("mcp")));
    }
}
