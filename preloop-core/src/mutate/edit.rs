//! A change as lines of the document: the text that would have to be written for it.

use std::ops::Range;

use super::apply::changed;
use super::{Change, RuleId};
use crate::diagnostic::Place;
use crate::document::PolicyDocument;
use crate::parse::{Places, Style};

/// Most lines that are shown of each side; of more the middle is left out.
const LINES_MAX: usize = 12;

/// The lines that change, and where.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) place: Place,
    pub(super) before: Vec<String>,
    pub(super) after: Vec<String>,
}

/// One stretch of the text and what stands there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextEdit {
    pub(super) range: Range<usize>,
    pub(super) replacement: String,
}

/// The lines of a change.
pub(super) fn shown(places: &Places, document: &PolicyDocument, change: &Change) -> Shown {
    let text = places.text();
    let edits = text_edits(places, change);
    let (Some(first), Some(last)) = (edits.first(), edits.last()) else {
        return in_words(places, document, change);
    };
    let start = line_start(text, first.range.start);
    let end = line_end(text, last.range.end);
    let mut after = String::new();
    let mut at = start;
    for edit in &edits {
        after.push_str(text.get(at..edit.range.start).unwrap_or_default());
        after.push_str(&edit.replacement);
        at = edit.range.end;
    }
    after.push_str(text.get(at..end).unwrap_or_default());
    Shown {
        place: places.place_at(first.range.start),
        before: lines(text.get(start..end).unwrap_or_default()),
        after: lines(&after),
    }
}

/// The text with the change made, where it can be made in the text.
#[cfg(test)]
pub(super) fn edited(places: &Places, change: &Change) -> Option<String> {
    let mut text = places.text().to_owned();
    let edits = text_edits(places, change);
    for edit in edits.iter().rev() {
        text.replace_range(edit.range.clone(), &edit.replacement);
    }
    (!edits.is_empty()).then_some(text)
}

/// What has to be written where, in the order of the text; nothing where the text does not say it letter by letter.
fn text_edits(places: &Places, change: &Change) -> Vec<TextEdit> {
    let edit = match change {
        Change::Expression { rule, span, replacement } => {
            let path = format!("{}.expression", rule.path());
            let range = places.range_within(&path, span.start as usize..span.end as usize);
            range.map(|range| TextEdit { range, replacement: replacement.clone() })
        }
        Change::Always(rule) => set(places, &rule.path(), "expression", "true"),
        Change::Removed(rule) => set(places, &rule.path(), "enabled", "false"),
        Change::Action { rule, to } => set(places, &rule.path(), "action", to.as_str()),
        Change::Swapped { rule, next } => return swapped(places, *rule, *next).unwrap_or_default(),
        Change::Enabled(entry) => set(places, &format!("tools[{entry}]"), "enabled", "true"),
        Change::Unjustified(entry) => {
            set(places, &format!("tools[{entry}]"), "justification", "optional")
        }
        Change::UnknownTools(action) => set(places, "defaults", "unknown_tools", action.as_str()),
        Change::NewTools => set(places, "defaults", "require_approval_for_new_tools", "false"),
        Change::Workflow(_)
        | Change::Unproven(..)
        | Change::Unapproved(_)
        | Change::EntryRemoved(_) => None,
    };
    edit.into_iter().collect()
}

/// The field of a mapping set to a word.
fn set(places: &Places, mapping: &str, field: &str, word: &str) -> Option<TextEdit> {
    let Some((range, style)) = places.range(&format!("{mapping}.{field}")) else {
        return inserted(places, mapping, field, word);
    };
    let is_bool = matches!(word, "true" | "false");
    let text = places.text().get(range.clone())?;
    let replacement = match style {
        Style::Plain | Style::Block => word.to_owned(),
        Style::Json if is_bool && field != "expression" => word.to_owned(),
        Style::SingleQuoted => format!("'{word}'"),
        Style::DoubleQuoted | Style::Json => format!("\"{word}\""),
    };
    // A block that carries an anchor begins at its header.
    let header = match style {
        Style::Block if text.starts_with(['|', '>']) => {
            let body = text.find('\n')?.checked_add(1)?;
            let indent = text.get(body..)?.find(|character| character != ' ')?;
            body.checked_add(indent)?
        }
        _ => 0,
    };
    let start = range.start.checked_add(header)?;
    let end = range.start.checked_add(text.trim_end().len())?;
    Some(TextEdit { range: start..end, replacement })
}

/// The field written as the first of its mapping.
fn inserted(places: &Places, mapping: &str, field: &str, word: &str) -> Option<TextEdit> {
    if !places.is_mapping(mapping) {
        return None;
    }
    let (range, _) = places.range(mapping)?;
    let text = places.text();
    let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    let is_bool = matches!(word, "true" | "false");
    match text.get(range.start..)?.chars().next()? {
        '{' => {
            let at = range.start.checked_add(1)?;
            let replacement = match (is_json, is_bool) {
                (true, true) => format!("\"{field}\": {word}, "),
                (true, false) => format!("\"{field}\": \"{word}\", "),
                (false, _) => format!("{field}: {word}, "),
            };
            Some(TextEdit { range: at..at, replacement })
        }
        // An anchor or a tag stands before the mapping, or the mapping is somewhere else.
        '&' | '!' | '*' => None,
        _ => {
            let column = places.place_at(range.start).column.saturating_sub(1) as usize;
            let replacement = format!("{field}: {word}\n{}", " ".repeat(column));
            Some(TextEdit { range: range.start..range.start, replacement })
        }
    }
}

