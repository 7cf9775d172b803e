//! The generic webhook: an event as JSON, signed over time and body.

use http::{HeaderMap, HeaderName, HeaderValue};
use preloop_core::Timestamp;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::http_client::{self, HttpClients};
use super::signature::webhook_signature;
use super::{Notice, Receipt, SendError};
use crate::mcp::Reach;

/// Largest body; receivers bound what they read.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Where a webhook goes, with its variables resolved.
pub(crate) struct WebhookTarget {
    pub(crate) url: Zeroizing<String>,
    pub(crate) headers: HeaderMap,
    /// None: it goes out unsigned.
    pub(crate) secret: Option<Zeroizing<String>>,
    pub(crate) reach: Reach,
}

/// Sends the event.
pub(crate) async fn send(
    clients: &HttpClients,
    target: &WebhookTarget,
    notice: &Notice,
    now: Timestamp,
) -> Result<Receipt, SendError> {
    let body = body(notice);
    let mut headers = target.headers.clone();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let own = [
        ("x-preloop-event-id", notice.event_id.clone()),
        ("x-preloop-event-type", event_type(notice)),
        ("x-preloop-delivery-id", notice.delivery_id.to_string()),
        ("x-preloop-attempt", notice.attempt.to_string()),
    ];
    for (name, value) in own {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if let Some(secret) = &target.secret {
        let signature = webhook_signature(secret.as_bytes(), now, &body);
        if let Ok(value) = HeaderValue::from_str(&signature) {
            headers.insert(HeaderName::from_static("x-preloop-signature"), value);
        }
    }
    let request = clients.post(&target.url, target.reach)?.headers(headers).body(body);
    http_client::send(request).await.map(|_| Receipt::default())
}

fn event_type(notice: &Notice) -> String {
    format!("approval.{}", notice.kind.as_str())
}

fn body(notice: &Notice) -> Vec<u8> {
    let envelope = |approval: &Value, is_truncated: bool| {
        let mut data = json!({"approval": approval, "url": notice.url});
        if let (true, Some(data)) = (is_truncated, data.as_object_mut()) {
            data.insert("truncated".to_owned(), Value::Bool(true));
        }
        let event = json!({
            "id": notice.event_id,
            "type": event_type(notice),
            "version": "1",
            "occurred_at": notice.at,
            "account_id": notice.account_id,
            "data": data,
        });
        event.to_string().into_bytes()
    };
    let whole = envelope(&notice.content.approval, false);
    if whole.len() <= BODY_BYTES_MAX {
        return whole;
    }
    let name = |name: &str| notice.content.approval.get(name).cloned().unwrap_or_default();
    let short = json!({"id": name("id"), "state": name("state"), "tool": name("tool")});
    envelope(&short, true)
}

#[cfg(test)]
mod tests {
    use super::super::NoticeKind;
    use super::super::notice::testing::notice;
    use super::*;

    #[test]
    fn what_is_too_large_is_told_by_its_id() {
        let mut notice = notice(NoticeKind::Requested);
        notice.content.approval["arguments"] = Value::String("x".repeat(BODY_BYTES_MAX));
        let body: Value = serde_json::from_slice(&body(&notice)).unwrap();
        assert_eq!(body["data"]["truncated"], true);
        assert_eq!(body["data"]["approval"]["tool"], "pay");
        assert_eq!(body["type"], "approval.requested");
    }
}
