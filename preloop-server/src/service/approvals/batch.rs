//! Votes on several requests at once, each judged on its own.

use preloop_api::{Approval, BatchVote};
use preloop_core::approval::{Ballot, Proof, Via};
use uuid::Uuid;

use super::super::{Caller, ServiceError, Services};

impl Services {
    /// Votes one after the other; one that does not count does not keep the others from counting.
    pub(crate) async fn approval_vote_batch(
        &self,
        caller: &Caller,
        votes: Vec<BatchVote>,
    ) -> Vec<(Uuid, Result<Approval, ServiceError>)> {
        let mut results = Vec::with_capacity(votes.len());
        for vote in votes {
            let BatchVote { id, decision, reason, answer, match_code, call_hash } = vote;
            let proof = match_code.map_or(Proof::None, Proof::MatchCode);
            let ballot = Ballot::new(decision, Via::Api).because(reason).answering(answer);
            let ballot = Ballot { seen: call_hash, ..ballot.proving(proof) };
            results.push((id, self.approval_vote(caller, id, ballot).await));
        }
        results
    }
}
