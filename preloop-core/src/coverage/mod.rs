//! Which rules of a policy, and which branches of their conditions, some calls exercise.
//!
//! ```
//! use preloop_core::coverage::Coverage;
//! use preloop_core::{Call, CompiledPolicy, ValidPolicy};
//!
//! let text = "
//! version: '1.0'
//! metadata: {name: quick}
//! tools:
//!   - name: pay
//!     conditions:
//!       - {expression: args.amount > 500 || args.urgent, action: deny}
//! ";
//! let valid = ValidPolicy::parse(text).unwrap();
//! let document = valid.document().clone();
//! let policy = CompiledPolicy::compile(valid);
//! let mut coverage = Coverage::new(&policy, &document);
//! let args = serde_json::json!({"amount": 900});
//! coverage.record(&Call::new("pay", &args));
//! let report = coverage.report();
//! let rule = &report.tools[0].rules[0];
//! assert_eq!((rule.reached, rule.matched), (1, 1));
//! // `args.amount > 500` decided alone: the other half was never looked at.
//! assert_eq!((rule.parts[1].held, rule.parts[2].branches()), (1, 0));
//! assert_eq!((report.tally.branches.seen, report.tally.branches.all), (2, 6));
//! ```

mod parts;
mod report;
mod seen;

use std::ops::Range;

pub use report::{
    CoverageReport, Outcome, OutcomeCoverage, PartCoverage, RuleCoverage, Share, Stretch, Tally,
    ToolCoverage,
};

use crate::call::Call;
use crate::compile::{CompiledPolicy, Entry, Fits, Rule};
use crate::decision::{Action, Reason};
use crate::document::{PolicyDocument, Tool};
use seen::{EntrySeen, PartSeen, RuleSeen, bump};

/// Counts what calls exercise of one policy.
#[derive(Debug)]
pub struct Coverage<'p> {
    policy: &'p CompiledPolicy,
    document: &'p PolicyDocument,
    entries: Vec<EntrySeen>,
    calls: u64,
    unknown: u64,
    new: u64,
}

impl<'p> Coverage<'p> {
    /// Nothing seen yet of a policy; `document` is what it was compiled from.
    pub fn new(policy: &'p CompiledPolicy, document: &'p PolicyDocument) -> Self {
        let entries = policy.entries.iter().map(EntrySeen::new).collect();
        Self { policy, document, entries, calls: 0, unknown: 0, new: 0 }
    }

    /// Follows one call through the policy.
    pub fn record(&mut self, call: &Call<'_>) {
        bump(&mut self.calls);
        let policy = self.policy;
        let Ok(source) = policy.source(call) else { return };
        if policy.evaluate(call).reason == Reason::NewTool {
            bump(&mut self.new);
        }
        let entries = match policy.index.find(call.tool.name, source) {
            Fits::None => {
                bump(&mut self.unknown);
                return;
            }
            Fits::One(entry) => vec![entry],
            Fits::Several(entries) => entries,
        };
        let input = policy.input(call, source);
        for number in entries {
            if let (Some(entry), Some(seen)) =
                (policy.entries.get(number), self.entries.get_mut(number))
            {
                seen.follow(policy, entry, &input);
            }
        }
    }

    /// What was seen so far.
    pub fn report(&self) -> CoverageReport {
        let tools = self.document.tools.iter().zip(&self.policy.entries).zip(&self.entries);
        let tools: Vec<ToolCoverage> =
            tools.map(|((tool, entry), seen)| self.tool(tool, entry, seen)).collect();
        let defaults = self.defaults();
        let mut tally = Tally::default();
        for tool in &tools {
            tally.add(tool.tally);
        }
        for outcome in &defaults {
            count_outcome(&mut tally, outcome);
        }
        let policy = self.policy.policy().clone();
        CoverageReport { policy, calls: self.calls, tally, tools, defaults }
    }

    fn tool(&self, tool: &Tool, entry: &Entry, seen: &EntrySeen) -> ToolCoverage {
        let mut enabled = entry.rules.iter().zip(&seen.rules);
        let rules = tool.conditions.iter().enumerate().map(|(number, rule)| {
            let path = format!("{}.conditions[{number}]", entry.path);
            let is_enabled = rule.enabled != Some(false);
            let (compiled, seen) = is_enabled.then(|| enabled.next()).flatten().unzip();
            let nothing = RuleSeen::default();
            let seen = seen.unwrap_or(&nothing);
            let source = compiled.and_then(Rule::condition).map_or("", |rule| rule.source());
            let part = |part: &PartSeen| self.part(&path, source, part);
            RuleCoverage {
                name: rule.name.clone(),
                action: rule.action.unwrap_or(Action::RequireApproval),
                place: self.stretch(&path),
                enabled: is_enabled,
                reached: seen.reached,
                matched: seen.matched,
                not_matched: seen.not_matched,
                failed: seen.failed,
                parts: seen.parts.iter().map(part).collect(),
                path,
            }
        });
        let rules: Vec<RuleCoverage> = rules.collect();
        let outcomes = self.outcomes(entry, seen);
        ToolCoverage {
            name: tool.name.clone(),
            source: tool.source.clone(),
            place: self.stretch(&entry.path),
            calls: seen.calls,
            tally: tally(&rules, &outcomes),
            rules,
            outcomes,
            path: entry.path.clone(),
        }
    }

