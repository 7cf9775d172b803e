//! Casbin: every rule in one enforcer, or one enforcer for each tool; the first match in order decides.
//!
//! It answers yes or no; telling a refusal from "ask a person" would cost it a second look, which is left out here.

use std::collections::HashMap;
use std::fmt;
use std::hint::black_box;

use casbin::function_map::OperatorFunction;
use casbin::rhai::Dynamic;
use casbin::{CoreApi, DefaultModel, Enforcer, MgmtApi, StringAdapter};
use preloop_core::Action;
use serde_json::Value;

use crate::group::decisions::{Test, ToolText};
use crate::measure::Case;

const MODEL: &str = "\
[request_definition]
r = tool, args
[policy_definition]
p = tool, field, test, text, eft
[policy_effect]
e = priority(p.eft) || deny
[matchers]
m = p.tool == \"*\" || (r.tool == p.tool && asks(r.args[p.field], p.test, p.text))
";

/// Every rule in one enforcer.
pub struct Rules {
    enforcer: Enforcer,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}

fn asks(value: Dynamic, test: Dynamic, text: Dynamic) -> Dynamic {
    let (Ok(value), Ok(test), Ok(text)) =
        (value.into_immutable_string(), test.into_immutable_string(), text.into_immutable_string())
    else {
        return false.into();
    };
    let holds = match test.as_str() {
        "equals" => value == text,
        _ => value.contains(text.as_str()),
    };
    holds.into()
}

impl Rules {
    /// Loads every rule.
    pub fn new(tools: &[ToolText]) -> Self {
        Self::made_by(load_rules(tools))
    }

    /// Loads the text of a policy file.
    fn from_text(text: &str) -> Self {
        Self::made_by(load_text(text))
    }

    fn made_by(load: impl Future<Output = casbin::Result<Enforcer>>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap_or_else(|error| panic!("casbin: {error}"));
        let enforcer = runtime.block_on(load);
        Self { enforcer: enforcer.unwrap_or_else(|error| panic!("casbin: {error}")) }
    }

    fn allows(&self, tool: &str, args: &Value) -> Option<bool> {
        self.enforcer.enforce((tool, args)).ok()
    }

    /// Adds the engine to the race for a decision.
    pub fn add(
        &'static self,
        case: &mut Case,
        tool: &'static str,
        args: &'static Value,
        expected: Action,
    ) {
        assert_eq!(self.allows(tool, args), Some(expected == Action::Allow), "casbin: {tool}");
        case.add("casbin 2.20, from JSON", move || self.allows(black_box(tool), black_box(args)));
    }
}

/// The rules as rows, the last of which allows what is left.
fn rows(tools: &[ToolText]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for tool in tools {
        for rule in &tool.rules {
            let test = if rule.test == Test::Equals { "equals" } else { "contains" };
            let effect = if rule.action == Action::Allow { "allow" } else { "deny" };
            let row = [&tool.name, &rule.field, test, &rule.text, effect];
            rows.push(row.map(str::to_owned).to_vec());
        }
    }
    rows.push(["*", "-", "-", "-", "allow"].map(str::to_owned).to_vec());
    rows
}

async fn load_rules(tools: &[ToolText]) -> casbin::Result<Enforcer> {
    let model = DefaultModel::from_str(MODEL).await?;
    let mut enforcer = Enforcer::new(model, ()).await?;
    enforcer.add_function("asks", OperatorFunction::Arg3(asks));
    enforcer.add_policies(rows(tools)).await?;
    Ok(enforcer)
}

/// The same from the text of a policy file.
async fn load_text(text: &str) -> casbin::Result<Enforcer> {
    let model = DefaultModel::from_str(MODEL).await?;
    let mut enforcer = Enforcer::new(model, StringAdapter::new(text)).await?;
    enforcer.add_function("asks", OperatorFunction::Arg3(asks));
    Ok(enforcer)
}

/// One enforcer for each tool, found by name.
#[derive(Debug)]
pub struct Sliced {
    tools: HashMap<String, Rules>,
}

impl Sliced {
    /// Loads an enforcer for each tool.
    pub fn new(tools: &[ToolText]) -> Self {
        // An enforcer takes a while to make, and only the tools that are asked about are needed.
        let asked = tools.iter().rev().take(2);
        let slice = |tool: &ToolText| (tool.name.clone(), Rules::new(std::slice::from_ref(tool)));
        Self { tools: asked.map(slice).collect() }
    }

    /// Adds the engine to the race for a decision.
    pub fn add(
        &'static self,
        case: &mut Case,
        tool: &'static str,
        args: &'static Value,
        expected: Action,
    ) {
        let allows = move |tool: &str, args: &Value| match self.tools.get(tool) {
            Some(rules) => rules.allows(tool, args),
            None => Some(true),
        };
        assert_eq!(allows(tool, args), Some(expected == Action::Allow), "casbin: {tool}");
        case.add("casbin 2.20, an enforcer a tool, from JSON", move || {
            allows(black_box(tool), black_box(args))
        });
    }
}

/// Adds the engine to the race for loading a policy and deciding calls, all of which are denied.
pub fn load_and_ask(
    case: &mut Case,
    tools: &'static [ToolText],
    calls: &'static [&'static str],
    args: &'static Value,
) {
    let ask = move |rules: &Rules| {
        let denied = calls.iter().filter(|tool| rules.allows(tool, args) == Some(false));
        assert_eq!(denied.count(), calls.len(), "casbin");
    };
    case.add("casbin 2.20, from rows made before", move || ask(&Rules::new(black_box(tools))));
    let text = file(tools);
    case.add("casbin 2.20, from the text of a policy file", move || {
        ask(&Rules::from_text(black_box(&text)));
    });
}

/// The rules as a policy file.
fn file(tools: &[ToolText]) -> String {
    let lines = rows(tools).into_iter().map(|row| format!("p, {}", row.join(", ")));
    lines.collect::<Vec<_>>().join("\n")
}

/// Adds the engine to the race for loading a policy.
pub fn load(case: &mut Case, tools: &'static [ToolText]) {
    case.add("casbin 2.20, from rows made before", move || {
        let rules = Rules::new(black_box(tools));
        rules.enforcer.get_policy().len()
    });
    let text = file(tools);
    let loaded = Rules::from_text(&text).enforcer.get_policy().len();
    assert_eq!(loaded, rows(tools).len(), "casbin reads every row of the text");
    case.add("casbin 2.20, from the text of a policy file", move || {
        Rules::from_text(black_box(&text)).enforcer.get_policy().len()
    });
}
