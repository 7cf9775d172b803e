//! The engine of this repository, as an embedding program uses it.

use std::hint::black_box;

use preloop_core::cel::{Environment, Fuel, Input, Program, Tri, compile};
use preloop_core::{Action, Call, CompiledPolicy, ValidPolicy};
use serde_json::Value;

use crate::keep;
use crate::measure::{Case, PRELOOP};

/// An expression, compiled once.
pub fn program(source: &str) -> Program {
    compile(source, &Environment::policy())
        .unwrap_or_else(|problems| panic!("`{source}` does not compile: {problems:?}"))
}

/// Adds the engine to the race for an expression.
pub fn expression(case: &mut Case, source: &str, args: &'static Value, expected: bool) {
    let program = program(source);
    let wanted = if expected { Tri::True } else { Tri::False };
    assert_eq!(program.test(&Input::new(args), &mut Fuel::default()), wanted, "`{source}`");
    case.add(PRELOOP, move || program.test(&Input::new(black_box(args)), &mut Fuel::default()));
}

/// A policy, read, checked and compiled.
pub fn policy(text: &str) -> CompiledPolicy {
    let valid = ValidPolicy::parse(text).unwrap_or_else(|report| panic!("the policy: {report:?}"));
    CompiledPolicy::compile(valid)
}

/// The same policy as a JSON document.
pub fn json(text: &str) -> String {
    let valid = ValidPolicy::parse(text).unwrap_or_else(|report| panic!("the policy: {report:?}"));
    preloop_core::canonical::to_json(valid.document())
}

/// Adds the engine to the race for a decision.
pub fn decision(
    case: &mut Case,
    policy: &'static CompiledPolicy,
    tool: &'static str,
    args: &'static Value,
    expected: Action,
) {
    assert_eq!(policy.evaluate(&Call::new(tool, args)).action, expected, "{tool}");
    case.add(PRELOOP, move || policy.evaluate(&Call::new(black_box(tool), black_box(args))).action);
}

/// A policy that a group asks several cases of.
pub fn kept_policy(text: &str) -> &'static CompiledPolicy {
    keep(policy(text))
}
