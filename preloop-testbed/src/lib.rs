//! What the tests of several crates start: a PostgreSQL of their own, thrown away with the process that started it, a
//! browser, and programs at a terminal.

#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "a test that cannot have what it needs must fail")]

mod browser;
mod postgres;
mod program;
mod terminal;

pub use browser::{Browser, Tab};
pub use postgres::Database;
pub use terminal::Terminal;
