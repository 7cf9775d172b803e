//! Every stored secret sealed anew, under a key that takes over.

use std::sync::Arc;

use preloop_api::{Permission, SecretRotation};
use preloop_core::audit::AuditKind;

use super::keys::Rotation;
use super::no_key;
use crate::service::platform::Shared;
use crate::service::{Caller, Platform, ServiceError};
use crate::store::{StoreError, StoredSecret};

impl Platform {
    /// Seals every secret of every account anew, all or none. Where the key is in the data folder, a
    /// new one is made, and the old one is dropped once nothing needs it; where the environment gives
    /// the keys, the first of them takes over.
    ///
    /// A death in the middle leaves both keys where they are, so that everything stays readable.
    pub(crate) async fn secrets_rotate(
        &self,
        caller: &Caller,
    ) -> Result<SecretRotation, ServiceError> {
        caller.must(Permission::AccountsWrite)?;
        if caller.account_id != self.first().account_id() {
            return Err(ServiceError::Forbidden {
                code: "operator_only",
                message: "the key seals the secrets of all accounts: only an owner of the first \
                          account may replace it"
                    .to_owned(),
            });
        }
        let shared = self.shared();
        let keys = Arc::clone(&shared.secret_keys);
        // One at a time, so that a key is never dropped under another's hands.
        let _turn = shared.secret_rotation.lock().await;
        let rotation = keys.begin_rotation().map_err(no_key)?;
        let reseal = |secret: &StoredSecret| {
            let closed = |message| StoreError::Sealed { message };
            let text = keys.open_secret(secret).map_err(closed)?;
            let (key_id, sealed) = keys.seal(&secret.slot, &text).map_err(closed)?;
            Ok(StoredSecret { key_id, sealed, ..secret.clone() })
        };
        let resealed = match shared.store.secret_reseal(reseal).await {
            Err(StoreError::Sealed { message }) => {
                return Err(ServiceError::Conflict {
                    code: "secret_unreadable",
                    message,
                    state: None,
                });
            }
            other => other?,
        };
        shared.store.approval_call_reseal(|stored| keys.reseal_call_texts(stored)).await?;
        shared.store.approval_arguments_reseal(|stored| keys.reseal_arguments(stored)).await?;
        if rotation == Rotation::File {
            keys.retire().map_err(|message| ServiceError::Unavailable { message })?;
        }
        let key_id = keys.sealing_key_id().unwrap_or_default();
        let note = format!("{resealed} secrets are sealed with the key `{key_id}`");
        self.first().record_act(caller, AuditKind::SecretsRotated, note)?;
        Ok(SecretRotation { key_id, resealed, is_from_environment: rotation == Rotation::Given })
    }
}

impl Shared {
    /// Says in the log which secrets cannot be opened by the keys that this server has.
    pub(crate) async fn secrets_check(&self) -> Result<(), ServiceError> {
        for (key_id, secrets) in self.store.secret_keys().await? {
            if !self.secret_keys.has(&key_id) {
                tracing::error!(
                    secrets,
                    "stored secrets are sealed with the key `{key_id}`, which this server does not \
                     have: servers that need them cannot be dialled; add that key to PRELOOP_SECRET_KEY"
                );
            }
        }
        Ok(())
    }
}
