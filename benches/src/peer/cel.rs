//! Crate `cel`: alone for expressions, behind a tool index for decisions.

use std::collections::HashMap;
use std::fmt;
use std::hint::black_box;
use std::sync::Arc;

use cel::{Context, Env, Program, Value as CelValue};
use preloop_core::Action;
use serde_json::Value;

use crate::group::decisions::{Test, ToolText};
use crate::measure::Case;

const NATIVE: &str = "cel 0.15, values made before";
const JSON: &str = "cel 0.15, from JSON";

fn context(env: &Arc<Env>, args: &Value) -> Option<Context<'static, 'static>> {
    let mut context = Context::with_env(Arc::clone(env));
    context.add_variable("args", args).ok()?;
    Some(context)
}

/// Adds the crate to the race for an expression, if it gives the right answer.
pub fn expression(case: &mut Case, source: &str, args: &'static Value, expected: bool) {
    let env = Arc::new(Env::stdlib());
    let program = match env.compile(source) {
        Ok(program) => program,
        Err(_) => return case.miss("cel 0.15", "does not compile it"),
    };
    let Some(made) = context(&env, args) else {
        return case.miss("cel 0.15", "does not take the arguments");
    };
    match program.execute(&made) {
        Ok(CelValue::Bool(found)) if found == expected => {}
        other => return case.miss("cel 0.15", format!("answers {other:?}")),
    }
    let again = env.compile(source).ok();
    case.add(NATIVE, move || program.execute(black_box(&made)) == Ok(CelValue::Bool(true)));
    case.add(JSON, move || {
        let context = context(&env, black_box(args))?;
        Some(again.as_ref()?.execute(&context) == Ok(CelValue::Bool(true)))
    });
}

/// Adds the crate to the race for compiling.
pub fn compile(case: &mut Case, source: &'static str) {
    let env = Env::stdlib();
    case.add("cel 0.15 (parses only)", move || env.compile(black_box(source)).is_ok());
}

/// Adds the crate to the race for compiling and asking once.
pub fn compile_and_ask(case: &mut Case, source: &'static str, args: &'static Value) {
    let env = Arc::new(Env::stdlib());
    let Some(made) = context(&env, args) else {
        return case.miss("cel 0.15", "does not take the arguments");
    };
    case.add(NATIVE, move || {
        let program = env.compile(black_box(source)).ok()?;
        Some(program.execute(black_box(&made)) == Ok(CelValue::Bool(true)))
    });
}

/// Programs found by the tool's name.
pub struct Index {
    env: Arc<Env>,
    tools: HashMap<String, Vec<(Program, Action)>>,
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("tools", &self.tools).finish_non_exhaustive()
    }
}

impl Index {
    /// Compiles every rule.
    pub fn new(tools: &[ToolText]) -> Self {
        let env = Arc::new(Env::stdlib());
        let rules = |tool: &ToolText| {
            let program = |rule: &crate::group::decisions::RuleText| {
                let (field, text) = (&rule.field, &rule.text);
                let source = match rule.test {
                    Test::Equals => format!("args.{field} == '{text}'"),
                    Test::Contains => format!("args.{field}.contains('{text}')"),
                };
                let program = env.compile(&source);
                (program.unwrap_or_else(|error| panic!("{source}: {error}")), rule.action)
            };
            tool.rules.iter().map(program).collect()
        };
        let tools = tools.iter().map(|tool| (tool.name.clone(), rules(tool))).collect();
        Self { env, tools }
    }

    fn decide(&self, tool: &str, context: &Context<'_, '_>) -> Action {
        let rules = self.tools.get(tool).map_or(&[][..], Vec::as_slice);
        let matches = |(program, _): &&(Program, Action)| {
            program.execute(context) == Ok(CelValue::Bool(true))
        };
        rules.iter().find(matches).map_or(Action::Allow, |(_, action)| *action)
    }

    /// Adds the crate to the race for a decision.
    pub fn add(
        &'static self,
        case: &mut Case,
        tool: &'static str,
        args: &'static Value,
        expected: Action,
    ) {
        let Some(made) = context(&self.env, args) else { return };
        assert_eq!(self.decide(tool, &made), expected, "cel: {tool}");
        case.add("cel 0.15 + index, values made before", move || {
            self.decide(black_box(tool), black_box(&made))
        });
        case.add("cel 0.15 + index, from JSON", move || {
            Some(self.decide(black_box(tool), &context(&self.env, black_box(args))?))
        });
    }
}
