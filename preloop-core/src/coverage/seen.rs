//! Following calls through an entry, and counting what they meet there.

use super::parts;
use crate::cel::{Input, Span, Tri, Truths};
use crate::compile::{CompiledPolicy, Entry, Rule};
use crate::evaluate::WalkEnd;

#[derive(Debug, Default)]
pub(super) struct EntrySeen {
    pub(super) calls: u64,
    pub(super) disabled: u64,
    pub(super) unjustified: u64,
    pub(super) unproven: u64,
    pub(super) otherwise: u64,
    pub(super) rules: Vec<RuleSeen>,
}

#[derive(Debug, Default)]
pub(super) struct RuleSeen {
    pub(super) reached: u64,
    pub(super) matched: u64,
    pub(super) not_matched: u64,
    pub(super) failed: u64,
    pub(super) parts: Vec<PartSeen>,
}

#[derive(Debug)]
pub(super) struct PartSeen {
    pub(super) span: Span,
    pub(super) held: u64,
    pub(super) did_not_hold: u64,
    pub(super) failed: u64,
}

// === impl EntrySeen ===

impl EntrySeen {
    /// Nothing seen yet of an entry.
    pub(super) fn new(entry: &Entry) -> Self {
        Self { rules: entry.rules.iter().map(RuleSeen::new).collect(), ..Self::default() }
    }

    /// Follows a call through the entry, and writes down what it meets.
    pub(super) fn follow(&mut self, policy: &CompiledPolicy, entry: &Entry, input: &Input<'_>) {
        bump(&mut self.calls);
        let walk = policy.walk(entry, input);
        match walk.end {
            WalkEnd::Disabled => bump(&mut self.disabled),
            WalkEnd::Unjustified => bump(&mut self.unjustified),
            WalkEnd::Unproven => bump(&mut self.unproven),
            WalkEnd::NoRuleMatched => bump(&mut self.otherwise),
            WalkEnd::Decided => {}
        }
        for ((rule, seen), answer) in entry.rules.iter().zip(&mut self.rules).zip(walk.answers) {
            bump(&mut seen.reached);
            match answer {
                Tri::True => bump(&mut seen.matched),
                Tri::False => bump(&mut seen.not_matched),
                Tri::Error => bump(&mut seen.failed),
            }
            if let Some(condition) = rule.condition() {
                for (span, truths) in condition.truths(rule.action, input, policy.fuel) {
                    seen.take(span, truths);
                }
            }
        }
    }
}

fn spans(rule: &Rule) -> Vec<Span> {
    match rule.condition() {
        Some(condition) if condition.constant().is_none() => parts::parts(condition.source()),
        _ => Vec::new(),
    }
}

pub(super) const fn bump(count: &mut u64) {
    *count = count.saturating_add(1);
}

// === impl RuleSeen ===

impl RuleSeen {
    fn new(rule: &Rule) -> Self {
        let parts = spans(rule).into_iter().map(PartSeen::new).collect();
        Self { parts, ..Self::default() }
    }

    fn take(&mut self, span: Span, truths: Truths) {
        for part in self.parts.iter_mut().filter(|part| part.span == span) {
            part.held = part.held.saturating_add(u64::from(truths.held));
            part.did_not_hold = part.did_not_hold.saturating_add(u64::from(truths.did_not_hold));
            part.failed = part.failed.saturating_add(u64::from(truths.failed));
        }
    }
}

// === impl PartSeen ===

impl PartSeen {
    const fn new(span: Span) -> Self {
        Self { span, held: 0, did_not_hold: 0, failed: 0 }
    }
}
