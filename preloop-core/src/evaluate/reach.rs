//! What calls of a tool can come to, whatever their arguments are: what agents need not be shown.

use crate::call::Call;
use crate::compile::{CallSource, CompiledPolicy, Entry, Fits, Matcher};
use crate::decision::Action;

/// The actions that calls of a tool may come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The most lenient one.
    pub most_lenient: Action,
    /// The strictest one.
    pub strictest: Action,
}

impl Reach {
    /// The one action that every call comes to, where that is known beforehand.
    pub fn settled(self) -> Option<Action> {
        (self.most_lenient == self.strictest).then_some(self.strictest)
    }

    pub(crate) const fn only(action: Action) -> Self {
        Self { most_lenient: action, strictest: action }
    }

    /// What the stricter of two answers can come to.
    pub(crate) fn or_stricter(self, other: Self) -> Self {
        Self {
            most_lenient: self.most_lenient.max(other.most_lenient),
            strictest: self.strictest.max(other.strictest),
        }
    }

    fn add(self, action: Action) -> Self {
        Self { most_lenient: self.most_lenient.min(action), strictest: self.strictest.max(action) }
    }
}

impl CompiledPolicy {
    /// What calls of the tool of `call` can come to; its arguments are not looked at.
    pub fn reach(&self, call: &Call<'_>) -> Reach {
        self.entry_reach(call).unwrap_or_else(|| self.unknown_reach(call))
    }

    /// The same where an entry fits the tool.
    pub(crate) fn entry_reach(&self, call: &Call<'_>) -> Option<Reach> {
        let Some(source) = CallSource::of(call.tool.source, call.tool.server) else {
            return Some(Reach::only(Action::Deny));
        };
        let entries = match self.index.find(call.tool.name, source) {
            Fits::None => return None,
            Fits::One(entry) => vec![entry],
            Fits::Several(entries) => entries,
        };
        // A call that fits several gets the strictest of their answers.
        let reach = entries
            .into_iter()
            .filter_map(|entry| self.entries.get(entry))
            .map(reach_of)
            .reduce(Reach::or_stricter);
        Some(self.raised(call, reach.unwrap_or(Reach::only(Action::Deny))))
    }

    /// The same where no entry fits the tool.
    pub(crate) fn unknown_reach(&self, call: &Call<'_>) -> Reach {
        self.raised(call, Reach::only(self.unknown.action))
    }

    fn raised(&self, call: &Call<'_>, reach: Reach) -> Reach {
        let is_raised = call.tool.is_new && self.asks_for_new_tools;
        if is_raised { reach.or_stricter(Reach::only(Action::RequireApproval)) } else { reach }
    }
}

fn reach_of(entry: &Entry) -> Reach {
    if entry.closed.is_some() {
        return Reach { most_lenient: Action::Deny, strictest: Action::Deny };
    }
    let mut reach: Option<Reach> = None;
    let mut add = |action| {
        let first = Reach { most_lenient: action, strictest: action };
        reach = Some(reach.map_or(first, |reach| reach.add(action)));
    };
    if entry.unjustified.is_some() || entry.evidence.is_some() {
        add(Action::Deny);
    }
    let mut is_settled = false;
    for rule in &entry.rules {
        let constant = match &rule.matcher {
            Matcher::Always => Some(true),
            Matcher::When(condition) => condition.constant(),
            Matcher::Broken => None,
        };
        match constant {
            Some(false) => {}
            Some(true) => {
                add(rule.action);
                is_settled = true;
                break;
            }
            None => {
                add(rule.action);
                // A condition that fails raises what comes after it.
                if rule.action != Action::Deny {
                    add(Action::RequireApproval);
                }
            }
        }
    }
    if !is_settled {
        add(entry.otherwise.action);
    }
    reach.unwrap_or(Reach { most_lenient: Action::Deny, strictest: Action::Deny })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ValidPolicy;

    fn check(tools: &str, tool: &str, lenient: Action, strict: Action) {
        let text = format!("version: '1.0'\nmetadata: {{name: p}}\ntools:\n{tools}");
        let policy = CompiledPolicy::compile(ValidPolicy::parse(&text).unwrap());
        let args = json!({});
        let reach = policy.reach(&Call::new(tool, &args));
        assert_eq!((reach.most_lenient, reach.strictest), (lenient, strict), "{tools}");
    }

    #[test]
    fn it_says_what_no_arguments_can_change() {
        use Action::{Allow, Deny, RequireApproval};
        check("- {name: a, enabled: false}", "a", Deny, Deny);
        check("- {name: a}", "other", Allow, Allow);
        check("- {name: a, conditions: [{action: deny}]}", "a", Deny, Deny);
        check(
            "- {name: a, conditions: [{expression: 'x > 1', action: allow}, {action: deny}]}",
            "a",
            Allow,
            Deny,
        );
        check(
            "- {name: a, conditions: [{expression: 'x > 1', action: deny}, {action: deny}]}",
            "a",
            Deny,
            Deny,
        );
        check(
            "- {name: a, conditions: [{action: require_approval}]}",
            "a",
            RequireApproval,
            RequireApproval,
        );
        check("- {name: a, justification: required}", "a", Allow, Deny);
        check("- {name: a, evidence_required: [b]}", "a", Allow, Deny);
    }
}
