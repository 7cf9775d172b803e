//! Whole policies: rules with random conditions, decided by the compiled policy and by going through the list.

use preloop_core::cel::{Environment, Tri, compile};
use preloop_core::{Action, Call, CompiledPolicy, Reason, ValidPolicy};
use serde_json::{Value as Json, json};

use crate::engine::{naive_answer, verdict};
use crate::expression::Expression;
use crate::generate::{Dice, Generator, arguments};

const ACTIONS: [Action; 3] = [Action::Allow, Action::RequireApproval, Action::Deny];

#[derive(Debug)]
pub(crate) struct Rule {
    condition: Expression,
    action: Action,
}

/// A condition that validation lets through: of type bool as far as the checker sees.
fn condition(dice: &mut Dice) -> Expression {
    loop {
        let condition = if dice.one_in(3) {
            // What many rules of one tool look for in one argument is searched in one pass.
            let field = dice.pick(&["s", "t", "m"]).to_owned();
            let base = Box::new(Expression::Name("args".to_owned()));
            let needle = dice.pick(&["a", "b", "ab", "aa", "", "k", "é"]).to_owned();
            Expression::Call {
                method: true,
                function: "contains",
                operands: vec![
                    Expression::Select { base, field, optional: false },
                    Expression::Text(needle),
                ],
            }
        } else {
            let levels = dice.below(4);
            Generator::new(dice).condition(levels)
        };
        if compile(&condition.written(), &Environment::policy()).is_ok() {
            return condition;
        }
    }
}

pub(crate) fn rules(dice: &mut Dice) -> Vec<Rule> {
    let count = 1 + dice.below(8);
    (0..count).map(|_| Rule { condition: condition(dice), action: dice.pick(&ACTIONS) }).collect()
}

pub(crate) fn compiled(rules: &[Rule]) -> CompiledPolicy {
    let rules: Vec<Json> = rules
        .iter()
        .map(|rule| json!({"expression": rule.condition.written(), "action": rule.action, "condition_type": "cel"}))
        .collect();
    let document = json!({"version": "1.0", "metadata": {"name": "p"}, "tools": [{"name": "t", "conditions": rules}]});
    CompiledPolicy::compile(ValidPolicy::parse(&document.to_string()).unwrap())
}

/// The answer, whether a failure made it, and the number of the rule that gave it.
fn one_by_one(rules: &[Rule], args: &Json) -> (Action, bool, Option<usize>) {
    let mut raised = false;
    for (number, rule) in rules.iter().enumerate() {
        match (verdict(&naive_answer(&rule.condition, args)), rule.action) {
            (Tri::False, _) => {}
            (Tri::True, Action::Allow) if raised => return (Action::RequireApproval, true, None),
            (Tri::True, action) => return (action, false, Some(number)),
            (Tri::Error, Action::Deny) => return (Action::Deny, true, Some(number)),
            (Tri::Error, _) => raised = true,
        }
    }
    let action = if raised { Action::RequireApproval } else { Action::Allow };
    (action, raised, None)
}

/// Compares some decisions of one random policy; how many of them a failure made.
pub(crate) fn compare(dice: &mut Dice) -> Result<u32, String> {
    let rules = rules(dice);
    let policy = compiled(&rules);
    let mut failed = 0;
    for _ in 0..4 {
        let args = arguments(dice);
        let call = Call::new("t", &args);
        let decision = policy.evaluate(&call);
        let (action, by_failure, number) = one_by_one(&rules, &args);
        let path = decision.rule.as_ref().map(|rule| rule.path.clone());
        let wanted_path = number.map(|number| format!("tools[0].conditions[{number}]"));
        let fine = decision.action == action
            && (number.is_none() || path == wanted_path)
            && (!by_failure || decision.reason == Reason::ConditionError)
            && policy.explain(&call).action == action;
        if !fine {
            let written: Vec<String> = rules
                .iter()
                .map(|rule| format!("{:?}: {}", rule.action, rule.condition.written()))
                .collect();
            return Err(format!(
                "{written:#?}\n    over {args}\n    gave {decision:?}, naively {action:?} by {wanted_path:?}"
            ));
        }
        failed += u32::from(by_failure);
    }
    Ok(failed)
}
