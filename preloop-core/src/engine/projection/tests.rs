//! A projection answers as the same arguments in JSON do, and reads nothing that no rule asked for.

use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::cel::{Environment, Fuel, Input, PathTable, compile};
use crate::engine::LivePolicy;
use crate::{Action, Call, Reason, ValidPolicy};

/// JSON as a language might have it; remembers which keys were asked for.
#[derive(Clone, Debug)]
struct Peer {
    value: Json,
    asked: Rc<RefCell<Vec<String>>>,
}

impl Peer {
    fn new(value: Json) -> Self {
        Self { value, asked: Rc::default() }
    }

    fn below(&self, value: &Json) -> Self {
        Self { value: value.clone(), asked: Rc::clone(&self.asked) }
    }
}

impl HostValue for Peer {
    type Text = String;
    type Key = String;

    fn read(self) -> Result<Host<String, Self>, HostFault> {
        Ok(match &self.value {
            Json::Null => Host::Null,
            Json::Bool(value) => Host::Bool(*value),
            Json::Number(value) => Host::of_digits(&value.to_string())?,
            Json::String(text) if text == "broken" => return Err(HostFault::new("it is broken")),
            Json::String(text) => Host::Text(text.clone()),
            Json::Array(_) => Host::List(self),
            Json::Object(_) => Host::Object(self),
        })
    }

    fn field(&self, key: &String) -> Result<Field<Self>, HostFault> {
        self.asked.borrow_mut().push(key.clone());
        Ok(match &self.value {
            Json::Object(map) => {
                map.get(key).map_or(Field::Missing, |value| Field::Found(self.below(value)))
            }
            Json::Null => Field::OfNull,
            _ => Field::OfOther,
        })
    }

    fn length(&self) -> Result<Option<usize>, HostFault> {
        Ok(match &self.value {
            Json::Array(items) => Some(items.len()),
            // Every other object tells only those who walk through it.
            Json::Object(map) => Some(map.len()).filter(|length| length % 2 == 0),
            _ => None,
        })
    }

    fn item(&self, position: usize, _: usize) -> Result<Option<Self>, HostFault> {
        self.asked.borrow_mut().push(position.to_string());
        Ok(self.value.get(position).map(|item| self.below(item)))
    }

    fn each_entry(
        &self,
        take: &mut dyn FnMut(&str, Self) -> Result<(), HostFault>,
    ) -> Result<(), HostFault> {
        self.asked.borrow_mut().push("all".to_owned());
        let mut entries = self.value.as_object().into_iter().flatten();
        entries.try_for_each(|(key, value)| take(key, self.below(value)))
    }
}

fn policy(rules: &Json) -> LivePolicy {
    let document = json!({
        "version": "1.0",
        "metadata": {"name": "p"},
        "tools": [{"name": "t", "conditions": rules}],
    });
    LivePolicy::new(ValidPolicy::parse(&document.to_string()).unwrap())
}

/// The decision about the arguments as a projection, and the keys that were asked for.
fn decide(policy: &LivePolicy, args: &Json) -> (crate::Decision, Vec<String>) {
    let keys = PathKeys::new(policy.policy(), str::to_owned);
    let ground = Ground::new(&keys);
    let peer = Peer::new(args.clone());
    let asked = Rc::clone(&peer.asked);
    let projection = Projection::new(peer, &ground);
    let decision = (*policy.decide_shared(&Call::new("t", &projection))).clone();
    (decision, asked.take())
}

#[track_caller]
fn check(policy: &LivePolicy, args: &Json) {
    let wanted = policy.policy().evaluate(&Call::new("t", args)).into_owned();
    assert_eq!(decide(policy, args).0, wanted, "{args}");
}

#[test]
fn each_path_is_read_once_and_only_when_it_is_needed() {
    let policy = policy(&json!([
        {"expression": "args.a.contains('x') || args.a.contains('y')", "action": "deny"},
        {"expression": "args.b.c == 1", "action": "deny"},
    ]));
    assert_eq!(decide(&policy, &json!({"a": "y", "b": {"c": 1}, "z": 0})).1, ["a"]);
    assert_eq!(decide(&policy, &json!({"a": "-", "b": {"c": 1}, "z": 0})).1, ["a", "b", "c"]);
}

