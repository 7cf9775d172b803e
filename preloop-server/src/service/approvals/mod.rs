//! Approval requests: reading them, voting, withdrawing, what time does to them.

mod answer;
mod batch;
mod change;
mod export;
mod history;
mod page;
mod people;
mod read;
mod reveal;
mod shown;
mod vote;

#[cfg(test)]
mod tests;

use preloop_core::Timestamp;
use uuid::Uuid;

pub(super) use change::set_outcome;
pub(crate) use export::ExportFormat;
pub(crate) use page::ApprovalPage;
pub(super) use people::Person;
pub(crate) use read::ApprovalQuery;

use super::ServiceError;

/// Longest reason of a vote, in characters.
const REASON_CHARS_MAX: usize = 2_000;

pub(super) fn not_found(id: Uuid) -> ServiceError {
    ServiceError::NotFound {
        code: "approval_not_found",
        message: format!("there is no approval request with the id `{id}`"),
    }
}

fn check_reason(reason: Option<&str>) -> Result<(), ServiceError> {
    if reason.is_some_and(|reason| reason.chars().count() > REASON_CHARS_MAX) {
        return Err(ServiceError::Invalid {
            code: "reason_too_long",
            message: format!("`reason` is longer than {REASON_CHARS_MAX} characters"),
        });
    }
    Ok(())
}

fn seconds_until(now: Timestamp, end: Timestamp) -> u64 {
    end.duration_since(now).as_secs()
}
