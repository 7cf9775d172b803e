//! What is wrong with a document, as a compiler would say it.

use preloop_api::ProblemItem;
use preloop_core::diagnostic::{Diagnostic, Report};

use crate::output::{Output, Page, Style, visible};

/// Shows every error and warning of a document on standard error.
pub(crate) fn show(name: &str, report: &Report, output: Output) {
    output.message(|page| {
        for error in &report.errors {
            line(page, name, error, "error", Style::Red);
        }
        for warning in &report.warnings {
            line(page, name, warning, "warning", Style::Yellow);
        }
    });
}

/// "2 errors, 1 warning"
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// One problem, with its help below it.
pub(super) fn line(page: &mut Page, name: &str, problem: &Diagnostic, label: &str, style: Style) {
    let Diagnostic { file, line, column, code, message, help, .. } = problem;
    let place = place(file.as_deref().unwrap_or(name), *line, *column);
    written(page, &place, (label, style), (message, &code.to_string()), help.as_deref());
}

/// One problem that a server told.
pub(super) fn problem(page: &mut Page, name: &str, problem: &ProblemItem) {
    let ProblemItem { line, column, code, message, help, .. } = problem;
    let place = place(name, *line, *column);
    written(page, &place, ("error", Style::Red), (message, code), help.as_deref());
}

fn place(name: &str, line: Option<u32>, column: Option<u32>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!("{name}:{line}:{column}"),
        (Some(line), None) => format!("{name}:{line}"),
        (None, _) => name.to_owned(),
    }
}

fn written(
    page: &mut Page,
    place: &str,
    (label, style): (&str, Style),
    (message, code): (&str, &str),
    help: Option<&str>,
) {
    let place = page.styled(Style::Bold, &visible(place));
    let label = page.styled(style, label);
    let code = page.styled(Style::Dim, &format!("[{}]", visible(code)));
    page.line(format!("{place}: {label}: {} {code}", visible(message)));
    if let Some(help) = help {
        let label = page.styled(Style::Cyan, "help:");
        page.line(format!("  {label} {}", visible(help)));
    }
}
