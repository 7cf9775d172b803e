//! The audit trail: what goes in, and how it is read.

use preloop_core::audit::EnforcementPoint;

use super::{Caller, Services};

/// A request of a known caller that was refused before it became a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The tool that was asked for, where that is known.
    pub tool: Option<String>,
    /// The server that was asked for, where that is known.
    pub server: Option<String>,
    /// Why it was refused.
    pub message: String,
}

impl Services {
    /// Records a refusal.
    pub fn record_refusal(&self, caller: &Caller, point: EnforcementPoint, refusal: Refusal) {
        let _ = (caller, point, refusal);
    }
}
