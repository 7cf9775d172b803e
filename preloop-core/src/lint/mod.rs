//! What validation lets pass and a reviewer would not: rules that stop less than they seem to.
//!
//! Validation warns of what certainly does nothing; a lint knows what rules are mostly written for.
//! Each finding says what gets through and what to write instead.

mod atoms;
mod implied;
mod texts;
mod unused;

#[cfg(test)]
mod tests;

use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::validate::ValidPolicy;

/// The warnings of validation and everything else worth a look, in the order of the text.
///
/// ```
/// use preloop_core::{ValidPolicy, lint};
///
/// let text = "
/// version: '1.0'
/// metadata: {name: quick}
/// tools:
///   - name: bash
///     conditions:
///       - {expression: args.command.contains('rm'), action: deny}
/// ";
/// let findings = lint::lint(&ValidPolicy::parse(text).unwrap());
/// assert_eq!(findings[0].code.as_str(), "evadable_text");
/// assert_eq!(findings[0].path, "tools[0].conditions[0].expression");
/// ```
pub fn lint(policy: &ValidPolicy) -> Vec<Diagnostic> {
    let mut findings = Findings::default();
    let lint = &mut Lint { policy, findings: &mut findings };
    texts::check(lint);
    implied::check(lint);
    unused::check(lint);
    let mut found = findings.into_report().warnings;
    found.extend(policy.warnings().iter().cloned());
    found.sort_by(|left, right| {
        (&left.file, left.line, left.column).cmp(&(&right.file, right.line, right.column))
    });
    found
}

/// What a check sees, and where it reports.
struct Lint<'l> {
    policy: &'l ValidPolicy,
    findings: &'l mut Findings,
}

impl Lint<'_> {
    /// Reports a finding at a value.
    fn report(&mut self, code: Code, path: &str, message: String, help: String) {
        let place = self.policy.places().nearest_place(path);
        let file = self.policy.places().file(path);
        let finding = Diagnostic::new(code, path, message).at(place).in_file(file);
        self.findings.warning(finding.help(help));
    }
}
