//! What no case exercises, in words.

use preloop_core::coverage::{CoverageReport, Outcome, OutcomeCoverage, RuleCoverage, Stretch};

use crate::output::shortened;

/// Longest quotation of a condition.
const SHOWN_CHARS: usize = 80;

/// Something that no case exercises.
pub(super) struct Gap<'r> {
    /// Where; none where the document does not say it.
    pub(super) place: Option<&'r Stretch>,
    /// Of what: the tool, and the rule where it is about one.
    pub(super) subject: String,
    /// What.
    pub(super) what: String,
}

/// Every gap, in the order of the document.
pub(super) fn gaps(report: &CoverageReport) -> Vec<Gap<'_>> {
    let mut found = Vec::new();
    for tool in &report.tools {
        for rule in tool.rules.iter().filter(|rule| rule.enabled) {
            of_rule(&tool.name, rule, &mut found);
        }
        for outcome in &tool.outcomes {
            found.extend(of_outcome(Some(&tool.name), outcome));
        }
    }
    found.extend(report.defaults.iter().filter_map(|outcome| of_outcome(None, outcome)));
    found
}

fn of_rule<'r>(tool: &str, rule: &'r RuleCoverage, found: &mut Vec<Gap<'r>>) {
    let subject = called(tool, rule);
    if rule.reached == 0 {
        let what = "no call comes to this rule".to_owned();
        return found.push(Gap { place: Some(&rule.place), subject, what });
    }
    let has_one_part = rule.parts.len() == 1;
    for part in &rule.parts {
        let expression = one_line(&part.expression);
        let missing = match (part.held, part.did_not_hold, part.failed) {
            (0, 0, 0) => "never looked at",
            (0, 0, _) => "never true and never false, it only fails",
            (0, _, _) => "never true",
            (_, 0, _) => "never false",
            _ => continue,
        };
        let what = if has_one_part && part.held == 0 {
            "never matches".to_owned()
        } else if has_one_part {
            "matches every call that comes to it".to_owned()
        } else {
            format!("`{expression}` is {missing}")
        };
        found.push(Gap { place: Some(&part.place), subject: subject.clone(), what });
    }
}

fn one_line(expression: &str) -> String {
    let words: Vec<&str> = expression.split_whitespace().collect();
    shortened(&words.join(" "), SHOWN_CHARS).into_owned()
}

/// The rule as people call it.
fn called(tool: &str, rule: &RuleCoverage) -> String {
    format!("{tool}, {}", rule.name.as_deref().unwrap_or(&rule.path))
}

fn of_outcome<'r>(tool: Option<&str>, outcome: &'r OutcomeCoverage) -> Option<Gap<'r>> {
    if outcome.calls > 0 {
        return None;
    }
    let what = match outcome.outcome {
        Outcome::NoRuleMatched => "no call gets past all rules",
        Outcome::ToolDefault => "no call of this tool",
        Outcome::ToolDisabled => "no call of this disabled tool",
        Outcome::JustificationRequired => "no call without a justification",
        Outcome::EvidenceMissing => "no call before those that must come first",
        Outcome::UnknownTool => "no call of a tool that no entry names",
        Outcome::NewTool => "no call of a new tool",
    };
    let what = format!("{what} ({})", outcome.action);
    let subject = tool.unwrap_or("defaults").to_owned();
    Some(Gap { place: outcome.place.as_ref(), subject, what })
}

impl Gap<'_> {
    /// In a line of its own.
    pub(super) fn words(&self) -> String {
        format!("{}: {}", self.subject, self.what)
    }
}
