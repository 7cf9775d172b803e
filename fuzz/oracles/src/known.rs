//! The known differences: where another engine answers otherwise, with the reason why ours is meant.

use serde_json::Value;

use crate::expression::{Expression, Sign, Walk};

/// A difference that is meant: who differs, what the expression must have in it, who of the two fails, and why.
struct Known {
    oracle: &'static str,
    has: fn(&Expression) -> bool,
    theirs_fails: Option<bool>,
    ours_fails: Option<bool>,
    reason: &'static str,
}

const ANY: &str = "";

const MICRO_SIGN: &str = "microseconds may be written with the micro sign";

const PARTS: [&str; 9] = [
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
];

fn calls(expression: &Expression, names: &[&str]) -> bool {
    matches!(expression, Expression::Call { function, .. } if names.contains(function))
}

/// A field or an element behind a question mark, or of an optional: of what has neither, nothing is absent.
fn is_step(expression: &Expression) -> bool {
    matches!(
        expression,
        Expression::Select { .. } | Expression::Index { .. } | Expression::Has { .. }
    )
}

fn is_comparison(expression: &Expression) -> bool {
    use Sign::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    matches!(
        expression,
        Expression::Binary {
            sign: Equal | Greater | GreaterEqual | Less | LessEqual | NotEqual,
            ..
        }
    )
}

fn spreads(expression: &Expression) -> bool {
    match expression {
        Expression::List(items) => items.iter().any(|(optional, _)| *optional),
        Expression::Map(entries) => entries.iter().any(|(optional, ..)| *optional),
        _ => false,
    }
}

