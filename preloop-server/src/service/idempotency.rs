//! A repeated request under the same `Idempotency-Key` is answered as before and not done again.

use std::time::Duration;

use super::{Caller, ServiceError, Services};
use crate::digest::sha256_hex;
use crate::store::{IdempotencyClaim, IdempotencyEntry, RepeatedAnswer};

/// How long answers are kept.
const KEPT: Duration = Duration::from_hours(24);
/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// The place of one request under its key.
#[derive(Clone, Debug)]
pub(crate) struct Repetition {
    entry: IdempotencyEntry,
}

/// What a request under a key meets.
#[derive(Debug)]
pub(crate) enum Repeated {
    /// It was answered before.
    Answered(RepeatedAnswer),
    /// It is the first; do it, then keep the answer or let go.
    First(Repetition),
}

impl Services {
    /// Takes the key for a request.
    pub(crate) async fn repetition_begin(
        &self,
        caller: &Caller,
        key: &str,
        request: &[&[u8]],
    ) -> Result<Repeated, ServiceError> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(ServiceError::Invalid {
                code: "invalid_idempotency_key",
                message: format!("`Idempotency-Key` must have 1 to {KEY_BYTES_MAX} characters"),
            });
        }
        let parts: Vec<&[u8]> = request.iter().flat_map(|part| [*part, b"\0"]).collect();
        let request_hash = sha256_hex(&parts);
        let entry = IdempotencyEntry {
            account_id: self.inner.account_id,
            api_key_id: caller.key_id,
            key: key.to_owned(),
            request_hash,
        };
        let now = self.now();
        let stale = now.checked_sub(KEPT).unwrap_or(now);
        let conflict = |code, message: &str| ServiceError::Conflict {
            code,
            message: message.to_owned(),
            state: None,
        };
        match self.inner.store.idempotency_claim(&entry, now, stale).await? {
            IdempotencyClaim::First => Ok(Repeated::First(Repetition { entry })),
            IdempotencyClaim::Answered(answer) => Ok(Repeated::Answered(answer)),
            IdempotencyClaim::InProgress => Err(conflict(
                "idempotency_in_progress",
                "the first request with this `Idempotency-Key` is still being answered; try again",
            )),
            IdempotencyClaim::Mismatch => Err(conflict(
                "idempotency_key_reused",
                "this `Idempotency-Key` came with another request before; take a new one",
            )),
        }
    }

    /// Keeps the answer for repetitions.
    pub(crate) async fn repetition_keep(
        &self,
        repetition: &Repetition,
        answer: &RepeatedAnswer,
    ) -> Result<(), ServiceError> {
        Ok(self.inner.store.idempotency_answer(&repetition.entry, answer).await?)
    }

    /// Lets go of the key: the request was not done and may be made again.
    pub(crate) async fn repetition_release(
        &self,
        repetition: &Repetition,
    ) -> Result<(), ServiceError> {
        Ok(self.inner.store.idempotency_release(&repetition.entry).await?)
    }
}
