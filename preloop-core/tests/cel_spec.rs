//! The specification's own tests (`conformance/cel-spec`): parse, check and evaluate, counted by suite, values and
//! errors apart. What is left out and where we mean to differ is generated data beside them, kept fresh here.

#![cfg(test)]

mod suite {
    use std::collections::BTreeMap;
    use std::fmt::Write as _;
    use std::path::{Path, PathBuf};

    use base64::Engine as _;
    use preloop_core::cel::{
        Declared, Duration, Environment, FUEL_DEFAULT, FailureKind, Input, ProblemKind, TypeName,
        Value, compile,
    };
    use serde_json::{Value as Json, json};

    const CORE: [&str; 14] = [
        "basic",
        "comparisons",
        "conversions",
        "fields",
        "fp_math",
        "integer_math",
        "lists",
        "logic",
        "macros",
        "namespace",
        "parse",
        "plumbing",
        "string",
        "timestamps",
    ];
    const EXTENSIONS: [&str; 6] =
        ["bindings_ext", "encoders_ext", "macros2", "math_ext", "optionals", "string_ext"];

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/cel-spec")
    }

    #[expect(clippy::disallowed_methods, reason = "the specification's tests are files")]
    fn read(name: &str) -> String {
        std::fs::read_to_string(folder().join(name)).unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "the specification's tests are files")]
    fn suites() -> Vec<(String, Vec<Json>)> {
        let mut suites = Vec::new();
        for entry in std::fs::read_dir(folder()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let Some(suite) = name.strip_suffix(".json") else { continue };
            let Json::Object(data) = serde_json::from_str(&read(&name)).unwrap() else { continue };
            let Some(Json::Array(tests)) = data.get("tests") else { continue };
            suites.push((suite.to_owned(), tests.clone()));
        }
        suites.sort_by(|left, right| left.0.cmp(&right.0));
        suites
    }

    fn value(data: &Json) -> Value {
        let (kind, data) = data.as_object().unwrap().iter().next().unwrap();
        let text = || data.as_str().unwrap();
        match kind.as_str() {
            "null" => Value::Null,
            "bool" => Value::Bool(data.as_bool().unwrap()),
            "int" => Value::Int(text().parse().unwrap()),
            "uint" => Value::Uint(text().parse().unwrap()),
            "double" => Value::Double(match text() {
                "Infinity" => f64::INFINITY,
                "-Infinity" => f64::NEG_INFINITY,
                other => other.parse().unwrap(),
            }),
            "string" => Value::Text(text().into()),
            "bytes" => Value::Bytes(
                base64::engine::general_purpose::STANDARD.decode(text()).unwrap().into(),
            ),
            "list" => Value::List(data.as_array().unwrap().iter().map(value).collect()),
            "map" => Value::map(
                data.as_array()
                    .unwrap()
                    .iter()
                    .map(|pair| (value(&pair[0]), value(&pair[1])))
                    .collect(),
            ),
            "type" => Value::Type(TypeName::named(text()).unwrap()),
            "timestamp" => Value::Timestamp(text().parse().unwrap()),
            "duration_ns" => {
                Value::Duration(Duration::from_nanos(text().parse().unwrap()).unwrap())
            }
            other => panic!("value of kind {other}"),
        }
    }

    fn declared(data: &Json) -> Declared {
        if let Some(name) = data.as_str() {
            return match name {
                "null" => Declared::Null,
                "bool" => Declared::Bool,
                "int" => Declared::Int,
                "uint" => Declared::Uint,
                "double" => Declared::Double,
                "string" => Declared::Text,
                "bytes" => Declared::Bytes,
                "timestamp" => Declared::Timestamp,
                "duration" => Declared::Duration,
                "dyn" | "any" => Declared::Dyn,
                other => panic!("type {other}"),
            };
        }
        let (kind, data) = data.as_object().unwrap().iter().next().unwrap();
        let boxed = |data: &Json| Box::new(declared(data));
        match kind.as_str() {
            "list" => Declared::List(boxed(data)),
            "map" => Declared::Map(boxed(&data[0]), boxed(&data[1])),
            "type" => Declared::Kind(boxed(data)),
            "param" => Declared::Parameter(data.as_str().unwrap().to_owned()),
            "abstract" => {
                let parts = data.as_array().unwrap();
                let name = parts[0].as_str().unwrap();
                if name == "optional_type" {
                    return Declared::Optional(boxed(&parts[1]));
                }
                Declared::Abstract(name.to_owned(), parts[1..].iter().map(declared).collect())
            }
            other => panic!("type of kind {other}"),
        }
    }

    fn same(left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Int(left), Value::Int(right)) => left == right,
            (Value::Uint(left), Value::Uint(right)) => left == right,
            (Value::Double(left), Value::Double(right)) => {
                left.to_bits() == right.to_bits() || (left.is_nan() && right.is_nan())
            }
            (Value::Text(left), Value::Text(right)) => left == right,
            (Value::Bytes(left), Value::Bytes(right)) => left == right,
            (Value::Type(left), Value::Type(right)) => left == right,
            (Value::Timestamp(left), Value::Timestamp(right)) => left == right,
            (Value::Duration(left), Value::Duration(right)) => left == right,
            (Value::List(left), Value::List(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| same(left, right))
            }
            (Value::Map(left), Value::Map(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|((left_key, left), (right_key, right))| {
                        same(left_key, right_key) && same(left, right)
                    })
            }
            _ => false,
        }
    }

    fn environment(test: &Json) -> Environment {
        let mut environment = Environment::empty();
        if test["disable_check"] == json!(true) {
            environment = environment.unchecked();
        }
        if let Some(container) = test["container"].as_str() {
            environment = environment.container(container);
        }
        for entry in test["type_env"].as_array().unwrap_or(&Vec::new()) {
            let name = entry["name"].as_str().unwrap();
            if let Some(overloads) = entry["overloads"].as_array() {
                for overload in overloads {
                    let parameters =
                        overload["params"].as_array().unwrap().iter().map(declared).collect();
                    let method = overload["member"] == json!(true);
                    let result = declared(&overload["result"]);
                    environment = environment.function(name, method, parameters, result);
                }
            } else {
                environment = environment.variable(name, declared(&entry["type"]));
            }
        }
        // A binding without a declaration is of a type known only when it is met.
        if let Some(bindings) = test["bindings"].as_object() {
            let declared: Vec<&str> = test["type_env"]
                .as_array()
                .map(|entries| entries.iter().filter_map(|entry| entry["name"].as_str()).collect())
                .unwrap_or_default();
            for name in bindings.keys().filter(|name| !declared.contains(&name.as_str())) {
                environment = environment.variable(name, Declared::Dyn);
            }
        }
        environment
    }

    /// What an expression came to: a value and its type, or the kind and words of what stopped it.
    enum Outcome {
        Value(Value, Declared),
        Type(Declared),
        Stopped { unknown: bool, words: String },
    }

    fn run(test: &Json) -> Outcome {
        let expression = test["expr"].as_str().unwrap();
        let program = match compile(expression, &environment(test)) {
            Ok(program) => program,
            Err(problems) => {
                let unknown = problems.iter().any(|problem| {
                    matches!(
                        problem.kind,
                        ProblemKind::UnknownFunction | ProblemKind::UnknownVariable
                    )
                });
                return Outcome::Stopped { unknown, words: format!("{problems:?}") };
            }
        };
        if test["check_only"] == json!(true) {
            return Outcome::Type(program.result_type().clone());
        }
        let bindings: Vec<(&str, Value)> = test["bindings"]
            .as_object()
            .map(|bindings| {
                bindings.iter().map(|(name, data)| (name.as_str(), value(data))).collect()
            })
            .unwrap_or_default();
        let nothing = Json::Null;
        let input = Input { variables: &bindings, ..Input::new(&nothing) };
        match program.evaluate(&input, FUEL_DEFAULT) {
            Ok(value) => Outcome::Value(value, program.result_type().clone()),
            Err(failure) => Outcome::Stopped {
                unknown: failure.kind == FailureKind::UnknownName,
                words: format!("{failure:?}"),
            },
        }
    }

    /// Why a test does not pass; none if it does.
    fn complaint(test: &Json) -> Option<String> {
        let expect = &test["expect"];
        match run(test) {
            Outcome::Stopped { unknown, words } => {
                let Some(errors) = expect["error"].as_array() else { return Some(words) };
                let about_names = errors.iter().filter_map(Json::as_str).any(|error| {
                    ["undeclared", "unbound", "unknown variable"]
                        .iter()
                        .any(|sign| error.contains(sign))
                });
                (unknown && !about_names).then_some(format!("from the wrong stage: {words}"))
            }
            Outcome::Type(found) => {
                (found != declared(&expect["type"])).then(|| format!("type {found:?}"))
            }
            Outcome::Value(found, found_type) => {
                if expect["value"].is_null() {
                    return Some(format!("gave {found:?}"));
                }
                if !same(&found, &value(&expect["value"])) {
                    return Some(format!("gave {found:?}"));
                }
                let wanted = &expect["type"];
                (!wanted.is_null() && found_type != declared(wanted))
                    .then(|| format!("type {found_type:?}"))
            }
        }
    }

    fn left_out(suite: &str, test: &Json) -> Option<&'static str> {
        let tags = test["tags"].as_array().cloned().unwrap_or_default();
        if tags.contains(&json!("proto")) {
            return Some("needs protobuf messages, enums or wrappers, which JSON has none of");
        }
        (suite == "block_ext")
            .then_some("cel.block is written by other tools' optimizers, never by people")
    }

    #[derive(Default)]
    struct Count {
        values: (usize, usize),
        errors: (usize, usize),
        left_out: usize,
    }

    #[test]
    fn every_test_that_needs_no_protobuf_passes() {
        let mut complaints = String::new();
        let mut table =
            format!("{:<16}{:>12}{:>12}{:>10}\n", "suite", "values", "errors", "left out");
        let mut passed: BTreeMap<&str, usize> = BTreeMap::new();
        for (suite, tests) in suites() {
            let tier = match suite.as_str() {
                name if CORE.contains(&name) => "core",
                name if EXTENSIONS.contains(&name) => "extensions",
                "type_deduction" => "type deduction",
                "network_ext" => "network",
                _ => "others",
            };
            let mut count = Count::default();
            for test in &tests {
                if left_out(&suite, test).is_some() {
                    count.left_out += 1;
                    continue;
                }
                let wants_error = !test["expect"]["error"].is_null();
                let (done, all) = if wants_error { &mut count.errors } else { &mut count.values };
                *all += 1;
                match complaint(test) {
                    None => {
                        *done += 1;
                        *passed.entry(tier).or_default() += 1;
                    }
                    Some(words) => {
                        let _ =
                            writeln!(complaints, "{}: {}\n    {words}", test["id"], test["expr"]);
                    }
                }
            }
            let _ = writeln!(
                table,
                "{suite:<16}{:>12}{:>12}{:>10}",
                format!("{}/{}", count.values.0, count.values.1),
                format!("{}/{}", count.errors.0, count.errors.1),
                count.left_out
            );
        }
        println!("{table}{passed:?}");
        assert!(complaints.is_empty(), "{complaints}");
        let wanted = [("core", 1094), ("extensions", 529), ("network", 69), ("type deduction", 26)];
        assert_eq!(passed, BTreeMap::from(wanted));
    }

    #[test]
    fn what_is_left_out_is_listed() {
        let mut listed = BTreeMap::new();
        for (suite, tests) in suites() {
            for test in tests {
                if let Some(reason) = left_out(&suite, &test) {
                    listed.insert(test["id"].as_str().unwrap().to_owned(), reason);
                }
            }
        }
        let fresh = format!("{}\n", serde_json::to_string_pretty(&listed).unwrap());
        assert_fresh("left-out.json", &fresh);
    }

    /// Compares generated data with what is committed; writes it instead where `PRELOOP_GENERATE` is set.
    #[expect(clippy::disallowed_methods, reason = "generated data is a file")]
    fn assert_fresh(name: &str, fresh: &str) {
        if std::env::var_os("PRELOOP_GENERATE").is_some() {
            std::fs::write(folder().join(name), fresh).unwrap();
        }
        assert!(read(name) == fresh, "{name} is stale: run this test with PRELOOP_GENERATE=1");
    }

    /// An expression whose answer here is not the specification's, on purpose.
    struct Deviation {
        expression: &'static str,
        here: &'static str,
        specification: &'static str,
        reason: &'static str,
    }

    const DEVIATIONS: [Deviation; 8] = [
        Deviation {
            expression: "args.n + 1.5",
            here: "3.5",
            specification: "no such overload",
            reason: "an argument is an int or a double by its value, so a rule must work for 750 and for 750.5",
        },
        Deviation {
            expression: "args.ratio * 2",
            here: "1501.0",
            specification: "no such overload",
            reason: "an argument is an int or a double by its value, so a rule must work for 750 and for 750.5",
        },
        Deviation {
            expression: "args.big - 1",
            here: "9223372036854775807",
            specification: "no such overload",
            reason: "an argument beyond 2^63-1 is a uint by its value; arithmetic with an int is exact or overflows",
        },
        Deviation {
            expression: "math.ceil(args.n)",
            here: "2.0",
            specification: "no such overload",
            reason: "an argument of 2.0 is an int by its value; rounding takes it like any number",
        },
        Deviation {
            expression: "args.most == 9223372036854775808.0",
            here: "false",
            specification: "true, by the suite's orderings of the two",
            reason: "numbers are equal by their exact values; in orderings the largest int counts as 2^63, as the suite asks",
        },
        Deviation {
            expression: "1 == 1.0",
            here: "true",
            specification: "refused by the checker",
            reason: "numbers compare across types when they are evaluated, so the checker need not stand in the way",
        },
        Deviation {
            expression: "true ? 1 : 'a'",
            here: "1",
            specification: "refused by the checker",
            reason: "branches of two types give a value whose type is known when it is met",
        },
        Deviation {
            expression: "'a' == null",
            here: "false",
            specification: "refused by the checker",
            reason: "any argument may be null, whatever its schema says",
        },
    ];

    #[test]
    fn deviations_are_listed_and_real() {
        let args =
            json!({"n": 2, "ratio": 750.5, "big": 9_223_372_036_854_775_808_u64, "most": i64::MAX});
        let mut listed = Vec::new();
        for deviation in &DEVIATIONS {
            let environment = Environment::policy().any_result();
            let program = compile(deviation.expression, &environment)
                .unwrap_or_else(|problems| panic!("{}: {problems:?}", deviation.expression));
            let found = program.evaluate(&Input::new(&args), FUEL_DEFAULT).unwrap();
            assert_eq!(found.to_json().to_string(), deviation.here, "{}", deviation.expression);
            listed.push(json!({
                "expression": deviation.expression,
                "args": args,
                "here": deviation.here,
                "specification": deviation.specification,
                "reason": deviation.reason,
            }));
        }
        let fresh = format!("{}\n", serde_json::to_string_pretty(&listed).unwrap());
        assert_fresh("deviations.json", &fresh);
    }
}