const KNOWN: [Known; 38] = [
    Known {
        oracle: "cel",
        has: |part| calls(part, &["optional.ofNonZeroValue"]),
        theirs_fails: Some(true),
        ours_fails: Some(false),
        reason: "no instant is a zero value",
    },
    Known {
        oracle: "cel",
        has: |part| matches!(part, Expression::Binary { sign: Sign::Add, .. }),
        theirs_fails: Some(false),
        ours_fails: Some(true),
        reason: "a list is added to lists alone",
    },
    Known {
        oracle: ANY,
        has: |part| calls(part, &["matches"]),
        theirs_fails: Some(false),
        ours_fails: Some(false),
        reason: "classes such as `\\w` are those of ASCII, as RE2 has them",
    },
    Known {
        oracle: ANY,
        has: |part| calls(part, &["getMilliseconds"]),
        theirs_fails: Some(false),
        ours_fails: None,
        reason: "milliseconds are those beyond the last whole second, as the suite has it",
    },
    Known {
        oracle: "cel",
        has: |part| calls(part, &PARTS),
        theirs_fails: Some(false),
        ours_fails: None,
        reason: "without a zone the parts are those of UTC, and an empty text names no zone",
    },
    Known {
        oracle: ANY,
        has: |part| calls(part, &["duration"]),
        theirs_fails: Some(false),
        ours_fails: Some(true),
        reason: "a duration is made of the whole of a text, and of no number",
    },
    Known {
        oracle: "cel-core",
        has: |part| matches!(part, Expression::Binary { sign: Sign::Subtract, .. }),
        theirs_fails: Some(false),
        ours_fails: Some(true),
        reason: "instants more than 292 years apart have no difference, as the suite has it",
    },
    Known {
        oracle: "cel",
        has: |part| calls(part, &["duration"]),
        theirs_fails: Some(true),
        ours_fails: Some(false),
        reason: "a duration may be as long as 10,000 years",
    },
    Known {
        oracle: ANY,
        has: |part| calls(part, &["format"]),
        theirs_fails: None,
        ours_fails: None,
        reason: "what each clause of a format takes is what the suite says",
    },
    Known {
        oracle: "cel-core",
        has: |part| calls(part, &["math.round"]),
        theirs_fails: Some(false),
        ours_fails: Some(false),
        reason: "what rounds to zero keeps its sign, as in cel-go",
    },
    Known {
        oracle: ANY,
        has: |part| matches!(part, Expression::Text(text) if text == "+2:00"),
        theirs_fails: Some(false),
        ours_fails: None,
        reason: "the hours of a zone's offset have two digits, as in the specification",
    },
    Known {
        oracle: ANY,
        has: |part| matches!(part, Expression::Text(text) if text.contains('µ')),
        theirs_fails: None,
        ours_fails: Some(false),
        reason: MICRO_SIGN,
    },
    Known {
        oracle: "cel-core",
        has: |part| calls(part, &["duration"]),
        theirs_fails: Some(true),
        ours_fails: Some(false),
        reason: "a duration may be `0`, and as long as 10,000 years",
    },
    Known {
        oracle: "cel-core",
        has: |part| calls(part, &["base64.decode"]),
        theirs_fails: Some(false),
        ours_fails: Some(true),
        reason: "padding alone is no base64, as in cel-go",
    },
    Known {
        oracle: "cel",
        has: |part| calls(part, &["sort"]),
        theirs_fails: Some(true),
        ours_fails: Some(false),
        reason: "numbers of different types can be sorted together",
    },
    Known {
        oracle: ANY,
        has: |part| matches!(part, Expression::OptionalMap { flat: true, .. }),
        theirs_fails: Some(false),
        ours_fails: Some(true),
        reason: "what optFlatMap makes must be an optional",
    },
    Known {
        oracle: ANY,
        has: |part| calls(part, &["or", "orValue"]),
        theirs_fails: Some(true),
        ours_fails: Some(false),
        reason: "or and orValue look at their second operand only where the first is absent, as in cel-go",
    },
    Known {
        oracle: ANY,
        has: |part| calls(part, &["or"]),
        theirs_fails: Some(false),
        ours_fails: Some(true),
        reason: "the second operand of or must be an optional",
    },
    Known {
        oracle: ANY,
        has: is_step,
        theirs_fails: Some(false),
        ours_fails: Some(true),
        reason: "an optional step into a value without fields fails: an argument of another type is not an absent one",
    },
    Known {
        oracle: ANY,
        has: spreads,
        theirs_fails: Some(false),
        ours_fails: Some(true),
        reason: "what stands behind a question mark in a list or a map must be an optional",
    },
    Known {
        oracle: ANY,
        has: |part| matches!(part, Expression::Binary { sign: Sign::In, .. }),
        theirs_fails: Some(true),
        ours_fails: Some(false),
        reason: "what cannot be a key is in no map, as in cel-go",
    },
    Known {
        oracle: "cel",
        has: |part| matches!(part, Expression::Walk { walk: Walk::SortBy, .. }),
        theirs_fails: None,
        ours_fails: None,
        reason: "sortBy takes a map, too, and fails where keys have no order among each other",
    },
    Known {
        oracle: "cel-core",
        has: |part| calls(part, &["join"]),
        theirs_fails: Some(false),
        ours_fails: Some(true),
        reason: "join takes text alone",
    },
    Known {
        oracle: "cel-core",
        has: |part| calls(part, &["split", "replace", "lastIndexOf", "indexOf"]),
        theirs_fails: None,
        ours_fails: None,
        reason: "an empty separator splits into characters alone, without an empty text at both ends, as in cel-go",
    },
    Known {
        oracle: ANY,
        has: |part| calls(part, &["string"]),
        theirs_fails: None,
        ours_fails: None,
        reason: "a double as text has no `.0` and is Infinity where it is, as in cel-go",
    },
    Known {
        oracle: "cel-core",
        has: |part| calls(part, &["type"]),
        theirs_fails: Some(false),
        ours_fails: Some(false),
        reason: "the type of an optional is called optional_type, as in cel-go",
    },
    Known {
        oracle: "cel-core",
        has: |part| {
            matches!(part, Expression::Map(_) | Expression::List(_) | Expression::Bind { .. })
        },
        theirs_fails: Some(false),
        ours_fails: Some(true),
        reason: "a failure inside of a list, a map or a bound value is a failure of the whole",
    },
    Known {
        oracle: "cel-core",
        has: |part| {
            matches!(
                part,
                Expression::Walk { walk: Walk::TransformMap | Walk::TransformMapEntry, .. }
            )
        },
        theirs_fails: None,
        ours_fails: None,
        reason: "it has no transformMapEntry to speak of",
    },
    Known {
        oracle: ANY,
        has: |part| matches!(part, Expression::Index { optional: true, .. }),
        theirs_fails: Some(true),
        ours_fails: Some(false),
        reason: "an index that can be none of a list's or map's is an absent element behind a question mark",
    },
    Known {
        oracle: "cel-core",
        has: |part| matches!(part, Expression::Index { optional: true, .. }),
        theirs_fails: Some(false),
        ours_fails: Some(false),
        reason: "a negative position is no position",
    },
    Known {
        oracle: ANY,
        has: spreads,
        theirs_fails: Some(true),
        ours_fails: Some(false),
        reason: "the key of an entry that is absent need not be able to be one",
    },
    Known {
        oracle: "cel",
        has: |part| matches!(part, Expression::Negate(_) | Expression::Not(_)),
        theirs_fails: Some(false),
        ours_fails: Some(true),
        reason: "two signs are two negations, each of which can fail",
    },
    Known {
        oracle: "cel",
        has: |part| matches!(part, Expression::Walk { .. }),
        theirs_fails: Some(false),
        ours_fails: Some(false),
        reason: "it walks over a map in no order, here keys are sorted",
    },
    Known {
        oracle: ANY,
        has: |part| calls(part, &["optional.ofNonZeroValue"]),
        theirs_fails: None,
        ours_fails: None,
        reason: "an absent optional is a zero value",
    },
    Known {
        oracle: "cel",
        has: |part| calls(part, &["indexOf", "lastIndexOf"]),
        theirs_fails: None,
        ours_fails: None,
        reason: "the end of a text is a position of it, what lies behind is none, as for substring",
    },
    Known {
        oracle: "cel-core",
        has: |part| calls(part, &["reverse"]),
        theirs_fails: Some(true),
        ours_fails: Some(false),
        reason: "lists can be reversed, too",
    },
    Known {
        oracle: "cel-core",
        has: |part| calls(part, &["math.greatest", "math.least"]),
        theirs_fails: Some(false),
        ours_fails: Some(true),
        reason: "the greatest of what is no number fails, also of one",
    },
    Known {
        oracle: ANY,
        has: is_comparison,
        theirs_fails: Some(false),
        ours_fails: Some(false),
        reason: "the largest uint is less than 2^64, and numbers of different types are compared exactly",
    },
];

fn anywhere(expression: &Expression, has: fn(&Expression) -> bool) -> bool {
    has(expression) || expression.parts().into_iter().any(|part| anywhere(part, has))
}

/// Why this difference is none of ours; none if nobody knows.
pub fn reason(
    oracle: &str,
    expression: &Expression,
    args: &Value,
    theirs_fails: bool,
    ours_fails: bool,
) -> Option<&'static str> {
    let found = KNOWN.iter().find(|known| {
        (known.oracle == ANY || known.oracle == oracle)
            && known.theirs_fails.is_none_or(|fails| fails == theirs_fails)
            && known.ours_fails.is_none_or(|fails| fails == ours_fails)
            && anywhere(expression, known.has)
    });
    // Of what an argument says, the expression shows nothing.
    let reads_micro_sign = || {
        let is_duration = |part: &Expression| calls(part, &["duration"]);
        !ours_fails && args.to_string().contains('µ') && anywhere(expression, is_duration)
    };
    found.map(|known| known.reason).or_else(|| reads_micro_sign().then_some(MICRO_SIGN))
}
