//! Loading: one expression, and a policy of a thousand tools with five rules each.

use std::hint::black_box;

use preloop_core::cel::{Environment, Fuel, Input, compile};
use preloop_core::{Action, Call, CompiledPolicy, ValidPolicy};
use serde_json::{Value, json};

use super::decisions::ToolText;
use super::{decisions, expressions};
use crate::keep;
use crate::measure::{Case, Limit, PRELOOP};
use crate::peer::preloop;
#[cfg(feature = "peers")]
use crate::peer::{casbin, cedar, cel, cel_interpreter, regorus};

const REGEX: &str = "args.path.matches('/(etc|usr)/[a-z]+$')";

fn expression(name: &str, source: &'static str, limit: Limit) -> Case {
    let mut case = Case::new(format!("{name} {source}"), limit);
    let environment = Environment::policy();
    case.add(PRELOOP, move || compile(black_box(source), &environment).is_ok());
    #[cfg(feature = "peers")]
    {
        cel::compile(&mut case, source);
        cel_interpreter::compile(&mut case, source);
    }
    case
}

/// Compiled and asked once: whoever builds a pattern when it is asked pays for it here too.
fn asked_once(name: &str, source: &'static str, args: &'static Value) -> Case {
    let mut case = Case::new(format!("{name} {source}, and asked once"), Limit::None);
    let environment = Environment::policy();
    case.add(PRELOOP, move || {
        let program = compile(black_box(source), &environment).ok()?;
        Some(program.test(&Input::new(black_box(args)), &mut Fuel::default()))
    });
    #[cfg(feature = "peers")]
    {
        cel::compile_and_ask(&mut case, source, args);
        cel_interpreter::compile_and_ask(&mut case, source, args);
    }
    case
}

/// The table of loading.
pub fn cases() -> Vec<Case> {
    let quick = Limit::Nanoseconds(2000.0);
    let mut cases = vec![
        expression("(a)", expressions::A, quick),
        expression("(b)", expressions::B, quick),
        expression("(c)", expressions::C, Limit::None),
        expression("(d)", expressions::D, Limit::None),
        expression("regex", REGEX, Limit::None),
        asked_once("regex", REGEX, keep(json!({"path": "/usr/local/share"}))),
    ];
    let tools = keep(decisions::large(1000));
    let text = keep(decisions::document(tools));
    let json = keep(preloop::json(text));
    let mut case = Case::new("1000 tools x 5 rules, from YAML", Limit::Nanoseconds(25_000_000.0));
    case.add(PRELOOP, move || ValidPolicy::parse(black_box(text)).map(CompiledPolicy::compile));
    #[cfg(feature = "peers")]
    {
        cedar::load(&mut case, tools);
        casbin::load(&mut case, tools);
        regorus::load(&mut case, tools);
    }
    cases.push(case);
    cases.push(ready(tools, text));
    cases.push(alone("1000 tools x 5 rules, from JSON", move || {
        ValidPolicy::parse(black_box(json)).map(CompiledPolicy::compile).is_ok()
    }));
    cases.push(alone("1000 tools x 5 rules, from YAML, read and checked only", move || {
        ValidPolicy::parse(black_box(text)).is_ok()
    }));
    cases
}

/// A case of the engine alone.
fn alone(name: &str, answer: impl FnMut() -> bool + 'static) -> Case {
    let mut case = Case::new(name, Limit::None);
    case.add(PRELOOP, answer);
    case
}

/// Loading until a call of each tenth tool is decided: what is left to the first decision counts here.
fn ready(tools: &'static [ToolText], text: &'static str) -> Case {
    let name = "1000 tools x 5 rules, and a hundred tools asked once each";
    let mut case = Case::new(name, Limit::Nanoseconds(25_000_000.0));
    let calls: &'static [&'static str] =
        keep(tools.iter().step_by(10).map(|tool| tool.name.as_str()).collect::<Vec<_>>());
    let args = keep(json!({"target": "the prod cluster in eu-west-1"}));
    case.add(PRELOOP, move || {
        let policy = preloop::policy(black_box(text));
        let denied = calls
            .iter()
            .filter(|tool| policy.evaluate(&Call::new(tool, args)).action == Action::Deny);
        assert_eq!(denied.count(), calls.len(), "preloop");
    });
    #[cfg(feature = "peers")]
    {
        cedar::load_and_ask(&mut case, tools, calls, args);
        casbin::load_and_ask(&mut case, tools, calls, args);
        regorus::load_and_ask(&mut case, tools, calls, args);
    }
    case
}
