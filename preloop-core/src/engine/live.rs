//! One policy as an engine holds it: its decisions are numbered, so that a binding makes each of them only once.

use std::borrow::Cow;
use std::ptr;
use std::sync::{Arc, OnceLock};

use super::projection::{HostValue, Projection};
use crate::call::Call;
use crate::cel::ArgumentSource;
use crate::compile::CompiledPolicy;
use crate::decision::{ConditionError, Decision};
use crate::diagnostic::Diagnostic;
use crate::evaluate::Verdict;
use crate::validate::ValidPolicy;

/// One policy of an engine. Immutable but for what is made at its first use.
#[derive(Debug)]
pub struct LivePolicy<P = ()> {
    policy: CompiledPolicy,
    warnings: Vec<Diagnostic>,
    /// By the decisions' numbers.
    shared: Box<[OnceLock<Arc<Decision>>]>,
    prepared: P,
}

/// A decision, by its number where it was made beforehand.
#[derive(Clone, Debug)]
pub enum Ruling<'p> {
    /// One of the policy's own; the same number is always the same decision of this policy.
    Known(u32, &'p Decision),
    /// One that speaks of this very call.
    Made(Box<Decision>),
}

impl<P> LivePolicy<P> {
    /// A policy made ready.
    pub fn new(policy: ValidPolicy) -> Self
    where
        P: Default,
    {
        let warnings = policy.warnings().to_vec();
        let policy = CompiledPolicy::compile(policy);
        let count = policy.decision_count() as usize;
        let shared = std::iter::repeat_with(OnceLock::new).take(count).collect();
        Self { policy, warnings, shared, prepared: P::default() }
    }

    /// The policy.
    #[inline]
    pub const fn policy(&self) -> &CompiledPolicy {
        &self.policy
    }

    /// What is odd about it.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// What the binding keeps beside it.
    #[inline]
    pub const fn prepared(&self) -> &P {
        &self.prepared
    }

    /// How many numbers [`Ruling::Known`] has.
    pub fn decisions(&self) -> usize {
        self.shared.len()
    }

    /// Decides a call. Where an argument could not be read, the call is not valid.
    #[inline]
    pub fn decide(&self, call: &Call<'_>) -> Ruling<'_> {
        self.ruling(call, self.policy.verdict(call), call.args.fault().is_some())
    }

    /// The same for a call whose arguments are this projection: sooner, since its type is known.
    #[inline]
    pub fn decide_projected<H: HostValue>(
        &self,
        call: &Call<'_>,
        args: &Projection<'_, H>,
    ) -> Ruling<'_> {
        debug_assert!(ptr::addr_eq(call.args, args), "the projection is the call's arguments");
        self.ruling(call, self.policy.verdict_on(call, args), args.fault().is_some())
    }

    #[inline]
    fn ruling<'p>(&'p self, call: &Call<'_>, verdict: Verdict<'p>, is_faulty: bool) -> Ruling<'p> {
        if is_faulty {
            return Ruling::Made(Box::new(self.faulty(call, Cow::from(verdict).into_owned())));
        }
        match verdict {
            Verdict::Known(known) => Ruling::Known(known.number, known),
            Verdict::Made(decision) => Ruling::Made(decision),
        }
    }

    /// Decides a call and tells, rule by rule, how.
    pub fn explain(&self, call: &Call<'_>) -> Decision {
        // Telling how reads more than deciding does, and what could not be told is no fault of the call.
        let fault = match self.decide(call) {
            Ruling::Known(..) => None,
            Ruling::Made(_) => call.args.fault().cloned(),
        };
        let decision = self.policy.explain(call);
        match fault {
            None => decision,
            Some(fault) => Decision { trace: decision.trace, ..self.policy.invalid_call(fault) },
        }
    }

    /// The decision as one that is shared with all calls that come to it.
    pub fn decide_shared(&self, call: &Call<'_>) -> Arc<Decision> {
        match self.decide(call) {
            Ruling::Made(decision) => Arc::new(*decision),
            Ruling::Known(number, decision) => match self.shared.get(number as usize) {
                Some(shared) => Arc::clone(shared.get_or_init(|| Arc::new(decision.clone()))),
                None => Arc::new(decision.clone()),
            },
        }
    }

    /// The answer to a call that cannot be judged, such as one whose arguments are no object.
    pub fn invalid(&self, problem: impl Into<String>) -> Decision {
        self.policy.invalid_call(ConditionError::of_call(problem, None))
    }

    /// The decision, unless an argument could not be read.
    fn faulty(&self, call: &Call<'_>, decision: Decision) -> Decision {
        match call.args.fault() {
            None => decision,
            Some(fault) => {
                Decision { trace: decision.trace, ..self.policy.invalid_call(fault.clone()) }
            }
        }
    }
}
