//! The policy that decides, as each thread keeps that of the engine which it asked last.

use std::cell::Cell;

use preloop_core::engine::{KeptPolicy, LivePolicy};

use crate::engine::{CoreEngine, Prepared};

thread_local! {
    /// That of the last engine alone: a program nearly always has one, and what a thread keeps stays in memory.
    static KEPT: Cell<Option<KeptPolicy<Prepared>>> = const { Cell::new(None) };
}

/// Works with the policy by which an engine decides at this moment.
#[inline]
pub(crate) fn with_live<R>(
    engine: &CoreEngine,
    work: impl FnOnce(&LivePolicy<Prepared>) -> R,
) -> R {
    // Taken, so that it is nobody else's where reading an argument asks an engine again.
    let kept = KEPT.try_with(Cell::take).ok().flatten().filter(|kept| kept.is_of(engine));
    let mut kept = kept.unwrap_or_else(|| KeptPolicy::new(engine));
    let done = work(kept.live());
    // A thread that ends has no place for it any more.
    let _ = KEPT.try_with(|place| place.set(Some(kept)));
    done
}
