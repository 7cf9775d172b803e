//! Flat policies hold their word: the document made of one answers as the policy says, call by call.

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::*;
use crate::call::{Call, Session, SessionCall};
use crate::{Action, CompiledPolicy, Reason};

const ACTIONS: [&str; 5] = ["refund", "lookup", "drop_table", "send mail", "x"];

fn name() -> impl Strategy<Value = String> {
    select(ACTIONS[..4].to_vec()).prop_map(str::to_owned)
}

prop_compose! {
    fn flat()(
        allowed_actions in prop_oneof![Just(Vec::new()), vec(name(), 0..4)],
        denied_actions in vec(name(), 0..3),
        require_approval in of(any::<bool>()),
        approval_actions in prop_oneof![Just(Vec::new()), vec(name(), 0..3)],
        approval_threshold_usd in of(select(vec![0.0, 200.0, 99.99, 1e15, 0.1])),
        evidence_requirements in btree_map(name(), vec(name(), 0..3), 0..3),
    ) -> FlatPolicy {
        FlatPolicy {
            name: "p".to_owned(),
            description: None,
            allowed_actions,
            denied_actions,
            require_approval,
            approval_actions,
            approval_threshold_usd,
            evidence_requirements,
        }
    }
}

fn amount() -> impl Strategy<Value = Value> {
    prop_oneof![
        select(vec![
            json!(0),
            json!(200),
            json!(200.0),
            json!(200.01),
            json!(201),
            json!(-5),
            json!(0.1),
            json!(0.2),
            json!(99.99),
            json!(100),
            json!("5"),
            json!(null),
            json!(true),
            json!([5]),
            json!({}),
            json!(18_446_744_073_709_551_615_u64),
            json!(1_000_000_000_000_001_u64),
            json!(1e15),
            json!(1e300),
        ]),
        (-300..300_i32).prop_map(Value::from),
        (0.0..400.0_f64).prop_map(Value::from),
    ]
}

prop_compose! {
    fn arguments()(usd in of(amount()), plain in of(amount()), other in of(amount())) -> Value {
        let mut args = serde_json::Map::new();
        args.extend(usd.map(|value| ("amount_usd".to_owned(), value)));
        args.extend(plain.map(|value| ("amount".to_owned(), value)));
        args.extend(other.map(|value| ("note".to_owned(), value)));
        Value::Object(args)
    }
}

fn session() -> impl Strategy<Value = Option<Session>> {
    let call = (name(), select(vec!["allow", "deny", "require_approval", ""])).prop_map(
        |(tool, action)| SessionCall { tool, action: action.to_owned(), ..SessionCall::default() },
    );
    of(vec(call, 0..5).prop_map(|calls| Session { id: "s".to_owned(), calls }))
}

