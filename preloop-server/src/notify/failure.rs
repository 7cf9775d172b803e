//! How sending ended: what names the message at the channel, or why there is none.

use std::time::Duration;

use http::StatusCode;

/// Longest words of a failure that are kept.
const MESSAGE_CHARS_MAX: usize = 300;

/// A message that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// What names the message at the channel, for changing it later.
    pub(crate) reference: Option<String>,
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct SendError {
    pub(crate) kind: SendErrorKind,
    /// What went wrong; it never holds a secret or an address that is one.
    pub(crate) message: String,
    /// The status of an answer that was no success.
    status: Option<StatusCode>,
    /// How long the receiver wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
}

/// What a failure means for further attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendErrorKind {
    /// The receiver does not exist any more.
    Gone,
    /// Another attempt would end the same.
    Permanent,
    /// Another attempt may succeed.
    Transient,
}

// === impl SendError ===

impl SendError {
    pub(crate) fn gone(message: impl Into<String>) -> Self {
        Self::of(SendErrorKind::Gone, message)
    }

    pub(crate) fn permanent(message: impl Into<String>) -> Self {
        Self::of(SendErrorKind::Permanent, message)
    }

    pub(crate) fn transient(message: impl Into<String>) -> Self {
        Self::of(SendErrorKind::Transient, message)
    }

    /// A status that is no success: a receiver that is overloaded or broken may be tried again.
    pub(super) fn of_status(status: StatusCode, retry_after: Option<Duration>) -> Self {
        let message = match status {
            _ if status.is_redirection() => {
                format!("the receiver answered {}: redirects are not followed", status.as_u16())
            }
            _ => format!("the receiver answered {}", status.as_u16()),
        };
        let is_transient = status.is_server_error()
            || matches!(
                status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
            );
        let kind = match status {
            StatusCode::GONE => SendErrorKind::Gone,
            _ if is_transient => SendErrorKind::Transient,
            _ => SendErrorKind::Permanent,
        };
        Self { status: Some(status), retry_after, ..Self::of(kind, message) }
    }

    fn of(kind: SendErrorKind, message: impl Into<String>) -> Self {
        let message: String = message.into().chars().take(MESSAGE_CHARS_MAX).collect();
        Self { kind, message, status: None, retry_after: None }
    }

    /// Whether the receiver says that there is nothing at the address.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self.status, Some(StatusCode::NOT_FOUND | StatusCode::GONE))
    }
}