/// Two items of a list in each other's place.
fn swapped(places: &Places, first: RuleId, second: RuleId) -> Option<Vec<TextEdit>> {
    let text = places.text();
    // An item that is an alias stands somewhere else.
    let (list, _) = places.range(&format!("tools[{}].conditions", first.entry))?;
    let item = |rule: RuleId| {
        let (range, _) = places.range(&rule.path())?;
        if range.start < list.start || range.end > list.end {
            return None;
        }
        let said = text.get(range.clone())?;
        // Comments behind the last key belong to what comes next.
        let said = without_comments(said);
        Some((range.start..range.start.checked_add(said.len())?, said.to_owned()))
    };
    let ((first, first_text), (second, second_text)) = (item(first)?, item(second)?);
    let has_anchor = |text: &str| text.starts_with(['&', '!', '*']);
    if first.end > second.start || has_anchor(&first_text) || has_anchor(&second_text) {
        return None;
    }
    Some(vec![
        TextEdit { range: first, replacement: second_text },
        TextEdit { range: second, replacement: first_text },
    ])
}

/// The text without blank lines and whole lines of comments at its end.
fn without_comments(text: &str) -> &str {
    let mut kept = text.trim_end();
    while let Some((before, last)) = kept.rsplit_once('\n') {
        if !last.trim_start().starts_with('#') {
            break;
        }
        kept = before.trim_end();
    }
    kept
}

/// A change that the text cannot show letter by letter: the value as it is and as it would be.
fn in_words(places: &Places, document: &PolicyDocument, change: &Change) -> Shown {
    let path = change.path();
    let place = places.nearest_place(&path);
    let text = places.text();
    let whole = |path: &str| {
        let (range, _) = places.range(path)?;
        let said = text.get(range.start..line_end(text, range.end))?;
        let end = range.start.checked_add(without_comments(said).len())?;
        let start = line_start(text, range.start);
        Some(lines(text.get(start..end)?))
    };
    let rule = change.rule().and_then(|id| {
        let rule = document.tools.get(id.entry)?.conditions.get(id.number)?;
        Some((rule, changed(rule, change)))
    });
    let field = |name: &str, value: Option<&str>| match value {
        Some(value) => vec![format!("{name}: {}", serde_json::Value::from(value))],
        None => Vec::new(),
    };
    let (before, after) = match (change, rule) {
        (Change::Expression { .. } | Change::Always(_), Some((old, new))) => (
            field("expression", old.expression.as_deref()),
            field("expression", new.expression.as_deref()),
        ),
        (Change::Action { to, .. }, Some((old, _))) => (
            field("action", old.action.map(crate::decision::Action::as_str)),
            field("action", Some(to.as_str())),
        ),
        (Change::UnknownTools(action), _) => {
            (Vec::new(), vec!["defaults:".to_owned(), format!("  unknown_tools: {action}")])
        }
        (Change::Swapped { rule, next }, _) => {
            let [first, second] = [rule, next].map(|rule| whole(&rule.path()).unwrap_or_default());
            let join = |one: &[String], two: &[String]| one.iter().chain(two).cloned().collect();
            (join(&first, &second), join(&second, &first))
        }
        (Change::Workflow(rule), _) => {
            (whole(&format!("{}.approval_workflow", rule.path())).unwrap_or_default(), Vec::new())
        }
        (Change::Unapproved(entry), _) => {
            (whole(&format!("tools[{entry}].approval_workflow")).unwrap_or_default(), Vec::new())
        }
        _ => (whole(&path).unwrap_or_default(), Vec::new()),
    };
    Shown { place, before, after }
}

fn line_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.rfind('\n').map_or(0, |end| end.saturating_add(1))
}

/// The end of the line that holds the byte before `at`.
fn line_end(text: &str, at: usize) -> usize {
    if text.get(..at).is_some_and(|before| before.ends_with('\n')) {
        return at;
    }
    let rest = text.get(at..).unwrap_or_default();
    rest.find('\n').map_or(text.len(), |end| at.saturating_add(end))
}

fn lines(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    if lines.len() <= LINES_MAX {
        return lines.into_iter().map(str::to_owned).collect();
    }
    let kept = LINES_MAX / 2;
    let left_out = lines.len().saturating_sub(LINES_MAX);
    let head = lines.iter().take(kept).map(|line| (*line).to_owned());
    let tail = lines.iter().skip(lines.len().saturating_sub(kept)).map(|line| (*line).to_owned());
    head.chain([format!("… {left_out} more lines …")]).chain(tail).collect()
}
