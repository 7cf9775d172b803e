//! What must not be shown: the one rule by which explanations, audit records and approvals mask secrets.
//!
//! A value is masked when its key looks secret, when the text itself looks like a credential, or when
//! it is the `value` beside a `name` that looks secret (header lists). The work is bounded: past the
//! limits a value is left out, never shown unchecked.

mod secrets;

use serde_json::{Map, Value};

pub(crate) use self::secrets::Secrets;
use crate::limits::{NESTING_MAX, REDACT_NODES_MAX};

/// What stands in place of a masked value.
pub const MASK: &str = "[redacted]";
/// What stands in place of a value past the limits.
pub const LEFT_OUT: &str = "[left out]";

/// Fragments that make a key secret, compared without case, `_`, `-`, `.` and blanks.
const SECRET_FRAGMENTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "authorization",
    "cookie",
    "privatekey",
    "accesskey",
    "signingkey",
    "encryptionkey",
    "credential",
    "bearer",
    "connectionstring",
    "sessionid",
    "jwt",
];
/// Whole keys that are secret but too short to look for inside others.
const SECRET_NAMES: &[&str] = &["auth", "pwd", "pass", "otp", "pin", "cvv", "cvc", "dsn", "xauth"];
/// Keys that hold counts of model tokens, so no secret.
const COUNTS: &[&str] = &[
    "tokens",
    "maxtokens",
    "mintokens",
    "numtokens",
    "totaltokens",
    "prompttokens",
    "completiontokens",
    "inputtokens",
    "outputtokens",
    "reasoningtokens",
    "maxoutputtokens",
    "maxcompletiontokens",
    "tokencount",
    "tokenlimit",
    "tokenizer",
];
/// How credentials that are known by their look begin.
const SECRET_PREFIXES: &[&str] = &[
    "-----BEGIN ",
    "Bearer ",
    "bearer ",
    "Basic ",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_live_",
    "rk_live_",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "npm_",
    "eyJhbGciOi",
];
/// The room for a value in an error, in characters.
const SHOWN_CHARS_MAX: usize = 1_000;
/// What each value takes of it beside its text.
const SHOWN_CHARS_EACH: usize = 4;
/// Shorter texts are words that happen to begin like a credential.
const SECRET_TEXT_MIN: usize = 12;

/// True when values under this key must not be shown.
pub fn is_secret_key(key: &str) -> bool {
    let plain: String = key
        .chars()
        .filter(|c| !matches!(c, '_' | '-' | '.' | ' '))
        .flat_map(char::to_lowercase)
        .take(128)
        .collect();
    if COUNTS.contains(&plain.as_str()) {
        return false;
    }
    SECRET_NAMES.contains(&plain.as_str())
        || SECRET_FRAGMENTS.iter().any(|fragment| plain.contains(fragment))
}

/// True when the text itself looks like a credential.
pub fn is_secret_text(text: &str) -> bool {
    text.len() >= SECRET_TEXT_MIN && SECRET_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
}

/// A copy of `value` without secrets.
pub fn redact(value: &Value) -> Value {
    let mut nodes = REDACT_NODES_MAX;
    copy(value, NESTING_MAX, &mut nodes)
}

/// A copy of an object without secrets.
pub fn redact_map(map: &Map<String, Value>) -> Map<String, Value> {
    let mut nodes = REDACT_NODES_MAX;
    copy_map(map, NESTING_MAX, &mut nodes)
}

/// A copy of `value`, met under `path` such as `args.headers.authorization`, without secrets.
pub fn redact_at(path: &str, value: &Value) -> Value {
    if reads_secret(path) {
        return Value::from(MASK);
    }
    redact(value)
}

/// A value as part of an error: enough to know it by, whatever the caller sent.
pub(crate) fn cut(value: Value) -> Value {
    let mut left = SHOWN_CHARS_MAX;
    cut_to(value, &mut left)
}

fn cut_to(value: Value, left: &mut usize) -> Value {
    // A value of any kind takes some room, so that the count of them is bounded too.
    *left = left.saturating_sub(SHOWN_CHARS_EACH);
    match value {
        Value::String(text) => {
            let end = text.char_indices().nth(*left).map(|(at, _)| at);
            *left = left.saturating_sub(text.len());
            match end.and_then(|end| text.get(..end)) {
                Some(start) => Value::from(format!("{start}…")),
                None => Value::String(text),
            }
        }
        Value::Array(items) => {
            let mut shown = Vec::new();
            for item in items {
                if *left == 0 {
                    shown.push(Value::from(LEFT_OUT));
                    break;
                }
                shown.push(cut_to(item, left));
            }
            Value::Array(shown)
        }
        Value::Object(map) => {
            let mut shown = Map::new();
            for (key, value) in map {
                *left = left.saturating_sub(key.len());
                if *left == 0 {
                    shown.insert(LEFT_OUT.to_owned(), Value::from(LEFT_OUT));
                    break;
                }
                shown.insert(key, cut_to(value, left));
            }
            Value::Object(shown)
        }
        other => other,
    }
}

/// True when an expression, or a path, has a name in it that looks secret.
pub fn reads_secret(expression: &str) -> bool {
    expression
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'))
        .any(|name| !name.is_empty() && is_secret_key(name))
}

