//! The JSON-RPC messages that we write, around values that stay as they were.

use bytes::Bytes;

use super::object::{json_string, push_string};

/// Standard and MCP error codes.
pub(crate) mod code {
    /// The body is not JSON.
    pub(crate) const PARSE_ERROR: i32 = -32700;
    /// JSON, but not a request that is allowed here.
    pub(crate) const INVALID_REQUEST: i32 = -32600;
    /// The method is not offered.
    pub(crate) const METHOD_NOT_FOUND: i32 = -32601;
    /// The parameters are wrong.
    pub(crate) const INVALID_PARAMS: i32 = -32602;
    /// Something of ours failed.
    pub(crate) const INTERNAL_ERROR: i32 = -32603;
    /// Refused before the method was looked at (unknown session, revision, credentials).
    pub(crate) const REFUSED: i32 = -32000;
}

/// A successful answer; `id` and `result` are JSON text.
pub(crate) fn result(id: &str, result: &str) -> Bytes {
    let mut text = String::with_capacity(id.len() + result.len() + 36);
    text.push_str(r#"{"jsonrpc":"2.0","id":"#);
    text.push_str(id);
    text.push_str(r#","result":"#);
    text.push_str(result);
    text.push('}');
    Bytes::from(text)
}

/// An error answer around an error object that came from elsewhere.
pub(crate) fn error_object(id: &str, error: &str) -> Bytes {
    Bytes::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#))
}

/// An error answer; `id` is JSON text, `null` where the request's id is not known.
pub(crate) fn error(id: &str, code: i32, message: &str) -> Bytes {
    error_object(id, &format!(r#"{{"code":{code},"message":{}}}"#, json_string(message)))
}

/// A request of ours; `params` is JSON text.
pub(crate) fn request(id: u64, method: &str, params: &str) -> Bytes {
    Bytes::from(format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":{},"params":{params}}}"#,
        json_string(method)
    ))
}

/// A notification of ours; `params` is JSON text.
pub(crate) fn notification(method: &str, params: Option<&str>) -> Bytes {
    let mut text = String::from(r#"{"jsonrpc":"2.0","method":"#);
    push_string(&mut text, method);
    if let Some(params) = params {
        text.push_str(r#","params":"#);
        text.push_str(params);
    }
    text.push('}');
    Bytes::from(text)
}

/// The message on one line: a raw line break in JSON is only ever white space between tokens.
pub(crate) fn one_line(message: Bytes) -> Bytes {
    if !message.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return message;
    }
    let line = message.iter().map(|&byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte });
    Bytes::from(line.collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_json_rpc_wants() {
        assert_eq!(result("\"a\"", "{}"), r#"{"jsonrpc":"2.0","id":"a","result":{}}"#);
        assert_eq!(
            error("null", code::PARSE_ERROR, "say \"what\""),
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"say \"what\""}}"#
        );
        assert_eq!(
            request(7, "ping", "{}"),
            r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":{}}"#
        );
        assert_eq!(
            notification("notifications/initialized", None),
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
        );
        assert_eq!(one_line(Bytes::from("{\r\n\"a\":\n1}")), "{  \"a\": 1}");
    }
}
