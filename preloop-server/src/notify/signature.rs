//! HMAC-SHA256: signatures of webhooks, of Slack's requests, and texts that only this server can have written.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use preloop_core::Timestamp;
use ring::hmac::{self, HMAC_SHA256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::digest::hex;

/// How far the time of a request of Slack's may be from ours.
const SLACK_SKEW_SECONDS: i64 = 300;
/// Bytes of the key that tickets are signed with.
pub(crate) const TICKET_KEY_BYTES: usize = 32;

/// HMAC-SHA256 in hex.
pub(super) fn hmac_hex(key: &[u8], parts: &[&[u8]]) -> String {
    let key = hmac::Key::new(HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    for part in parts {
        context.update(part);
    }
    hex(context.sign().as_ref())
}

/// The signature header of a webhook: over the time, a dot, and the body.
pub(crate) fn webhook_signature(secret: &[u8], at: Timestamp, body: &[u8]) -> String {
    let seconds = at.unix_seconds().to_string();
    let mac = hmac_hex(secret, &[seconds.as_bytes(), b".", body]);
    format!("t={seconds},v1={mac}")
}

/// Whether Slack signed that body at about this time.
pub(crate) fn slack_signed(
    secret: &[u8],
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: Timestamp,
) -> bool {
    let Ok(seconds) = timestamp.parse::<i64>() else { return false };
    if seconds.abs_diff(now.unix_seconds()) > SLACK_SKEW_SECONDS.unsigned_abs() {
        return false;
    }
    let wanted = format!("v0={}", hmac_hex(secret, &[b"v0:", timestamp.as_bytes(), b":", body]));
    wanted.as_bytes().ct_eq(signature.as_bytes()).into()
}

/// Signs short texts that come back later: by a button, or by a link.
#[derive(Clone)]
pub(crate) struct TicketKey(Zeroizing<[u8; TICKET_KEY_BYTES]>);

// === impl TicketKey ===

impl TicketKey {
    pub(crate) fn new(bytes: [u8; TICKET_KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The fields in one text that nobody else can write; good for `purpose` alone.
    pub(crate) fn sign(&self, purpose: &str, fields: &[&str], until: Timestamp) -> String {
        let until = until.unix_seconds().to_string();
        let body = serde_json::to_vec(&(purpose, &until, fields)).unwrap_or_default();
        let mac = hmac_hex(self.0.as_slice(), &[&body]);
        format!("{}.{mac}", URL_SAFE_NO_PAD.encode(body))
    }

    /// The fields of a text that this server wrote for `purpose` and that has not ended.
    pub(crate) fn open(&self, purpose: &str, ticket: &str, now: Timestamp) -> Option<Vec<String>> {
        let (body, mac) = ticket.split_once('.')?;
        let body = URL_SAFE_NO_PAD.decode(body).ok()?;
        let wanted = hmac_hex(self.0.as_slice(), &[&body]);
        if !bool::from(wanted.as_bytes().ct_eq(mac.as_bytes())) {
            return None;
        }
        let (written_for, until, fields): (String, String, Vec<String>) =
            serde_json::from_slice(&body).ok()?;
        let is_good = written_for == purpose && now.unix_seconds() < until.parse().ok()?;
        is_good.then_some(fields)
    }
}

impl std::fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TicketKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000).unwrap()
    }

    /// The example of Slack's own documentation of request signatures.
    #[test]
    fn slacks_own_example_verifies() {
        let secret = b"8f742231b10e8888abcd99yyyzzz85a5";
        let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
        let signed =
            |time: &str, signature: &str, now| slack_signed(secret, time, signature, body, at(now));
        assert!(signed("1531420618", signature, 1_531_420_618));
        assert!(signed("1531420618", signature, 1_531_420_918));
        assert!(!signed("1531420618", signature, 1_531_420_919), "older than five minutes");
        assert!(!signed("1531420618", signature, 1_531_420_317), "from the future");
        assert!(!signed("1531420619", signature, 1_531_420_618), "another time than was signed");
        assert!(!signed("1531420618", &signature.replace("v0=a", "v0=b"), 1_531_420_618));
        assert!(!signed("soon", signature, 1_531_420_618));
        assert!(!slack_signed(b"other", "1531420618", signature, body, at(1_531_420_618)));
    }

    /// The example of docs/notifications.md, whose value was made with `openssl dgst -sha256 -hmac`.
    #[test]
    fn the_documented_webhook_signature_holds() {
        let signature = webhook_signature(b"whsec_example", at(1_700_000_000), b"{\"id\":\"1\"}");
        let documented =
            "t=1700000000,v1=70a3c31785aff6fe6be3b8a5a8496f979021ecec1ad2ef5af3227cf3c92b3aa6";
        assert_eq!(signature, documented);
    }

    #[test]
    fn a_ticket_is_good_for_its_purpose_and_its_time_alone() {
        let key = TicketKey::new([7; TICKET_KEY_BYTES]);
        let ticket = key.sign("button", &["a", "b.c\""], at(100));
        assert_eq!(key.open("button", &ticket, at(99)).unwrap(), ["a", "b.c\""]);
        assert!(key.open("button", &ticket, at(100)).is_none(), "ended");
        assert!(key.open("link", &ticket, at(1)).is_none(), "another purpose");
        let other = TicketKey::new([8; TICKET_KEY_BYTES]);
        assert!(other.open("button", &ticket, at(1)).is_none());
        let forged = key.sign("button", &["z", "b.c\""], at(100));
        let (body, _) = forged.split_once('.').unwrap();
        let (_, mac) = ticket.split_once('.').unwrap();
        assert!(key.open("button", &format!("{body}.{mac}"), at(1)).is_none());
        for text in ["", ".", "a.b", &format!("{ticket}0")] {
            assert!(key.open("button", text, at(1)).is_none(), "{text}");
        }
    }
}
