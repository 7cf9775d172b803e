//! Differential tests: random expressions and arguments, answered by the engine in each of its ways, and by a second,
//! slow evaluator that shares nothing with it. Every difference is a bug.
//!
//! `PRELOOP_DIFFERENTIAL_CASES` and `PRELOOP_DIFFERENTIAL_SEED` make it run longer and elsewhere.

#![cfg(test)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    clippy::format_push_string,
    clippy::match_same_arms,
    clippy::too_many_lines,
    clippy::disallowed_methods,
    dead_code,
    reason = "plain over fast: values are small, how many cases run is asked of the environment, and the oracles in \
              fuzz/ read some parts that this test does not"
)]
mod engine;
mod expression;
mod functions;
mod generate;
mod naive;
mod policy;
mod simple;
mod world;

use preloop_core::cel::FailureKind;

use generate::{Dice, Generator, arguments};

/// The failures that random expressions must meet.
const KINDS: [FailureKind; 8] = [
    FailureKind::NoSuchKey,
    FailureKind::WrongType,
    FailureKind::Overflow,
    FailureKind::DivideByZero,
    FailureKind::OutOfRange,
    FailureKind::InvalidArgument,
    FailureKind::NoValue,
    FailureKind::DuplicateKey,
];

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |value| value.parse().unwrap())
}

#[test]
fn random_expressions_have_the_naive_answer() {
    let cases = number("PRELOOP_DIFFERENTIAL_CASES", 20_000);
    let seed = number("PRELOOP_DIFFERENTIAL_SEED", 1);
    let mut tally = engine::Tally::default();
    for case in 0..cases {
        let mut dice = Dice::new((seed << 40) + case);
        let args = arguments(&mut dice);
        let levels = 1 + dice.below(5);
        let expression = Generator::new(&mut dice).beside_arguments().any(levels);
        engine::compare(&expression, &args, &mut tally, case);
    }
    println!("{tally:?}");
    assert!(tally.differences.is_empty(), "{}", tally.differences.join("\n"));
    // Most cases must say something, or the generator has gone astray.
    assert!(KINDS.iter().all(|kind| tally.kinds.contains_key(kind)), "{tally:?}");
    assert!(
        tally.answers * 3 > cases && tally.failures * 10 > cases && tally.checked * 3 > cases,
        "{tally:?}"
    );
}

#[test]
fn policies_decide_as_their_rules_do_one_by_one() {
    let cases = number("PRELOOP_DIFFERENTIAL_CASES", 20_000) / 10;
    let seed = number("PRELOOP_DIFFERENTIAL_SEED", 1);
    let mut failed = 0;
    for case in 0..cases {
        let mut dice = Dice::new((seed << 40) + (1 << 39) + case);
        failed += policy::compare(&mut dice).unwrap_or_else(|words| panic!("case {case}: {words}"));
    }
    assert!(u64::from(failed) > cases / 10, "{failed} of {cases}");
}

#[test]
fn simple_conditions_answer_as_their_table_says() {
    let cases = number("PRELOOP_DIFFERENTIAL_CASES", 20_000);
    let seed = number("PRELOOP_DIFFERENTIAL_SEED", 1);
    for case in 0..cases {
        let mut dice = Dice::new((seed << 40) + (1 << 38) + case);
        policy::compare_simple(&mut dice).unwrap_or_else(|words| panic!("case {case}: {words}"));
    }
}
