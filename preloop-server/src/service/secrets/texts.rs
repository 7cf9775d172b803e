//! Texts of approved calls, sealed by the same keys as the credentials of servers.

use preloop_core::canonical::SecretOwner;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::SecretKeys;
use crate::store::{SealedText, SecretSlot, StoredArguments, StoredCall, StoredSecret};

/// Tells these texts from the secrets of documents.
const SCOPE: &str = "approval calls";

/// Which text of a request's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum CallText {
    /// The arguments as its agent sent them.
    Arguments,
    /// The call as its agent made it.
    Call,
    /// What it was answered.
    Answer,
}

impl CallText {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Arguments => "arguments",
            Self::Call => "call",
            Self::Answer => "answer",
        }
    }
}

/// The request that a text belongs to: it opens for no other.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) struct CallPlace<'a> {
    pub(in crate::service) account_id: Uuid,
    pub(in crate::service) approval_id: Uuid,
    pub(in crate::service) call_hash: &'a str,
}

impl<'a> CallPlace<'a> {
    pub(in crate::service) fn of(stored: &'a StoredCall) -> Self {
        let StoredCall { account_id, approval_id, call_hash, .. } = stored;
        Self { account_id: *account_id, approval_id: *approval_id, call_hash }
    }

    pub(in crate::service) fn of_arguments(stored: &'a StoredArguments) -> Self {
        let StoredArguments { account_id, approval_id, call_hash, .. } = stored;
        Self { account_id: *account_id, approval_id: *approval_id, call_hash }
    }

    fn slot(self, which: CallText) -> SecretSlot {
        let (owner, name) = (SecretOwner::ApprovalWorkflow, self.approval_id.to_string());
        SecretSlot::new(self.account_id, SCOPE, owner, &name, which.as_str(), self.call_hash)
    }
}

impl SecretKeys {
    /// The text sealed; a key is made where there is none.
    ///
    /// # Errors
    /// Where there is no key and none can be made here.
    pub(in crate::service) fn seal_call_text(
        &self,
        place: CallPlace<'_>,
        which: CallText,
        text: &str,
    ) -> Result<SealedText, String> {
        self.prepare()?;
        let (key_id, text) = self.seal(&place.slot(which), text)?;
        Ok(SealedText { key_id, text })
    }

    /// The text that was sealed for the place.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub(in crate::service) fn open_call_text(
        &self,
        place: CallPlace<'_>,
        which: CallText,
        sealed: &SealedText,
    ) -> Result<Zeroizing<String>, String> {
        self.open_secret(&StoredSecret {
            slot: place.slot(which),
            id: place.approval_id,
            key_id: sealed.key_id.clone(),
            sealed: sealed.text.clone(),
            set_at: preloop_core::Timestamp::UNIX_EPOCH,
        })
    }

    /// The texts of a call sealed anew with the first key; what cannot be opened is left out.
    pub(super) fn reseal_call_texts(
        &self,
        stored: &StoredCall,
    ) -> (Option<SealedText>, Option<SealedText>) {
        let place = CallPlace::of(stored);
        let anew = |which, sealed: &Option<SealedText>| {
            self.reseal_call_text(place, which, sealed.as_ref()?)
        };
        (anew(CallText::Call, &stored.call), anew(CallText::Answer, &stored.answer))
    }

    /// The arguments of a call sealed anew with the first key; none where they cannot be opened.
    pub(super) fn reseal_arguments(&self, stored: &StoredArguments) -> Option<SealedText> {
        let place = CallPlace::of_arguments(stored);
        self.reseal_call_text(place, CallText::Arguments, stored.sealed.as_ref()?)
    }

    fn reseal_call_text(
        &self,
        place: CallPlace<'_>,
        which: CallText,
        sealed: &SealedText,
    ) -> Option<SealedText> {
        let text = self.open_call_text(place, which, sealed).ok()?;
        self.seal_call_text(place, which, &text).ok()
    }
}
