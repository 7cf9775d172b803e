//! A comparison of two policies as a comment on a pull request.

use std::fmt::Write as _;

use preloop_core::diff::{PolicyDiff, Verdict};

use super::words;
use crate::output::visible;

/// Most examples that are shown at once; the rest is folded away.
const OPEN_MAX: usize = 8;

/// The comment.
pub(super) fn comment(report: &PolicyDiff) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail, here and below.
    let _ =
        writeln!(text, "### Policy `{}`: {}\n", inline(&report.after.name), words::verdict(report));
    changes(&mut text, report);
    effects(&mut text, report);
    examples(&mut text, report);
    let searched = words::searched(report);
    if !searched.is_empty() {
        text.push_str("<details><summary>How hard was looked</summary>\n\n");
        for line in searched {
            let _ = writeln!(text, "- {}", plain(&line));
        }
        text.push_str("\n</details>\n\n");
    }
    let _ = writeln!(text, "<sub>{} -> {}</sub>", report.before.digest, report.after.digest);
    text
}

fn changes(text: &mut String, report: &PolicyDiff) {
    if report.changes.is_empty() {
        return;
    }
    text.push_str("| | what | field | before | after |\n|---|---|---|---|---|\n");
    for change in &report.changes {
        let (what, names) = words::part(change);
        let names: Vec<String> = names.into_iter().map(cell).collect();
        let what = format!("{what} {}", names.join(" of "));
        let kind = words::kind(change.kind);
        if change.fields.is_empty() {
            let place = |path: &Option<String>| path.as_deref().map(cell).unwrap_or_default();
            let (before, after) = (place(&change.path_before), place(&change.path_after));
            let _ = writeln!(text, "| {kind} | {} | | {before} | {after} |", what.trim_end());
        }
        for (number, field) in change.fields.iter().enumerate() {
            let (kind, what) = if number == 0 { (kind, what.trim_end()) } else { ("", "") };
            let value = |value: Option<&serde_json::Value>| match value {
                None => String::new(),
                value => cell(&words::value(value)),
            };
            let (before, after) = (value(field.before.as_ref()), value(field.after.as_ref()));
            let _ = writeln!(
                text,
                "| {kind} | {what} | {} | {before} | {after} |",
                plain(&field.field)
            );
        }
    }
    text.push('\n');
}

fn effects(text: &mut String, report: &PolicyDiff) {
    for effect in &report.effects {
        let sign = sign(effect.verdict);
        let _ = writeln!(
            text,
            "- {sign} **{}** {}: {}",
            effect.verdict.as_str(),
            cell(&effect.name),
            plain(&effect.message)
        );
    }
    if !report.effects.is_empty() {
        text.push('\n');
    }
}

fn examples(text: &mut String, report: &PolicyDiff) {
    if report.examples.is_empty() {
        return;
    }
    text.push_str("Calls that are answered otherwise, each run through both policies:\n\n");
    for (number, example) in report.examples.iter().enumerate() {
        if number == OPEN_MAX {
            text.push_str("<details><summary>More of them</summary>\n\n");
        }
        let (before, after) = (&example.before, &example.after);
        let _ = writeln!(
            text,
            "{} **{}** {}: {} → {}\n",
            sign(example.verdict),
            example.verdict.as_str(),
            cell(&example.tool),
            before.action,
            after.action
        );
        let call = visible(&words::call(example)).into_owned();
        let fence = fence(&call);
        let _ = writeln!(text, "{fence}json\n{call}\n{fence}\n");
        let _ = writeln!(text, "- before: `{}`", inline(&words::why(before)));
        let _ = writeln!(text, "- after: `{}`", inline(&words::why(after)));
        if let Some(note) = &example.note {
            let _ = writeln!(text, "- because {}", plain(note));
        }
        text.push('\n');
    }
    if report.examples.len() > OPEN_MAX {
        text.push_str("</details>\n\n");
    }
}

const fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Loosened | Verdict::Both => "🔓",
        Verdict::Tightened => "🔒",
        Verdict::Unknown => "❔",
        Verdict::SameMeaning => "✅",
    }
}

/// Text between backticks, whatever is in it.
fn inline(text: &str) -> String {
    visible(text).replace('`', "'")
}

/// The same in a cell of a table.
fn cell(text: &str) -> String {
    let text = inline(text).replace('|', "\\|");
    if text.is_empty() { text } else { format!("`{text}`") }
}

/// Words of ours that names from a document may be part of: nothing in them is markup.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '|' | '*' | '_' | '[' | ']' | '@' | '#' | '\\' | '!' => {
                plain.push('\\');
                plain.push(character);
            }
            other => plain.push(other),
        }
    }
    plain
}

/// More backticks than the text has in a row.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.saturating_add(1).max(3))
}

#[cfg(test)]
mod tests {
    use super::{cell, fence, plain};

    #[test]
    fn what_a_document_holds_is_no_markup() {
        assert_eq!(cell("a|b`c\u{202e}"), "`a\\|b'c\\u{202e}`");
        assert_eq!(plain("<img> [x](y) @all"), "&lt;img&gt; \\[x\\](y) \\@all");
        assert_eq!(fence("a ```` b"), "`````");
    }
}
