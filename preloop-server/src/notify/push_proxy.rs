//! Push to apps on phones, through a proxy that holds the keys of the app stores.

use serde_json::json;
use zeroize::Zeroizing;

use super::http_client::{self, HttpClients};
use super::{Notice, Receipt, SendError};

/// The proxy and how it knows this server.
#[derive(Clone)]
pub(crate) struct PushProxy {
    pub(crate) url: String,
    pub(crate) api_key: Zeroizing<String>,
}

impl std::fmt::Debug for PushProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushProxy").field("url", &self.url).finish_non_exhaustive()
    }
}

impl PushProxy {
    /// Sends one sentence and the way to the rest: what passes through others is kept short.
    pub(crate) async fn send(
        &self,
        clients: &HttpClients,
        platform: &str,
        token: &str,
        notice: &Notice,
    ) -> Result<Receipt, SendError> {
        let body = json!({
            "platform": platform,
            "token": token,
            "title": "Approval needed",
            "body": notice.content.headline,
            "expires_at": notice.content.expires_at,
            "collapse_id": notice.content.approval_id,
            "data": {"approval_id": notice.content.approval_id, "url": notice.url},
        });
        let request =
            clients.operators().post(&self.url).bearer_auth(self.api_key.as_str()).json(&body);
        http_client::send(request).await.map(|_| Receipt::default())
    }
}
