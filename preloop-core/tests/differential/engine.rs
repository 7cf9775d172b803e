//! One case, answered by the engine in each of its ways.

use std::collections::BTreeMap;

use preloop_core::cel::{
    Environment, FUEL_DEFAULT, FailureKind, Fuel, Input, JsonText, PathTable, Program, Tri,
    Value as Found, compile,
};
use serde_json::Value as Json;

use crate::expression::Expression;
use crate::functions::net;
use crate::naive::{self, Scope, Value};
use crate::world::World;

/// What the cases came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) answers: u64,
    pub(crate) failures: u64,
    pub(crate) kinds: BTreeMap<FailureKind, u64>,
    /// The checker let the expression through, too.
    pub(crate) checked: u64,
    /// Not compiled even without checks: a constant that means nothing, or too large.
    pub(crate) refused: u64,
    pub(crate) over_budget: u64,
    /// The cost is known beforehand.
    pub(crate) bounded: u64,
    pub(crate) differences: Vec<String>,
}

/// Whether the engine's value is the naive one, to the bit and the type.
pub(crate) fn same(found: &Found, wanted: &Value) -> bool {
    match (found, wanted) {
        (Found::Null, Value::Null) => true,
        (Found::Bool(found), Value::Bool(wanted)) => found == wanted,
        (Found::Int(found), Value::Int(wanted)) => found == wanted,
        (Found::Uint(found), Value::Uint(wanted)) => found == wanted,
        (Found::Double(found), Value::Double(wanted)) => {
            found.to_bits() == wanted.to_bits() || (found.is_nan() && wanted.is_nan())
        }
        (Found::Text(found), Value::Text(wanted)) => **found == **wanted,
        (Found::Bytes(found), Value::Bytes(wanted)) => **found == **wanted,
        (Found::Type(found), Value::Type(wanted)) => found.as_str() == *wanted,
        (Found::Timestamp(found), Value::Timestamp(wanted)) => found.unix_nanos() == *wanted,
        (Found::Duration(found), Value::Duration(wanted)) => found.as_nanos() == *wanted,
        (Found::Ip(found), Value::Ip(wanted)) => found.to_string() == net::shown(*wanted),
        (Found::Cidr(found), Value::Cidr(wanted, length)) => {
            found.to_string() == format!("{}/{length}", net::shown(*wanted))
        }
        (Found::Optional(None), Value::Optional(None)) => true,
        (Found::Optional(Some(found)), Value::Optional(Some(wanted))) => same(found, wanted),
        (Found::List(found), Value::List(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| same(found, wanted))
        }
        (Found::Map(found), Value::Map(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|((key, found), (wanted_key, wanted))| {
                    same(key, wanted_key) && same(found, wanted)
                })
        }
        _ => false,
    }
}

/// Whether the condition holds, by the naive evaluator.
pub(crate) fn verdict(answer: &naive::Answer) -> Tri {
    match answer {
        Ok(Value::Bool(true)) => Tri::True,
        Ok(Value::Bool(false)) => Tri::False,
        _ => Tri::Error,
    }
}

pub(crate) fn naive_answer(expression: &Expression, args: &Json) -> naive::Answer {
    naive::evaluate(expression, &mut Scope::new(args))
}

pub(crate) fn compare(expression: &Expression, args: &Json, tally: &mut Tally, case: u64) {
    let source = expression.written();
    let environment = Environment::policy().any_result();
    let Ok(program) = compile(&source, &environment.clone().unchecked()) else {
        tally.refused += 1;
        return;
    };
    let wanted = naive_answer(expression, args);
    let checked = compile(&source, &environment).ok();
    tally.checked += u64::from(checked.is_some());
    tally.bounded += u64::from(program.cost_bound().is_some());
    for program in [Some(program), checked].into_iter().flatten() {
        match difference(program, args, &wanted) {
            Ok(()) => {}
            Err(words) if words == "budget" => {
                tally.over_budget += 1;
                return;
            }
            Err(words) => {
                tally
                    .differences
                    .push(format!("case {case}: {source}\n    over {args}\n    {words}"));
                return;
            }
        }
    }
    match wanted {
        Ok(_) => tally.answers += 1,
        Err(kind) => {
            tally.failures += 1;
            *tally.kinds.entry(kind).or_default() += 1;
        }
    }
}

fn difference(mut program: Program, args: &Json, wanted: &naive::Answer) -> Result<(), String> {
    let world = World::of(args);
    let input = world.input(args);
    let found = program.evaluate(&input, FUEL_DEFAULT);
    match (&found, wanted) {
        (Err(failure), _)
            if matches!(failure.kind, FailureKind::Budget | FailureKind::TooLarge) =>
        {
            return Err("budget".to_owned());
        }
        (Ok(found), Ok(wanted)) if same(found, wanted) => {}
        (Err(failure), Err(kind)) if failure.kind == *kind => {}
        _ => return Err(format!("gave {found:?}, naively {wanted:?}")),
    }
    let mut fuel = Fuel::default();
    let tri = program.test(&input, &mut fuel);
    if tri != verdict(wanted) {
        return Err(format!("the fast way gave {tri:?}, naively {wanted:?}"));
    }
    let failure = program.failure(&input, FUEL_DEFAULT).map(|failure| failure.kind);
    let expected = match wanted {
        Ok(Value::Bool(_)) => None,
        Ok(_) => Some(FailureKind::NotBool),
        Err(kind) => Some(*kind),
    };
    if failure != expected {
        return Err(format!("the failure is {failure:?}, naively {expected:?}"));
    }
    fuel_law(&program, &input, &fuel, tri)?;
    if let Some(bound) = program.cost_bound().filter(|bound| fuel.used() > *bound) {
        return Err(format!("{} units were spent, and {bound} should do", fuel.used()));
    }
    // Raw text of which only what is read is taken gives the same answer for the same fuel.
    let mut table = PathTable::default();
    program.share_paths(&mut table);
    let text = args.to_string();
    let pulled = JsonText::pull(&text, table.paths()).map_err(|error| error.to_string())?;
    let mut by_text = Fuel::default();
    let from_text = program.test(&world.input(&pulled), &mut by_text);
    if (from_text, by_text.used()) != (tri, fuel.used()) {
        return Err(format!(
            "from text {from_text:?} for {}, else {tri:?} for {}",
            by_text.used(),
            fuel.used()
        ));
    }
    Ok(())
}

/// What was spent is exactly enough; one unit less is not, and nothing absorbs that.
fn fuel_law(program: &Program, input: &Input<'_>, fuel: &Fuel, tri: Tri) -> Result<(), String> {
    let used = fuel.used();
    let mut exact = Fuel::new(used);
    if program.test(input, &mut exact) != tri || exact.left() != 0 {
        return Err(format!("{used} units were spent, but they are not enough"));
    }
    for less in [used.saturating_sub(1), used / 2] {
        let mut fuel = Fuel::new(less);
        if less < used && (program.test(input, &mut fuel) != Tri::Error || !fuel.is_spent()) {
            return Err(format!("with {less} of {used} units it goes on"));
        }
    }
    Ok(())
}
