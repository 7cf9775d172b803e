//! Recorded decisions run through another policy: which calls would now be decided otherwise.
//!
//! Lines come one at a time and are not kept, so a log may be larger than memory. A line is replayed only where all that
//! the rules read of it is there: a masked argument that a rule reads makes it unknown what the answer would be, and
//! that is said, never guessed.
//!
//! ```
//! use preloop_core::replay::Replay;
//! use preloop_core::{CompiledPolicy, ValidPolicy};
//!
//! let text = "
//! version: '1.0'
//! metadata: {name: candidate}
//! tools: [{name: refund, conditions: [{name: big, expression: args.amount > 100, action: deny}]}]
//! ";
//! let policy = CompiledPolicy::compile(ValidPolicy::parse(text).unwrap());
//! let mut replay = Replay::new(&policy);
//! let line = r#"{"tool": "refund", "args": {"amount": 250}, "decision": {"action": "allow", "reason": "tool_default"}}"#;
//! replay.line("decisions.jsonl", 1, line.as_bytes());
//! let report = replay.finish();
//! assert_eq!((report.changed, report.groups[0].after.rule.as_deref()), (1, Some("big")));
//! ```

mod line;
mod report;
mod unknown;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use memchr::memmem::Finder;

pub use report::{BadLine, Group, ReplayReport, Sample, Side, Unreplayed};

use crate::compile::CompiledPolicy;
use crate::decision::Action;
use crate::diff::Verdict;
use crate::redact::{LEFT_OUT, MASK};
use line::{Recorded, Told};

/// Most samples of a group, and of the reasons why lines could not be replayed.
const SAMPLES_MAX: usize = 5;
/// Most bad lines that are told; the rest is counted.
const BAD_LINES_MAX: usize = 100;
/// Most groups; a log cannot have more than pairs of rules, unless somebody makes it up.
const GROUPS_MAX: usize = 10_000;

/// A replay under way.
#[derive(Debug)]
pub struct Replay<'p> {
    policy: &'p CompiledPolicy,
    report: ReplayReport,
    groups: HashMap<(Side, Side), Group>,
    unreplayed: HashMap<String, Unreplayed>,
    mask: Finder<'static>,
    left_out: Finder<'static>,
}

impl<'p> Replay<'p> {
    /// Starts a replay against a policy.
    pub fn new(policy: &'p CompiledPolicy) -> Self {
        Self {
            policy,
            report: ReplayReport::new(policy.policy().clone()),
            groups: HashMap::new(),
            unreplayed: HashMap::new(),
            mask: Finder::new(MASK),
            left_out: Finder::new(LEFT_OUT),
        }
    }

    /// Replays one line of a log; a line that cannot be read is told and nothing else.
    pub fn line(&mut self, file: &str, number: u64, bytes: &[u8]) {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        self.report.lines = self.report.lines.saturating_add(1);
        match line::read(bytes) {
            Err(problem) => self.bad_line(file, number, problem),
            Ok(Told::Other) => self.report.others = self.report.others.saturating_add(1),
            Ok(Told::Decision(recorded)) => {
                let is_masked =
                    self.mask.find(bytes).is_some() || self.left_out.find(bytes).is_some();
                self.replay(file, number, &recorded, is_masked);
            }
        }
    }

    /// Tells of a line that cannot be handed over, since it is too long.
    pub fn unreadable_line(&mut self, file: &str, number: u64, message: String) {
        self.report.lines = self.report.lines.saturating_add(1);
        self.bad_line(file, number, message);
    }

    fn bad_line(&mut self, file: &str, number: u64, message: String) {
        self.report.bad = self.report.bad.saturating_add(1);
        if self.report.bad_lines.len() < BAD_LINES_MAX {
            let file = file.to_owned();
            self.report.bad_lines.push(BadLine { file, line: number, message });
        }
    }

    /// Lines so far.
    pub fn lines(&self) -> u64 {
        self.report.lines
    }

    /// Calls so far that would be decided otherwise.
    pub fn changed(&self) -> u64 {
        self.report.changed
    }

    fn replay(&mut self, file: &str, number: u64, recorded: &Recorded, is_masked: bool) {
        let call = recorded.record.call();
        let reason = unknown::why(self.policy, recorded, &call, is_masked);
        if let Some(reason) = reason {
            self.unreplayed(file, number, recorded, reason);
            return;
        }
        self.report.replayed = self.report.replayed.saturating_add(1);
        let decision = self.policy.evaluate(&call);
        // A record that names no workflow says nothing of it.
        let names_another = recorded.approval_workflow.is_some()
            && decision.approval_workflow != recorded.approval_workflow;
        let is_same = decision.action == recorded.action
            && (decision.action != Action::RequireApproval || !names_another);
        if is_same {
            self.report.same = self.report.same.saturating_add(1);
            return;
        }
        self.report.changed = self.report.changed.saturating_add(1);
        let (before, after) = (recorded.side(), Side::of(&decision));
        let verdict = match after.action.cmp(&before.action) {
            std::cmp::Ordering::Less => Verdict::Loosened,
            std::cmp::Ordering::Greater => Verdict::Tightened,
            std::cmp::Ordering::Equal => Verdict::Unknown,
        };
        match verdict {
            Verdict::Loosened => self.report.loosened = self.report.loosened.saturating_add(1),
            Verdict::Tightened => self.report.tightened = self.report.tightened.saturating_add(1),
            _ => {}
        }
        let key = (before, after);
        if !self.groups.contains_key(&key) && self.groups.len() >= GROUPS_MAX {
            return;
        }
        let (before, after) = key.clone();
        let group = self.groups.entry(key).or_insert_with(|| Group::new(verdict, before, after));
        group.count = group.count.saturating_add(1);
        if group.samples.len() < SAMPLES_MAX {
            group.samples.push(Sample::of(file, number, &recorded.record));
        }
    }

    fn unreplayed(&mut self, file: &str, number: u64, recorded: &Recorded, reason: String) {
        self.report.not_replayable = self.report.not_replayable.saturating_add(1);
        let known = self.unreplayed.entry(reason.clone()).or_insert_with(|| Unreplayed {
            reason,
            count: 0,
            samples: Vec::new(),
        });
        known.count = known.count.saturating_add(1);
        if known.samples.len() < SAMPLES_MAX {
            known.samples.push(Sample::of(file, number, &recorded.record));
        }
    }

    /// What came out, the largest groups first.
    pub fn finish(self) -> ReplayReport {
        let mut report = self.report;
        report.groups = self.groups.into_values().collect();
        report.groups.sort_by(|one, other| {
            other.count.cmp(&one.count).then_with(|| one.before.cmp(&other.before))
        });
        report.unreplayed = self.unreplayed.into_values().collect();
        report.unreplayed.sort_by(|one, other| {
            other.count.cmp(&one.count).then_with(|| one.reason.cmp(&other.reason))
        });
        report
    }
}
