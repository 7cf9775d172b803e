//! The MCP server of the demo: harmless tools over made-up data, one JSON message a line on standard
//! input and output.
//!
//! It speaks the protocol for real, so that the demo shows the firewall and not a picture of it.

mod tools;

use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::unwritable;

/// Revisions that the server speaks, the newest first.
const REVISIONS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;

/// Answers messages until standard input ends.
pub(crate) fn run() -> Result<Exit, Failure> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|cause| {
            Failure::new("input", format!("cannot read standard input: {cause}"))
        })?;
        if let Some(answer) = answer(&line) {
            writeln!(output, "{answer}").and_then(|()| output.flush()).map_err(unwritable)?;
        }
    }
    Ok(Exit::Done)
}

/// The answer to one message; notifications and answers get none.
fn answer(line: &str) -> Option<Value> {
    let Ok(message) = serde_json::from_str::<Value>(line) else {
        return Some(error(&Value::Null, PARSE_ERROR, "the line is no JSON"));
    };
    let id = message.get("id")?;
    let Some(method) = message.get("method").and_then(Value::as_str) else {
        // An answer to a request that this server never makes.
        return if message.get("result").or(message.get("error")).is_some() {
            None
        } else {
            Some(error(id, INVALID_REQUEST, "the message has no `method`"))
        };
    };
    let none = Value::Null;
    let params = message.get("params").unwrap_or(&none);
    match method {
        "initialize" => Some(result(id, &initialize(params))),
        "ping" => Some(result(id, &json!({}))),
        "tools/list" => Some(result(id, &json!({ "tools": tools::definitions() }))),
        "tools/call" => Some(call(id, params)),
        other => Some(error(id, METHOD_NOT_FOUND, &format!("`{other}` is not offered"))),
    }
}

fn initialize(params: &Value) -> Value {
    let [newest, ..] = REVISIONS;
    let wanted = params.get("protocolVersion").and_then(Value::as_str);
    let revision = wanted.filter(|wanted| REVISIONS.contains(wanted)).unwrap_or(newest);
    json!({
        "protocolVersion": revision,
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "preloop-demo-tools", "version": env!("CARGO_PKG_VERSION") },
        "instructions": "Harmless tools over made-up data. Nothing is sent, paid or deleted.",
    })
}

fn call(id: &Value, params: &Value) -> Value {
    let Some(name) = params.get("name").and_then(Value::as_str) else {
        return error(id, INVALID_PARAMS, "the call has no `name`");
    };
    let none = json!({});
    let arguments = params.get("arguments").unwrap_or(&none);
    match tools::call(name, arguments) {
        Some(Ok(text)) => result(id, &json!({ "content": [{ "type": "text", "text": text }] })),
        Some(Err(text)) => {
            result(id, &json!({ "content": [{ "type": "text", "text": text }], "isError": true }))
        }
        None => error(id, INVALID_PARAMS, &format!("there is no tool `{name}`")),
    }
}

fn result(id: &Value, result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

fn error(id: &Value, code: i32, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::answer;

    fn ask(message: &serde_json::Value) -> serde_json::Value {
        answer(&message.to_string()).expect("an answer")
    }

    #[test]
    fn a_known_revision_is_spoken_and_an_unknown_one_answered_with_the_newest() {
        for (wanted, spoken) in [("2025-06-18", "2025-06-18"), ("2099-01-01", "2025-11-25")] {
            let message = json!({
                "jsonrpc": "2.0", "id": 1, "method": "initialize",
                "params": { "protocolVersion": wanted },
            });
            assert_eq!(ask(&message)["result"]["protocolVersion"], spoken);
        }
    }

    #[test]
    fn every_tool_listed_can_be_called_with_its_own_example() {
        let list = ask(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }));
        let tools = list["result"]["tools"].as_array().expect("tools");
        assert_eq!(tools.len(), 5);
        for tool in tools {
            let example = &tool["inputSchema"]["examples"][0];
            let message = json!({
                "jsonrpc": "2.0", "id": 2, "method": "tools/call",
                "params": { "name": tool["name"], "arguments": example },
            });
            let answer = ask(&message);
            assert!(answer["result"]["content"][0]["text"].is_string(), "{answer}");
            assert!(answer["result"].get("isError").is_none(), "{answer}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_notifications_get_no_answer() {
        assert_eq!(answer("{").expect("an answer")["error"]["code"], -32700);
        assert!(answer(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).is_none());
        assert!(answer(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#).is_none());
        let message = json!({ "jsonrpc": "2.0", "id": "x", "method": "resources/list" });
        assert_eq!(ask(&message)["error"]["code"], -32601);
        let message = json!({
            "jsonrpc": "2.0", "id": 3, "method": "tools/call",
            "params": { "name": "read_file", "arguments": { "path": "nowhere" } },
        });
        assert_eq!(ask(&message)["result"]["isError"], true);
    }
}