    fn part(&self, rule: &str, source: &str, seen: &PartSeen) -> PartCoverage {
        let path = format!("{rule}.expression");
        let part = seen.span.start as usize..seen.span.end as usize;
        let place = match self.policy.places().range_within(&path, part) {
            Some(range) => self.place(&range),
            None => self.stretch(&path),
        };
        PartCoverage {
            expression: seen.span.text(source).to_owned(),
            place,
            held: seen.held,
            did_not_hold: seen.did_not_hold,
            failed: seen.failed,
        }
    }

    /// The answers of an entry that no rule gives; one that cannot happen is none.
    fn outcomes(&self, entry: &Entry, seen: &EntrySeen) -> Vec<OutcomeCoverage> {
        let name = format!("{}.name", entry.path);
        let outcome = |outcome, action, path: &str, calls| OutcomeCoverage {
            outcome,
            action,
            place: self.written(path).or_else(|| self.written(&name)),
            calls,
        };
        if entry.closed.is_some() {
            let path = format!("{}.enabled", entry.path);
            return vec![outcome(Outcome::ToolDisabled, Action::Deny, &path, seen.disabled)];
        }
        let mut outcomes = Vec::new();
        if entry.unjustified.is_some() {
            let path = format!("{}.justification", entry.path);
            let kind = Outcome::JustificationRequired;
            outcomes.push(outcome(kind, Action::Deny, &path, seen.unjustified));
        }
        if entry.evidence.is_some() {
            let path = format!("{}.evidence_required", entry.path);
            let kind = Outcome::EvidenceMissing;
            outcomes.push(outcome(kind, Action::Deny, &path, seen.unproven));
        }
        if !entry.rules.iter().any(is_always) {
            let kind = match entry.otherwise.reason {
                Reason::NoRuleMatched => Outcome::NoRuleMatched,
                _ => Outcome::ToolDefault,
            };
            outcomes.push(outcome(kind, entry.otherwise.action, &name, seen.otherwise));
        }
        outcomes
    }

    fn defaults(&self) -> Vec<OutcomeCoverage> {
        let mut outcomes = Vec::new();
        // With an entry for every name there is no unknown tool.
        let is_everything = |tool: &Tool| tool.source.is_none() && tool.name == "*";
        if !self.document.tools.iter().any(is_everything) {
            outcomes.push(OutcomeCoverage {
                outcome: Outcome::UnknownTool,
                action: self.policy.unknown.action,
                place: self.written("defaults.unknown_tools"),
                calls: self.unknown,
            });
        }
        // A default that nobody wrote down is no part of the document; this one is asked for by name.
        let defaults = self.document.defaults.as_ref();
        if defaults.and_then(|defaults| defaults.require_approval_for_new_tools) == Some(true) {
            outcomes.push(OutcomeCoverage {
                outcome: Outcome::NewTool,
                action: Action::RequireApproval,
                place: self.written("defaults.require_approval_for_new_tools"),
                calls: self.new,
            });
        }
        outcomes
    }

    fn written(&self, path: &str) -> Option<Stretch> {
        self.policy.places().range(path).map(|(range, _)| self.place(&range))
    }

    /// Where the value at a path stands; where it is not written out, the beginning of what holds it.
    fn stretch(&self, path: &str) -> Stretch {
        self.written(path).unwrap_or_else(|| {
            let place = self.policy.places().nearest_place(path);
            Stretch {
                file: self.policy.file(path),
                line: place.line,
                column: place.column,
                end_line: place.line,
                end_column: place.column,
            }
        })
    }

    fn place(&self, range: &Range<usize>) -> Stretch {
        let places = self.policy.places();
        let trimmed = places.text().get(range.clone()).map_or(0, |text| text.trim_end().len());
        let (start, end) =
            (places.place_at(range.start), places.place_at(range.start.saturating_add(trimmed)));
        Stretch {
            file: places.file_at(range.start).map(str::to_owned),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

fn is_always(rule: &Rule) -> bool {
    rule.condition().is_none_or(|condition| condition.constant() == Some(true))
}

fn tally(rules: &[RuleCoverage], outcomes: &[OutcomeCoverage]) -> Tally {
    let mut tally = Tally::default();
    for rule in rules.iter().filter(|rule| rule.enabled) {
        tally.rules.count(rule.matched > 0);
        if rule.parts.is_empty() {
            tally.total.count(rule.matched > 0);
        }
        for part in &rule.parts {
            for is_seen in [part.held > 0, part.did_not_hold > 0] {
                tally.branches.count(is_seen);
                tally.total.count(is_seen);
            }
        }
    }
    for outcome in outcomes {
        count_outcome(&mut tally, outcome);
    }
    tally
}

const fn count_outcome(tally: &mut Tally, outcome: &OutcomeCoverage) {
    tally.outcomes.count(outcome.calls > 0);
    tally.total.count(outcome.calls > 0);
}

#[cfg(test)]
mod tests;