/// What the policy says of a call, without any document.
fn answer(
    flat: &FlatPolicy,
    tool: &str,
    args: &Value,
    session: Option<&Session>,
) -> (Action, bool) {
    let has = |list: &[String]| list.iter().any(|action| action == tool);
    if has(&flat.denied_actions) || !flat.allowed_actions.is_empty() && !has(&flat.allowed_actions)
    {
        return (Action::Deny, false);
    }
    let was_called = |wanted: &String| {
        session.is_some_and(|session| {
            session.calls.iter().any(|call| call.tool == *wanted && call.action == "allow")
        })
    };
    if !flat.evidence_requirements.get(tool).is_none_or(|wanted| wanted.iter().all(was_called)) {
        return (Action::Deny, true);
    }
    let asks = flat.require_approval == Some(true)
        && (flat.approval_actions.is_empty() || has(&flat.approval_actions));
    let amount = args.get("amount_usd").or_else(|| args.get("amount")).and_then(Value::as_f64);
    let is_small = match (flat.approval_threshold_usd, amount) {
        (Some(threshold), Some(amount)) => amount <= threshold,
        _ => false,
    };
    if asks && !is_small { (Action::RequireApproval, false) } else { (Action::Allow, false) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn every_combination_is_enforced(
        flat in flat(), args in arguments(), session in session(), tool in select(ACTIONS.to_vec()),
        source in select(vec!["", "builtin", "mcp", "shop"]), style in 0..3_u8,
    ) {
        let value = serde_json::to_value(&flat).unwrap();
        let text = match style {
            0 => value.to_string(),
            1 => with_nulls(&flat),
            _ => crate::canonical::policy_to_yaml(&value).unwrap(),
        };
        let format = if style == 2 { SourceFormat::Yaml } else { SourceFormat::Json };
        let compiled = compile(&text, format);
        prop_assert!(compiled.ok, "{:?}", compiled.errors);
        prop_assert_eq!(compiled.dialect, Some(Dialect::Flat));
        let (policy, _) = any_dialect(&text).unwrap();
        prop_assert_eq!(compiled.warnings, policy.warnings());
        prop_assert_eq!(compiled.document.unwrap(), serde_json::to_value(policy.document()).unwrap());

        let policy = CompiledPolicy::compile(policy);
        let mut call = Call::new(tool, &args).with_source(source);
        call.session = session.as_ref();
        let decision = policy.evaluate(&call);
        let (action, by_evidence) = answer(&flat, tool, &args, session.as_ref());
        prop_assert_eq!(decision.action, action, "{} {:?}", text, decision);
        prop_assert_eq!(decision.reason == Reason::EvidenceMissing, by_evidence);
        prop_assert!(decision.errors.is_empty(), "{:?}", decision);
    }
}

/// Every field, with nothing in those that are not set.
fn with_nulls(flat: &FlatPolicy) -> String {
    let mut value = serde_json::to_value(flat).unwrap();
    for field in flat::FLAT.supported() {
        value.as_object_mut().unwrap().entry(field.name).or_insert(Value::Null);
    }
    value.to_string()
}

/// The example of the page on compiling, as its model answers it.
const EXAMPLE: &str = r#"{
  "name": "refund-approval-and-prod-deletes",
  "denied_actions": ["delete_production_database"],
  "require_approval": true,
  "approval_actions": ["issue_refund"],
  "approval_threshold_usd": 200.0
}"#;

#[test]
fn the_known_example_means_what_it_says() {
    let compiled = compile(EXAMPLE, SourceFormat::Json);
    assert_eq!((compiled.ok, &compiled.warnings[..]), (true, &[][..]));
    assert_eq!(compiled.policy.unwrap(), serde_json::from_str::<Value>(EXAMPLE).unwrap());
    let (policy, _) = any_dialect(EXAMPLE).unwrap();
    let policy = CompiledPolicy::compile(policy);
    let decided = |tool: &str, args: Value| {
        let decision = policy.evaluate(&Call::new(tool, &args)).into_owned();
        (decision.action, decision.message)
    };
    assert_eq!(
        decided("issue_refund", json!({"amount_usd": 200.01})),
        (
            Action::RequireApproval,
            "this call waits for the approval of a person: amounts over 200 USD, and amounts that are not said, need an approval".to_owned()
        )
    );
    assert_eq!(decided("issue_refund", json!({"amount": 200})).0, Action::Allow);
    assert_eq!(decided("issue_refund", json!({})).0, Action::RequireApproval);
    assert_eq!(
        decided("delete_production_database", json!({})),
        (
            Action::Deny,
            "this call is denied by policy: it is one of the denied actions; do not repeat it unchanged".to_owned()
        )
    );
    assert_eq!(decided("anything", json!({})).0, Action::Allow);
}