#[test]
fn only_what_is_looked_at_is_pulled_and_only_once() {
    let args = json!({"l": [{"p": 1, "z": 0}, {"p": 2}, {"p": 3}], "m": {"a": {"b": 1}, "c": 2}});
    let asked = |expression: &str| {
        let twice = json!([
            {"expression": expression, "action": "deny"},
            {"expression": format!("!({expression})"), "action": "deny"},
        ]);
        let policy = policy(&twice);
        check(&policy, &args);
        decide(&policy, &args).1.join(" ")
    };
    assert_eq!(asked("has(args.l)"), "l");
    assert_eq!(asked("size(args.l) == 4"), "l");
    assert_eq!(asked("size(args.m) == 2"), "m");
    assert_eq!(asked("args.l.exists(x, x.p == 2)"), "l 0 p 1 p");
    assert_eq!(asked("args.l.all(x, x.p < 9 && x.p > 0)"), "l 0 p 1 p 2 p");
    assert_eq!(asked("args.l[1].p == 5"), "l 1 p");
    assert_eq!(asked("'a' in args.m && has(args.m.a)"), "m a m a");
    assert_eq!(asked("args.m.exists(k, v, k == 'c' && v == 2)"), "m all");
    assert_eq!(asked("args.m[args.l[0].p == 1 ? 'c' : 'a'] == 2"), "m l 0 p all");
}

#[test]
fn what_is_shown_beyond_what_decides_is_no_fault() {
    let policy = policy(&json!([
        {"expression": "args.a[0].p == 2", "action": "allow"},
        {"expression": "size(args.a) == 3", "action": "deny"},
    ]));
    let keys = PathKeys::new(policy.policy(), str::to_owned);
    let explained = |args: Json| {
        let ground = Ground::new(&keys);
        policy.explain(&Call::new("t", &Projection::new(Peer::new(args), &ground)))
    };
    let args = json!({"a": [{"p": 1, "q": "broken"}, "broken", 3]});
    assert_eq!(decide(&policy, &args).0.reason, Reason::RuleMatched);
    let decision = explained(args);
    assert_eq!((decision.action, decision.reason), (Action::Deny, Reason::RuleMatched));
    assert!(decision.trace.is_some());
    let decision = explained(json!({"a": [{"p": "broken"}]}));
    assert_eq!((decision.action, decision.reason), (Action::Deny, Reason::InvalidCall));
}

#[test]
fn what_changes_while_it_is_read_makes_the_call_invalid() {
    #[derive(Clone, Debug)]
    struct Shifting(Rc<RefCell<Vec<usize>>>);
    impl HostValue for Shifting {
        type Text = String;
        type Key = String;

        fn read(self) -> Result<Host<String, Self>, HostFault> {
            Ok(Host::List(self))
        }

        fn field(&self, _: &String) -> Result<Field<Self>, HostFault> {
            Ok(Field::Found(self.clone()))
        }

        fn length(&self) -> Result<Option<usize>, HostFault> {
            let mut lengths = self.0.borrow_mut();
            Ok(Some(lengths.pop().unwrap_or(2)))
        }

        fn item(&self, _: usize, length: usize) -> Result<Option<Self>, HostFault> {
            Ok((self.length()? == Some(length)).then(|| self.clone()))
        }

        fn each_entry(
            &self,
            _: &mut dyn FnMut(&str, Self) -> Result<(), HostFault>,
        ) -> Result<(), HostFault> {
            Ok(())
        }
    }
    let policy =
        policy(&json!([{"expression": "args.a.exists(x, size(x) == 9)", "action": "deny"}]));
    let keys = PathKeys::new(policy.policy(), str::to_owned);
    let decided = |lengths: &[usize]| {
        let ground = Ground::new(&keys);
        let lengths = lengths.iter().rev().copied().collect();
        let args = Projection::new(Shifting(Rc::new(RefCell::new(lengths))), &ground);
        (*policy.decide_shared(&Call::new("t", &args))).clone()
    };
    assert_eq!(decided(&[]).action, Action::Allow);
    let decision = decided(&[2, 3]);
    assert_eq!(decision.reason, Reason::InvalidCall);
    assert_eq!(decision.errors[0].message, "`args.a` cannot be read: it changed while it was read");
}

#[test]
fn more_paths_than_have_a_near_place_are_read_once_too() {
    let rules: Vec<Json> = (0..200)
        .map(|number| json!({"expression": format!("args.k{number} == 'x' || args.k{number} == 'y'"), "action": "deny"}))
        .collect();
    let policy = policy(&Json::Array(rules));
    let args: Json = (0..200).map(|number| (format!("k{number}"), json!("-"))).collect();
    assert_eq!(decide(&policy, &args).1.len(), 200);
    check(&policy, &args);
}

