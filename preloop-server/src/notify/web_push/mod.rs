//! Web Push: one sentence, encrypted for the browser, handed to the push service that the browser named.

mod encrypt;
mod vapid;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use preloop_core::Timestamp;
use serde_json::json;

pub(crate) use encrypt::{AUTH_BYTES, PUBLIC_KEY_BYTES};
pub(crate) use vapid::VapidKey;

use self::encrypt::{TEXT_BYTES_MAX, encrypt};
use super::http_client::{self, HttpClients};
use super::{Notice, Receipt, SendError, visible};
use crate::mcp::Reach;

/// Longest time that a push service keeps a message.
const TTL_SECONDS_MAX: u64 = 24 * 3600;
/// Longest headline; a lock screen shows less.
const HEADLINE_CHARS_MAX: usize = 200;

/// Where a browser takes messages, as it said itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) endpoint: String,
    pub(crate) key: Vec<u8>,
    pub(crate) auth: Vec<u8>,
}

/// Sends one sentence and the way to the rest.
pub(crate) async fn send(
    clients: &HttpClients,
    key: &VapidKey,
    contact: &str,
    reach: Reach,
    subscription: &Subscription,
    notice: &Notice,
    now: Timestamp,
) -> Result<Receipt, SendError> {
    let Subscription { endpoint, key: browser_key, auth } = subscription;
    let url = reqwest::Url::parse(endpoint)
        .map_err(|_| SendError::gone("the subscription names no push service"))?;
    let text = payload(notice);
    let body = encrypt(browser_key, auth, text.as_bytes())
        .ok_or_else(|| SendError::gone("the subscription's key is not one of P-256"))?;
    let audience = url.origin().ascii_serialization();
    let authorization = key
        .authorization(&audience, contact, now)
        .ok_or_else(|| SendError::transient("the machine gives no randomness"))?;
    let left = notice.content.expires_at.duration_since(now).as_secs();
    let request = clients
        .post(endpoint, reach)?
        .header(AUTHORIZATION, authorization)
        .header(CONTENT_ENCODING, "aes128gcm")
        .header(CONTENT_TYPE, "application/octet-stream")
        .header("TTL", left.min(TTL_SECONDS_MAX).to_string())
        .header("Urgency", "high")
        // A later message about the same request takes the place of one that was not fetched yet.
        .header("Topic", URL_SAFE_NO_PAD.encode(notice.content.approval_id.as_bytes()))
        .body(body);
    match http_client::send(request).await {
        Ok(_) => Ok(Receipt::default()),
        Err(error) if error.is_not_found() => {
            Err(SendError::gone("the browser is not subscribed any more"))
        }
        Err(error) => Err(error),
    }
}

/// The declarative form, which Safari shows by itself and the service worker reads.
fn payload(notice: &Notice) -> String {
    let headline = visible(&notice.content.headline, HEADLINE_CHARS_MAX);
    let text = json!({
        "web_push": 8030,
        "notification": {
            "title": "Approval needed",
            "body": headline,
            "navigate": notice.url,
            "tag": notice.content.approval_id,
            "data": {"approval_id": notice.content.approval_id},
        },
    });
    let text = text.to_string();
    if text.len() <= TEXT_BYTES_MAX {
        return text;
    }
    json!({"web_push": 8030, "notification": {"title": "Approval needed", "navigate": notice.url}})
        .to_string()
}

#[cfg(test)]
mod tests;
