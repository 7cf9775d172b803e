//! What can go wrong between a client and its server.

use preloop_api::Problem;
use thiserror::Error;

/// A request that brought no answer of the kind that was asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server's address cannot be used.
    #[error("`{url}` is not the address of a server: {reason}")]
    InvalidUrl {
        /// The address as given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The token cannot be sent.
    #[error("the token holds characters that no key has")]
    InvalidToken,
    /// The HTTP client could not be made.
    #[error("no HTTP client: {0}")]
    NoClient(String),
    /// Nothing answered.
    #[error("no server answers at `{url}`: {cause}")]
    Unreachable {
        /// The server's address.
        url: String,
        /// Why, as the system says.
        cause: String,
    },
    /// The server said no, and why.
    #[error("{}", problem_text(.0))]
    Refused(Box<Problem>),
    /// Something answered that is not a Preloop server, or not one that this client knows.
    #[error("unexpected answer from `{url}`: {what}")]
    Unexpected {
        /// The address asked.
        url: String,
        /// What came.
        what: String,
    },
}

impl ClientError {
    /// The stable code: the server's own where it answered, else one of this client's.
    pub fn code(&self) -> &str {
        match self {
            Self::InvalidUrl { .. } => "invalid_url",
            Self::InvalidToken => "invalid_token",
            Self::NoClient(_) => "no_client",
            Self::Unreachable { .. } => "unreachable",
            Self::Refused(problem) => &problem.code,
            Self::Unexpected { .. } => "unexpected_answer",
        }
    }

    /// The HTTP status where the server answered with a problem.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(problem) => Some(problem.status),
            Self::InvalidUrl { .. }
            | Self::InvalidToken
            | Self::NoClient(_)
            | Self::Unreachable { .. }
            | Self::Unexpected { .. } => None,
        }
    }
}

fn problem_text(problem: &Problem) -> &str {
    if problem.detail.is_empty() { &problem.title } else { &problem.detail }
}