/// Sources, their dialects, and what is said of them in the order of the text.
const COMPILED: &[(&str, Option<Dialect>, &[&str])] = &[
    (
        "name: p\nallowed_actions: [a, b, a]\ndenied_actions: [b]\nrequire_approval: false\napproval_actions: [a]\napproval_threshold_usd: 5\n",
        Some(Dialect::Flat),
        &[
            "warning contradiction allowed_actions[1] 2:22: `b` is allowed and denied: deny wins",
            "warning no_effect allowed_actions[2] 2:25: `a` stands in `allowed_actions` twice",
            "warning contradiction approval_actions 5:19: `approval_actions` does nothing and approvals will not fire: `require_approval` is false",
            "warning contradiction approval_threshold_usd 6:25: `approval_threshold_usd` does nothing and approvals will not fire: `require_approval` is false",
        ],
    ),
    (
        "name: p\nallowed_actions: [a]\ndenied_actions: [b]\nrequire_approval: true\napproval_actions: [b, c]\nevidence_requirements: {b: [a], c: [a], a: [b, q]}\n",
        Some(Dialect::Flat),
        &[
            "warning contradiction approval_actions[0] 5:20: no approval is ever asked for `b`: it is denied",
            "warning contradiction approval_actions[1] 5:23: no approval is ever asked for `c`: it is not one of the allowed actions",
            "warning contradiction evidence_requirements.b 6:28: no evidence is ever asked for `b`: it is denied",
            "warning contradiction evidence_requirements.c 6:36: no evidence is ever asked for `c`: it is not one of the allowed actions",
            "warning contradiction evidence_requirements.a[0] 6:45: `a` can never be called: `b` must come first, and it is denied",
            "warning contradiction evidence_requirements.a[1] 6:48: `a` can never be called: `q` must come first, and it is not one of the allowed actions",
        ],
    ),
    (
        "name: p\nevidence_requirements: {a: [], b: [c], c: [b], 'd.e': [d.e]}\n",
        Some(Dialect::Flat),
        &[
            "warning unreachable_evidence evidence_requirements.d.e[0] 2:24: `d.e` can never be called: `d.e`, which must come first, is disabled or waits for itself",
            "warning no_effect evidence_requirements.a 2:28: no tool is named that must come before `a`",
            "warning unreachable_evidence evidence_requirements.b[0] 2:36: `b` can never be called: `c`, which must come first, is disabled or waits for itself",
            "warning unreachable_evidence evidence_requirements.c[0] 2:44: `c` can never be called: `b`, which must come first, is disabled or waits for itself",
        ],
    ),
    (
        "name: p\n",
        Some(Dialect::Flat),
        &["warning no_effect  1:1: the policy says nothing of any action, so it allows every call"],
    ),
    (
        "name: p\nallowed_actions: [\"a*\"]\napproval_threshold_usd: $200\n",
        Some(Dialect::Flat),
        &[
            "error invalid_name allowed_actions[0] 2:19: `a*` is a glob, and the actions of a flat policy are exact names",
            "error wrong_type approval_threshold_usd 3:25: a number is wanted, found the text `$200`",
        ],
    ),
    (
        "name: p\napproval_threshold_usd: \"200\"\nrequire_approval: yes\ndenied_actions: drop\nallowed_actions: [1, [], ' a']\nevidence_requirements: [a]\n",
        Some(Dialect::Flat),
        &[
            "error wrong_type approval_threshold_usd 2:25: a number is wanted, found the text `200`",
            "error wrong_type require_approval 3:19: a boolean is wanted, found the text `yes`",
            "error wrong_type denied_actions 4:17: a list is wanted, found the text `drop`",
            "error wrong_type allowed_actions[0] 5:19: text is wanted, found the number `1`",
            "error wrong_type allowed_actions[1] 5:22: text is wanted, found a list",
            "error invalid_name allowed_actions[2] 5:26: the name ` a` has blanks around it or control characters in it",
            "error wrong_type evidence_requirements 6:24: a mapping from actions to lists of tools is wanted, found a list",
        ],
    ),
    (
        "name: p\napproval_threshold_usd: -1\nevidence_requirements: {a: b, 'c*': ['d?']}\ndescription: [x]\n",
        Some(Dialect::Flat),
        &[
            "error out_of_range approval_threshold_usd 2:25: `-1` is not a number from 0 to 1000000000000000",
            "error wrong_type evidence_requirements.a 3:28: a list is wanted, found the text `b`",
            "error invalid_name evidence_requirements.c* 3:31: `c*` is a glob, and the actions of a flat policy are exact names",
            "error invalid_name evidence_requirements.c*[0] 3:38: `d?` is a glob, and the actions of a flat policy are exact names",
            "error wrong_type description 4:14: text is wanted, found a list",
        ],
    ),
    (
        "denied_actions: [a]\n",
        Some(Dialect::Flat),
        &["error missing_field name 1:1: the flat policy has no `name`"],
    ),
    (
        "version: '1.0'\nmetadata: {name: p}\nowner: me\ntols: []\n",
        Some(Dialect::Document),
        &[
            "warning ignored_key owner 3:1: the key `owner` is not part of the document, and is left out",
            "warning ignored_key tols 4:1: the key `tols` is not part of the document, and is left out",
        ],
    ),
    (
        "name: p\ndenied_action: [a]\nbudget: 7\n",
        Some(Dialect::Flat),
        &[
            "warning ignored_key denied_action 2:1: the key `denied_action` is not part of a flat policy, and is left out",
            "warning ignored_key budget 3:1: the key `budget` is not part of a flat policy, and is left out",
            "warning no_effect  1:1: the policy says nothing of any action, so it allows every call",
        ],
    ),
    (
        "version: '1.0'\nname: p\ntools: []\n",
        None,
        &[
            "error mixed_dialects name 2:1: `version` is a key of policy documents and `name` one of flat policies",
        ],
    ),
    (
        "denied_actions: [a]\nversion: '1.0'\nmetadata: {name: p}\n",
        None,
        &[
            "error mixed_dialects version 2:1: `version` is a key of policy documents and `denied_actions` one of flat policies",
        ],
    ),
    (
        "denyed_actions: [a]\n",
        Some(Dialect::Flat),
        &[
            "error missing_field name 1:1: the flat policy has no `name`",
            "warning ignored_key denyed_actions 1:1: the key `denyed_actions` is not part of a flat policy, and is left out",
        ],
    ),
    ("foo: 1\nbar: 2\n", None, &["error unknown_dialect  1:1: these are the keys of no policy"]),
    ("- a\n", None, &["error wrong_type  1:1: a policy is a mapping, found a list"]),
    ("", None, &["error empty_document  1:1: the document is empty"]),
    (
        "name: [\n",
        None,
        &[
            "error invalid_yaml name[0] 2:1: invalid YAML: while parsing a node, did not find expected node content",
        ],
    ),
    ("{name: p, denied_actions: [a]}", Some(Dialect::Flat), &[]),
    (
        "version: '1.0'\nmetadata: {name: p}\nmodel_io: []\n",
        Some(Dialect::Document),
        &["error unsupported_section model_io 3:1: `model_io` is not supported in this version"],
    ),
    (
        "name: p\ndenied_actions: ['mcp__x__y', 'a[b]']\n",
        Some(Dialect::Flat),
        &[
            "warning possibly_prefixed_tool_name denied_actions[0] 2:18: `mcp__x__y` looks like a name that agents see",
            "warning suspicious_tool_name denied_actions[1] 2:31: `a[b]` is taken letter by letter, but for `*` and `?`",
        ],
    ),
];

