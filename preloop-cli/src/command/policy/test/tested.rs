//! Each policy with every case that is for it, whichever test files they stand in.

use std::rc::Rc;

use preloop_core::ValidPolicy;
use preloop_core::policy_test::Case;

use super::Test;
use super::suite::{Suite, TestedPolicy};
use crate::failure::Failure;

/// A policy and its cases that are run.
pub(super) struct Tested<'s> {
    /// The policy.
    pub(super) policy: &'s TestedPolicy,
    /// The cases, each with the test file that it stands in.
    pub(super) cases: Vec<(&'s str, &'s Case)>,
}

/// The policies in the order in which they are met.
pub(super) fn by_policy<'s>(test: &Test, suites: &'s [Suite]) -> Vec<Tested<'s>> {
    let mut found: Vec<(&Rc<TestedPolicy>, Tested<'s>)> = Vec::new();
    for suite in suites {
        let Suite::Ready(ready) = suite else { continue };
        let cases = test.wanted(ready).filter(|case| case.skip.is_none());
        let cases = cases.map(|case| (ready.name.as_str(), case));
        let known = found.iter_mut().find(|(policy, _)| Rc::ptr_eq(policy, &ready.policy));
        if let Some((_, tested)) = known {
            tested.cases.extend(cases);
        } else {
            let tested = Tested { policy: &ready.policy, cases: cases.collect() };
            found.push((&ready.policy, tested));
        }
    }
    found.into_iter().map(|(_, tested)| tested).collect()
}

impl Tested<'_> {
    /// The policy as it was read, once more: with its text and all that compiling leaves behind.
    pub(super) fn valid(&self) -> Result<ValidPolicy, Failure> {
        self.policy.source.parse().map_err(|_| {
            let name = &self.policy.name;
            Failure::new("invalid_policy", format!("the policy `{name}` is not valid"))
        })
    }
}
