//! The Preloop policy engine: pure, so no I/O, clock, randomness or async.
//!
//! The way of a call, each arrow a type that only the stage before can make:
//! `text -> PolicyDocument -> ValidPolicy -> CompiledPolicy -> evaluate(&Call) -> Decision`.

pub mod audit;
pub mod call;
pub mod cel;
pub mod decision;
pub mod diagnostic;
pub mod document;
pub mod limits;
