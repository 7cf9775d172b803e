//! Clauses and values that the specification's cases leave open.

use super::*;

fn formatted<A: FormatArgument>(
    pattern: &str,
    argument: impl FnMut(usize) -> Option<A>,
    max_bytes: usize,
) -> Result<String, LibError> {
    format(pattern, argument, max_bytes, &Cell::new(0))
}

/// Lists in lists, and at the bottom one value.
struct Nested(usize);

impl FormatArgument for Nested {
    fn format_value(&self) -> FormatValue<'_> {
        if self.0 == 0 { FormatValue::Int(7) } else { FormatValue::List }
    }

    fn type_name(&self) -> Cow<'_, str> {
        "list".into()
    }

    fn for_each_item(
        &self,
        visit: &mut dyn FnMut(&Self) -> Result<(), LibError>,
    ) -> Result<(), LibError> {
        visit(&Self(self.0 - 1))
    }

    fn for_each_entry(
        &self,
        _: &mut dyn FnMut(&Self, &Self) -> Result<(), LibError>,
    ) -> Result<(), LibError> {
        Ok(())
    }
}

/// A single value, or a map of texts to itself.
#[derive(Clone, Copy)]
enum Simple {
    Value(FormatValue<'static>),
    Entries(&'static [(&'static str, i64)]),
}

impl FormatArgument for Simple {
    fn format_value(&self) -> FormatValue<'_> {
        match self {
            Self::Value(value) => *value,
            Self::Entries(_) => FormatValue::Map,
        }
    }

    fn type_name(&self) -> Cow<'_, str> {
        "a_type".into()
    }

    fn for_each_item(
        &self,
        _: &mut dyn FnMut(&Self) -> Result<(), LibError>,
    ) -> Result<(), LibError> {
        Ok(())
    }

    fn for_each_entry(
        &self,
        visit: &mut dyn FnMut(&Self, &Self) -> Result<(), LibError>,
    ) -> Result<(), LibError> {
        let Self::Entries(entries) = self else { return Ok(()) };
        entries.iter().try_for_each(|(key, value)| {
            visit(&Self::Value(FormatValue::Text(key)), &Self::Value(FormatValue::Int(*value)))
        })
    }
}

fn one(pattern: &str, value: FormatValue<'static>) -> Result<String, String> {
    formatted(pattern, |position| (position == 0).then_some(Simple::Value(value)), 2_000)
        .map_err(|error| error.to_string())
}

fn nested(depth: usize) -> Result<String, LibError> {
    formatted("%s", |_| Some(Nested(depth)), 1_000)
}

#[test]
fn numbers_in_every_base_and_sign() {
    let check = |pattern: &str, value, expected: &str| {
        assert_eq!(one(pattern, value).as_deref(), Ok(expected), "{pattern}");
    };
    check("%b", FormatValue::Int(-5), "-101");
    check("%o", FormatValue::Int(i64::MIN), "-1000000000000000000000");
    check("%x", FormatValue::Int(-26), "-1a");
    check("%X", FormatValue::Uint(u64::MAX), "FFFFFFFFFFFFFFFF");
    check("%b", FormatValue::Bool(false), "0");
    check("%d", FormatValue::Double(30.5), "30.5");
    check("%.0e", FormatValue::Double(15.0), "2e+01");
    check("%.2e", FormatValue::Double(1.5e-300), "1.50e-300");
    check("%e", FormatValue::Double(0.0), "0.000000e+00");
    check("%.2f", FormatValue::Double(-0.001), "-0.00");
    check("%s", FormatValue::Type("map"), "map");
    check("%s", FormatValue::Bytes(b"a\xffb"), "a\u{fffd}b");
}

#[test]
fn broken_patterns_say_what_is_wrong() {
    let check = |pattern: &str, expected: &str| {
        let expected = format!("could not parse formatting clause: {expected}");
        assert_eq!(one(pattern, FormatValue::Int(1)), Err(expected.clone()), "{pattern}");
        assert_eq!(placeholders(pattern).unwrap_err().to_string(), expected);
    };
    check("%", "unexpected end of string");
    check("%.3", "unexpected end of string");
    check("%.f", "a precision needs digits");
    check("%.1001f", "a precision may be at most 1000");
    check("%.99999999999999999999f", "a precision may be at most 1000");
    check("%ñ", "unrecognized formatting clause \"ñ\"");
    check("%\n", "unrecognized formatting clause \"\\n\"");
    assert_eq!(one("%s %s", FormatValue::Null), Err("index 1 out of range".to_owned()));
    assert_eq!(
        one("%s", FormatValue::Other),
        Err("error during formatting: string clause can only be used on strings, bools, bytes, \
             ints, doubles, maps, lists, types, durations, and timestamps, was given a_type"
            .to_owned())
    );
}

#[test]
fn clauses_are_known_without_values() {
    assert_eq!(
        placeholders("%% %s ñ%.2f%X").unwrap(),
        [Clause::Text, Clause::Fixed(2), Clause::Hex { upper: true }]
    );
}

#[test]
fn large_results_are_refused_before_they_are_made() {
    let too_large = |result: Result<String, LibError>, limit| {
        assert_eq!(result, Err(LibError::TooLarge { limit, unit: "bytes" }));
    };
    let value = |value| move |_| Some(Simple::Value(value));
    too_large(formatted("%x", value(FormatValue::Bytes(&[0; 10])), 19), 19);
    assert!(formatted("%x", value(FormatValue::Bytes(&[0; 10])), 20).is_ok());
    too_large(formatted("abc%s", value(FormatValue::Text("d")), 3), 3);
    too_large(formatted("%.1000f", value(FormatValue::Double(1.0)), 1_001), 1_001);
    let entries = |_| Some(Simple::Entries(&[("b", 1), ("a", 2)]));
    assert_eq!(formatted("%s", entries, 100).as_deref(), Ok("{a: 2, b: 1}"));
    too_large(formatted("%s", entries, 11), 11);
    too_large(formatted("%s", entries, 3), 3);
}

#[test]
fn nesting_is_bounded() {
    assert_eq!(nested(2).as_deref(), Ok("[[7]]"));
    assert!(nested(64).is_ok());
    assert_eq!(nested(65).unwrap_err().to_string(), "the result is larger than 64 levels");
}
