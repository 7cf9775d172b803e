//! Any policy as YAML whose keys are sorted: two policies that say the same are the same text.

use serde_json::{Map, Value};

use super::yaml;
use crate::diagnostic::{Code, Diagnostic};
use crate::limits::NESTING_MAX;
use crate::parse::json_tree;

/// Under this key stand arguments of calls, in which a null is a value like any other.
const ARGUMENTS: &str = "examples";

/// A policy of any dialect as YAML: block style, keys sorted, members that are null left out.
///
/// Texts are quoted where readers of YAML disagree about them, and control characters, NUL among them, are written as
/// escapes, so that reading the text gives the same values back. In the `examples` of rules nulls stay: there they are
/// arguments. What nests deeper than a document may is refused.
///
/// ```
/// let policy = serde_json::json!({"name": "p", "description": null, "denied_actions": ["no", "drop table"]});
/// let text = preloop_core::canonical::policy_to_yaml(&policy).unwrap();
/// assert_eq!(text, "denied_actions:\n  - \"no\"\n  - drop table\nname: p\n");
/// ```
pub fn policy_to_yaml(policy: &Value) -> Result<String, Diagnostic> {
    let too_large = || {
        let message = format!("the policy nests deeper than {NESTING_MAX} or has too many values");
        Diagnostic::new(Code::NestingTooDeep, "", message)
    };
    let told = without_nulls(policy, true, NESTING_MAX).ok_or_else(too_large)?;
    let json = told.to_string();
    let tree = json_tree(&json).ok_or_else(too_large)?;
    let mut out = String::new();
    yaml::write(&mut out, &tree, &json);
    Ok(out)
}

/// The value without the members that are null; maps are sorted as they are.
fn without_nulls(value: &Value, strips: bool, depth: usize) -> Option<Value> {
    let below = depth.checked_sub(1);
    Some(match value {
        Value::Array(items) => {
            let items = items.iter().map(|item| without_nulls(item, strips, below?));
            Value::Array(items.collect::<Option<_>>()?)
        }
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !strips || !value.is_null());
            let kept = kept.map(|(key, value)| {
                let strips = strips && key != ARGUMENTS;
                Some((key.clone(), without_nulls(value, strips, below?)?))
            });
            Value::Object(kept.collect::<Option<Map<_, _>>>()?)
        }
        scalar => scalar.clone(),
    })
}
