//! Several policies over one call: the chain flow > agent > team > account, most specific first.
//!
//! The most specific scope that has an entry for the tool decides, yet an ancestor's deny stands all the same.
//! Where no scope has one, the strictest `unknown_tools` of the chain decides. Scopes of one level (several
//! teams) answer together, the strictest of them. A scope that does not inherit ends the chain; of several teams
//! none may inherit. Where what is above may not be left out, no scope ends it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::compile::CompiledPolicy;
use crate::decision::{Action, Decision, TraceItem};
use crate::evaluate::Reach;
use crate::evaluate::explain::shortened;

/// How specific a scope is, the most specific first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// One run of a flow.
    Flow,
    /// One agent.
    Agent,
    /// A team; a principal may be in several.
    Team,
    /// The whole account.
    Account,
}

/// One policy of a chain.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'p> {
    /// How specific it is.
    pub level: Level,
    /// What it is called in decisions, such as `team:payments`.
    pub name: &'p str,
    /// What it says.
    pub policy: &'p CompiledPolicy,
    /// Whether the scopes above are asked whatever the policy says of inheriting.
    pub always_inherits: bool,
}

// === impl Scope ===

impl Scope<'_> {
    const fn inherits(&self) -> bool {
        self.always_inherits || self.policy.inherits
    }
}

// === impl Level ===

impl Level {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Agent => "agent",
            Self::Team => "team",
            Self::Account => "account",
        }
    }
}

/// Decides a call by a chain of scopes, given in any order; none at all gives no decision.
pub fn evaluate<'p>(scopes: &[Scope<'p>], call: &Call<'_>) -> Option<Cow<'p, Decision>> {
    // An account alone is the usual case.
    if let [only] = scopes {
        return Some(only.policy.evaluate(call));
    }
    let chain = inherited(scopes);
    let most_specific = chain.first()?.level;
    let mut decided: Option<Answer<'p>> = None;
    let mut denied: Option<Answer<'p>> = None;
    let mut unknown: Option<Answer<'p>> = None;
    for scope in &chain {
        let source = match scope.policy.source(call) {
            Ok(source) => source,
            // A call that is not valid for one of them is not valid.
            Err(problem) => return Some(Cow::Owned(scope.policy.invalid_call(*problem))),
        };
        let answer = |decision| Answer { level: scope.level, name: scope.name, decision };
        let Some(verdict) = scope.policy.entry_answer(call, call.args, &source) else {
            let decision: &Decision = scope.policy.unknown_answer(call);
            unknown = Some(stricter_of(unknown, answer(Cow::Borrowed(decision))));
            continue;
        };
        let decision: Cow<'p, Decision> = verdict.into();
        match &decided {
            Some(nearer) if nearer.level < scope.level => {
                if decision.action == Action::Deny && denied.is_none() {
                    denied = Some(answer(decision));
                }
            }
            _ => decided = Some(stricter_of(decided, answer(decision))),
        }
    }
    let answer = match (decided, denied) {
        (Some(decided), Some(denied)) if decided.decision.action < Action::Deny => denied,
        (Some(decided), _) => raised(decided, &chain, call),
        (None, _) => unknown?,
    };
    Some(answer.told(most_specific))
}

/// Decides like [`evaluate`] and tells, scope by scope and rule by rule, how; those that a scope cuts off are not asked.
pub fn explain(scopes: &[Scope<'_>], call: &Call<'_>) -> Option<Decision> {
    let mut decision = evaluate(scopes, call)?.into_owned();
    let mut trace = Vec::new();
    for scope in inherited(scopes) {
        let name = (scopes.len() > 1).then(|| scope.name.to_owned());
        let story = scope.policy.story(call).into_iter();
        trace.extend(story.map(|item| TraceItem { scope: name.clone(), ..item }));
    }
    decision.trace = Some(shortened(trace));
    Some(decision)
}

/// What calls of the tool of `call` can come to by a chain of scopes; its arguments are not looked at. None at all gives
/// no answer.
pub fn reach(scopes: &[Scope<'_>], call: &Call<'_>) -> Option<Reach> {
    let chain = inherited(scopes);
    let mut decided: Option<(Level, Reach)> = None;
    let mut unknown: Option<Reach> = None;
    for scope in &chain {
        let Some(reach) = scope.policy.entry_reach(call) else {
            let reach = scope.policy.unknown_reach(call);
            unknown = Some(unknown.map_or(reach, |other| other.or_stricter(reach)));
            continue;
        };
        decided = Some(match decided {
            None => (scope.level, reach),
            Some((level, nearer)) if level == scope.level => (level, nearer.or_stricter(reach)),
            // Of an ancestor only its denials stand.
            Some((level, _)) if reach.most_lenient == Action::Deny => (level, reach),
            Some((level, nearer)) if reach.strictest == Action::Deny => {
                (level, Reach { strictest: Action::Deny, ..nearer })
            }
            Some(nearer) => nearer,
        });
    }
    let Some((_, reach)) = decided else { return unknown };
    let asks = call.tool.is_new && chain.iter().any(|scope| scope.policy.asks_for_new_tools);
    Some(if asks { reach.or_stricter(Reach::only(Action::RequireApproval)) } else { reach })
}

/// Whether the scopes end below the account, which then has no say.
pub fn end_below_account(scopes: &[Scope<'_>]) -> bool {
    last_level(scopes).is_some_and(|last| last < Level::Account)
}

struct Answer<'p> {
    level: Level,
    name: &'p str,
    decision: Cow<'p, Decision>,
}

impl<'p> Answer<'p> {
    /// The decision; one that a more general scope made says so.
    fn told(self, most_specific: Level) -> Cow<'p, Decision> {
        if self.level == most_specific {
            return self.decision;
        }
        let mut decision = self.decision.into_owned();
        decision.scope = Some(self.name.to_owned());
        Cow::Owned(decision)
    }
}

/// The scopes in order, up to the first level that does not inherit. Of several teams one that inherits is enough: its
/// answer, the denials above it included, is one of those of which the strictest counts.
fn inherited<'p>(scopes: &[Scope<'p>]) -> Vec<Scope<'p>> {
    let mut chain = scopes.to_vec();
    chain.sort_by_key(|scope| scope.level);
    if let Some(last) = last_level(&chain) {
        chain.retain(|scope| scope.level <= last);
    }
    chain
}

/// The most specific level at which no scope inherits.
fn last_level(scopes: &[Scope<'_>]) -> Option<Level> {
    let ends = |level| scopes.iter().all(|scope| scope.level != level || !scope.inherits());
    scopes.iter().map(|scope| scope.level).filter(|level| ends(*level)).min()
}

fn stricter_of<'p>(first: Option<Answer<'p>>, second: Answer<'p>) -> Answer<'p> {
    match first {
        Some(first) if first.decision.action >= second.decision.action => first,
        _ => second,
    }
}

/// A new tool needs an approval as soon as one scope of the chain asks for it.
fn raised<'p>(decided: Answer<'p>, chain: &[Scope<'p>], call: &Call<'_>) -> Answer<'p> {
    if !call.tool.is_new || decided.decision.action != Action::Allow {
        return decided;
    }
    match chain.iter().find(|scope| scope.policy.asks_for_new_tools) {
        Some(scope) => Answer {
            level: scope.level,
            name: scope.name,
            decision: Cow::Borrowed(&scope.policy.new_tool),
        },
        None => decided,
    }
}

#[cfg(test)]
mod tests;
