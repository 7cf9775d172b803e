//! What the tests of several crates start: a PostgreSQL of their own, thrown away with the process that started it.

#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "a test that cannot have what it needs must fail")]

mod postgres;
mod program;

pub use postgres::Database;
