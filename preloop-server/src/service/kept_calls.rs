//! What is kept of a call that people decide: the call itself, where its agent has a handle and comes back, its answer
//! until the agent was told, and its arguments where people are shown less than all of them. All of it is sealed; what
//! cannot be kept is asked for again, and nothing runs twice for it.

use preloop_api::ApprovalOutcome;
use preloop_core::approval::is_as_given;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::secrets::{CallPlace, CallText};
use super::{ServiceError, Services};
use crate::store::{SealedText, StoredApproval, StoredArguments, StoredCall};

/// Longest answer that is kept, in bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Longest arguments that are kept, in bytes.
const ARGUMENTS_BYTES_MAX: i64 = 1024 * 1024;
/// How long an answer is kept, and arguments once their request is settled.
const KEPT: std::time::Duration = std::time::Duration::from_hours(24);

/// A call as its agent made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCall {
    /// JSON text of the parameters around the arguments.
    pub params: String,
    /// JSON text of the arguments, as they were decided.
    pub arguments: String,
    /// SHA-256 of the tool's definition as it was then.
    pub definition: String,
}

/// What a call was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptAnswer {
    /// JSON text of the tool's result.
    Result(String),
    /// JSON text of the server's error.
    Error(String),
    /// Why there is none.
    Words(String),
}

/// What is left of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerKept {
    /// The answer.
    Whole(KeptAnswer),
    /// It had so many bytes that it was not kept.
    TooLong(u64),
    /// There is none, or it cannot be read any more.
    Nothing,
}

/// What is noted beside a request when its call begins to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallNote<'a> {
    pub(super) approval_id: Uuid,
    pub(super) principal_id: &'a str,
    pub(super) call_hash: &'a str,
}

impl Services {
    /// Notes that somebody waits for the answer, and keeps the call where it is given. Says whether it is kept: without a
    /// key it is not, and the agent has to make the call again once it is approved.
    pub(super) async fn call_note(
        &self,
        note: CallNote<'_>,
        call: Option<&KeptCall>,
    ) -> Result<bool, ServiceError> {
        let CallNote { approval_id, principal_id, call_hash } = note;
        let account_id = self.inner.account_id;
        let sealed = call.and_then(|call| {
            let place = CallPlace { account_id, approval_id, call_hash };
            self.sealed(place, CallText::Call, call)
        });
        let is_kept = sealed.is_some();
        let stored = StoredCall {
            account_id,
            approval_id,
            principal_id: principal_id.to_owned(),
            call_hash: call_hash.to_owned(),
            call: sealed,
            answer: None,
            answer_bytes: None,
            told_at: None,
        };
        self.inner.store.approval_call_put(&stored).await?;
        Ok(is_kept)
    }

    /// The call of a request; none where it is not kept or cannot be opened any more.
    pub(super) async fn call_kept(&self, id: Uuid) -> Result<Option<KeptCall>, ServiceError> {
        let found = self.inner.store.approval_call_find(self.inner.account_id, id).await?;
        let Some(stored) = found else { return Ok(None) };
        Ok(self.opened(CallPlace::of(&stored), CallText::Call, stored.call.as_ref()))
    }

    /// Keeps the answer of a call that ran; as told where it is on its way to the agent.
    pub(super) async fn answer_keep(
        &self,
        approval_id: Uuid,
        call_hash: &str,
        answer: Option<&KeptAnswer>,
        is_told: bool,
    ) -> Result<(), ServiceError> {
        let account_id = self.inner.account_id;
        let bytes = answer.map_or(0, KeptAnswer::bytes);
        let sealed = answer.filter(|_| bytes <= ANSWER_BYTES_MAX).and_then(|answer| {
            let place = CallPlace { account_id, approval_id, call_hash };
            self.sealed(place, CallText::Answer, answer)
        });
        let bytes = answer.map(|_| i64::try_from(bytes).unwrap_or(i64::MAX));
        let now = self.now();
        let store = &self.inner.store;
        Ok(store.approval_call_answer(approval_id, sealed, bytes, is_told, now).await?)
    }

    /// What is left of the answer of a request's call.
    pub(super) async fn answer_kept(&self, id: Uuid) -> Result<AnswerKept, ServiceError> {
        let found = self.inner.store.approval_call_find(self.inner.account_id, id).await?;
        let Some(stored) = found else { return Ok(AnswerKept::Nothing) };
        let place = CallPlace::of(&stored);
        if let Some(answer) = self.opened(place, CallText::Answer, stored.answer.as_ref()) {
            return Ok(AnswerKept::Whole(answer));
        }
        let bytes = stored.answer_bytes.and_then(|bytes| u64::try_from(bytes).ok());
        Ok(match bytes {
            Some(bytes) if bytes > ANSWER_BYTES_MAX as u64 => AnswerKept::TooLong(bytes),
            Some(_) | None => AnswerKept::Nothing,
        })
    }

    /// Notes that the agent gets the answer: the same call asks anew from now on.
    pub(crate) async fn answer_told(&self, id: Uuid) {
        self.note_told(id, true).await;
    }

