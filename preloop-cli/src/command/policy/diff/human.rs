//! A comparison of two policies for a person at a terminal.

use preloop_core::diff::{Change, ChangeKind, Example, PolicyDiff, Verdict};

use super::words;
use crate::command::policy::action_style;
use crate::output::{Page, Style, visible};

/// Writes the whole report.
pub(in crate::command::policy) fn describe(
    page: &mut Page,
    report: &PolicyDiff,
    names: &[String; 2],
) {
    let verdict = page.styled(style(report.verdict), &words::verdict(report));
    page.line(verdict);
    let [before, after] = names;
    page.pair("before", format!("{before}  {}", report.before.digest).trim_end());
    page.pair("after", format!("{after}  {}", report.after.digest));
    if !report.changes.is_empty() {
        heading(page, "Changes");
        report.changes.iter().for_each(|each| change(page, each));
    }
    if !report.effects.is_empty() {
        heading(page, "Beside the answers to calls");
        for effect in &report.effects {
            let verdict = page.styled(style(effect.verdict), effect.verdict.as_str());
            let name = visible(&effect.name).into_owned();
            page.line(format!("  {verdict}  {name}: {}", visible(&effect.message)));
        }
    }
    if !report.examples.is_empty() {
        heading(page, "Calls that are answered otherwise");
        report.examples.iter().for_each(|each| example(page, each));
    }
    let searched = words::searched(report);
    if !searched.is_empty() {
        page.blank();
    }
    for line in searched {
        let line = page.styled(Style::Dim, &visible(&line));
        page.line(format!("  {line}"));
    }
}

fn heading(page: &mut Page, text: &str) {
    let text = page.styled(Style::Bold, text);
    page.blank().line(text);
}

const fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::SameMeaning => Style::Green,
        Verdict::Tightened => Style::Cyan,
        Verdict::Unknown => Style::Yellow,
        Verdict::Loosened | Verdict::Both => Style::Red,
    }
}

fn change(page: &mut Page, change: &Change) {
    let style = match change.kind {
        ChangeKind::Added => Style::Green,
        ChangeKind::Removed => Style::Red,
        ChangeKind::Changed | ChangeKind::Moved => Style::Yellow,
    };
    let kind = page.styled(style, &format!("{:<8}", words::kind(change.kind)));
    let (what, names) = words::part(change);
    let names: Vec<String> = names.into_iter().map(|name| format!("`{}`", visible(name))).collect();
    let name = names.join(" of ");
    let place = match (&change.path_before, &change.path_after) {
        (Some(before), Some(after)) if before != after => format!("  {before} -> {after}"),
        _ => String::new(),
    };
    let place = page.styled(Style::Dim, &place);
    page.line(format!("  {kind} {what} {name}{place}").trim_end());
    for field in &change.fields {
        let label = page.styled(Style::Dim, &format!("{}:", visible(&field.field)));
        page.line(format!("             {label} {}", visible(&words::from_to(field, change.kind))));
    }
}

fn example(page: &mut Page, example: &Example) {
    let verdict = page.styled(style(example.verdict), example.verdict.as_str());
    let [before, after] = [&example.before, &example.after]
        .map(|answer| page.styled(action_style(answer.action), answer.action.as_str()));
    page.line(format!("  {verdict}  `{}`: {before} -> {after}", visible(&example.tool)));
    page.line(format!("      {}", visible(&words::call(example))));
    for (label, answer) in [("before", &example.before), ("after", &example.after)] {
        let label = page.styled(Style::Dim, &format!("{label:<7}"));
        page.line(format!("      {label} {}", visible(&words::why(answer))));
    }
    if let Some(note) = &example.note {
        let label = page.styled(Style::Dim, "because");
        page.line(format!("      {label} {}", visible(note)));
    }
}