#[test]
fn more_lists_and_objects_than_have_a_near_place_are_read_once_too() {
    let policy = policy(&json!([
        {"expression": "args.l.exists(x, x.p.exists(y, y.q == 'last'))", "action": "require_approval"},
        {"expression": "args.l[99].p[0].q == args.l[99].p[1].q || args.l[0].p == args.l[1].p", "action": "deny"},
        {"expression": "args.l.exists(x, x.p.exists(y, y.q == 'last'))", "action": "allow"},
    ]));
    let item = |number| json!({"p": [{"q": format!("{number} first")}, {"q": number}]});
    let args = json!({"l": (0..100).map(item).collect::<Vec<_>>()});
    check(&policy, &args);
    let keys = PathKeys::new(policy.policy(), str::to_owned);
    let ground = Ground::new(&keys);
    let peer = Peer::new(args);
    let asked = Rc::clone(&peer.asked);
    policy.decide_shared(&Call::new("t", &Projection::new(peer, &ground)));
    let asked = asked.borrow();
    let times = |key: &str| asked.iter().filter(|asked| *asked == key).count();
    assert_eq!((times("l"), times("p"), times("q")), (1, 100, 200));
}

#[test]
fn a_name_has_one_number_in_all_rules_of_a_policy() {
    // The second rule numbers its names behind those of the first.
    let policy = policy(&json!([
        {"expression": "args.l.exists(x, x.b == 1 && x.a == 2)", "action": "deny"},
        {"expression": "args.l.exists(x, x.a == 1 && x.c.d == 2 && has(x.b))", "action": "deny"},
    ]));
    assert_eq!(policy.policy().field_names().collect::<Vec<_>>(), ["b", "a", "c", "d"]);
    check(&policy, &json!({"l": [{"a": 2, "b": 1}]}));
    check(&policy, &json!({"l": [{"a": 1, "b": 2, "c": {"d": 2}}]}));
    check(&policy, &json!({"l": [{"a": 1, "b": 2, "c": {"d": 3}}]}));
    check(&policy, &json!({"l": [{"a": 1, "c": {"d": 2}}]}));
}

#[test]
fn an_argument_that_cannot_be_read_makes_the_call_invalid() {
    let policy = policy(&json!([
        {"expression": "args.a == 1", "action": "allow"},
        {"expression": "1 in args.b.list || args.b.list.exists(x, x == 2)", "action": "allow"},
    ]));
    let (decision, _) = decide(&policy, &json!({"a": 2, "b": {"list": [0, "broken"]}}));
    assert_eq!((decision.action, decision.reason), (Action::Deny, Reason::InvalidCall));
    assert_eq!(decision.errors[0].message, "`args.b.list` cannot be read: it is broken");
    // Nobody reads it, so nobody minds.
    let (decision, _) = decide(&policy, &json!({"a": 1, "b": {"list": [1, "broken"]}}));
    assert_eq!((decision.action, decision.errors.len()), (Action::Allow, 0));
}

#[test]
fn depth_and_size_are_bounded() {
    let policy = policy(&json!([
        {"expression": "size(args.a) > 5", "action": "deny"},
        {"expression": "args.a == args.b", "action": "deny"},
    ]));
    let mut deep = json!([]);
    for _ in 0..62 {
        deep = json!([deep]);
    }
    check(&policy, &json!({"a": deep, "b": deep}));
    let (decision, _) = decide(&policy, &json!({"a": [deep], "b": [deep]}));
    assert_eq!(decision.reason, Reason::InvalidCall);
    let told = "`args.a` cannot be read: this nests deeper than 64 levels, or holds itself";
    assert_eq!(decision.errors[0].message, told);
    let many: Vec<u32> = (0..1_000_000).collect();
    assert_eq!(decide(&policy, &json!({"a": many})).0.reason, Reason::RuleMatched);
    let many: Json = (0..=100_000).map(|key| (key.to_string(), json!(0))).collect();
    let (decision, _) = decide(&policy, &json!({"a": {"m": many}, "b": {"m": many}}));
    assert_eq!(decision.errors[0].message, "`args.a` cannot be read: this holds too many values");
}

#[test]
fn secrets_of_the_whole_are_masked_in_errors() {
    let policy = policy(&json!([{"expression": "timestamp(args.a) < now", "action": "deny"}]));
    check(&policy, &json!({"a": "sk-verysecret", "password": "sk-verysecret"}));
    let (decision, _) =
        decide(&policy, &json!({"a": "sk-verysecret", "password": "sk-verysecret"}));
    assert!(!format!("{decision:?}").contains("verysecret"));
}

