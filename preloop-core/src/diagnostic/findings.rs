//! The problems met so far, bounded.

use super::{Code, Diagnostic, Place, Report};
use crate::limits::DIAGNOSTICS_MAX;

/// Collects errors and warnings of one document; past the limit they are counted only.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    errors_left_out: usize,
    warnings_left_out: usize,
}

impl Findings {
    pub(crate) fn error(&mut self, diagnostic: Diagnostic) {
        if self.errors.len() < DIAGNOSTICS_MAX {
            self.errors.push(diagnostic);
        } else {
            self.errors_left_out += 1;
        }
    }

    pub(crate) fn warning(&mut self, diagnostic: Diagnostic) {
        if self.warnings.len() < DIAGNOSTICS_MAX {
            self.warnings.push(diagnostic);
        } else {
            self.warnings_left_out += 1;
        }
    }

    /// Takes over what was found in one of several files.
    pub(crate) fn absorb(&mut self, other: Self, file: &str) {
        for error in other.errors {
            self.error(error.in_file(Some(file)));
        }
        for warning in other.warnings {
            self.warning(warning.in_file(Some(file)));
        }
        self.errors_left_out += other.errors_left_out;
        self.warnings_left_out += other.warnings_left_out;
    }

    /// Whether further errors are counted only.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.len() >= DIAGNOSTICS_MAX
    }

    /// Counts an error that would not be shown.
    pub(crate) fn leave_out_error(&mut self) {
        self.errors_left_out += 1;
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Everything in the order of the files and the text; what has no place comes first.
    pub(crate) fn into_report(mut self) -> Report {
        let by_place = |a: &Diagnostic, b: &Diagnostic| {
            (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column))
        };
        self.errors.sort_by(by_place);
        self.warnings.sort_by(by_place);
        self.errors.dedup();
        self.warnings.dedup();
        append_count(&mut self.errors, self.errors_left_out, "errors");
        append_count(&mut self.warnings, self.warnings_left_out, "warnings");
        Report { is_valid: self.errors.is_empty(), errors: self.errors, warnings: self.warnings }
    }
}

fn append_count(diagnostics: &mut Vec<Diagnostic>, left_out: usize, noun: &str) {
    if left_out > 0 {
        diagnostics.push(Diagnostic {
            path: String::new(),
            message: format!("{left_out} more {noun} are not shown"),
            code: Code::TooManyProblems,
            file: None,
            line: None,
            column: None,
            help: Some("repair the ones above first".to_owned()),
        });
    }
}

// === impl Diagnostic ===

impl Diagnostic {
    /// A problem without a place or help yet.
    pub(crate) fn new(code: Code, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
            code,
            file: None,
            line: None,
            column: None,
            help: None,
        }
    }

    /// The same problem at a place.
    pub(crate) fn at(mut self, place: impl Into<Option<Place>>) -> Self {
        if let Some(place) = place.into() {
            self.line = Some(place.line);
            self.column = Some(place.column);
        }
        self
    }

    /// The same problem in one of several files.
    pub(crate) fn in_file(mut self, file: Option<&str>) -> Self {
        self.file = file.map(str::to_owned);
        self
    }

    /// The same problem with a word on what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn past_the_limit_problems_are_counted() {
        let mut findings = Findings::default();
        for number in 0..DIAGNOSTICS_MAX + 5 {
            findings.error(Diagnostic::new(Code::UnknownKey, format!("k{number}"), "m"));
        }
        let report = findings.into_report();
        assert_eq!(report.errors.len(), DIAGNOSTICS_MAX + 1);
        assert_eq!(report.errors.last().unwrap().message, "5 more errors are not shown");
        assert!(!report.is_valid);
    }
}
