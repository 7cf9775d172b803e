//! What came of the tests, as people read it.

use preloop_core::policy_test::Status;
use serde_json::Value;

use super::super::eval::describe_trace;
use super::super::report;
use super::outcome::{CaseOutcome, FileOutcome, Outcome};
use crate::output::{Output, Page, Style, visible};

/// Longest piece of a call in a line.
const SHOWN_CHARS: usize = 300;

/// Shows why files could not be run, on standard error; what is wrong with a policy is said once.
pub(super) fn broken(outcome: &Outcome, output: Output) {
    let mut told = Vec::new();
    output.message(|page| {
        for file in outcome.files.iter().filter(|file| file.is_broken()) {
            for error in file.errors.iter().filter(|error| !told.contains(error)) {
                report::line(page, &file.file, error, "error", Style::Red);
            }
            told.extend(&file.errors);
            let label = page.styled(Style::Red, "error:");
            let message = file.message.as_deref().unwrap_or_default();
            page.line(format!("{}: {label} {}", visible(&file.file), visible(message)));
        }
    });
}

/// Shows the results of every file and their sum.
pub(super) fn outcome(page: &mut Page, outcome: &Outcome, is_verbose: bool) {
    for file in outcome.files.iter().filter(|file| !file.is_broken()) {
        let counts = counts(
            page,
            [Status::Passed, Status::Failed, Status::Skipped]
                .map(|status| (status, file.count(status))),
        );
        let name = page.styled(Style::Bold, &visible(&file.file));
        page.line(format!("{name}: {counts}"));
        for case in &file.cases {
            self::case(page, file, case, is_verbose);
        }
    }
    let Outcome { passed, failed, skipped, broken, files, .. } = outcome;
    if files.len() > 1 {
        let counts = counts(
            page,
            [(Status::Passed, *passed), (Status::Failed, *failed), (Status::Skipped, *skipped)],
        );
        let broken = match broken {
            0 => String::new(),
            some => format!(", {} cannot be run", report::counted(*some, "file")),
        };
        page.line(format!("{}: {counts}{broken}", report::counted(files.len(), "file")));
    }
    if *failed > 0 && !is_verbose {
        let hint = "`--verbose` shows the rules of each failed case with the values that they saw";
        page.line(page.styled(Style::Dim, hint));
    }
    if let Some(coverage) = &outcome.coverage {
        coverage.show(page);
    }
    if let Some(mutation) = &outcome.mutation {
        mutation.show(page);
    }
}

fn counts(page: &Page, counts: [(Status, usize); 3]) -> String {
    let words: Vec<String> = counts
        .into_iter()
        .filter(|(status, count)| *count > 0 || *status == Status::Passed)
        .map(|(status, count)| {
            let style = if count == 0 { Style::Dim } else { style(status) };
            page.styled(style, &format!("{count} {}", word(status)))
        })
        .collect();
    words.join(", ")
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    }
}

const fn style(status: Status) -> Style {
    match status {
        Status::Passed => Style::Green,
        Status::Failed => Style::Red,
        Status::Skipped => Style::Yellow,
    }
}

fn case(page: &mut Page, file: &FileOutcome, case: &CaseOutcome, is_verbose: bool) {
    let status = case.result.status;
    let is_quiet = status == Status::Passed && case.result.warning.is_none();
    if is_quiet && !is_verbose {
        return;
    }
    let word = page.styled(style(status), &format!("{:<7}", word(status)));
    let place = format!("{}:{}:{}", file.file, case.line, case.column);
    let place = page.styled(Style::Dim, &visible(&place));
    let reason = case.skip.as_ref().map(|skip| format!(": {skip}")).unwrap_or_default();
    page.line(format!("  {word} {}{}  {place}", visible(&case.title), visible(&reason)));
    if let Some(warning) = &case.result.warning {
        detail(page, Style::Yellow, "warning", &visible(warning));
    }
    if status == Status::Failed {
        failure(page, case, is_verbose);
    }
}

fn failure(page: &mut Page, case: &CaseOutcome, is_verbose: bool) {
    if let Some(call) = &case.call {
        detail(page, Style::Dim, "call", &call_text(call));
    }
    for mismatch in &case.result.mismatches {
        let expected = page.styled(Style::Green, &visible(&mismatch.expected));
        let found = page.styled(Style::Red, &visible(&mismatch.found));
        detail(page, Style::Dim, mismatch.field, &format!("expected {expected}, found {found}"));
        if let Some(help) = &mismatch.help {
            detail(page, Style::Cyan, "help", &visible(help));
        }
    }
    let Some(decision) = &case.result.decision else { return };
    let is_told = |field: &str| case.result.mismatches.iter().any(|m| m.field == field);
    if !is_told("rule") {
        let rule = decision.rule.as_ref();
        let rule = rule.map(|rule| rule.name.as_deref().unwrap_or(&rule.path));
        let rule = rule.unwrap_or(decision.reason.as_str());
        detail(page, Style::Dim, "decided by", &visible(rule));
    }
    for error in &decision.errors {
        detail(page, Style::Yellow, "error", &visible(&error.message));
    }
    if let Some(trace) = decision.trace.as_ref().filter(|_| is_verbose) {
        describe_trace(page, trace);
    }
}

fn detail(page: &mut Page, style: Style, label: &str, text: &str) {
    let label = page.styled(style, &format!("{label:<17}"));
    page.line(format!("    {label} {text}"));
}

/// The call in one line: the tool, its arguments, and what else the case says of it.
fn call_text(call: &Value) -> String {
    let tool = call["tool"].as_str().unwrap_or_default();
    let mut text = format!("{tool} {}", call["args"]);
    for (name, value) in call.as_object().into_iter().flatten() {
        if name != "tool" && name != "args" {
            text = format!("{text} {name}={value}");
        }
    }
    crate::output::shortened(&visible(&text), SHOWN_CHARS).into_owned()
}