#[test]
fn problems_are_said_where_they_are() {
    for (source, dialect, wanted) in COMPILED {
        let compiled = compile(source, SourceFormat::Yaml);
        let told = |kind: &'static str, problems: &[Diagnostic]| -> Vec<String> {
            let line = |d: &Diagnostic| {
                let (line, column) = (d.line.unwrap(), d.column.unwrap());
                format!("{kind} {} {} {line}:{column}: {}", d.code, d.path, d.message)
            };
            problems.iter().map(line).collect()
        };
        let all = [told("error", &compiled.errors), told("warning", &compiled.warnings)].concat();
        assert_eq!(all, *wanted, "{source}");
        assert_eq!(compiled.dialect, *dialect, "{source}");
        assert_eq!(compiled.ok, compiled.errors.is_empty(), "{source}");
        let has = (compiled.policy.is_some(), compiled.document.is_some());
        assert_eq!(has, (compiled.ok, compiled.ok), "{source}");
        // What may be left out for an editor may not be left out of what is stored.
        let is_partial = compiled.warnings.iter().any(|warning| warning.code == Code::IgnoredKey);
        assert_eq!(
            any_dialect(source).is_ok(),
            compiled.ok && !is_partial && !source.starts_with('{'),
            "{source}"
        );
    }
}

