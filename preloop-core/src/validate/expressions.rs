//! Conditions: each is compiled, checked, asked whether it ever changes its answer, and held
//! against its examples.

use std::fmt;

use serde_json::{Map, Value};

use super::Check;
use crate::cel::{Environment, Fuel, Input, Problem, ProblemKind, Tool, Tri};
use crate::compile::Glob;
use crate::condition::{self, Condition};
use crate::decision::Action;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::{self, SOURCE_CLASSES};
use crate::limits::FUEL_DEFAULT;

/// The compiled conditions of a document: for each tool, for each rule, one where there is an
/// expression without errors.
pub(crate) type Conditions = Vec<Vec<Option<Condition>>>;

pub(super) fn check(check: &mut Check<'_>) -> Conditions {
    let environment = Environment::policy();
    let document = check.document;
    let tools = document.tools.iter().enumerate();
    tools
        .map(|(index, tool)| {
            let rules = tool.conditions.iter().enumerate();
            rules
                .map(|(number, rule)| {
                    let at = Place { index, number };
                    let condition = compile(check, rule, at, &environment);
                    examples(check, known(tool), rule, condition.as_ref(), at);
                    condition
                })
                .collect()
        })
        .collect()
}

/// The conditions of a document that was found valid.
pub(super) fn compile_all(document: &document::PolicyDocument) -> Conditions {
    let environment = Environment::policy();
    let compiled = |rule: &document::Condition| {
        let text = rule.expression.as_deref()?;
        condition::compile(text, rule.condition_type, &environment).ok()
    };
    document.tools.iter().map(|tool| tool.conditions.iter().map(compiled).collect()).collect()
}

/// A rule's place, written out only where there is something to say.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
    number: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tools[{}].conditions[{}]", self.index, self.number)
    }
}

fn compile(
    check: &mut Check<'_>,
    rule: &document::Condition,
    at: Place,
    environment: &Environment,
) -> Option<Condition> {
    let text = rule.expression.as_deref()?;
    let path = || format!("{at}.expression");
    let condition = match condition::compile(text, rule.condition_type, environment) {
        Ok(condition) => condition,
        Err(problems) => {
            for problem in problems {
                let code = code(problem.kind);
                report(check, code, &path(), problem);
            }
            return None;
        }
    };
    // `true` is the usual way to write a catch-all.
    let is_catch_all = text.trim().eq_ignore_ascii_case("true");
    match condition.constant() {
        Some(true) if !is_catch_all => {
            let help = "write `true`, or leave `expression` out, if every call is meant";
            check.report(Code::AlwaysTrue, path(), "the condition is true for every call", help);
        }
        Some(false) => {
            let help = "use `enabled: false` to switch the rule off";
            check.report(Code::NeverTrue, path(), "the condition is true for no call", help);
        }
        _ => {}
    }
    if let Some(cost) = condition.cost_bound().filter(|cost| *cost > FUEL_DEFAULT) {
        let message =
            format!("the condition can cost {cost} units, and its budget is {FUEL_DEFAULT}");
        let help = "it fails where the budget runs out: shorten the lists that it goes through";
        check.report(Code::TooCostly, path(), message, help);
    }
    for warning in condition.warnings() {
        let code = code(warning.kind);
        report(check, code, &path(), warning.clone());
    }
    Some(condition)
}

fn report(check: &mut Check<'_>, code: Code, path: &str, problem: Problem) {
    let place = check.places.expression_place(path, problem.span.start as usize);
    let mut diagnostic = Diagnostic::new(code, path, problem.message).at(place);
    diagnostic.help = problem.help;
    check.report_placed(diagnostic);
}

fn code(kind: ProblemKind) -> Code {
    match kind {
        ProblemKind::Syntax => Code::InvalidExpression,
        ProblemKind::TooLarge => Code::ExpressionTooLarge,
        ProblemKind::UnknownVariable => Code::UnknownVariable,
        ProblemKind::UnknownField => Code::UnknownField,
        ProblemKind::UnknownFunction => Code::UnknownFunction,
        ProblemKind::WrongArity => Code::WrongArity,
        ProblemKind::WrongType => Code::WrongOperands,
        ProblemKind::NotBool => Code::NotBool,
        ProblemKind::InvalidLiteral => Code::InvalidLiteral,
        ProblemKind::AlwaysFails => Code::AlwaysFails,
        ProblemKind::NeverNull => Code::NeverNull,
    }
}

/// What is known of the tool of every call that an entry answers.
fn known(entry: &document::Tool) -> Tool<'_> {
    let name = if Glob::is_glob(&entry.name) { "" } else { &entry.name };
    match entry.source.as_deref() {
        Some(class) if SOURCE_CLASSES.contains(&class) => {
            Tool { name, source: class, ..Tool::default() }
        }
        Some(server) => Tool { name, source: "mcp", server, ..Tool::default() },
        None => Tool { name, ..Tool::default() },
    }
}

/// Holds the condition against its examples, as calls of which only the arguments are known, and
/// what the entry says of its tool.
fn examples(
    check: &mut Check<'_>,
    tool: Tool<'_>,
    rule: &document::Condition,
    condition: Option<&Condition>,
    at: Place,
) {
    let Some(examples) = &rule.examples else { return };
    // A condition that does not compile is reported already.
    if rule.expression.is_some() && condition.is_none() {
        return;
    }
    let action = rule.action.unwrap_or(Action::RequireApproval);
    let kinds = [("match", &examples.matching, true), ("not_match", &examples.not_match, false)];
    for (kind, list, wanted) in kinds {
        for (number, arguments) in list.iter().enumerate() {
            let Err(message) = example(condition, tool, action, arguments, wanted) else {
                continue;
            };
            let path = format!("{at}.examples.{kind}[{number}]");
            // What is no arguments at all is reported already.
            if !check.places.is_mapping(&path) {
                continue;
            }
            let help = "repair the condition or the example";
            check.report(Code::FailedExample, path, message, help);
        }
    }
}

fn example(
    condition: Option<&Condition>,
    tool: Tool<'_>,
    action: Action,
    arguments: &Map<String, Value>,
    wanted: bool,
) -> Result<(), String> {
    let arguments = Value::Object(arguments.clone());
    let input = Input { tool, ..Input::new(&arguments) };
    let found = match condition {
        None => Tri::True,
        Some(condition) => condition.test(action, &input, &mut Fuel::new(FUEL_DEFAULT)),
    };
    match (found, wanted) {
        (Tri::True, true) | (Tri::False, false) => Ok(()),
        (Tri::True, false) => Err("the condition is true for this example".to_owned()),
        (Tri::False, true) => Err("the condition is not true for this example".to_owned()),
        (Tri::Error, _) => {
            let failure = condition.and_then(|c| c.failure(action, &input, FUEL_DEFAULT));
            let why = failure.map(|failure| failure.message).unwrap_or_default();
            Err(format!("the condition fails for this example: {why}"))
        }
    }
}
