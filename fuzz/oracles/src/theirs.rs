//! The other engines behind one door: arguments go in as values of theirs, answers come out as one text.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::expression::{Expression, Walk};
use crate::naive::{Answer, Value};

/// Another engine.
pub trait Oracle {
    fn name(&self) -> &'static str;
    /// Whether it has every function and macro of the expression.
    fn knows(&self, expression: &Expression) -> bool;
    /// What it answers; none if it does not even read the text.
    fn answer(&self, source: &str, args: &Json) -> Option<String>;
}

/// Stands for a value that an oracle does not show.
const OPAQUE: &str = "?";

/// Whether two answers say the same, as far as both say something.
pub fn agree(left: &str, right: &str) -> bool {
    let hidden = left.contains(OPAQUE) || right.contains(OPAQUE);
    left == right || (hidden && left != "error" && right != "error")
}

pub fn shown(answer: &Answer) -> String {
    answer.as_ref().map_or_else(|_| "error".to_owned(), show)
}

fn show_double(value: f64) -> String {
    if value.is_nan() { "double NaN".to_owned() } else { format!("double {value:?}") }
}

fn show_map(entries: impl Iterator<Item = (String, String)>) -> String {
    let entries: BTreeMap<String, String> = entries.collect();
    format!("{entries:?}")
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => format!("int {value}"),
        Value::Uint(value) => format!("uint {value}"),
        Value::Double(value) => show_double(*value),
        Value::Text(value) => format!("{value:?}"),
        Value::Bytes(value) => format!("bytes {value:?}"),
        Value::Type(name) => format!("{name:?}"),
        Value::Timestamp(nanos) => format!("timestamp {nanos}"),
        Value::Duration(nanos) => format!("duration {nanos}"),
        Value::Optional(_) | Value::Ip(_) | Value::Cidr(..) => OPAQUE.to_owned(),
        Value::List(items) => {
            format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        Value::Map(entries) => {
            show_map(entries.iter().map(|(key, value)| (show(key), show(value))))
        }
    }
}

/// Whether all that the expression uses is in these lists.
fn made_of(
    expression: &Expression,
    functions: &[&str],
    walks: &[Walk],
    two: bool,
    bind: bool,
) -> bool {
    let fine = match expression {
        Expression::Call { function, .. } => functions.contains(function),
        Expression::Walk { walk, second, .. } => walks.contains(walk) && (two || second.is_none()),
        Expression::Bind { .. } => bind,
        _ => true,
    };
    fine && expression.parts().into_iter().all(|part| made_of(part, functions, walks, two, bind))
}

const COMMON: [&str; 66] = [
    "timestamp",
    "duration",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
    "format",
    "strings.quote",
    "math.ceil",
    "math.floor",
    "math.round",
    "math.trunc",
    "math.sign",
    "math.sqrt",
    "math.isNaN",
    "math.isInf",
    "math.isFinite",
    "math.bitAnd",
    "math.bitOr",
    "math.bitXor",
    "math.bitNot",
    "math.bitShiftLeft",
    "math.bitShiftRight",
    "base64.encode",
    "base64.decode",
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "bool",
    "type",
    "optional.none",
    "optional.of",
    "optional.ofNonZeroValue",
    "hasValue",
    "value",
    "or",
    "orValue",
    "math.abs",
    "charAt",
    "indexOf",
    "lastIndexOf",
    "join",
    "lowerAscii",
    "upperAscii",
    "replace",
    "split",
    "substring",
    "trim",
    "reverse",
    "math.greatest",
    "math.least",
    "dyn",
    "sort",
];

/// The crate `cel`.
pub struct Cel {
    env: Arc<cel::Env>,
}

impl Default for Cel {
    fn default() -> Self {
        let mut env = cel::Env::stdlib();
        env.add_extension(cel::extensions::strings).expect("its extensions fit");
        env.add_extension(cel::extensions::math).expect("its extensions fit");
        env.add_extension(cel::extensions::lists).expect("its extensions fit");
        env.add_extension(cel::extensions::encoders).expect("its extensions fit");
        Self { env: Arc::new(env) }
    }
}

impl Oracle for Cel {
    fn name(&self) -> &'static str {
        "cel"
    }

    fn knows(&self, expression: &Expression) -> bool {
        let mut functions = COMMON.to_vec();
        functions.retain(|function| *function != "dyn");
        functions.extend(["lists.range", "distinct", "flatten", "slice"]);
        let walks =
            [Walk::All, Walk::Exists, Walk::ExistsOne, Walk::Map, Walk::Filter, Walk::SortBy];
        made_of(expression, &functions, &walks, false, false)
    }

    fn answer(&self, source: &str, args: &Json) -> Option<String> {
        let program = catch_unwind(AssertUnwindSafe(|| self.env.compile(source).ok())).ok()??;
        let run = || {
            let mut context = cel::Context::with_env(Arc::clone(&self.env));
            context.add_variable_from_value("args", to_cel(&Value::of_json(args)));
            program.execute(&context).map_or_else(|_| "error".to_owned(), |value| show_cel(&value))
        };
        catch_unwind(AssertUnwindSafe(run)).ok()
    }
}

fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Bool(value) => cel::Value::Bool(*value),
        Value::Int(value) => cel::Value::Int(*value),
        Value::Uint(value) => cel::Value::UInt(*value),
        Value::Double(value) => cel::Value::Float(*value),
        Value::Text(value) => cel::Value::String(Arc::new(value.clone())),
        Value::List(items) => cel::Value::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Map(entries) => {
            let entries = entries.iter().filter_map(|(key, value)| match key {
                Value::Text(key) => Some((cel::objects::Key::from(key.as_str()), to_cel(value))),
                _ => None,
            });
            cel::Value::Map(cel::objects::Map { map: Arc::new(entries.collect::<HashMap<_, _>>()) })
        }
        _ => cel::Value::Null,
    }
}

