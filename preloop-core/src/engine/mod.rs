//! The engine as programs hold it: a policy that can be replaced while calls are decided, with what is known beside
//! a call bound to it. Python and Node bind to this.
//!
//! ```
//! use preloop_core::{Action, Engine};
//! use serde_json::json;
//!
//! let engine = Engine::from_yaml("
//! version: '1.0'
//! metadata: {name: quick}
//! tools:
//!   - name: bash
//!     conditions:
//!       - {expression: args.command.contains('rm -rf'), action: deny, message: files are never deleted here}
//!       - {expression: principal.id == 'ci', action: require_approval}
//! ").unwrap();
//! let decision = engine.decide("bash", &json!({"command": "rm -rf /"}));
//! assert_eq!((decision.action, &*decision.message), (Action::Deny, "files are never deleted here"));
//!
//! let ci = engine.bind(json!({"principal": {"id": "ci"}})).unwrap();
//! assert_eq!(ci.decide("bash", &json!({"command": "ls"})).action, Action::RequireApproval);
//!
//! // A text that is no policy changes nothing; a valid one holds for every call from then on.
//! assert!(engine.replace("version: '1.0'").is_err());
//! engine.replace("version: '1.0'\nmetadata: {name: open}").unwrap();
//! assert_eq!(ci.decide("bash", &json!({"command": "ls"})).action, Action::Allow);
//! assert_eq!(engine.status().policy.name, "open");
//! ```

mod guard;
mod kept;
mod live;
mod projection;
mod status;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::Timestamp;
use arc_swap::{ArcSwap, ArcSwapOption};
use serde_json::Value as Json;

pub use guard::{Answer, Guard, GuardStep, Refusal, RefusalKind, after_answer, after_decision};
pub use kept::KeptPolicy;
pub use live::{LivePolicy, Ruling};
pub use projection::{
    Field, Ground, Host, HostFault, HostValue, PathKeys, Projection, to_json as host_to_json,
};
pub use status::Status;

use crate::call::{Call, CallError, CallFacts};
use crate::cel::ArgumentSource;
use crate::decision::Decision;
use crate::diagnostic::Report;
use crate::dialect::any_dialect;
use crate::validate::ValidPolicy;

/// Where the time of a call comes from; the core has no clock of its own.
pub type Clock = fn() -> Timestamp;

/// A policy that answers calls and can be replaced at any time, by any thread; nobody ever waits.
///
/// Clones are the same engine. `P` is what a binding prepares for each policy, such as keys in its language.
#[derive(Debug)]
pub struct Engine<P = ()> {
    shared: Arc<Shared<P>>,
}

#[derive(Debug)]
struct Shared<P> {
    live: ArcSwap<LivePolicy<P>>,
    clock: Option<Clock>,
    replaced: AtomicU64,
    refused: ArcSwapOption<Report>,
}

/// An engine with what is known beside each call: who acts, what was called before, other facts, the time.
#[derive(Debug)]
pub struct BoundEngine<P = ()> {
    engine: Engine<P>,
    facts: Arc<CallFacts>,
}

// === impl Engine ===

