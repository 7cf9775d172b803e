//! The sample tools and the made-up office that they work on; nothing outside this file is touched.

use serde_json::{Value, json};

/// The files of the office: path and text.
const FILES: [(&str, &str); 4] = [
    ("reports/q3.txt", "Q3: 1,204 orders, 31 refunds, revenue 84,310 EUR. Best quarter so far."),
    ("reports/q2.txt", "Q2: 1,077 orders, 44 refunds, revenue 71,950 EUR."),
    ("customers.csv", "order,customer,total\nA-1001,Ada Lindqvist,180\nA-1002,Bo Nakamura,62\n"),
    ("keys/owner.key", "made-up-key-that-opens-nothing"),
];

/// What `tools/list` answers.
pub(super) fn definitions() -> Value {
    json!([
        {
            "name": "list_files",
            "description": "List the files of the office.",
            "inputSchema": schema(&json!({}), &[], &json!({})),
            "annotations": { "readOnlyHint": true, "openWorldHint": false },
        },
        {
            "name": "read_file",
            "description": "Read one file.",
            "inputSchema": schema(
                &json!({ "path": { "type": "string" } }),
                &["path"],
                &json!({ "path": "reports/q3.txt" }),
            ),
            "annotations": { "readOnlyHint": true, "openWorldHint": false },
        },
        {
            "name": "send_email",
            "description": "Send an email. Made up: nothing leaves this machine.",
            "inputSchema": schema(
                &json!({ "to": { "type": "string" }, "subject": { "type": "string" } }),
                &["to", "subject"],
                &json!({ "to": "ada@example.com", "subject": "Your report" }),
            ),
            "annotations": { "readOnlyHint": false, "openWorldHint": true },
        },
        {
            "name": "refund",
            "description": "Pay money back for an order. Made up: no money moves.",
            "inputSchema": schema(
                &json!({ "order": { "type": "string" }, "amount": { "type": "number" } }),
                &["order", "amount"],
                &json!({ "order": "A-1001", "amount": 180 }),
            ),
            "annotations": { "readOnlyHint": false, "destructiveHint": true },
        },
        {
            "name": "delete_database",
            "description": "Delete a database. Made up: there is none.",
            "inputSchema": schema(
                &json!({ "name": { "type": "string" } }),
                &["name"],
                &json!({ "name": "customers" }),
            ),
            "annotations": { "readOnlyHint": false, "destructiveHint": true },
        },
    ])
}

/// Runs a tool: its text, or the text of its failure; none where there is no such tool.
pub(super) fn call(name: &str, arguments: &Value) -> Option<Result<String, String>> {
    let text = |key: &str| {
        arguments.get(key).and_then(Value::as_str).ok_or_else(|| format!("`{key}` has to be text"))
    };
    let answer = match name {
        "list_files" => Ok(FILES.map(|(path, _)| path).join("\n")),
        "read_file" => text("path").and_then(read_file),
        "send_email" => {
            text("to").and_then(|to| Ok(format!("sent \"{}\" to {to} (made up)", text("subject")?)))
        }
        "refund" => text("order").and_then(|order| refund(order, arguments)),
        "delete_database" => text("name").map(|name| format!("database {name} deleted (made up)")),
        _ => return None,
    };
    Some(answer)
}

fn schema(properties: &Value, required: &[&str], example: &Value) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "examples": [example],
    })
}

fn read_file(path: &str) -> Result<String, String> {
    FILES
        .iter()
        .find(|(name, _)| *name == path)
        .map(|(_, text)| (*text).to_owned())
        .ok_or_else(|| format!("there is no file `{path}`; list_files tells what there is"))
}

fn refund(order: &str, arguments: &Value) -> Result<String, String> {
    let amount = arguments.get("amount").and_then(Value::as_f64);
    let amount = amount.ok_or_else(|| "`amount` has to be a number".to_owned())?;
    Ok(format!("refunded {amount:.2} EUR for order {order} (made up)"))
}
