//! The revisions of the protocol, and how a newer client learns to use one that is spoken here.
//!
//! Revision 2026-07-28 has no `initialize` and no sessions. Its clients probe with `server/discover`,
//! or just send a request with their revision in a header, and fall back to `initialize` on any error
//! that is not one of that revision's own. So they get the errors of a server of the time before.

use http::HeaderMap;

use crate::mcp::wire::outgoing::code;

/// Revisions that are spoken here, newest first.
const REVISIONS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
/// What a client means that names no revision after `initialize`: the header came later.
const REVISION_HEADER: &str = "mcp-protocol-version";
/// The probe of newer clients.
const PROBE: &str = "server/discover";

/// A refusal that makes a newer client fall back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fallback {
    /// The JSON-RPC error code.
    pub(super) code: i32,
    /// What is wrong.
    pub(super) message: String,
    /// Whether the HTTP status says so too. The probe is answered under 200: clients differ in
    /// what they make of an HTTP error, and all understand an unknown method.
    pub(super) is_http_error: bool,
}

/// The revision to speak with a client that asks for `asked`.
pub(super) fn negotiate(asked: &str) -> &'static str {
    let [newest, ..] = REVISIONS;
    REVISIONS.into_iter().find(|revision| *revision == asked).unwrap_or(newest)
}

/// Refuses what only a client of another era sends; `initialize` itself is never refused.
pub(super) fn check(method: &str, headers: &HeaderMap) -> Result<(), Fallback> {
    if method == "initialize" {
        return Ok(());
    }
    if method == PROBE {
        return Err(Fallback {
            code: code::METHOD_NOT_FOUND,
            message: format!("method `{PROBE}` is not offered: begin with `initialize`"),
            is_http_error: false,
        });
    }
    let Some(asked) = headers.get(REVISION_HEADER) else { return Ok(()) };
    if REVISIONS.iter().any(|revision| asked.as_bytes() == revision.as_bytes()) {
        return Ok(());
    }
    Err(Fallback {
        code: code::REFUSED,
        message: format!(
            "unsupported protocol version `{}` (supported: {}): begin with `initialize`",
            String::from_utf8_lossy(asked.as_bytes()),
            REVISIONS.join(", ")
        ),
        is_http_error: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_what_the_client_asks_where_it_can() {
        for revision in REVISIONS {
            assert_eq!(negotiate(revision), revision);
        }
        for other in ["2026-07-28", "2024-11-05", "", "latest"] {
            assert_eq!(negotiate(other), "2025-11-25", "{other}");
        }
    }

    #[test]
    fn newer_clients_are_told_to_fall_back() {
        let headers = |revision: &'static str| {
            HeaderMap::from_iter([(
                http::HeaderName::from_static(REVISION_HEADER),
                http::HeaderValue::from_static(revision),
            )])
        };
        let probe = check("server/discover", &headers("2026-07-28")).unwrap_err();
        assert_eq!((probe.code, probe.is_http_error), (-32601, false));
        let call = check("tools/call", &headers("2026-07-28")).unwrap_err();
        assert_eq!((call.code, call.is_http_error), (-32000, true));
        assert!(check("initialize", &headers("2026-07-28")).is_ok());
        assert!(check("tools/call", &headers("2025-06-18")).is_ok());
        assert!(check("tools/call", &HeaderMap::new()).is_ok());
    }
}
