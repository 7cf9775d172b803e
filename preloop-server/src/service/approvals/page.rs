//! A request as a person sees it who may be about to vote on it.

use preloop_api::{
    Approval, ApprovalEvent, EarlierDecision, RememberOffer, StepUp, Via, VoteDecision,
};
use preloop_core::approval::{Ballot, Told, VoteError, asked_values};
use uuid::Uuid;

use super::super::grants::offer;
use super::super::{Caller, ServiceError, Services};
use super::people::eligible;
use crate::store::StoredApproval;

/// How many earlier decisions are shown.
const EARLIER: u32 = 5;

/// Everything that the page of a request shows.
#[derive(Clone, Debug)]
pub(crate) struct ApprovalPage {
    pub(crate) approval: Approval,
    pub(crate) events: Vec<ApprovalEvent>,
    /// Why the caller cannot vote; none where it can.
    pub(crate) barred: Option<String>,
    /// How often the caller may still type a wrong code.
    pub(crate) codes_left: u32,
    /// Whether some of the arguments are masked and the caller may see them.
    pub(crate) has_more: bool,
    /// What can be remembered with an approval; none where each such call is looked at.
    pub(crate) offer: Option<RememberOffer>,
}

impl Services {
    /// A request as a person sees it; that it was looked at is noted.
    pub(crate) async fn approval_page(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<ApprovalPage, ServiceError> {
        let stored = self.approval_seen(caller, id).await?;
        self.approval_viewed(caller, &stored, Via::Page).await?;
        let approval = self.shown_whole(&stored).await?;
        self.page_of(caller, &stored, approval).await
    }

    /// The same with the arguments whole, once.
    pub(crate) async fn approval_page_revealed(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<ApprovalPage, ServiceError> {
        let approval = self.approval_reveal(caller, id).await?;
        let stored = self.approval_seen(caller, id).await?;
        self.page_of(caller, &stored, approval).await
    }

    async fn page_of(
        &self,
        caller: &Caller,
        stored: &StoredApproval,
        approval: Approval,
    ) -> Result<ApprovalPage, ServiceError> {
        let id = stored.id;
        let events = self.inner.store.approval_events(self.inner.account_id, id).await?;
        let barred = self.barred(caller, stored).await?;
        let has_more = self.has_more_for(caller, stored).await?;
        let codes_left = stored.request.wrong_codes.left(&caller.principal.id);
        let offer = offer(stored).ok();
        Ok(ApprovalPage { approval, events, barred, codes_left, has_more, offer })
    }

    /// What a vote to approve must prove.
    pub(crate) async fn approval_step_up(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<StepUp, ServiceError> {
        Ok(self.approval_seen(caller, id).await?.request.step_up())
    }

    /// A request with what was decided of calls like it before.
    pub(super) async fn shown_whole(
        &self,
        stored: &StoredApproval,
    ) -> Result<Approval, ServiceError> {
        let account_id = self.inner.account_id;
        let found = self.inner.store.approval_earlier(account_id, stored, EARLIER).await?;
        let earlier = found.iter().map(|past| earlier(past, stored)).collect();
        let rule = stored.decision.rule.as_ref();
        let asked_values = rule
            .and_then(|rule| rule.expression.as_deref())
            .map(|expression| asked_values(expression, &stored.arguments))
            .unwrap_or_default();
        Ok(Approval { asked_values, earlier, ..self.shown(stored) })
    }

    /// Why the caller's vote would not count, whatever it proves. To decline with a reason is the vote that asks least.
    async fn barred(
        &self,
        caller: &Caller,
        stored: &StoredApproval,
    ) -> Result<Option<String>, ServiceError> {
        let person = match self.person_who_votes(caller).await {
            Ok(person) => person,
            Err(ServiceError::Forbidden { .. }) => {
                return Ok(Some("you do not have the right to vote".to_owned()));
            }
            Err(error) => return Err(error),
        };
        let ballot =
            Ballot::new(VoteDecision::Decline, Via::Page).because(Some("a trial".to_owned()));
        let mut trial = stored.request.clone();
        let nobody_else = eligible(&trial, &[]);
        let voted = trial.vote(person.voter(), &ballot, &nobody_else, self.now());
        Ok(voted.err().map(|error: VoteError| error.to_string()))
    }
}

fn earlier(past: &StoredApproval, stored: &StoredApproval) -> EarlierDecision {
    EarlierDecision {
        id: past.id,
        state: past.request.state,
        effect: told(past).effect(),
        is_same_call: past.call_hash == stored.call_hash,
        by: past.request.votes.iter().map(|vote| vote.voter_name.clone()).collect(),
        decided_at: past.request.decided_at,
    }
}

/// What the effect of a request's call is told from.
pub(super) fn told(stored: &StoredApproval) -> Told<'_> {
    Told {
        tool: &stored.tool,
        server: stored.server.as_deref(),
        source: stored.source.as_deref(),
        arguments: &stored.arguments,
    }
}
