//! The names that agents see at `/mcp`, where the tools of all servers stand side by side.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Longest name that every model provider takes.
const NAME_CHARS_MAX: usize = 64;
const HASH_CHARS: usize = 8;

/// `<server>__<tool>`, or `<prefix>_<tool>` where the document gives a prefix.
///
/// Model providers take 64 letters, digits, `_` and `-`. A name that does not fit ends in a hash of
/// the full one, so that it stays the same across restarts and two long names stay apart.
pub(crate) fn exposed_name(server: &str, prefix: Option<&str>, tool: &str) -> String {
    let full = match prefix {
        Some(prefix) => format!("{prefix}_{tool}"),
        None => format!("{server}__{tool}"),
    };
    let plain: String = full
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' })
        .collect();
    if plain == full && full.len() <= NAME_CHARS_MAX {
        return full;
    }
    let kept = plain.chars().take(NAME_CHARS_MAX - HASH_CHARS - 1);
    let mut name: String = kept.collect();
    name.push('_');
    let digest = Sha256::digest(format!("{server}\0{tool}"));
    for byte in digest.iter().take(HASH_CHARS / 2) {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// The text without regard to case, as readers fold it that take `Name` for `name`: `ſ` is an `s` to
/// them, and the Kelvin sign a `k`.
pub(crate) fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// The known name that a member only looks like: some servers would read it in that one's place, and
/// so read another call than the one that was decided.
pub(crate) fn mistaken_for<'a>(
    member: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    if known.clone().into_iter().any(|name| name == member) {
        return None;
    }
    let member = folded(member);
    known.into_iter().find(|name| folded(name) == member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_names_that_differ_in_case_only() {
        let known = ["name", "arguments", "task"];
        for (member, name) in [
            ("Name", Some("name")),
            ("ARGUMENTS", Some("arguments")),
            ("argument\u{17f}", Some("arguments")),
            ("tas\u{212a}", Some("task")),
            ("name", None),
            ("names", None),
            ("x-vendor", None),
        ] {
            assert_eq!(mistaken_for(member, known), name, "{member}");
        }
        assert_eq!(mistaken_for("A", ["a", "A"]), None, "both are known");
    }

    #[test]
    fn joins_server_and_tool() {
        assert_eq!(exposed_name("github", None, "create_issue"), "github__create_issue");
        assert_eq!(exposed_name("github", Some("gh"), "create_issue"), "gh_create_issue");
    }

    #[test]
    fn cuts_long_names_and_keeps_them_apart() {
        let tool = "x".repeat(80);
        let a = exposed_name("server", None, &format!("{tool}a"));
        let b = exposed_name("server", None, &format!("{tool}b"));
        assert_eq!(a.len(), 64);
        assert_ne!(a, b);
        assert!(a.starts_with("server__xxx"));
        assert_eq!(exposed_name("s", None, &"y".repeat(61)).len(), 64);
        assert_eq!(exposed_name("s", None, &"y".repeat(61)), format!("s__{}", "y".repeat(61)));
    }

    #[test]
    fn spells_names_as_model_providers_take_them() {
        let dotted = exposed_name("my server", None, "a.b/c");
        assert!(dotted.starts_with("my_server__a_b_c_"), "{dotted}");
        assert_ne!(dotted, exposed_name("my server", None, "a_b/c"));
    }
}
