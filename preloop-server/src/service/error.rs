//! Why a use case could not be done; `http` and `mcp` turn it into their own answers.

use std::time::Duration;

use preloop_api::ApprovalState;
use preloop_core::diagnostic::Report;
use preloop_core::diff::PolicyDiff;

use crate::journal::JournalFull;
use crate::store::StoreError;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ServiceError {
    /// The caller's key does not give the right to do it; `code` says which right.
    #[error("{message}")]
    Forbidden {
        /// Stable code, such as `agent_cannot_approve`.
        code: &'static str,
        /// What to do about it.
        message: String,
    },
    /// There is no such thing, or it belongs to somebody else.
    #[error("{message}")]
    NotFound {
        /// Stable code, such as `approval_not_found`.
        code: &'static str,
        /// What was looked for.
        message: String,
    },
    /// What was asked does not fit how things stand.
    #[error("{message}")]
    Conflict {
        /// Stable code, such as `approval_used`.
        code: &'static str,
        /// How things stand.
        message: String,
        /// The state of the approval request, where it is about one.
        state: Option<ApprovalState>,
    },
    /// The document has errors.
    #[error("{}", not_valid(report))]
    InvalidPolicy {
        /// Every error and warning.
        report: Box<Report>,
    },
    /// Another policy is live than the one that the change was made for.
    #[error("{message}")]
    PolicyChanged {
        /// How things stand.
        message: String,
        /// Digest of what is live; none where nothing is.
        digest: Option<String>,
        /// What differs between what is live and what was sent.
        diff: Option<Box<PolicyDiff>>,
    },
    /// The request says something that cannot be done.
    #[error("{message}")]
    Invalid {
        /// Stable code, such as `reason_required`.
        code: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
    /// Who calls did not prove who it is.
    #[error("{message}")]
    Unauthorized {
        /// Stable code, such as `invalid_credentials`.
        code: &'static str,
        /// What to do about it.
        message: String,
    },
    /// Too many attempts that failed.
    #[error("{message}")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
        /// What to do about it.
        message: String,
    },
    /// The store or the journal does not answer; nothing was let through.
    #[error("{message}")]
    Unavailable {
        /// What does not work.
        message: String,
    },
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        if let StoreError::Full { .. } = error {
            return Self::Conflict {
                code: "account_full",
                message: format!("{error}; remove what nobody needs first"),
                state: None,
            };
        }
        // The details are for the operator's log; callers learn what it means for them.
        tracing::error!(%error, "the store failed");
        Self::Unavailable {
            message: "the database does not answer, so nothing was let through; try again"
                .to_owned(),
        }
    }
}

impl From<JournalFull> for ServiceError {
    fn from(error: JournalFull) -> Self {
        tracing::error!(%error, "the journal failed");
        Self::Unavailable {
            message:
                "the audit trail cannot be written, so nothing was let through; free disk space"
                    .to_owned(),
        }
    }
}

/// How many errors a document has, in words.
pub(crate) fn not_valid(report: &Report) -> String {
    let count = report.errors.len();
    format!("the policy is not valid: {count} {}", if count == 1 { "error" } else { "errors" })
}
