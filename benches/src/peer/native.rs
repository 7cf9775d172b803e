//! The floor of decisions: what a programmer would write by hand for exactly this policy language and no more.

use std::collections::HashMap;

use memchr::memmem::Finder;
use preloop_core::Action;
use serde_json::Value;

use crate::group::decisions::{RuleText, Test, ToolText};

/// A tool index with conditions as an enum over JSON values.
#[derive(Debug)]
pub struct NativeIndex {
    tools: HashMap<String, Vec<NativeRule>>,
}

#[derive(Debug)]
struct NativeRule {
    field: String,
    condition: Condition,
    action: Action,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the floor follows no pointer")]
enum Condition {
    Equals(String),
    Contains(Finder<'static>),
}

impl NativeIndex {
    /// The index of these tools.
    pub fn new(tools: &[ToolText]) -> Self {
        let rules = |tool: &ToolText| tool.rules.iter().map(NativeRule::new).collect();
        Self { tools: tools.iter().map(|tool| (tool.name.clone(), rules(tool))).collect() }
    }

    /// The first rule that matches decides; else the call is allowed.
    pub fn decide(&self, tool: &str, args: &Value) -> Action {
        let Some(rules) = self.tools.get(tool) else { return Action::Allow };
        for rule in rules {
            let text = args.get(&rule.field).and_then(Value::as_str);
            let matches = match &rule.condition {
                Condition::Equals(wanted) => text == Some(wanted),
                Condition::Contains(finder) => {
                    text.is_some_and(|text| finder.find(text.as_bytes()).is_some())
                }
            };
            if matches {
                return rule.action;
            }
        }
        Action::Allow
    }
}

impl NativeRule {
    fn new(rule: &RuleText) -> Self {
        let condition = match rule.test {
            Test::Equals => Condition::Equals(rule.text.clone()),
            Test::Contains => Condition::Contains(Finder::new(&rule.text).into_owned()),
        };
        Self { field: rule.field.clone(), condition, action: rule.action }
    }
}
