//! What the rule that asks for people looked at: the arguments it reads with the values that they have in this call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cel::{ArgPath, Environment};
use crate::condition;
use crate::redact::{MASK, is_secret_key};

/// One argument that a rule reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct AskedValue {
    /// The path, such as `args.amount`.
    pub path: String,
    /// The top-level argument that it is in.
    pub argument: String,
    /// What stands there; none where nothing does.
    pub value: Option<Value>,
}

/// The arguments that a condition reads, in the order in which it names them first; nothing where it cannot be read.
pub fn asked_values(expression: &str, arguments: &Value) -> Vec<AskedValue> {
    let Ok(condition) = condition::compile(expression, None, &Environment::policy()) else {
        return Vec::new();
    };
    let mut values: Vec<AskedValue> = Vec::new();
    for path in condition.arg_paths() {
        let value = asked(path, arguments);
        if !values.iter().any(|known| known.path == value.path) {
            values.push(value);
        }
    }
    values
}

fn asked(path: &ArgPath, arguments: &Value) -> AskedValue {
    let found = arguments.as_object().and_then(|object| path.find(object));
    let is_secret = path.keys().any(is_secret_key);
    let value = found.map(|value| if is_secret { Value::from(MASK) } else { value.clone() });
    let argument = path.keys().next().unwrap_or_default().to_owned();
    AskedValue { path: path.to_string(), argument, value }
}
