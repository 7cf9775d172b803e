//! Cedar: every policy in one set, or one set for each tool. It has no "ask a person": that is an annotation here.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hint::black_box;

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use preloop_core::Action;
use serde_json::Value;

use crate::group::decisions::{Test, ToolText};
use crate::measure::Case;

/// Every policy in one set.
#[derive(Debug)]
pub struct Policies {
    policies: PolicySet,
    authorizer: Authorizer,
    entities: Entities,
    agent: EntityUid,
    resource: EntityUid,
}

fn uid(text: &str) -> EntityUid {
    text.parse().unwrap_or_else(|error| panic!("cedar: {text}: {error}"))
}

fn action(tool: &str) -> EntityUid {
    uid(&format!("Action::\"{tool}\""))
}

fn text(tools: &[ToolText]) -> String {
    let mut text = String::from("permit(principal, action, resource);\n");
    for tool in tools {
        for rule in &tool.rules {
            let (name, field, wanted) = (&tool.name, &rule.field, &rule.text);
            let effect = if rule.action == Action::Allow { "permit" } else { "forbid" };
            let condition = match rule.test {
                Test::Equals => format!("context.{field} == \"{wanted}\""),
                Test::Contains => format!("context.{field} like \"*{wanted}*\""),
            };
            let _ = writeln!(
                text,
                "@decision(\"{}\") {effect}(principal, action == Action::\"{name}\", resource) \
                 when {{ {condition} }};",
                rule.action.as_str()
            );
        }
    }
    text
}

impl Policies {
    /// Parses every policy.
    pub fn new(tools: &[ToolText]) -> Self {
        let policies = text(tools).parse().unwrap_or_else(|error| panic!("cedar: {error}"));
        Self {
            policies,
            authorizer: Authorizer::new(),
            entities: Entities::empty(),
            agent: uid("Agent::\"a\""),
            resource: uid("Resource::\"r\""),
        }
    }

    fn request(&self, action: EntityUid, args: &Value) -> Option<Request> {
        let context = Context::from_json_value(args.clone(), None).ok()?;
        Request::new(self.agent.clone(), action, self.resource.clone(), context, None).ok()
    }

    fn decide(&self, request: &Request) -> Action {
        let response = self.authorizer.is_authorized(request, &self.policies, &self.entities);
        if response.decision() == Decision::Allow {
            return Action::Allow;
        }
        let said = response
            .diagnostics()
            .reason()
            .filter_map(|id| self.policies.annotation(id, "decision"));
        if said.into_iter().any(|said| said == "deny") {
            return Action::Deny;
        }
        Action::RequireApproval
    }

    /// Adds the engine to the race for a decision.
    pub fn add(
        &'static self,
        case: &mut Case,
        tool: &'static str,
        args: &'static Value,
        expected: Action,
    ) {
        let action = action(tool);
        let Some(made) = self.request(action.clone(), args) else { return };
        assert_eq!(self.decide(&made), expected, "cedar: {tool}");
        case.add("cedar-policy 4.14, request made before", move || self.decide(black_box(&made)));
        case.add("cedar-policy 4.14, from JSON", move || {
            Some(self.decide(&self.request(action.clone(), black_box(args))?))
        });
    }
}

/// One policy set for each tool, found by name.
#[derive(Debug)]
pub struct Sliced {
    tools: HashMap<String, Policies>,
    others: Policies,
}

impl Sliced {
    /// Parses a set for each tool.
    pub fn new(tools: &[ToolText]) -> Self {
        let slice =
            |tool: &ToolText| (tool.name.clone(), Policies::new(std::slice::from_ref(tool)));
        Self { tools: tools.iter().map(slice).collect(), others: Policies::new(&[]) }
    }

    fn of(&self, tool: &str) -> &Policies {
        self.tools.get(tool).unwrap_or(&self.others)
    }

    /// Adds the engine to the race for a decision.
    pub fn add(
        &'static self,
        case: &mut Case,
        tool: &'static str,
        args: &'static Value,
        expected: Action,
    ) {
        let action = action(tool);
        let Some(made) = self.others.request(action, args) else { return };
        assert_eq!(self.of(tool).decide(&made), expected, "cedar: {tool}");
        case.add("cedar-policy 4.14, a set a tool, request made before", move || {
            self.of(black_box(tool)).decide(black_box(&made))
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
    case.add("cedar-policy 4.14", move || {
        let policies = Policies::new(black_box(tools));
        let denied = calls.iter().filter(|tool| {
            let request = policies.request(action(tool), args);
            request.is_some_and(|request| policies.decide(&request) == Action::Deny)
        });
        assert_eq!(denied.count(), calls.len(), "cedar");
    });
}

/// Adds the engine to the race for loading a policy.
pub fn load(case: &mut Case, tools: &'static [ToolText]) {
    let text = text(tools);
    case.add("cedar-policy 4.14", move || black_box(&text).parse::<PolicySet>().is_ok());
}
