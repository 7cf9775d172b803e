//! Why a server could not be dialled, or a call of it brought no answer, in words for people.

use std::time::Duration;

use crate::mcp::dial_rules::DialRefusal;
use crate::mcp::environment::EnvironmentError;

/// The server could not be reached or initialized.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// Its settings cannot be used.
    #[error("{0}")]
    Settings(String),
    /// `${...}` in its settings cannot be resolved.
    #[error("{0}")]
    Environment(#[from] EnvironmentError),
    /// The document may not have it dialled.
    #[error("{0}")]
    Refused(#[from] DialRefusal),
    /// The program does not start.
    #[error("cannot start `{command}`: {cause}")]
    Start {
        /// The program.
        command: String,
        /// What the operating system says.
        cause: String,
    },
    /// The server does not answer as an MCP server does.
    #[error("{0}")]
    Handshake(String),
}

/// A call that brought no answer of the server.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum CallFailure {
    /// The request never left us.
    #[error("{0}")]
    NotSent(String),
    /// The server no longer knows our session, so it did not run the request.
    #[error("the server no longer knows the session")]
    SessionGone,
    /// The server refused the request.
    #[error("{0}")]
    Refused(String),
    /// The connection broke after the request had left; whether it ran is not known.
    #[error("{0}")]
    Lost(String),
    /// No answer came in time; whether it ran is not known.
    #[error("no answer within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// The client cancelled the call.
    #[error("the client cancelled the call")]
    Cancelled,
}

// === impl CallFailure ===

impl CallFailure {
    /// Whether the server cannot have run the request, so that sending it once more is safe.
    pub(crate) fn is_unsent(&self) -> bool {
        matches!(self, Self::NotSent(_) | Self::SessionGone)
    }
}

/// An error and its causes on one line.
pub(super) fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = error.source();
    }
    words
}
