//! Arguments as JSON text: one strict pass keeps what rules read, and no other value is ever made.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value as Json;

use super::slots::Slot;
use super::source::{ArgPath, Argument, ArgumentSource, Lookup};
use crate::json::{self, Fault, JsonError, Scalar, Sink, Span};

/// The arguments of one call as JSON text, of which only some paths were pulled.
///
/// The whole text is checked all the same: what [`json::parse`] refuses is refused here.
///
/// ```
/// use preloop_core::cel::{Environment, Fuel, Input, JsonText, Tri, compile};
///
/// let program = compile("args.user.name == 'ada'", &Environment::policy()).unwrap();
/// let text = br#"{"page": "very long", "user": {"name": "ada"}}"#;
/// let args = JsonText::pull(text, program.arg_paths()).unwrap();
/// assert_eq!(program.test(&Input::new(&args), &mut Fuel::default()), Tri::True);
/// ```
#[derive(Clone, Debug)]
pub struct JsonText<'t> {
    text: &'t str,
    pulled: Vec<Pulled<'t>>,
    /// All of the text as a value, for whoever looks for secrets in it.
    whole: OnceCell<Option<Json>>,
}

/// What stands under one path.
#[derive(Clone, Debug)]
struct Pulled<'t> {
    path: &'t ArgPath,
    slot: Slot<Cow<'t, str>>,
    /// How many of the path's keys lead to where the reader stands.
    matched: usize,
    /// Where the list or object begins that is being kept.
    kept_from: usize,
}

/// Follows the text and fills the slots.
struct Reader<'t> {
    text: &'t str,
    pulled: Vec<Pulled<'t>>,
    /// How many objects and lists are open.
    depth: usize,
    /// Whether a key of an object, or the whole text, stands right before the value to come.
    is_named: bool,
}

// === impl JsonText ===

impl<'t> JsonText<'t> {
    /// Reads the text and keeps what stands under these paths.
    pub fn pull(
        text: &'t (impl AsRef<[u8]> + ?Sized),
        paths: impl IntoIterator<Item = &'t ArgPath>,
    ) -> Result<Self, JsonError> {
        let text = json::decode(text.as_ref())?;
        let pulled = paths.into_iter().map(Pulled::nothing).collect();
        let mut reader = Reader { text, pulled, depth: 0, is_named: true };
        json::read(text, &mut reader).map_err(|fault| JsonError::new(fault, text))?;
        Ok(Self { text, pulled: reader.pulled, whole: OnceCell::new() })
    }
}

impl ArgumentSource for JsonText<'_> {
    fn lookup(&self, path: &ArgPath) -> Lookup<'_> {
        if path.is_whole() {
            // The text was read once already; were it not readable now, whoever asks fails.
            let whole = self.whole.get_or_init(|| json::parse(self.text).ok());
            return whole
                .as_ref()
                .map_or(Lookup::NotAnObject(0), |whole| Lookup::Found(Argument::Json(whole)));
        }
        let found = self.pulled.iter().find(|pulled| pulled.path.segments() == path.segments());
        // A path that was not asked for is no missing argument: whoever reads it fails.
        found.map_or(Lookup::NotAnObject(0), |pulled| pulled.slot.lookup())
    }
}

// === impl Pulled ===

impl<'t> Pulled<'t> {
    const fn nothing(path: &'t ArgPath) -> Self {
        Self { path, slot: Slot::NotAnObject(0), matched: 0, kept_from: 0 }
    }

    /// A key of the object at this depth, the outermost being 1.
    fn step(&mut self, key: &str, depth: usize) {
        let above = depth.saturating_sub(1);
        if self.matched < above {
            return;
        }
        let is_next = self.path.segments().get(above).is_some_and(|segment| **segment == *key);
        self.matched = if is_next { depth } else { above };
    }

    /// Whether the value that comes now is what the path leads to, or on the way there.
    const fn is_met(&self, depth: usize) -> bool {
        self.matched == depth
    }

    fn is_whole(&self) -> bool {
        self.matched == self.path.segments().len()
    }
}

// === impl Reader ===

impl<'t> Reader<'t> {
    /// A list or an object begins.
    fn begin(&mut self, offset: usize, is_object: bool) {
        if self.is_named {
            for pulled in self.pulled.iter_mut().filter(|pulled| pulled.is_met(self.depth)) {
                if pulled.is_whole() {
                    pulled.kept_from = offset;
                } else if is_object {
                    pulled.slot = Slot::Missing(self.depth);
                } else {
                    pulled.slot = Slot::NotAnObject(self.depth);
                }
            }
        }
        self.depth = self.depth.saturating_add(1);
        self.is_named = false;
    }

    /// A list or an object ends; where a path leads to it, it becomes a value.
    fn end(&mut self, end: usize) {
        self.depth = self.depth.saturating_sub(1);
        self.is_named = false;
        for pulled in &mut self.pulled {
            if !pulled.is_met(self.depth) || !pulled.is_whole() {
                continue;
            }
            if let Some(text) = self.text.get(pulled.kept_from..end)
                && let Ok(value) = json::parse(text)
            {
                pulled.slot = Slot::Json(value);
            }
        }
    }