fn copy(value: &Value, depth: usize, nodes: &mut usize) -> Value {
    let (Some(depth), Some(left)) = (depth.checked_sub(1), nodes.checked_sub(1)) else {
        return Value::from(LEFT_OUT);
    };
    *nodes = left;
    match value {
        Value::String(text) if is_secret_text(text) => Value::from(MASK),
        Value::Array(items) => {
            let mut shown = Vec::new();
            for item in items {
                if *nodes == 0 {
                    shown.push(Value::from(LEFT_OUT));
                    break;
                }
                shown.push(copy(item, depth, nodes));
            }
            Value::Array(shown)
        }
        Value::Object(map) => Value::Object(copy_map(map, depth, nodes)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn copy_map(map: &Map<String, Value>, depth: usize, nodes: &mut usize) -> Map<String, Value> {
    let named_secret = is_named_secret(map);
    let mut shown = Map::new();
    for (key, value) in map {
        if *nodes == 0 {
            shown.insert(LEFT_OUT.to_owned(), Value::from(LEFT_OUT));
            break;
        }
        let masked = !value.is_null() && (is_secret_key(key) || (named_secret && key == "value"));
        let value = if masked { Value::from(MASK) } else { copy(value, depth, nodes) };
        shown.insert(key.clone(), value);
    }
    shown
}

/// True where the map says of itself that its `value` is a secret (header lists).
fn is_named_secret(map: &Map<String, Value>) -> bool {
    ["name", "key", "header"]
        .iter()
        .any(|name| map.get(*name).and_then(Value::as_str).is_some_and(is_secret_key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_that_look_secret() {
        for key in [
            "authorization",
            "Authorization",
            "X-API-Key",
            "apiKey",
            "api_key",
            "password",
            "dbPassword",
            "client_secret",
            "access-token",
            "Set-Cookie",
            "private_key",
            "pwd",
            "session.id",
            "aws_secret_access_key",
            "refresh_tokens",
            "jwt",
        ] {
            assert!(is_secret_key(key), "{key}");
        }
        for key in [
            "command",
            "author",
            "max_tokens",
            "tokens",
            "path",
            "name",
            "key",
            "passenger",
            "pins",
        ] {
            assert!(!is_secret_key(key), "{key}");
        }
    }

    #[test]
    fn masks_at_any_depth_and_in_header_lists() {
        let value = json!({
            "url": "https://example.com",
            "headers": [{"name": "Authorization", "value": "x"}, {"name": "Accept", "value": "y"}],
            "nested": {"list": [{"token": {"deep": 1}}, "ghp_0123456789abcdef"]},
            "password": null
        });
        let expected = json!({
            "url": "https://example.com",
            "headers": [{"name": "Authorization", "value": MASK}, {"name": "Accept", "value": "y"}],
            "nested": {"list": [{"token": MASK}, MASK]},
            "password": null
        });
        assert_eq!(redact(&value), expected);
    }

    #[test]
    fn masks_by_path() {
        assert_eq!(redact_at("args.headers.authorization", &json!("x")), json!(MASK));
        assert_eq!(redact_at("args[\"api_key\"].part", &json!("x")), json!(MASK));
        assert_eq!(redact_at("args.command", &json!("ls")), json!("ls"));
    }

    #[test]
    fn secrets_are_known_by_their_text() {
        let mut secrets = Secrets::new();
        secrets.collect(&json!({
            "password": "hunter2-x",
            "pin": 1234,
            "headers": [{"name": "Authorization", "value": "hdr-77"}],
            "deep": {"token": {"a": ["tok-99"]}},
            "note": "ghp_0123456789abcdef"
        }));
        let masked = [
            json!("hunter2-x"),
            json!("hunter2"),
            json!("is hunter2-x!"),
            json!(1234),
            json!("hdr-77"),
            json!("tok-99"),
            json!("a ghp_0123456789abcdef"),
        ];
        for value in masked {
            assert_eq!(secrets.mask(value.clone(), "args.a", ""), json!(MASK), "{value}");
        }
        assert_eq!(
            secrets.mask(json!({"hunter2-x": ["a", 5]}), "args.a", ""),
            json!({MASK: ["a", 5]})
        );
        for value in [json!("note"), json!("h"), json!(12), json!(null), json!(true)] {
            assert_eq!(secrets.mask(value.clone(), "args.a", ""), value);
        }
        assert!(secrets.are_told_by("no such key `hunter2-x`", "args.a"));
        assert!(secrets.are_told_by("no such key `1234`", "args.a"));
        assert!(!secrets.are_told_by("no such key `args.amount`", "args.a"));
    }

    #[test]
    fn every_text_is_secret_where_there_are_too_many() {
        let mut secrets = Secrets::new();
        let many: Vec<_> = (0..100).map(|n| json!({"token": format!("tok-{n}")})).collect();
        secrets.collect(&json!(many));
        assert_eq!(secrets.mask(json!(["else", 5]), "args.a", ""), json!([MASK, 5]));
    }

    #[test]
    fn values_in_errors_are_short() {
        let long = "é".repeat(1_000_000);
        for value in [json!(long), json!([long, long]), json!({"a": long, "b": long})] {
            let shown = cut(value).to_string();
            assert!(shown.len() < 4_000 && shown.contains("é…"), "{shown}");
        }
        let wide = cut(json!(vec![5; 100_000])).to_string();
        assert!(wide.len() < 4_000 && wide.contains(LEFT_OUT), "{wide}");
        assert_eq!(cut(json!({"a": [1, "x"]})), json!({"a": [1, "x"]}));
    }

    #[test]
    fn leaves_out_what_is_past_the_limits() {
        let mut deep = json!({"password": "x"});
        for _ in 0..100 {
            deep = json!([deep]);
        }
        let shown = redact(&deep).to_string();
        assert!(shown.contains(LEFT_OUT) && !shown.contains("\"x\""), "{shown}");

        let wide = Value::Array(vec![json!({"a": "b"}); REDACT_NODES_MAX]);
        let shown = redact(&wide);
        let items = shown.as_array().unwrap();
        assert!(items.len() < REDACT_NODES_MAX);
        assert_eq!(items.last(), Some(&json!(LEFT_OUT)));
    }
}
