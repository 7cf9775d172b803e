//! Keys that the server makes for itself, sealed and rotated like the secrets of documents.

use preloop_core::Timestamp;
use preloop_core::canonical::SecretOwner;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{keys::SecretKeys, no_key};
use crate::ids::new_id;
use crate::service::ServiceError;
use crate::service::platform::Shared;
use crate::store::{Sealing, SecretSlot, StoreError, StoredSecret};

/// No policy has this scope, so no document reaches what is stored there.
const SERVER_SCOPE: &str = "server";
/// The owner that the table knows; the scope tells these from a workflow's.
const OWNER: SecretOwner = SecretOwner::ApprovalWorkflow;
const NAME: &str = "notifications";

/// A key on its way into the store.
struct OwnSecret<'s> {
    keys: &'s SecretKeys,
    slot: SecretSlot,
    text: Zeroizing<String>,
    now: Timestamp,
}

impl Sealing for OwnSecret<'_> {
    fn account_id(&self) -> Uuid {
        self.slot.account_id
    }

    fn rows(&self) -> Result<Vec<StoredSecret>, StoreError> {
        let sealed = self.keys.seal(&self.slot, &self.text);
        let (key_id, sealed) = sealed.map_err(|message| StoreError::Sealed { message })?;
        let (slot, id) = (self.slot.clone(), new_id(self.now));
        Ok(vec![StoredSecret { slot, id, key_id, sealed, set_at: self.now }])
    }
}

impl Shared {
    /// The key of that name, made by the first server that needs it.
    ///
    /// # Errors
    /// Where there is no key to seal it with, what is stored does not open, or the store does not answer.
    pub(in crate::service) async fn own_secret(
        &self,
        name: &str,
        make: impl Fn() -> Option<Zeroizing<String>>,
    ) -> Result<Zeroizing<String>, ServiceError> {
        let slot = SecretSlot::new(self.first_account_id, SERVER_SCOPE, OWNER, NAME, name, "");
        if let Some(text) = self.own_secret_find(&slot).await? {
            return Ok(text);
        }
        self.secret_keys.prepare().map_err(no_key)?;
        let text = make().ok_or_else(|| ServiceError::Unavailable {
            message: "the operating system gives no randomness, so no key can be made".to_owned(),
        })?;
        let own = OwnSecret { keys: &self.secret_keys, slot, text, now: self.now() };
        // Another server may have been faster; what is stored counts.
        self.store.secret_put_new(&own).await?;
        let found = self.own_secret_find(&own.slot).await?;
        Ok(found.unwrap_or(own.text))
    }

    async fn own_secret_find(
        &self,
        slot: &SecretSlot,
    ) -> Result<Option<Zeroizing<String>>, ServiceError> {
        let listed = self.store.secret_list(slot.account_id, SERVER_SCOPE).await?;
        let Some(stored) = listed.iter().find(|secret| secret.slot == *slot) else {
            return Ok(None);
        };
        self.secret_keys.open_secret(stored).map(Some).map_err(|message| ServiceError::Conflict {
            code: "secret_unreadable",
            message,
            state: None,
        })
    }
}
