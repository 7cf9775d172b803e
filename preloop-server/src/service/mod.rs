//! The use cases: no axum, no SQL. `http` and `mcp` come in here, `store` is below.

mod audit;
mod decide;
mod error;
mod keys;
mod live_policy;
mod principal;
mod tools;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use crate::clock::SharedClock;

pub use audit::Refusal;
pub use decide::{
    Attempt, Denied, Held, Outcome, Permit, PreviewTool, Ruling, Settled, Visibility,
};
pub use error::ServiceError;
pub use live_policy::LivePolicy;
pub use principal::Caller;
pub use tools::OfferedTool;

/// Everything the server can do, for one account; cheap to clone.
#[derive(Clone, Debug)]
pub struct Services {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: SharedClock,
    live_policy: ArcSwapOption<LivePolicy>,
    policy_changes: watch::Sender<u64>,
}

impl Services {
    /// Where the time comes from.
    pub fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }
}
