//! Crate `cel-interpreter`, the predecessor of `cel` that much is still built on.

use std::hint::black_box;

use cel_interpreter::{Context, Program, Value as CelValue};
use serde_json::Value;

use crate::measure::Case;

const NAME: &str = "cel-interpreter 0.10";

fn context(args: &Value) -> Option<Context<'static>> {
    let mut context = Context::default();
    context.add_variable("args", args).ok()?;
    Some(context)
}

/// Adds the crate to the race for an expression, if it gives the right answer.
pub fn expression(case: &mut Case, source: &str, args: &'static Value, expected: bool) {
    // Its parser panics on what it does not know.
    let compiled = std::panic::catch_unwind(|| Program::compile(source).ok()).ok().flatten();
    let (Some(program), Some(made)) = (compiled, context(args)) else {
        return case.miss(NAME, "does not compile it");
    };
    match program.execute(&made) {
        Ok(CelValue::Bool(found)) if found == expected => {}
        Ok(other) => return case.miss(NAME, format!("answers {other:?}")),
        Err(error) => return case.miss(NAME, format!("fails: {error}")),
    }
    let again = Program::compile(source).ok();
    case.add(format!("{NAME}, values made before"), move || {
        program.execute(black_box(&made)) == Ok(CelValue::Bool(true))
    });
    case.add(format!("{NAME}, from JSON"), move || {
        Some(again.as_ref()?.execute(&context(black_box(args))?) == Ok(CelValue::Bool(true)))
    });
}

/// Adds the crate to the race for compiling.
pub fn compile(case: &mut Case, source: &'static str) {
    case.add(format!("{NAME} (parses only)"), move || Program::compile(black_box(source)).is_ok());
}

/// Adds the crate to the race for compiling and asking once.
pub fn compile_and_ask(case: &mut Case, source: &'static str, args: &'static Value) {
    let Some(made) = context(args) else {
        return case.miss(NAME, "does not take the arguments");
    };
    case.add(format!("{NAME}, values made before"), move || {
        let program = Program::compile(black_box(source)).ok()?;
        Some(program.execute(black_box(&made)) == Ok(CelValue::Bool(true)))
    });
}
