//! Number literals to numbers, by one rule for JSON and YAML.

use serde_json::Number;

/// A JSON number literal as a number: an integer where 64 bits hold it, else a double; none where
/// even a double cannot hold it.
///
/// Integers beyond 64 bits become doubles and `-0` is the double, as `serde_json` reads them.
pub(crate) fn parse_number(literal: &str) -> Option<Number> {
    let is_integer = !literal.contains(['.', 'e', 'E']);
    if is_integer && literal != "-0" {
        if let Ok(number) = literal.parse::<u64>() {
            return Some(Number::from(number));
        }
        if let Ok(number) = literal.parse::<i64>() {
            return Some(Number::from(number));
        }
    }
    literal.parse::<f64>().ok().and_then(Number::from_f64)
}
