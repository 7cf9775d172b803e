//! Any expression over any arguments: an answer or a failure within the budget, the same by every way to evaluate.
#![no_main]

use libfuzzer_sys::fuzz_target;
use preloop_core::cel::{
    Environment, FUEL_DEFAULT, FailureKind, Fuel, Input, JsonText, PathTable, Tri, Value, compile,
};

fuzz_target!(|text: &str| {
    // An expression, a line break, and the arguments as JSON.
    let (source, json) = text.split_once('\n').unwrap_or((text, "{}"));
    let Ok(args) = serde_json::from_str::<serde_json::Value>(json) else { return };
    let environment = Environment::policy().any_result().unchecked();
    let Ok(mut program) = compile(source, &environment) else { return };
    let input = Input::new(&args);
    let mut fuel = Fuel::default();
    let tri = program.test(&input, &mut fuel);
    assert!(fuel.used() <= FUEL_DEFAULT);
    let failure = program.failure(&input, FUEL_DEFAULT).map(|failure| failure.kind);
    assert_eq!(failure.is_some(), tri == Tri::Error);
    assert_eq!(fuel.is_spent(), failure == Some(FailureKind::Budget));
    match program.evaluate(&input, FUEL_DEFAULT) {
        Ok(Value::Bool(holds)) => assert_eq!(tri, if holds { Tri::True } else { Tri::False }),
        Ok(_) | Err(_) => assert_eq!(tri, Tri::Error),
    }
    // Exactly what was spent is enough, and one unit less is not.
    let used = fuel.used();
    if !fuel.is_spent() {
        let mut exact = Fuel::new(used);
        assert_eq!((program.test(&input, &mut exact), exact.left()), (tri, 0));
        if let Some(less) = used.checked_sub(1) {
            let mut less = Fuel::new(less);
            assert_eq!((program.test(&input, &mut less), less.is_spent()), (Tri::Error, true));
        }
    }
    let _ = program.trace(&input, FUEL_DEFAULT);
    let mut table = PathTable::default();
    program.share_paths(&mut table);
    // The strict reader refuses some texts that serde_json takes, such as those with a key twice.
    let Ok(pulled) = JsonText::pull(json, table.paths()) else { return };
    let mut by_text = Fuel::default();
    assert_eq!(program.test(&Input::new(&pulled), &mut by_text), tri);
    assert_eq!(by_text.used(), used);
});
