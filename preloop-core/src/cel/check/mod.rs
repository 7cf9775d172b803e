//! The rules of types: what goes with what, what operators and functions give, and how types are written.

pub(crate) mod operators;
pub(crate) mod schema;
mod signature;
mod unify;

pub(crate) use signature::CallProblem;
pub(crate) use unify::Types;
