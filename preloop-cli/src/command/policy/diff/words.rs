//! The words of a comparison, the same for a terminal and for a pull request.

use preloop_core::Reason;
use preloop_core::diff::{
    Answer, Change, ChangeKind, Example, FieldChange, PolicyDiff, Section, Verdict,
};
use serde_json::Value;

use crate::output::visible;

/// Longest value of a field that is shown, in characters.
const VALUE_CHARS: usize = 300;

/// Most names of parts of which nothing is known that stand in the verdict.
const UNKNOWN_SHOWN: usize = 3;

/// Longest call that is shown as a whole, in characters.
const CALL_CHARS: usize = 2_000;

/// The verdict for a person: what was found, and of what nothing was.
pub(super) fn verdict(report: &PolicyDiff) -> String {
    let found = match report.verdict {
        Verdict::SameMeaning if report.changed => {
            "same meaning: proved, every call is answered as before"
        }
        Verdict::SameMeaning => "the policies are the same",
        Verdict::Unknown if is_new(report) => {
            "unknown: the policies above decide too, and only their server knows them"
        }
        Verdict::Unknown => "unknown: something changed, and no call was found that shows it",
        Verdict::Tightened => "tightened: less gets through",
        Verdict::Loosened => "loosened: more gets through",
        Verdict::Both => "both: more of one and less of another gets through",
    };
    let unknown = unknown(report);
    if report.verdict == Verdict::Unknown || unknown.is_empty() {
        return found.to_owned();
    }
    let shown: Vec<String> = unknown.iter().take(UNKNOWN_SHOWN).map(|name| code(name)).collect();
    let more = match unknown.len().saturating_sub(UNKNOWN_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{found}; unknown is what changed for {}{more}", shown.join(", "))
}

/// Whether there was no policy before.
fn is_new(report: &PolicyDiff) -> bool {
    report.before.digest.is_empty()
}

/// A name between backticks, whatever is in it.
fn code(name: &str) -> String {
    format!("`{}`", visible(name).replace('`', "'"))
}

/// The tools and parts that changed and of which nothing was found.
fn unknown(report: &PolicyDiff) -> Vec<&str> {
    let tools = report.tools.iter().map(|tool| (tool.verdict, tool.tool.as_str()));
    let effects = report.effects.iter().map(|effect| (effect.verdict, effect.name.as_str()));
    let all = tools.chain(effects);
    all.filter(|(verdict, _)| *verdict == Verdict::Unknown).map(|(_, name)| name).collect()
}

/// What happened, in one word.
pub(super) const fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
        ChangeKind::Moved => "moved",
    }
}

/// The part that changed: what it is, and its names.
pub(super) fn part(change: &Change) -> (String, Vec<&str>) {
    let name = change.name.as_str();
    match (change.section, &change.rule) {
        (Section::Metadata | Section::Defaults, _) => (name.to_owned(), Vec::new()),
        (Section::McpServer, _) => ("server".to_owned(), vec![name]),
        (Section::ApprovalWorkflow, _) => ("workflow".to_owned(), vec![name]),
        (Section::Tool, _) => ("tool".to_owned(), vec![name]),
        (Section::Rule, rule) => {
            ("rule".to_owned(), vec![rule.as_deref().unwrap_or_default(), name])
        }
    }
}

/// A value as a document would write it, more or less.
pub(super) fn value(value: Option<&Value>) -> String {
    let text = match value {
        None => return "(not set)".to_owned(),
        Some(Value::String(text)) => text.clone(),
        // Rules of a tool that is new or gone, in words.
        Some(Value::Array(items)) if !items.is_empty() && items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
        }
        Some(other) => other.to_string(),
    };
    if text.chars().count() <= VALUE_CHARS {
        return text;
    }
    let mut cut: String = text.chars().take(VALUE_CHARS).collect();
    cut.push('…');
    cut
}

/// Whether a field is worth a line: of what is new or gone, only what is set.
pub(super) fn from_to(field: &FieldChange, kind: ChangeKind) -> String {
    match kind {
        ChangeKind::Added => value(field.after.as_ref()),
        ChangeKind::Removed => value(field.before.as_ref()),
        ChangeKind::Changed | ChangeKind::Moved => {
            format!("{} -> {}", value(field.before.as_ref()), value(field.after.as_ref()))
        }
    }
}

/// Why an answer is what it is.
pub(super) fn why(answer: &Answer) -> String {
    let why = match (&answer.rule, answer.reason) {
        (Some(rule), Reason::ConditionError) => {
            let error = answer.errors.first().map_or("", String::as_str);
            format!("a condition could not be evaluated at {rule}: {error}")
        }
        (Some(rule), _) => match (&answer.rule_name, &answer.expression) {
            (Some(name), Some(text)) => format!("rule {name} at {rule}: {text}"),
            (Some(name), None) => format!("rule {name} at {rule}"),
            (None, Some(text)) => format!("{rule}: {text}"),
            (None, None) => rule.clone(),
        },
        (None, reason) => reason_text(reason).to_owned(),
    };
    match &answer.approval_workflow {
        Some(workflow) => format!("{why} (workflow {workflow})"),
        None => why,
    }
}

const fn reason_text(reason: Reason) -> &'static str {
    match reason {
        Reason::ToolDefault => "what the entry says of every call",
        Reason::NoRuleMatched => "no rule matches",
        Reason::UnknownTool => "no entry names the tool",
        Reason::NewTool => "the tool is new",
        Reason::ToolDisabled => "the tool is disabled",
        Reason::JustificationRequired => "there is no justification",
        Reason::EvidenceMissing => "calls that must come before are missing",
        other => other.as_str(),
    }
}

/// The call of an example as a line for `--calls`; only its beginning where that would fill a page.
pub(super) fn call(example: &Example) -> String {
    // A call holds nothing that cannot be written as JSON.
    let text = serde_json::to_string(&example.call).unwrap_or_default();
    let length = text.chars().count();
    if length <= CALL_CHARS {
        return text;
    }
    let cut: String = text.chars().take(CALL_CHARS).collect();
    format!("{cut}… ({length} characters, the whole call is in --format json)")
}

/// How hard was looked, in sentences.
pub(super) fn searched(report: &PolicyDiff) -> Vec<String> {
    let searched = &report.searched;
    let mut lines = Vec::new();
    if !report.changed || is_new(report) {
        return lines;
    }
    if searched.tools == 0 {
        lines.push("no kind of tool meets other rules than before".to_owned());
    } else {
        let kinds = match searched.tools {
            1 => "1 kind of tool that meets".to_owned(),
            some => format!("{some} kinds of tools that meet"),
        };
        lines.push(format!(
            "{} calls were run through both policies for {kinds} other rules than before",
            searched.calls
        ));
    }
    if !searched.all_tools {
        lines.push(
            "tools that no entry names exactly may be answered otherwise; they were tried by names that tell globs apart"
                .to_owned(),
        );
    }
    for tool in &report.tools {
        if tool.verdict == Verdict::Unknown {
            let how = if tool.is_exhausted {
                "with every combination of the values that its conditions tell apart"
            } else {
                "until the budget was spent"
            };
            lines.push(format!(
                "{}: no call is answered otherwise, of {} that were tried {how}; that is no proof",
                tool.tool, tool.calls
            ));
        } else if !tool.is_exhausted {
            lines.push(format!(
                "{}: there may be more than was found, the budget of {} calls was spent",
                tool.tool, searched.budget
            ));
        }
    }
    lines.extend(searched.not_searched.iter().cloned());
    lines
}