#[test]
fn digits_are_numbers_as_in_json_text() {
    for (digits, wanted) in [
        ("30", "Int(30)"),
        ("18446744073709551615", "Uint(18446744073709551615)"),
        ("18446744073709551616", "Double(1.8446744073709552e19)"),
        ("0.5", "Double(0.5)"),
    ] {
        assert_eq!(format!("{:?}", Host::<String, ()>::of_digits(digits).unwrap()), wanted);
    }
    for digits in ["NaN", "Infinity", "1e999", "", "0x1", "1_000", "\"1\""] {
        assert!(Host::<String, ()>::of_digits(digits).is_err(), "{digits}");
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        (-1e3..1e3_f64).prop_map(Json::from),
        "[a-c\u{e9}\u{1f600}]{0,3}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 30, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            prop::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn it_answers_as_json_does(a in any_json(), b in any_json()) {
        let policy = policy(&json!([
            {"expression": "args.a == 'b'", "action": "deny"},
            {"expression": "args.a.b > 10", "action": "deny"},
            {"expression": "has(args.a.b.c) && args.a.b.c != null", "action": "require_approval"},
            {"expression": "args.b.exists(x, x.a == args.a || 'b' in x || x == 3)", "action": "deny"},
            {"expression": "args.b.exists(k, v, k == 'a' && size(v) == 1)", "action": "require_approval"},
            {"expression": "args.b[1].c.size() > 1 || args.b['a'] == {'b': args.a}", "action": "deny"},
            {"expression": "args.b.filter(x, has(x.c)).map(x, x.c) == [args.a]", "action": "deny"},
            {"expression": "args.a in args.b || args.b == args.a", "action": "require_approval"},
            {"expression": "args.b.all(x, x != 3)", "action": "allow"},
            {"expression": "size(args) > 5 || args.?c.orValue(1) == 2", "action": "deny"},
        ]));
        check(&policy, &json!({"a": a, "b": b}));
    }

    #[test]
    fn the_same_fuel_is_spent_as_on_json(a in any_json(), b in any_json()) {
        let args = json!({"a": a, "b": b});
        for expression in [
            "args.a == 'b' || args.b != 3",
            "args.a > 1 && args.a + 2 * args.b < 9 - args.a",
            "args.a.contains('a') || args.b.startsWith('b') || args.a.endsWith('c')",
            "has(args.a.b) && has(args.a.b.c)",
            "!has(args.c) ? args.a.b == 1 : args.c",
            "size(args.a) > 1 || size(args.b) == size(args.a)",
            "args.a in args.b || 'b' in args.a || args.a in ['a', 'b']",
            "args.b.exists(x, x.a == 'a' || x == 3)",
            "args.b.all(x, size(x) < 2 && x != args.a)",
            "args.a.exists(x, x.b > args.b)",
            "args.b.exists_one(x, x in [1, 'a'])",
            "args.a.filter(x, x.b == 1 || x == 'a').size() > 0",
            "args.a.b.exists(x, x.c.exists(y, y == x))",
            "size(args.a.filter(x, has(x.b))) + size(args.b) > 2",
        ] {
            let mut program = compile(expression, &Environment::policy()).unwrap();
            let mut table = PathTable::default();
            program.share_paths(&mut table);
            let prepared = PathKeys::of(table.paths(), table.names(), str::to_owned);
            let ground = Ground::new(&prepared);
            let projection = Projection::new(Peer::new(args.clone()), &ground);
            // The least that suffices is where the short way and the long one could part.
            let mut whole = Fuel::default();
            program.test(&Input::new(&args), &mut whole);
            for limit in [whole.used(), whole.used().saturating_sub(1), 100_000] {
                let (mut fuel, mut other) = (Fuel::new(limit), Fuel::new(limit));
                let answer = program.test(&Input::new(&projection), &mut fuel);
                prop_assert_eq!(answer, program.test(&Input::new(&args), &mut other), "{}", expression);
                prop_assert_eq!(fuel.used(), other.used(), "{} within {}", expression, limit);
                prop_assert_eq!(
                    program.failure(&Input::new(&projection), limit).map(|failure| failure.kind),
                    program.failure(&Input::new(&args), limit).map(|failure| failure.kind),
                    "{} within {}", expression, limit
                );
                // The machine, which takes notes, knows no short way.
                prop_assert_eq!(
                    answer == crate::cel::Tri::Error,
                    program.failure(&Input::new(&projection), limit).is_some(),
                    "{} within {}", expression, limit
                );
            }
        }
    }

    #[test]
    fn lookups_are_those_of_json(args in any_json()) {
        let keys: [&[&str]; 5] = [&["a"], &["b"], &["a", "a"], &["a", "b", "c"], &["c", "a"]];
        let paths: Vec<ArgPath> =
            keys.iter().zip(0..).map(|(keys, slot)| ArgPath::new(keys.iter().copied(), slot)).collect();
        let prepared = PathKeys::of(&paths, std::iter::empty(), str::to_owned);
        let ground = Ground::new(&prepared);
        let projection = Projection::new(Peer::new(args.clone()), &ground);
        for path in &paths {
            let missing = |lookup| match lookup {
                Lookup::Found(_) => "found".to_owned(),
                other => format!("{other:?}"),
            };
            prop_assert_eq!(missing(projection.lookup(path)), missing(args.lookup(path)));
        }
    }
}
