//! Two other engines answer the random expressions of the differential tests, as the specification has it: without our
//! arithmetic across number types. Each difference is in the list of known ones, or is a bug.
//!
//! `cargo run --release -p preloop-oracles -- CASES [SEED [EVERY]]`: they answer every so many cases, ours all of them.

#![expect(dead_code, reason = "the differential tests use more of what they share with this")]

mod known;
mod theirs;

#[path = "../../../preloop-core/tests/differential/engine.rs"]
mod engine;
#[path = "../../../preloop-core/tests/differential/expression.rs"]
mod expression;
#[path = "../../../preloop-core/tests/differential/functions/mod.rs"]
mod functions;
#[path = "../../../preloop-core/tests/differential/generate/mod.rs"]
mod generate;
#[path = "../../../preloop-core/tests/differential/naive/mod.rs"]
mod naive;
#[path = "../../../preloop-core/tests/differential/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::process::ExitCode;

use generate::{Dice, Generator, arguments};
use theirs::{Cel, CelCore, Oracle};

#[derive(Debug, Default)]
struct Tally {
    agreed: u64,
    /// It does not know a function or macro of the expression, or does not read it.
    skipped: u64,
    known: BTreeMap<&'static str, u64>,
    unknown: u64,
}

fn main() -> ExitCode {
    let number = |position: usize, otherwise: u64| {
        std::env::args().nth(position).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (cases, seed, every) = (number(1, 20_000), number(2, 1), number(3, 1));
    // Their panics are counted, not shown.
    std::panic::set_hook(Box::new(|_| {}));
    let mut ours = engine::Tally::default();
    let mut oracles: Vec<(Box<dyn Oracle>, Tally)> = vec![
        (Box::new(Cel::default()), Tally::default()),
        (Box::new(CelCore::default()), Tally::default()),
    ];
    for case in 0..cases {
        let mut dice = Dice::new((seed << 40) + case);
        let args = arguments(&mut dice);
        let levels = 1 + dice.below(5);
        let is_theirs = case % every == 0;
        let generator = Generator::new(&mut dice);
        // They are given arguments only.
        let mut generator = if is_theirs { generator } else { generator.beside_arguments() };
        let expression = generator.any(levels);
        engine::compare(&expression, &args, &mut ours, case);
        if !is_theirs {
            continue;
        }
        let source = expression.written();
        let strict = naive::evaluate(&expression, &mut naive::Scope::strict(&args));
        let wanted = theirs::shown(&strict);
        for (oracle, tally) in &mut oracles {
            if !oracle.knows(&expression) {
                tally.skipped += 1;
                continue;
            }
            match oracle.answer(&source, &args) {
                None => tally.skipped += 1,
                Some(found) if theirs::agree(&found, &wanted) => tally.agreed += 1,
                Some(found) => match known::reason(
                    oracle.name(),
                    &expression,
                    &args,
                    found == "error",
                    strict.is_err(),
                ) {
                    Some(reason) => *tally.known.entry(reason).or_default() += 1,
                    None => {
                        tally.unknown += 1;
                        if tally.unknown <= 60 {
                            println!(
                                "{} case {case}: {source}\n    over {args}\n    gave {found}, here {wanted}",
                                oracle.name()
                            );
                        }
                    }
                },
            }
        }
    }
    println!("here: {ours:?}");
    for (oracle, tally) in &oracles {
        println!("{}: {tally:#?}", oracle.name());
    }
    let clean = ours.differences.is_empty() && oracles.iter().all(|(_, tally)| tally.unknown == 0);
    if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