    fn slot(scalar: &Scalar<'t>, offset: usize) -> Result<Slot<Cow<'t, str>>, Fault> {
        Ok(match scalar {
            Scalar::Null => Slot::Null,
            Scalar::Bool(value) => Slot::Bool(*value),
            Scalar::Text(Cow::Borrowed(text)) => Slot::Text(Cow::Borrowed(text)),
            Scalar::Text(Cow::Owned(text)) => Slot::Text(Cow::Owned(text.clone())),
            Scalar::Number(literal) => {
                let number =
                    json::parse_number(literal).ok_or_else(|| Fault::out_of_range(offset))?;
                match (number.as_i64(), number.as_u64(), number.as_f64()) {
                    (Some(value), _, _) => Slot::Int(value),
                    (None, Some(value), _) => Slot::Uint(value),
                    (None, None, value) => Slot::Double(value.unwrap_or(f64::NAN)),
                }
            }
        })
    }
}

impl<'t> Sink<'t> for Reader<'t> {
    fn begin_object(&mut self, offset: usize) {
        self.begin(offset, true);
    }

    fn key(&mut self, key: Cow<'t, str>, _: Span) {
        for pulled in &mut self.pulled {
            pulled.step(&key, self.depth);
        }
        self.is_named = true;
    }

    fn end_object(&mut self, end: usize) {
        self.end(end);
    }

    fn begin_array(&mut self, offset: usize) {
        self.begin(offset, false);
    }

    fn end_array(&mut self, end: usize) {
        self.end(end);
    }

    fn scalar(&mut self, scalar: Scalar<'t>, span: Span) -> Result<(), Fault> {
        // Checked whether it is wanted or not: every front end refuses the same texts.
        if let Scalar::Number(literal) = &scalar {
            json::parse_number(literal).ok_or_else(|| Fault::out_of_range(span.start))?;
        }
        if std::mem::replace(&mut self.is_named, false) {
            for pulled in self.pulled.iter_mut().filter(|pulled| pulled.is_met(self.depth)) {
                pulled.slot = match &scalar {
                    _ if pulled.is_whole() => Self::slot(&scalar, span.start)?,
                    Scalar::Null => Slot::NullAbove(self.depth),
                    _ => Slot::NotAnObject(self.depth),
                };
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::cel::Argument;
    use crate::cel::value::Val;

    /// What a source says of a path, in a form that can be compared.
    fn shown(source: &dyn ArgumentSource, path: &ArgPath) -> String {
        match source.lookup(path) {
            Lookup::Found(Argument::Json(value)) => format!("{:?}", Val::of_json(value)),
            Lookup::Found(Argument::Text(text)) => format!("{:?}", Val::Text(text)),
            Lookup::Found(Argument::Null) => format!("{:?}", Val::Null),
            Lookup::Found(Argument::Bool(value)) => format!("{:?}", Val::Bool(value)),
            Lookup::Found(Argument::Int(value)) => format!("{:?}", Val::Int(value)),
            Lookup::Found(Argument::Uint(value)) => format!("{:?}", Val::Uint(value)),
            Lookup::Found(Argument::Double(value)) => {
                format!("{:?}", crate::cel::value::from_double(value))
            }
            other => format!("{other:?}"),
        }
    }

    fn paths() -> Vec<ArgPath> {
        let keys: [&[&str]; 7] =
            [&[], &["a"], &["b"], &["a", "a"], &["a", "b"], &["b", "a"], &["a", "b", "a"]];
        keys.iter().zip(0..).map(|(keys, slot)| ArgPath::new(keys.iter().copied(), slot)).collect()
    }

    fn check(value: &Value, text: &str) {
        let paths = paths();
        let pulled = JsonText::pull(text, &paths).unwrap();
        for path in &paths {
            assert_eq!(shown(&pulled, path), shown(value, path), "{path} of {text}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e12..1e12f64).prop_map(Value::from),
            "[a-c\"\\\\\n\u{e9}]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_answers_as_the_parsed_value_does(value in any_json()) {
            check(&value, &value.to_string());
        }
    }

    #[test]
    fn keys_inside_of_lists_are_not_on_the_way() {
        let value = json!({"a": [{"a": 1, "b": 2}], "b": {"a": [{"a": 3}], "c": {"a": 4}}});
        check(&value, &value.to_string());
        check(&json!({"a": 30.0}), r#"{"\u0061": 3e1}"#);
    }

    #[test]
    fn a_path_that_was_not_pulled_fails_rather_than_being_missing() {
        let pulled = JsonText::pull(r#"{"a": 1}"#, &[]).unwrap();
        let path = ArgPath::new(["a"], 0);
        assert!(matches!(pulled.lookup(&path), Lookup::NotAnObject(0)));
    }

    #[test]
    fn what_the_strict_reader_refuses_is_refused_here() {
        for text in [r#"{"a": 1, "a": 2}"#, r#"{"z": {"b": 1, "b": 2}}"#, r#"{"z": 1e999}"#, "{"] {
            assert!(JsonText::pull(text, &paths()).is_err(), "{text}");
        }
    }
}
