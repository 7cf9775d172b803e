//! One policy as an engine holds it: its decisions are numbered, so that a binding makes each of them only once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ptr;
use std::sync::{Arc, OnceLock};

use crate::call::Call;
use crate::compile::CompiledPolicy;
use crate::decision::{ConditionError, Decision};
use crate::diagnostic::Diagnostic;
use crate::validate::ValidPolicy;

/// One policy of an engine. Immutable but for what is made at its first use.
#[derive(Debug)]
pub struct LivePolicy<P = ()> {
    policy: CompiledPolicy,
    warnings: Vec<Diagnostic>,
    /// The number of each decision that was made beforehand, by where it stands in the policy.
    numbers: HashMap<usize, u32, BuildHasherDefault<AddressHasher>>,
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
        // INVARIANT: the decisions stay where they are, since nothing changes a compiled policy and what holds
        // them is on the heap, but for the two of unknown tools, which are numbered apart.
        let numbers: HashMap<_, _, _> =
            policy.decisions().map(address).zip(FIRST_OF_ENTRIES..).collect();
        let count = numbers.len().saturating_add(FIRST_OF_ENTRIES as usize);
        let shared = std::iter::repeat_with(OnceLock::new).take(count).collect();
        Self { policy, warnings, numbers, shared, prepared: P::default() }
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
        let decision = self.policy.evaluate(call);
        if call.args.fault().is_some() {
            return Ruling::Made(Box::new(self.faulty(call, decision.into_owned())));
        }
        match decision {
            Cow::Borrowed(decision) => match self.number(decision) {
                Some(number) => Ruling::Known(number, decision),
                None => Ruling::Made(Box::new(decision.clone())),
            },
            Cow::Owned(decision) => Ruling::Made(Box::new(decision)),
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

    #[inline]
    fn number(&self, decision: &Decision) -> Option<u32> {
        if ptr::eq(decision, &raw const self.policy.unknown) {
            return Some(0);
        }
        if ptr::eq(decision, &raw const self.policy.new_tool) {
            return Some(1);
        }
        self.numbers.get(&address(decision)).copied()
    }
}

/// The numbers below are those of the two decisions about tools without an entry.
const FIRST_OF_ENTRIES: u32 = 2;

fn address(decision: &Decision) -> usize {
    ptr::from_ref(decision).addr()
}

/// Spreads addresses, which are multiples of the same power of two.
#[derive(Clone, Copy, Debug, Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) ^ u64::from(*byte);
        }
    }

    fn write_usize(&mut self, address: usize) {
        let mixed = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
