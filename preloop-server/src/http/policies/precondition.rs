//! `If-Match` and `ETag`: a change is made of what its author saw, and of nothing else.

use axum::http::header::{ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName};

use super::super::ApiError;
use crate::service::Expected;

/// The headers of a change, as they are described.
pub(in crate::http) const HEADERS: &[(&str, &str)] = &[
    ("If-Match", "Digests in quotes, one of which must be live; `*` where something must be."),
    ("If-None-Match", "`*` where nothing must be live."),
];
/// The header of an answer about what is live, as it is described.
pub(in crate::http) const ETAG_HEADER: &[(&str, &str)] = &[("ETag", "The digest of what is live.")];

/// What must be live for the change to happen.
pub(in crate::http) fn expected(headers: &HeaderMap) -> Result<Expected, ApiError> {
    let matching = text(headers, &IF_MATCH)?;
    let absent = text(headers, &IF_NONE_MATCH)?;
    match (matching, absent) {
        (None, None) => Ok(Expected::Any),
        (None, Some("*")) => Ok(Expected::Absent),
        (None, Some(_)) => Err(refused("If-None-Match", "`If-None-Match` must be `*`")),
        (Some(_), Some(_)) => {
            Err(refused("If-Match", "`If-Match` and `If-None-Match` do not go together"))
        }
        (Some("*"), None) => Ok(Expected::Something),
        (Some(list), None) => {
            let digests: Vec<String> = list.split(',').map(digest).collect();
            if digests.iter().any(String::is_empty) {
                return Err(refused("If-Match", "`If-Match` must be `*` or digests in quotes"));
            }
            Ok(Expected::Digests(digests))
        }
    }
}

/// The header that names what is live.
pub(super) fn etag(digest: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&format!("\"{digest}\"")) {
        headers.insert(ETAG, value);
    }
    headers
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text =
                value.to_str().map_err(|_| refused(name.as_str(), "the header is no text"))?;
            Ok(Some(text.trim()))
        }
        (Some(_), Some(_)) => Err(refused(name.as_str(), "the header is given twice")),
    }
}

/// A digest with or without its quotes. A weak one never matches, which is what the letter before it sees to.
fn digest(text: &str) -> String {
    let text = text.trim();
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    quoted.unwrap_or(text).to_owned()
}

fn refused(header: &str, message: &str) -> ApiError {
    ApiError::invalid_field(header, message.to_owned(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_live_is_read_from_the_headers() {
        let of = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, HeaderValue::from_static(value));
            }
            expected(&headers).map_err(|error| error.detail().to_owned())
        };
        let digests = |list: &[&str]| {
            Ok(Expected::Digests(list.iter().map(|text| (*text).to_owned()).collect()))
        };
        assert_eq!(of(&[]), Ok(Expected::Any));
        assert_eq!(of(&[("if-match", "*")]), Ok(Expected::Something));
        assert_eq!(of(&[("if-none-match", "*")]), Ok(Expected::Absent));
        assert_eq!(of(&[("if-match", "\"sha256:a\", \"b\"")]), digests(&["sha256:a", "b"]));
        assert_eq!(of(&[("if-match", "sha256:a")]), digests(&["sha256:a"]));
        assert_eq!(of(&[("if-match", "W/\"a\"")]), digests(&["W/\"a\""]));
        for wrong in [
            &[("if-match", "")][..],
            &[("if-match", "\"\"")],
            &[("if-match", "a"), ("if-match", "b")],
            &[("if-match", "a"), ("if-none-match", "*")],
            &[("if-none-match", "\"a\"")],
        ] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }
}
