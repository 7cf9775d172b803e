//! The specification's own cases, run against the functions of this folder.
//!
//! A small reader evaluates what is made of literals, operators and library calls. It knows no
//! types, macros, messages or optionals: cases that need those are counted as left to the engine,
//! so that none drops out unseen.

mod call;
mod read;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::LibError;
use super::format::{FormatArgument, FormatValue};
use super::net::{Cidr, Ip};
use super::number::{self, Number};
use super::time::{Duration, Timestamp};

/// A value as the reader has it.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Timestamp(Timestamp),
    Duration(Duration),
    Ip(Ip),
    Cidr(Cidr),
}

/// Why an expression has no value here.
#[derive(Debug)]
enum Failure {
    /// A library function said no: what a case that expects an error must end in.
    Library(LibError),
    /// It takes more than this reader knows.
    Beyond,
}

impl From<LibError> for Failure {
    fn from(error: LibError) -> Self {
        Self::Library(error)
    }
}

type Outcome = Result<Value, Failure>;

impl Value {
    fn int(value: i64) -> Self {
        Self::Number(Number::Int(value))
    }

    fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    /// A value as the cases write it; `None` for kinds that the reader does not know.
    fn from_case(case: &Json) -> Option<Self> {
        let (kind, value) = case.as_object()?.iter().next()?;
        let text = value.as_str();
        Some(match kind.as_str() {
            "null" => Self::Null,
            "bool" => Self::Bool(value.as_bool()?),
            "int" => Self::int(text?.parse().ok()?),
            "uint" => Self::Number(Number::Uint(text?.parse().ok()?)),
            "double" => Self::Number(Number::Double(text?.parse().ok()?)),
            "string" => Self::text(text?),
            "bytes" => Self::Bytes(STANDARD.decode(text?).ok()?),
            "timestamp" => Self::Timestamp(Timestamp::parse(text?).ok()?),
            "duration_ns" => Self::Duration(Duration::from_nanos(text?.parse().ok()?).ok()?),
            "list" => {
                Self::List(value.as_array()?.iter().map(Self::from_case).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    /// `==`, where NaN equals nothing.
    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => {
                number::compare(*left, *right) == Some(Ordering::Equal)
            }
            (Self::List(left), Self::List(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| left.equals(right))
            }
            (Self::Map(left), Self::Map(right)) => {
                let has = |(key, value): &(Self, Self)| {
                    right.iter().any(|entry| entry.0.equals(key) && entry.1.equals(value))
                };
                left.len() == right.len() && left.iter().all(has)
            }
            (left, right) => left == right,
        }
    }

    /// Whether this is the value that a case wants: the same kind, and NaN as itself.
    fn is(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::Number(Number::Double(left)), Self::Number(Number::Double(right))) => {
                left.to_bits() == right.to_bits() || (left.is_nan() && right.is_nan())
            }
            (left, right) => left == right,
        }
    }
}

impl FormatArgument for &Value {
    fn format_value(&self) -> FormatValue<'_> {
        match self {
            Value::Null => FormatValue::Null,
            Value::Bool(value) => FormatValue::Bool(*value),
            Value::Number(Number::Int(value)) => FormatValue::Int(*value),
            Value::Number(Number::Uint(value)) => FormatValue::Uint(*value),
            Value::Number(Number::Double(value)) => FormatValue::Double(*value),
            Value::Text(text) => FormatValue::Text(text),
            Value::Bytes(bytes) => FormatValue::Bytes(bytes),
            Value::Timestamp(value) => FormatValue::Timestamp(*value),
            Value::Duration(value) => FormatValue::Duration(*value),
            Value::List(_) => FormatValue::List,
            Value::Map(_) => FormatValue::Map,
            Value::Ip(_) | Value::Cidr(_) => FormatValue::Other,
        }
    }

    fn type_name(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Value::Null => "null_type",
            Value::Bool(_) => "bool",
            Value::Number(Number::Int(_)) => "int",
            Value::Number(Number::Uint(_)) => "uint",
            Value::Number(Number::Double(_)) => "double",
            Value::Text(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::Timestamp(_) => "google.protobuf.Timestamp",
            Value::Duration(_) => "google.protobuf.Duration",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Ip(_) => "net.IP",
            Value::Cidr(_) => "net.CIDR",
        })
    }

    fn for_each_item(
        &self,
        visit: &mut dyn FnMut(&Self) -> Result<(), LibError>,
    ) -> Result<(), LibError> {
        let Value::List(items) = self else { return Ok(()) };
        items.iter().try_for_each(|item| visit(&item))
    }

    fn for_each_entry(
        &self,
        visit: &mut dyn FnMut(&Self, &Self) -> Result<(), LibError>,
    ) -> Result<(), LibError> {
        let Value::Map(entries) = self else { return Ok(()) };
        entries.iter().try_for_each(|(key, value)| visit(&key, &value))
    }
}

/// Cases that must differ: the specification compares an int with a double after rounding the int
/// to a double, and here both keep their exact value.
const DEVIATIONS: &[&str] = &[
    "comparisons/lt_literal/not_lt_dyn_int_big_lossy_double",
    "comparisons/gt_literal/not_gt_dyn_big_double_int",
    "comparisons/lte_literal/lte_dyn_big_double_int",
    "comparisons/gte_literal/gte_dyn_int_big_lossy_double",
];

/// Runs a suite: how many of its cases hold here, and how many are left to the engine.
fn run(suite: &str) -> (usize, usize) {
    let suite: Json = serde_json::from_str(suite).unwrap();
    let (mut held, mut left, mut failures) = (0, 0, String::new());
    for case in suite["tests"].as_array().unwrap() {
        let expression = case["expr"].as_str().unwrap();
        let bindings: Vec<(String, Value)> = case["bindings"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), Value::from_case(value)?)))
            .collect();
        let deviates = DEVIATIONS.contains(&case["id"].as_str().unwrap());
        let expected = &case["expect"];
        let wanted = Value::from_case(&expected["value"]);
        match (read::evaluate(expression, &bindings), wanted) {
            (Ok(value), Some(wanted)) if value.is(&wanted) != deviates => held += 1,
            (Err(Failure::Library(error)), None) if expected.get("error").is_some() => {
                let hint = expected["error"][0].as_str().unwrap();
                let is_exact = case["section"] == "format_errors";
                if is_exact && error.to_string() != hint {
                    writeln!(failures, "{}: {error} instead of {hint}", case["id"]).unwrap();
                }
                held += 1;
            }
            // An operand of the wrong type is for the engine to refuse.
            (Err(Failure::Beyond), _) => left += 1,
            (Ok(_), None) if expected.get("error").is_none() => left += 1,
            (outcome, _) => {
                writeln!(failures, "{}: {expression} is {outcome:?}", case["id"]).unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
    (held, left)
}

macro_rules! suites {
    ($($name:ident: $held:literal, $left:literal;)*) => {$(
        #[test]
        fn $name() {
            let suite = include_str!(concat!(
                "../../../../../conformance/cel-spec/", stringify!($name), ".json"
            ));
            assert_eq!(run(suite), ($held, $left), "(hold, left to the engine)");
        }
    )*};
}

suites! {
    comparisons: 301, 105;
    conversions: 79, 30;
    encoders_ext: 4, 0;
    fp_math: 29, 1;
    integer_math: 61, 3;
    math_ext: 185, 14;
    network_ext: 65, 4;
    string: 51, 0;
    string_ext: 185, 31;
    timestamps: 74, 4;
}