    /// Notes that the answer did not reach the agent: the same call is told it.
    pub(crate) async fn answer_lost(&self, id: Uuid) {
        self.note_told(id, false).await;
    }

    async fn note_told(&self, id: Uuid, is_told: bool) {
        let told_at = is_told.then(|| self.now());
        if let Err(error) = self.inner.store.approval_call_told(id, told_at).await {
            // The next identical call asks anew, or is told once more; it never runs for that.
            tracing::warn!(%error, approval = %id, is_told, "it is not noted who was told an answer");
        }
    }

    /// What is kept of the arguments of a new request: nothing where the request shows all of them.
    pub(super) fn arguments_to_keep(
        &self,
        approval: &StoredApproval,
        text: &str,
    ) -> Option<StoredArguments> {
        if is_as_given(&approval.arguments) {
            return None;
        }
        let (account_id, call_hash) = (self.inner.account_id, approval.call_hash.clone());
        let bytes = i64::try_from(text.len()).unwrap_or(i64::MAX);
        let place = CallPlace { account_id, approval_id: approval.id, call_hash: &call_hash };
        let sealed = (bytes <= ARGUMENTS_BYTES_MAX)
            .then(|| self.sealed_text(place, CallText::Arguments, text))
            .flatten();
        Some(StoredArguments { account_id, approval_id: approval.id, call_hash, bytes, sealed })
    }

    /// The arguments of a request as they were sent, as JSON text; else why they are not there any more.
    pub(super) async fn arguments_kept(
        &self,
        approval: &StoredApproval,
    ) -> Result<Result<Zeroizing<String>, String>, ServiceError> {
        if is_as_given(&approval.arguments) {
            return Ok(Ok(Zeroizing::new(approval.arguments.to_string())));
        }
        let store = &self.inner.store;
        let found = store.approval_arguments_find(self.inner.account_id, approval.id).await?;
        let Some(stored) = found else {
            let hours = KEPT.as_secs() / 3600;
            return Ok(Err(format!("they are forgotten {hours} hours after a request ended")));
        };
        if stored.bytes > ARGUMENTS_BYTES_MAX {
            let (bytes, most) = (stored.bytes, ARGUMENTS_BYTES_MAX);
            return Ok(Err(format!("they have {bytes} bytes, and at most {most} are kept")));
        }
        let place = CallPlace::of_arguments(&stored);
        let text = self.opened_text(place, CallText::Arguments, stored.sealed.as_ref());
        Ok(text.ok_or_else(|| "the server has no key that opens them".to_owned()))
    }

    /// Whether the outcome is the last there will be.
    pub(super) fn is_over(outcome: Option<ApprovalOutcome>) -> bool {
        match outcome {
            None | Some(ApprovalOutcome::Claimed | ApprovalOutcome::Running) => false,
            Some(
                ApprovalOutcome::Cancelled
                | ApprovalOutcome::Completed
                | ApprovalOutcome::Failed
                | ApprovalOutcome::HandedOver
                | ApprovalOutcome::Interrupted
                | ApprovalOutcome::Unknown,
            ) => true,
        }
    }

    fn sealed<T: Serialize>(
        &self,
        place: CallPlace<'_>,
        which: CallText,
        value: &T,
    ) -> Option<SealedText> {
        let text = Zeroizing::new(serde_json::to_string(value).ok()?);
        self.sealed_text(place, which, &text)
    }

    fn sealed_text(&self, place: CallPlace<'_>, which: CallText, text: &str) -> Option<SealedText> {
        match self.inner.secret_keys.seal_call_text(place, which, text) {
            Ok(sealed) => Some(sealed),
            Err(error) => {
                tracing::warn!(error, approval = %place.approval_id, "nothing is kept of an approved call");
                None
            }
        }
    }

    fn opened<T: for<'de> Deserialize<'de>>(
        &self,
        place: CallPlace<'_>,
        which: CallText,
        sealed: Option<&SealedText>,
    ) -> Option<T> {
        serde_json::from_str(&self.opened_text(place, which, sealed)?).ok()
    }

    fn opened_text(
        &self,
        place: CallPlace<'_>,
        which: CallText,
        sealed: Option<&SealedText>,
    ) -> Option<Zeroizing<String>> {
        match self.inner.secret_keys.open_call_text(place, which, sealed?) {
            Ok(text) => Some(text),
            Err(error) => {
                tracing::warn!(error, approval = %place.approval_id, "what is kept of a call cannot be opened");
                None
            }
        }
    }
}

impl super::Platform {
    /// Forgets answers and arguments that were kept for long enough.
    pub(crate) async fn kept_calls_prune(&self) -> Result<u64, ServiceError> {
        let now = self.first().now();
        let ended = now.checked_sub(KEPT).unwrap_or(now);
        let store = &self.shared().store;
        let calls = store.approval_call_prune(ended).await?;
        Ok(calls + store.approval_arguments_prune(ended).await?)
    }
}

impl KeptAnswer {
    fn bytes(&self) -> usize {
        match self {
            Self::Result(text) | Self::Error(text) | Self::Words(text) => text.len(),
        }
    }
}
