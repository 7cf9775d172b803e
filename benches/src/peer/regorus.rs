//! Regorus on its virtual machine: one program for each tool, or one program with the rules as data.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use preloop_core::Action;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::program::Program;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Value as RegoValue};
use serde_json::{Value, json};

use crate::group::decisions::{Test, ToolText};
use crate::measure::Case;

const ENTRY: &str = "data.p.decision";

/// Rules as data, walked by one program.
const WALK: &str = r#"package p
matching contains number if {
    some number, rule in data.rules[input.tool]
    hits(rule)
}
hits(rule) if {
    rule.test == "equals"
    input.args[rule.field] == rule.text
}
hits(rule) if {
    rule.test == "contains"
    contains(input.args[rule.field], rule.text)
}
default decision := "allow"
decision := data.rules[input.tool][min(matching)].action if count(matching) > 0
"#;

fn compile(source: String, data: Option<RegoValue>) -> Result<(Arc<Program>, RegoVM), String> {
    let mut engine = Engine::new();
    engine.add_policy("p.rego".to_owned(), source).map_err(|error| error.to_string())?;
    let compiled =
        engine.compile_with_entrypoint(&ENTRY.into()).map_err(|error| error.to_string())?;
    let program =
        Compiler::compile_from_policy(&compiled, &[ENTRY]).map_err(|error| error.to_string())?;
    let mut machine = RegoVM::new();
    machine.load_program(Arc::clone(&program));
    machine
        .set_data(data.unwrap_or_else(RegoValue::new_object))
        .map_err(|error| error.to_string())?;
    Ok((program, machine))
}

fn run(machine: &mut RegoVM, input: RegoValue) -> Option<Action> {
    machine.set_input(input);
    let answer = machine.execute_entry_point_by_name(ENTRY).ok()?;
    Some(match answer.as_string().ok()?.as_ref() {
        "deny" => Action::Deny,
        "require_approval" => Action::RequireApproval,
        _ => Action::Allow,
    })
}

/// One program for each tool, found by name.
#[derive(Debug)]
pub struct Sliced {
    tools: HashMap<String, RefCell<RegoVM>>,
}

impl Sliced {
    /// Compiles a program for each tool.
    pub fn new(tools: &[ToolText]) -> Self {
        let machine = |tool: &ToolText| {
            let (_, machine) = compile(slice(tool), None)
                .unwrap_or_else(|error| panic!("regorus: {}: {error}", tool.name));
            (tool.name.clone(), RefCell::new(machine))
        };
        Self { tools: tools.iter().map(machine).collect() }
    }

    fn decide(&self, tool: &str, input: RegoValue) -> Option<Action> {
        let Some(machine) = self.tools.get(tool) else { return Some(Action::Allow) };
        run(&mut machine.borrow_mut(), input)
    }

    /// Adds the engine to the race for a decision.
    pub fn add(
        &'static self,
        case: &mut Case,
        tool: &'static str,
        args: &'static Value,
        expected: Action,
    ) {
        let made = RegoValue::from(args.clone());
        assert_eq!(self.decide(tool, made.clone()), Some(expected), "regorus: {tool}");
        case.add("regorus 0.14 VM, a program a tool, values made before", move || {
            self.decide(black_box(tool), black_box(&made).clone())
        });
        case.add("regorus 0.14 VM, a program a tool, from JSON", move || {
            self.decide(black_box(tool), RegoValue::from(black_box(args).clone()))
        });
    }
}

fn slice(tool: &ToolText) -> String {
    let mut text = String::from("package p\n");
    for (number, rule) in tool.rules.iter().enumerate() {
        let start = if number == 0 { "decision := " } else { " else := " };
        let (action, field, wanted) = (rule.action.as_str(), &rule.field, &rule.text);
        let condition = match rule.test {
            Test::Equals => format!("input.{field} == \"{wanted}\""),
            Test::Contains => format!("contains(input.{field}, \"{wanted}\")"),
        };
        let _ = write!(text, "{start}\"{action}\" if {condition}");
    }
    text.push_str(" else := \"allow\"\n");
    text
}

/// One program that walks the rules in its data.
#[derive(Debug)]
pub struct DataDriven {
    machine: RefCell<RegoVM>,
}

impl DataDriven {
    /// Compiles the program and loads the rules.
    pub fn new(tools: &[ToolText]) -> Self {
        let rules = |tool: &ToolText| {
            let rule = |rule: &crate::group::decisions::RuleText| {
                let test = if rule.test == Test::Equals { "equals" } else { "contains" };
                let action = rule.action.as_str();
                json!({"test": test, "field": rule.field, "text": rule.text, "action": action})
            };
            (tool.name.clone(), tool.rules.iter().map(rule).collect::<Value>())
        };
        let rules: serde_json::Map<String, Value> = tools.iter().map(rules).collect();
        let data = RegoValue::from(json!({"rules": rules}));
        let (_, machine) =
            compile(WALK.to_owned(), Some(data)).unwrap_or_else(|error| panic!("regorus: {error}"));
        Self { machine: RefCell::new(machine) }
    }

    /// Adds the engine to the race for a decision.
    pub fn add(
        &'static self,
        case: &mut Case,
        tool: &'static str,
        args: &'static Value,
        expected: Action,
    ) {
        let made = RegoValue::from(json!({"tool": tool, "args": args}));
        let decide = move |input: RegoValue| run(&mut self.machine.borrow_mut(), input);
        let found = decide(made.clone());
        if found != Some(expected) {
            return case.miss("regorus 0.14 VM, rules as data", format!("answers {found:?}"));
        }
        case.add("regorus 0.14 VM, rules as data, values made before", move || {
            decide(black_box(&made).clone())
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
    case.add("regorus 0.14, a program a tool", move || {
        let programs = Sliced::new(black_box(tools));
        let denied = calls.iter().filter(|tool| {
            programs.decide(tool, RegoValue::from(args.clone())) == Some(Action::Deny)
        });
        assert_eq!(denied.count(), calls.len(), "regorus");
    });
}

/// Adds the engine to the race for loading a policy.
pub fn load(case: &mut Case, tools: &'static [ToolText]) {
    case.add("regorus 0.14, a program a tool", move || Sliced::new(black_box(tools)).tools.len());
}
