//! Secrets of notification channels that are stored beside a document, opened for the message that needs them.

use std::collections::HashMap;

use preloop_core::canonical::{SecretOwner, SecretPlace};
use preloop_core::document::PolicyDocument;
use zeroize::Zeroizing;

use super::take::target_in;
use crate::service::{ServiceError, Services};

/// What is stored for the channels of one workflow, by field such as `notifications.slack.url`.
#[derive(Default)]
pub(crate) struct ChannelSecrets {
    fields: HashMap<String, Result<Zeroizing<String>, String>>,
}

impl std::fmt::Debug for ChannelSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChannelSecrets({})", self.fields.len())
    }
}

impl ChannelSecrets {
    /// The secret of a field.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(crate) fn of(&self, field: &str) -> Result<&Zeroizing<String>, String> {
        match self.fields.get(field) {
            Some(Ok(text)) => Ok(text),
            Some(Err(message)) => Err(message.clone()),
            None => Err(format!(
                "no secret is stored for `{field}` at this address: apply the document with its value"
            )),
        }
    }
}

impl Services {
    /// What is stored for the channels of a workflow, each for the address that the document names now.
    pub(in crate::service) async fn channel_secrets(
        &self,
        scope: &str,
        document: &PolicyDocument,
        workflow: &str,
    ) -> Result<ChannelSecrets, ServiceError> {
        let listed = self.inner.store.secret_list(self.inner.account_id, scope).await?;
        let mut secrets = ChannelSecrets::default();
        for stored in listed {
            let slot = &stored.slot;
            let owner = SecretOwner::ApprovalWorkflow;
            if slot.owner != owner || slot.name != workflow.to_lowercase() {
                continue;
            }
            let place = SecretPlace { owner, name: workflow.to_owned(), field: slot.field.clone() };
            if slot.target == target_in(document, &place) {
                let opened = self.inner.secret_keys.open_secret(&stored);
                secrets.fields.insert(slot.field.clone(), opened);
            }
        }
        Ok(secrets)
    }
}
