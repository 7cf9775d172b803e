//! The expression language of conditions: CEL, the part that JSON values need, read, checked, lowered and evaluated here.
//!
//! ```
//! use preloop_core::cel::{Environment, Fuel, Input, Tri, compile};
//!
//! let program = compile("args.amount > 500 && args.currency in ['USD', 'EUR']", &Environment::policy()).unwrap();
//! let args = serde_json::json!({"amount": 750, "currency": "EUR"});
//! assert_eq!(program.test(&Input::new(&args), &mut Fuel::default()), Tri::True);
//!
//! let args = serde_json::json!({"currency": "EUR"});
//! let failure = program.failure(&Input::new(&args), 100_000).unwrap();
//! assert_eq!(failure.message, "no such key `args.amount`");
//!
//! let problems = compile("args.amount > 500 && tool.nmae == 'pay'", &Environment::policy()).unwrap_err();
//! assert_eq!(problems[0].message, "unknown field `nmae`");
//! assert_eq!(problems[0].help.as_deref(), Some("did you mean `name`?"));
//! ```
//!
//! The way of an expression: `lexer` and `parse` make a tree (limits first), `lower` resolves names, checks types by the
//! rules of `check`, folds constants and writes `code`, which `program` evaluates. What functions compute is in `lib`.
//!
//! Bounded whatever the expression and the arguments: text, nesting, results and time. Nothing recurses deeper than the
//! nesting that the parser lets through, and running out of fuel is a failure that nothing absorbs. What is
//! constant is decided before: where `… || true` stands, nothing is left that could cost anything.

pub(crate) mod ast;
mod check;
mod code;
mod cost;
mod environment;
mod failure;
mod fuel;
mod function;
mod input;
mod json_text;
pub(crate) mod lexer;
pub(crate) mod lib;
mod lower;
pub(crate) mod parse;
pub(crate) mod problem;
mod program;
mod slots;
mod source;
mod span;
pub(crate) mod token;
mod types;
pub(crate) mod value;

#[cfg(test)]
mod tests;

pub use code::Reading;
pub(crate) use code::{Asked, Link, Next, Questions, TextTest};
pub use environment::Environment;
pub(crate) use environment::STANDARD as STANDARD_VARIABLES;
pub use failure::{Failure, FailureKind};
pub use fuel::{FUEL_DEFAULT, FUEL_MAX, Fuel};
pub use input::{Input, Tool};
pub use json_text::JsonText;
pub use lib::LibError;
pub use lib::net::{Cidr, Ip};
pub use lib::time::Duration;
pub use parse::{NESTING_MAX, SOURCE_MAX};
pub use problem::{Problem, ProblemKind};
pub(crate) use program::{AskedFor, Found, InObject, Place, Reader, kept_alone};
pub use program::{Program, Step, Tri, Truths};
pub use slots::{Slot, Slots};
pub use source::{ArgPath, Argument, ArgumentSource, FieldName, Lookup, Parts, PathTable};
pub use span::Span;
pub use types::Declared;
pub use value::{TypeName, Value};

/// Reads, checks and lowers an expression, or tells everything that is wrong with it.
pub fn compile(source: &str, environment: &Environment) -> Result<Program, Vec<Problem>> {
    let tree = parse::parse(source).map_err(|problem| vec![*problem])?;
    compile_tree(source, &tree, environment)
}

/// Checks and lowers an expression that is read already.
pub(crate) fn compile_tree(
    source: &str,
    tree: &ast::Tree<'_>,
    environment: &Environment,
) -> Result<Program, Vec<Problem>> {
    let lowered = lower::lower(source, tree, environment)?;
    Ok(Program::new(source, lowered))
}
