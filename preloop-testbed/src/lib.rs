//! What the tests of several crates start: a PostgreSQL of their own, thrown away with the process that started it, a
//! browser, programs at a terminal, and stand-ins for services that messages go to.

#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "a test that cannot have what it needs must fail")]

mod browser;
mod certificate;
mod http_receiver;
mod postgres;
mod program;
mod push_subscriber;
mod smtp_sink;
mod terminal;

pub use browser::{Browser, Tab};
pub use http_receiver::{HttpAnswer, HttpReceiver, HttpRequest};
pub use postgres::{Database, Frost};
pub use push_subscriber::PushSubscriber;
pub use smtp_sink::{Mail, SmtpSink};
pub use terminal::Terminal;
