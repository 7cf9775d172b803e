//! Any text is an expression or has problems whose places lie inside of it; checking never changes an answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use preloop_core::cel::{Environment, FUEL_DEFAULT, Input, Problem, compile};
use preloop_core::condition;

fn placed(problems: &[Problem], source: &str) {
    assert!(!problems.is_empty());
    for problem in problems {
        let (start, end) = (problem.span.start as usize, problem.span.end as usize);
        assert!(source.get(start..end).is_some(), "{problem:?}");
        assert!(problem.message.len() < 1_000, "{problem:?}");
    }
}

fuzz_target!(|source: &str| {
    let checked = compile(source, &Environment::policy());
    if let Err(problems) = &checked {
        placed(problems, source);
    }
    if let Err(problems) = condition::compile(source, None, &Environment::policy()) {
        placed(&problems, source);
    }
    let Ok(checked) = checked else { return };
    let unchecked = compile(source, &Environment::policy().unchecked())
        .expect("what passes the checker passes without it");
    let args = serde_json::json!({"a": 1, "b": "x", "c": [1.5, null], "d": {"e": true}});
    let input = Input::new(&args);
    let kind = |program: &preloop_core::cel::Program| {
        program.failure(&input, FUEL_DEFAULT).map(|failure| failure.kind)
    };
    assert_eq!(kind(&checked), kind(&unchecked));
});
