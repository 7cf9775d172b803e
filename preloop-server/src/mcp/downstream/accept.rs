//! What a client is willing to read, by its `Accept` header.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

/// The forms that a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepts {
    /// One JSON body.
    pub(super) json: bool,
    /// A stream of server-sent events.
    pub(super) events: bool,
}

// === impl Accepts ===

impl Accepts {
    /// By the header; a client that sends none reads everything.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut accepts = Self { json: false, events: false };
        let mut is_given = false;
        for header in headers.get_all(ACCEPT) {
            is_given = true;
            let ranges = header.to_str().unwrap_or_default().split(',');
            for range in ranges {
                let mut parts = range.split(';').map(str::trim);
                let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
                if parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000")) {
                    continue;
                }
                accepts.json |=
                    matches!(kind.as_str(), "*/*" | "application/*" | "application/json");
                accepts.events |= matches!(kind.as_str(), "*/*" | "text/*" | "text/event-stream");
            }
        }
        if is_given { accepts } else { Self { json: true, events: true } }
    }
}

/// Whether the body is said to be JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| {
        let kind = text.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn reads_the_header() {
        let accepts = |text: &'static str| {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(text))]);
            let accepts = Accepts::of(&headers);
            (accepts.json, accepts.events)
        };
        assert_eq!(accepts("application/json, text/event-stream"), (true, true));
        assert_eq!(accepts("Application/JSON;q=0.9"), (true, false));
        assert_eq!(accepts("text/event-stream"), (false, true));
        assert_eq!(accepts("*/*"), (true, true));
        assert_eq!(accepts("text/html, application/json;q=0"), (false, false));
        let all = Accepts::of(&HeaderMap::new());
        assert!(all.json && all.events);
    }
}
