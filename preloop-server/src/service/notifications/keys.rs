//! The server's own keys for channels: made when they are first needed, sealed in the store, the same at every server.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::notify::{TICKET_KEY_BYTES, TicketKey, VapidKey};
use crate::service::ServiceError;
use crate::service::platform::Shared;

/// The keys, once they were needed.
#[derive(Debug, Default)]
pub(crate) struct NotifyKeys {
    tickets: OnceCell<TicketKey>,
    vapid: OnceCell<Arc<VapidKey>>,
}

impl Shared {
    /// The key that signs what comes back by buttons and links.
    pub(super) async fn ticket_key(&self) -> Result<TicketKey, ServiceError> {
        let made = self.notify_keys.tickets.get_or_try_init(|| async {
            let text = self.own_secret("tickets", fresh_ticket_key).await?;
            let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).ok();
            let bytes: Option<[u8; TICKET_KEY_BYTES]> =
                bytes.and_then(|bytes| bytes.try_into().ok());
            bytes.map(TicketKey::new).ok_or_else(|| damaged("tickets"))
        });
        made.await.cloned()
    }

    /// The key by which push services know this server.
    pub(super) async fn vapid_key(&self) -> Result<Arc<VapidKey>, ServiceError> {
        let made = self.notify_keys.vapid.get_or_try_init(|| async {
            let text = self.own_secret("web_push", VapidKey::generate).await?;
            VapidKey::parse(&text).map(Arc::new).ok_or_else(|| damaged("web_push"))
        });
        made.await.cloned()
    }
}

fn fresh_ticket_key() -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0_u8; TICKET_KEY_BYTES]);
    getrandom::fill(bytes.as_mut_slice()).ok()?;
    Some(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

fn damaged(name: &str) -> ServiceError {
    ServiceError::Conflict {
        code: "secret_unreadable",
        message: format!(
            "the stored key for `{name}` is damaged: remove it from the table `secret`"
        ),
        state: None,
    }
}
