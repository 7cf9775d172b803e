//! Runs a case: decides its call and holds the decision against what is expected.

use serde::Serialize;

use super::expectation::NO_RULE;
use super::{Case, Mismatch};
use crate::compile::CompiledPolicy;
use crate::decision::{Decision, Reason};
use crate::diagnostic::{did_you_mean, nearest};

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The decision is as expected.
    Passed,
    /// The decision is not as expected.
    Failed,
    /// The case says that it is not to be run.
    Skipped,
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseResult {
    /// How it ended.
    pub status: Status,
    /// Where the decision differs from what is expected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mismatches: Vec<Mismatch>,
    /// The decision of a case that failed, with its trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Box<Decision>>,
    /// What is doubtful about the case although it passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// Runs a case, unless it is to be skipped.
pub fn run(case: &Case, policy: &CompiledPolicy) -> CaseResult {
    let mut result = CaseResult {
        status: Status::Passed,
        mismatches: Vec::new(),
        decision: None,
        warning: None,
    };
    if case.skip.is_some() {
        result.status = Status::Skipped;
        return result;
    }
    let call = case.call();
    let decision = policy.evaluate(&call);
    result.mismatches = case.expectation.check(&decision);
    // A slip in the tool's name would else pass wherever unknown tools are allowed.
    if decision.reason == Reason::UnknownTool && case.expectation.reason.is_none() {
        result.warning = Some(unknown_tool(case, policy));
    }
    if !result.mismatches.is_empty() {
        result.status = Status::Failed;
        result.mismatches.iter_mut().for_each(|mismatch| advise(mismatch, policy));
        result.decision = Some(Box::new(policy.explain(&call)));
    }
    result
}

fn unknown_tool(case: &Case, policy: &CompiledPolicy) -> String {
    let tool = &case.record.tool.name;
    let help = match nearest(tool, policy.tool_names()) {
        Some(meant) => did_you_mean(tool, meant),
        None => "if that is meant, expect `reason: unknown_tool`".to_owned(),
    };
    format!("no entry of the policy is for the tool `{tool}`; {help}")
}

/// A rule that the policy does not have cannot have decided.
fn advise(mismatch: &mut Mismatch, policy: &CompiledPolicy) {
    let expected = mismatch.expected.as_str();
    if mismatch.field != "rule" || policy.rule_names().any(|name| name == expected) {
        return;
    }
    if expected.starts_with("tools[") || expected == NO_RULE {
        return;
    }
    let meant = nearest(expected, policy.rule_names());
    let meant =
        meant.map(|meant| format!("; {}", did_you_mean(expected, meant))).unwrap_or_default();
    mismatch.help = Some(format!("the policy has no rule with the name `{expected}`{meant}"));
}
