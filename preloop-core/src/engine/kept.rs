//! An engine's policy as one thread keeps it at hand.

use std::fmt;
use std::ops::Deref;
use std::ptr;
use std::sync::Arc;

use arc_swap::{ArcSwap, Cache};

use super::{Engine, LivePolicy, Shared};

/// An engine with the policy that it decided by last, for one thread that asks it again and again: to see that it still
/// decides by the same one is a look, where [`Engine::with_live`] has to keep others from freeing it.
///
/// A policy that was replaced stays in memory until the thread asks again, or this is dropped.
pub struct KeptPolicy<P> {
    cache: Cache<LiveOf<P>, Arc<LivePolicy<P>>>,
}

/// The place where an engine's policy is replaced.
struct LiveOf<P>(Arc<Shared<P>>);

impl<P> KeptPolicy<P> {
    /// The policy of this engine.
    pub fn new(engine: &Engine<P>) -> Self {
        Self { cache: Cache::new(LiveOf(Arc::clone(&engine.shared))) }
    }

    /// Whether it is the policy of this engine or a clone of it.
    #[inline]
    pub fn is_of(&self, engine: &Engine<P>) -> bool {
        ptr::eq(self.cache.arc_swap(), &raw const engine.shared.live)
    }

    /// The policy that decides at this moment.
    #[inline]
    pub fn live(&mut self) -> &LivePolicy<P> {
        self.cache.load()
    }
}

impl<P> Deref for LiveOf<P> {
    type Target = ArcSwap<LivePolicy<P>>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.0.live
    }
}

impl<P> fmt::Debug for KeptPolicy<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptPolicy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(name: &str) -> String {
        format!("version: '1.0'\nmetadata: {{name: {name}}}\n")
    }

    #[test]
    fn it_is_always_the_policy_that_decides_now() {
        let engine = Engine::from_yaml(&policy("first")).unwrap();
        let mut kept = KeptPolicy::new(&engine);
        assert_eq!(kept.live().policy().policy().name, "first");
        engine.clone().replace(&policy("second")).unwrap();
        assert_eq!(kept.live().policy().policy().name, "second");
        engine.replace("no policy").unwrap_err();
        assert_eq!(kept.live().policy().policy().name, "second");
    }

    #[test]
    fn it_knows_its_engine() {
        let engine = Engine::from_yaml(&policy("one")).unwrap();
        let kept = KeptPolicy::new(&engine);
        assert!(kept.is_of(&engine.clone()));
        assert!(!kept.is_of(&Engine::from_yaml(&policy("one")).unwrap()));
    }

    #[test]
    fn a_replaced_policy_goes_when_the_next_one_is_asked_for() {
        let engine = Engine::from_yaml(&policy("first")).unwrap();
        let mut kept = KeptPolicy::new(&engine);
        let first = Arc::downgrade(&engine.live());
        engine.replace(&policy("second")).unwrap();
        assert!(first.upgrade().is_some());
        kept.live();
        assert!(first.upgrade().is_none());
    }
}