fn show_cel(value: &cel::Value) -> String {
    use cel::objects::Key;
    match value {
        cel::Value::Null => "null".to_owned(),
        cel::Value::Bool(value) => value.to_string(),
        cel::Value::Int(value) => format!("int {value}"),
        cel::Value::UInt(value) => format!("uint {value}"),
        cel::Value::Float(value) => show_double(*value),
        cel::Value::String(value) => format!("{:?}", value.as_str()),
        cel::Value::Bytes(value) => format!("bytes {value:?}"),
        cel::Value::List(items) => {
            format!("[{}]", items.iter().map(show_cel).collect::<Vec<_>>().join(", "))
        }
        cel::Value::Map(map) => show_map(map.map.iter().map(|(key, value)| {
            let key = match key {
                Key::Int(key) => format!("int {key}"),
                Key::Uint(key) => format!("uint {key}"),
                Key::Bool(key) => key.to_string(),
                Key::String(key) => format!("{:?}", key.as_str()),
            };
            (key, show_cel(value))
        })),
        cel::Value::Timestamp(value) => {
            let seconds = i128::from(value.timestamp()) * 1_000_000_000;
            format!("timestamp {}", seconds + i128::from(value.timestamp_subsec_nanos()))
        }
        cel::Value::Duration(value) => {
            let seconds = i128::from(value.num_seconds()) * 1_000_000_000;
            format!("duration {}", seconds + i128::from(value.subsec_nanos()))
        }
        _ => OPAQUE.to_owned(),
    }
}

/// The crate `cel-core`.
pub struct CelCore {
    env: cel_core::Env,
}

impl Default for CelCore {
    fn default() -> Self {
        let env = cel_core::Env::with_standard_library().with_all_extensions();
        Self { env: env.with_variable("args", cel_core::CelType::Dyn) }
    }
}

impl Oracle for CelCore {
    fn name(&self) -> &'static str {
        "cel-core"
    }

    fn knows(&self, expression: &Expression) -> bool {
        let mut functions = COMMON.to_vec();
        functions.retain(|function| !["sort", "math.sqrt"].contains(function));
        let walks = [
            Walk::All,
            Walk::Exists,
            Walk::ExistsOne,
            Walk::Map,
            Walk::Filter,
            Walk::TransformMap,
            Walk::TransformMapEntry,
        ];
        made_of(expression, &functions, &walks, true, true)
    }

    fn answer(&self, source: &str, args: &Json) -> Option<String> {
        let run = || {
            let ast = self.env.parse_only(source).ok()?;
            let program = self.env.program(&ast).ok()?;
            let mut activation = cel_core::MapActivation::new();
            activation.insert("args", to_core(&Value::of_json(args)));
            Some(show_core(&program.eval(&activation)))
        };
        catch_unwind(AssertUnwindSafe(run)).ok()?
    }
}

fn to_core(value: &Value) -> cel_core::Value {
    match value {
        Value::Bool(value) => cel_core::Value::Bool(*value),
        Value::Int(value) => cel_core::Value::Int(*value),
        Value::Uint(value) => cel_core::Value::UInt(*value),
        Value::Double(value) => cel_core::Value::Double(*value),
        Value::Text(value) => cel_core::Value::from(value.as_str()),
        Value::List(items) => cel_core::Value::List(items.iter().map(to_core).collect()),
        Value::Map(entries) => {
            let entries = entries.iter().filter_map(|(key, value)| match key {
                Value::Text(key) => {
                    Some((cel_core::MapKey::String(key.as_str().into()), to_core(value)))
                }
                _ => None,
            });
            cel_core::Value::Map(Arc::new(cel_core::ValueMap::from_entries(entries)))
        }
        _ => cel_core::Value::Null,
    }
}

fn show_core(value: &cel_core::Value) -> String {
    use cel_core::MapKey;
    match value {
        cel_core::Value::Null => "null".to_owned(),
        cel_core::Value::Bool(value) => value.to_string(),
        cel_core::Value::Int(value) => format!("int {value}"),
        cel_core::Value::UInt(value) => format!("uint {value}"),
        cel_core::Value::Double(value) => show_double(*value),
        cel_core::Value::String(value) => format!("{:?}", &**value),
        cel_core::Value::Bytes(value) => format!("bytes {:?}", &**value),
        cel_core::Value::List(items) => {
            format!("[{}]", items.iter().map(show_core).collect::<Vec<_>>().join(", "))
        }
        cel_core::Value::Map(map) => show_map(map.iter().map(|(key, value)| {
            let key = match key {
                MapKey::Int(key) => format!("int {key}"),
                MapKey::UInt(key) => format!("uint {key}"),
                MapKey::Bool(key) => key.to_string(),
                MapKey::String(key) => format!("{:?}", &**key),
            };
            (key, show_core(value))
        })),
        cel_core::Value::Type(value) => format!("{:?}", &*value.name),
        cel_core::Value::Timestamp(value) => {
            let nanos = i128::from(value.seconds) * 1_000_000_000 + i128::from(value.nanos);
            format!("timestamp {nanos}")
        }
        cel_core::Value::Duration(value) => {
            let nanos = i128::from(value.seconds) * 1_000_000_000 + i128::from(value.nanos);
            format!("duration {nanos}")
        }
        cel_core::Value::Error(_) => "error".to_owned(),
        _ => OPAQUE.to_owned(),
    }
}