#[test]
fn prose_says_that_there_is_no_model() {
    for format in [SourceFormat::Prose, SourceFormat::Markdown, SourceFormat::Md] {
        let compiled = compile("Block deletes on production tables.", format);
        assert_eq!((compiled.ok, compiled.dialect), (false, None));
        let [error] = &compiled.errors[..] else { panic!("{compiled:?}") };
        assert_eq!(error.code, Code::ModelNotConfigured);
        assert!(error.help.is_some());
    }
}

#[test]
fn the_format_that_is_said_is_the_one_that_is_read() {
    let ok = |source: &str, format| compile(source, format).ok;
    assert!(ok("{name: p, denied_actions: [a]}", SourceFormat::Yml));
    assert!(ok(r#"{"name": "p", "denied_actions": ["a"]}"#, SourceFormat::Yaml));
    assert!(ok(r#"{"name": "p", "denied_actions": ["a"]}"#, SourceFormat::Json));
    assert!(!ok("name: p\ndenied_actions: [a]\n", SourceFormat::Json));
    let wrong = compile("name: p", SourceFormat::Json);
    assert_eq!(wrong.errors[0].code, Code::InvalidJson);
    assert_eq!(compile(b"\xff".as_slice(), SourceFormat::Yaml).errors[0].code, Code::InvalidUtf8);
}

#[test]
fn a_document_is_its_own_policy() {
    let source = "tools: [{name: a, rules: [{action: deny}]}]\nversion: 1.0\nmetadata: {name: p}\n";
    let compiled = compile(source, SourceFormat::Yaml);
    let document = compiled.document.unwrap();
    assert_eq!(compiled.policy.unwrap(), document);
    assert_eq!(document["tools"][0]["conditions"][0]["action"], "deny");
    assert_eq!(document["version"], "1.0");
}

#[test]
fn many_actions_are_compiled_in_no_time() {
    let names: Vec<String> = (0..9_000).map(|number| format!("a{number}")).collect();
    let flat = json!({"name": "p", "allowed_actions": names, "approval_actions": names, "require_approval": true});
    let compiled = compile(&flat.to_string(), SourceFormat::Json);
    assert_eq!(compiled.errors[0].code, Code::DocumentTooLarge, "{:?}", compiled.errors);
    let flat = json!({"name": "p", "allowed_actions": names, "denied_actions": ["x"]});
    assert!(compile(&flat.to_string(), SourceFormat::Json).ok);
}

proptest! {
    #[test]
    fn any_source_gets_an_answer(source in prop_oneof![any::<String>(), "(name|version|tools|denied_actions): [-\\[\\]{}a-z:,\"' \n]{0,40}"]) {
        for format in [SourceFormat::Yaml, SourceFormat::Json] {
            let compiled = compile(&source, format);
            prop_assert_eq!(compiled.ok, compiled.errors.is_empty());
            let wire = serde_json::to_value(&compiled).unwrap();
            prop_assert_eq!(serde_json::from_value::<Compilation>(wire).unwrap(), compiled);
        }
    }
}