impl Engine {
    /// An engine that decides by this policy, which is a document or flat; one that is refused comes back as a report of
    /// every error.
    pub fn from_yaml(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<Self, Report> {
        Self::load(text, None)
    }

    /// The same for a policy in JSON; which of the two a text is shows in its first character.
    pub fn from_json(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<Self, Report> {
        Self::load(text, None)
    }

    /// The same, with a clock for the calls to which no time is bound; without one, conditions that read `now` fail.
    pub fn with_clock(text: &(impl AsRef<[u8]> + ?Sized), clock: Clock) -> Result<Self, Report> {
        Self::load(text, Some(clock))
    }
}

impl<P: Default> Engine<P> {
    /// An engine that prepares `P` for each policy.
    pub fn load(text: &(impl AsRef<[u8]> + ?Sized), clock: Option<Clock>) -> Result<Self, Report> {
        any_dialect(text).map(|(policy, _)| Self::of(policy, clock))
    }

    /// An engine that decides by this policy, such as one that is spread over several files.
    pub fn of(policy: ValidPolicy, clock: Option<Clock>) -> Self {
        Self {
            shared: Arc::new(Shared {
                live: ArcSwap::from_pointee(LivePolicy::new(policy)),
                clock,
                replaced: AtomicU64::new(0),
                refused: ArcSwapOption::empty(),
            }),
        }
    }

    /// Decides by another document from now on; one that is refused changes nothing.
    ///
    /// Calls that are being decided go on with the policy that they began with.
    pub fn replace(&self, text: &(impl AsRef<[u8]> + ?Sized)) -> Result<(), Report> {
        match any_dialect(text) {
            Ok((policy, _)) => {
                self.shared.live.store(Arc::new(LivePolicy::new(policy)));
                self.shared.replaced.fetch_add(1, Ordering::Relaxed);
                self.shared.refused.store(None);
                Ok(())
            }
            Err(report) => {
                self.shared.refused.store(Some(Arc::new(report.clone())));
                Err(report)
            }
        }
    }
}

impl<P> Engine<P> {
    /// The policy that decides at this moment.
    #[inline]
    pub fn live(&self) -> Arc<LivePolicy<P>> {
        self.shared.live.load_full()
    }

    /// Works with the policy that decides at this moment, without keeping it: cheaper than [`Self::live`].
    #[inline]
    pub fn with_live<R>(&self, work: impl FnOnce(&LivePolicy<P>) -> R) -> R {
        work(&self.shared.live.load())
    }

    /// The time of a call to which none is bound; not read where no condition asks for it.
    #[inline]
    pub fn now(&self, live: &LivePolicy<P>) -> Option<Timestamp> {
        self.shared.clock.filter(|_| live.policy().reads_now()).map(|clock| clock())
    }

    /// Decides a call of `tool` of which only the arguments are known.
    pub fn decide(&self, tool: &str, args: &dyn ArgumentSource) -> Arc<Decision> {
        self.decide_call(&Call::new(tool, args))
    }

    /// Decides a call; the clock's time is added where the call has none.
    pub fn decide_call(&self, call: &Call<'_>) -> Arc<Decision> {
        self.with_live(|live| {
            if call.tool.name.is_empty() {
                return Arc::new(live.invalid("the tool's name is empty"));
            }
            let now = call.now.or_else(|| self.now(live));
            live.decide_shared(&Call { now, ..*call })
        })
    }

    /// Decides a call and tells, rule by rule, how.
    pub fn explain(&self, call: &Call<'_>) -> Decision {
        let live = self.live();
        if call.tool.name.is_empty() {
            return live.invalid("the tool's name is empty");
        }
        let now = call.now.or_else(|| self.now(&live));
        live.explain(&Call { now, ..*call })
    }

    /// The same engine with facts for each call: `principal`, `session`, `context` and `now`, each of which may be
    /// absent.
    pub fn bind(&self, facts: Json) -> Result<BoundEngine<P>, CallError> {
        CallFacts::from_value(facts).map(|facts| self.bind_facts(facts))
    }

    /// The same engine with these facts for each call.
    pub fn bind_facts(&self, facts: CallFacts) -> BoundEngine<P> {
        BoundEngine { engine: self.clone(), facts: Arc::new(facts) }
    }

    /// Which policy answers, and what became of replacing it.
    pub fn status(&self) -> Status {
        let live = self.live();
        let refused = self.shared.refused.load_full();
        Status {
            policy: live.policy().policy().clone(),
            tools: live.policy().tool_count(),
            rules: live.policy().rule_count(),
            replaced: self.shared.replaced.load(Ordering::Relaxed),
            warnings: live.warnings().to_vec(),
            refused: refused.map(|report| (*report).clone()),
        }
    }
}

impl<P> Clone for Engine<P> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

// === impl BoundEngine ===

impl<P> BoundEngine<P> {
    /// The engine without the facts.
    pub fn engine(&self) -> &Engine<P> {
        &self.engine
    }

    /// The facts.
    pub fn facts(&self) -> &CallFacts {
        &self.facts
    }

    /// The call with the facts; its own go before them.
    #[inline]
    pub fn call<'a>(&'a self, call: &Call<'a>) -> Call<'a> {
        Call {
            principal: call.principal.or(Some(&self.facts.principal)),
            session: call.session.or(Some(&self.facts.session)),
            context: call.context.or(Some(&self.facts.context)),
            now: call.now.or(self.facts.now),
            ..*call
        }
    }

    /// Decides a call of `tool`.
    pub fn decide(&self, tool: &str, args: &dyn ArgumentSource) -> Arc<Decision> {
        self.decide_call(&Call::new(tool, args))
    }

    /// Decides a call.
    pub fn decide_call(&self, call: &Call<'_>) -> Arc<Decision> {
        self.engine.decide_call(&self.call(call))
    }

    /// Decides a call and tells, rule by rule, how.
    pub fn explain(&self, call: &Call<'_>) -> Decision {
        self.engine.explain(&self.call(call))
    }
}

impl<P> Clone for BoundEngine<P> {
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone(), facts: Arc::clone(&self.facts) }
    }
}

#[cfg(test)]
mod tests;
