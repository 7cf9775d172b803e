//! Simple conditions, and whole policies: rules with random conditions, decided by the compiled policy and by going through the list.

use preloop_core::cel::{Environment, FUEL_DEFAULT, Fuel, Input, Tri, compile};
use preloop_core::document::ConditionType;
use preloop_core::{Action, Call, CompiledPolicy, Reason, ValidPolicy, condition};
use serde_json::{Value as Json, json};

use crate::engine::{naive_answer, verdict};
use crate::expression::Expression;
use crate::generate::{Dice, Generator, arguments};
use crate::naive::Answer;
use crate::simple::Simple;

const ACTIONS: [Action; 3] = [Action::Allow, Action::RequireApproval, Action::Deny];

/// A condition in one of the two languages.
#[derive(Debug)]
enum Condition {
    Cel(Expression),
    Simple(Simple),
}

#[derive(Debug)]
struct Rule {
    condition: Condition,
    action: Action,
}

impl Rule {
    fn random(dice: &mut Dice) -> Self {
        let condition = if dice.one_in(2) {
            Condition::Simple(simple(dice))
        } else {
            Condition::Cel(cel(dice))
        };
        Self { condition, action: dice.pick(&ACTIONS) }
    }

    fn written(&self) -> (String, &'static str) {
        match &self.condition {
            Condition::Cel(condition) => (condition.written(), "cel"),
            Condition::Simple(condition) => (condition.written(), "simple"),
        }
    }

    fn answer(&self, args: &Json) -> Answer {
        match &self.condition {
            Condition::Cel(condition) => naive_answer(condition, args),
            Condition::Simple(condition) => condition.answer(self.action, args),
        }
    }
}

/// A condition that validation lets through.
fn simple(dice: &mut Dice) -> Simple {
    loop {
        let simple = Simple::random(dice);
        let kind = Some(ConditionType::Simple);
        if condition::compile(&simple.written(), kind, &Environment::policy()).is_ok() {
            return simple;
        }
    }
}

/// A condition that validation lets through: of type bool as far as the checker sees.
fn cel(dice: &mut Dice) -> Expression {
    loop {
        let levels = dice.below(4);
        let condition = Generator::new(dice).condition(levels);
        if compile(&condition.written(), &Environment::policy()).is_ok() {
            return condition;
        }
    }
}

fn compiled(rules: &[Rule]) -> CompiledPolicy {
    let rule = |rule: &Rule| {
        let (expression, kind) = rule.written();
        json!({"expression": expression, "action": rule.action, "condition_type": kind})
    };
    let rules: Vec<Json> = rules.iter().map(rule).collect();
    let tools = json!([{"name": "t", "conditions": rules}]);
    let document = json!({"version": "1.0", "metadata": {"name": "p"}, "tools": tools});
    CompiledPolicy::compile(ValidPolicy::parse(&document.to_string()).unwrap())
}

/// One simple condition under each kind of rule: the answer, or the kind of failure.
pub(crate) fn compare_simple(dice: &mut Dice) -> Result<(), String> {
    let simple = simple(dice);
    let source = simple.written();
    let condition = condition::compile(&source, None, &Environment::policy()).unwrap();
    let args = arguments(dice);
    for action in ACTIONS {
        let wanted = simple.answer(action, &args);
        let input = Input::new(&args);
        let tri = condition.test(action, &input, &mut Fuel::default());
        let failure = condition.failure(action, &input, FUEL_DEFAULT).map(|failure| failure.kind);
        if tri != verdict(&wanted) || failure != wanted.as_ref().err().copied() {
            return Err(format!(
                "{action:?}: {source}\n    over {args}\n    gave {tri:?} {failure:?}, naively {wanted:?}"
            ));
        }
    }
    Ok(())
}

/// The answer, whether a failure made it, and the number of the rule that gave it.
fn one_by_one(rules: &[Rule], args: &Json) -> (Action, bool, Option<usize>) {
    let mut raised = false;
    for (number, rule) in rules.iter().enumerate() {
        match (verdict(&rule.answer(args)), rule.action) {
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
    let rules: Vec<Rule> = (0..=dice.below(10)).map(|_| Rule::random(dice)).collect();
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
                .map(|rule| format!("{:?}: {}", rule.action, rule.written().0))
                .collect();
            return Err(format!(
                "{written:#?}\n    over {args}\n    gave {decision:?}, naively {action:?} by {wanted_path:?}"
            ));
        }
        failed += u32::from(by_failure);
    }
    Ok(failed)
}
