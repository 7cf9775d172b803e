//! Asking people: making, joining and using approval requests.

use preloop_api::{ApprovalOutcome, ApprovalState};
use preloop_core::Timestamp;
use preloop_core::approval::{MatchCode, Request, VoteDecision, Workflow};
use preloop_core::audit::{AuditKind, EnforcementPoint};
use preloop_core::decision::{Action, Decision, Reason};
use preloop_core::document::StepUp;
use uuid::Uuid;

use super::super::approvals::{not_found, set_outcome};
use super::super::{ServiceError, Services};
use super::call::PreparedCall;
use super::evaluate::closed;
use super::held::waiting;
use super::permit::ApprovalUse;
use super::{Permit, Recorded, Ruling};
use crate::ids::new_id;
use crate::store::{ApprovalInsert, Beside, StoredApproval};

/// Most requests that one principal may have waiting.
const PENDING_MAX: i64 = 100;
/// How often making a request is tried again when another one like it comes and goes meanwhile.
const ATTEMPTS_MAX: usize = 4;

/// What an identical call that asked before is to a call.
enum Met {
    /// Nothing: it is settled, or asks others.
    Other,
    /// Its approval was used in this moment: look again.
    Taken,
    /// The call joins it, or uses its approval.
    Ruled(Box<Ruling>),
}

impl Services {
    /// Goes on with a call that needs people, or that comes back with an approval.
    pub(super) async fn ask(
        &self,
        call: PreparedCall,
        decision: Decision,
    ) -> Result<Ruling, ServiceError> {
        let account_id = self.inner.account_id;
        if let Some(id) = call.attempt.approval_id {
            let found = self.inner.store.approval_find(account_id, id).await?;
            let principal_id = &call.caller.principal.id;
            let approval = found
                .filter(|approval| approval.principal.id == *principal_id)
                .ok_or_else(|| not_found(id))?;
            let approval = self.as_of_now(approval).await?;
            if approval.call_hash != call.hash {
                return Err(ServiceError::Conflict {
                    code: "approval_mismatch",
                    message: "the approval is for another call: tool, source or arguments differ"
                        .to_owned(),
                    state: Some(approval.request.state),
                });
            }
            return self.come_back(call, decision, approval).await;
        }
        'attempts: for _ in 0..ATTEMPTS_MAX {
            if call.attempt.enforcement_point == EnforcementPoint::Mcp
                && let Some(ran) = self.ran_untold(&call, &decision).await?
            {
                return Ok(Ruling::Ran(ran));
            }
            // One that is approved under another workflow must not hide one that waits.
            for state in [ApprovalState::Approved, ApprovalState::Pending] {
                let (principal_id, store) = (&call.caller.principal.id, &self.inner.store);
                let open =
                    store.approval_find_open(account_id, principal_id, &call.hash, state).await?;
                if let Some(open) = open {
                    let open = self.as_of_now(open).await?;
                    match self.join_or_use(&call, &decision, open).await? {
                        Met::Ruled(ruling) => return Ok(*ruling),
                        Met::Taken => continue 'attempts,
                        Met::Other => {}
                    }
                }
            }
            if let Some(ruling) = self.request(&call, &decision).await? {
                return Ok(ruling);
            }
        }
        Err(ServiceError::Conflict {
            code: "approval_contended",
            message: "identical calls by the same principal get in each other's way; try again"
                .to_owned(),
            state: None,
        })
    }

    /// The request as it stands now: the worker that does what is due may not have come to it yet.
    pub(super) async fn as_of_now(
        &self,
        found: StoredApproval,
    ) -> Result<StoredApproval, ServiceError> {
        if !found.request.clone().advance(self.now()) {
            return Ok(found);
        }
        let changed = self.approval_apply(found.id, |_, _| ()).await?;
        Ok(changed.map_or(found, |((), approval)| approval))
    }

    /// The caller names the request it comes back with.
    async fn come_back(
        &self,
        call: PreparedCall,
        decision: Decision,
        approval: StoredApproval,
    ) -> Result<Ruling, ServiceError> {
        match approval.request.state {
            ApprovalState::Approved if approval.request.used_at.is_some() => Err(used()),
            ApprovalState::Approved => {
                let is_of_old = !is_of_definition(&approval, &call);
                if is_of_old && decision.action == Action::Allow {
                    return self.allow(call, decision);
                }
                let needs_people = decision.action == Action::RequireApproval;
                if is_of_old || (needs_people && !self.follows(&approval, &decision)) {
                    return self.ask_anew(call, decision).await;
                }
                let claimed = self.claim(&call, &decision, approval.id).await?;
                claimed.map(Ruling::Allowed).ok_or_else(used)
            }
            // The policy allows the call by now, so nobody needs to be asked.
            _ if decision.action == Action::Allow => self.allow(call, decision),
            ApprovalState::Pending if self.follows(&approval, &decision) => {
                // Nothing new happened, so nothing new is recorded.
                let recorded =
                    Recorded { id: approval.decision_id, at: approval.request.created_at };
                Ok(Ruling::Held(Box::new(self.hold(call, recorded, decision, &approval).await?)))
            }
            ApprovalState::Pending => self.ask_anew(call, decision).await,
            ApprovalState::Cancelled | ApprovalState::Declined | ApprovalState::Expired => {
                let message = refusal(&approval);
                let decision = Decision {
                    rule: decision.rule.clone(),
                    errors: decision.errors.clone(),
                    ..closed(decision.reason, message, decision.policy)
                };
                self.deny(&call, decision, Some(approval.id))
            }
        }
    }

    /// Asks again under the workflow that the policy names now.
    pub(super) fn ask_anew(
        &self,
        mut call: PreparedCall,
        decision: Decision,
    ) -> impl Future<Output = Result<Ruling, ServiceError>> + Send {
        call.attempt.approval_id = None;
        // Boxed, because asking and coming back call each other.
        let asked: std::pin::Pin<Box<dyn Future<Output = _> + Send + '_>> =
            Box::pin(self.ask(call, decision));
        asked
    }

    /// An identical call made a request before: use it where it is approved, else wait with it.
    async fn join_or_use(
        &self,
        call: &PreparedCall,
        decision: &Decision,
        open: StoredApproval,
    ) -> Result<Met, ServiceError> {
        let is_pending = open.request.state == ApprovalState::Pending;
        if !is_pending && open.request.state != ApprovalState::Approved {
            return Ok(Met::Other);
        }
        let superseded = if !is_of_definition(&open, call) {
            Some("the definition of its tool changed since people were asked")
        } else if !self.follows(&open, decision) {
            Some("the policy asks another workflow by now")
        } else {
            None
        };
        if let Some(why) = superseded {
            if is_pending {
                self.supersede(open.id, why).await?;
            }
            return Ok(Met::Other);
        }
        let ruling = if is_pending {
            self.join(call, decision, &open).await?
        } else {
            match self.claim(call, decision, open.id).await? {
                Some(permit) => Ruling::Allowed(permit),
                None => return Ok(Met::Taken),
            }
        };
        Ok(Met::Ruled(Box::new(ruling)))
    }

    async fn join(
        &self,
        call: &PreparedCall,
        decision: &Decision,
        open: &StoredApproval,
    ) -> Result<Ruling, ServiceError> {
        let recorded = self.record_decision(call, decision, Some(open.id))?;
        let mut record = self.call_record(AuditKind::ApprovalJoined, call, recorded.id);
        record.approval_id = Some(open.id.to_string());
        self.record(&record)?;
        let reason = call.attempt.justification.clone().filter(|reason| {
            !reason.trim().is_empty() && Some(reason) != open.justification.as_ref()
        });
        self.approval_apply(open.id, move |approval, now| {
            approval.request.join(reason.as_deref(), now);
        })
        .await?;
        let held = self.hold(call.clone(), recorded, decision.clone(), open).await?;
        Ok(Ruling::Held(Box::new(held)))
    }

    /// Makes a request; none where an identical call was quicker and has to be looked at again.
    async fn request(
        &self,
        call: &PreparedCall,
        decision: &Decision,
    ) -> Result<Option<Ruling>, ServiceError> {
        let name = decision.approval_workflow.as_deref().unwrap_or_default();
        let workflow = self
            .live()
            .workflow(&decision.policy, name)
            // The policy was swapped in between: the workflow is gone, so its strictest reading is that nobody may approve.
            .ok_or_else(|| ServiceError::Unavailable {
                message: "the policy changed while the call was decided; try again".to_owned(),
            })?;
        let now = self.now();
        let attempt = &call.attempt;
        let decision_id = new_id(now);
        let approval = StoredApproval {
            id: new_id(now),
            request: open(workflow, call, now)?,
            principal: call.caller.principal.clone(),
            call_hash: call.hash.clone(),
            tool: attempt.tool.clone(),
            server: attempt.server.clone(),
            source: attempt.source.clone(),
            definition_hash: attempt.definition_hash.clone(),
            arguments: call.redacted.clone(),
            session_id: attempt.session_id.clone(),
            justification: attempt.justification.clone(),
            decision_id,
            decision: decision.clone(),
            outcome: None,
        };
        let account_id = self.inner.account_id;
        let beside = Beside {
            waiting: waiting(call, decision_id, approval.id),
            arguments: self.arguments_to_keep(&approval, attempt.arguments.get()),
        };
        let store = &self.inner.store;
        match store.approval_insert(account_id, &approval, PENDING_MAX, beside).await? {
            ApprovalInsert::Inserted => {}
            ApprovalInsert::Joined(_) => return Ok(None),
            ApprovalInsert::TooMany => return self.too_many(call, decision).map(Some),
        }
        self.inner.waiters.changed();
        self.note_waiting(call, approval.id).await?;
        let record = self.decision_record(call, decision_id, decision, Some(approval.id));
        self.record(&record)?;
        let recorded = Recorded { id: decision_id, at: record.at };
        let mut record = self.call_record(AuditKind::ApprovalRequested, call, decision_id);
        record.approval_id = Some(approval.id.to_string());
        record.message = Some(format!("workflow `{}`", approval.request.workflow.name));
        self.record(&record)?;
        let held = self.held(call.clone(), recorded, decision.clone(), &approval);
        Ok(Some(Ruling::Held(Box::new(held))))
    }

    fn too_many(&self, call: &PreparedCall, asked: &Decision) -> Result<Ruling, ServiceError> {
        let message = format!(
            "{PENDING_MAX} of your calls wait for approval already; wait until some are decided, or withdraw some"
        );
        let decision = Decision {
            rule: asked.rule.clone(),
            ..closed(asked.reason, message, asked.policy.clone())
        };
        self.deny(call, decision, None)
    }

    /// Uses an approval for this call; none where it was used or lapsed meanwhile.
    pub(super) async fn claim(
        &self,
        call: &PreparedCall,
        decision: &Decision,
        id: Uuid,
    ) -> Result<Option<Permit>, ServiceError> {
        let outcome = match call.attempt.enforcement_point {
            EnforcementPoint::Http => ApprovalOutcome::HandedOver,
            EnforcementPoint::Mcp => ApprovalOutcome::Claimed,
        };
        let changed = self
            .approval_apply(id, move |approval, now| {
                let claimed = approval.request.claim(now);
                if claimed.is_ok() {
                    set_outcome(approval, outcome, now);
                }
                claimed
            })
            .await?;
        let Some((Ok(number), approval)) = changed else { return Ok(None) };
        let approval_use = ApprovalUse { approval_id: id, number };
        let granted = Decision {
            action: Action::Allow,
            reason: Reason::Granted,
            message: format!("approved by {}", voters(&approval, VoteDecision::Approve)),
            approval_workflow: None,
            ..decision.clone()
        };
        let recorded = match self.record_decision(call, &granted, Some(id)) {
            Ok(recorded) => recorded,
            Err(error) => {
                // What the trail does not take does not run, and is not used up either.
                if let Err(error) = Box::pin(self.approval_give_back(approval_use)).await {
                    tracing::error!(%error, approval = %id, "the use of an approval was not given back");
                }
                return Err(error);
            }
        };
        self.remember_granted(call);
        let used = Some(approval_use);
        Ok(Some(Permit::new(self.clone(), call.clone(), recorded, granted, used)))
    }

    /// Whether the request asks whom the decision names, as the live policy has it now.
    pub(super) fn follows(&self, approval: &StoredApproval, decision: &Decision) -> bool {
        let asked = &approval.request.workflow;
        decision.approval_workflow.as_deref() == Some(asked.name.as_str())
            && self
                .live()
                .workflow(&decision.policy, &asked.name)
                .is_some_and(|now| now.asks_alike(asked))
    }

    /// Withdraws a request that asks what nobody wants to know any more.
    async fn supersede(&self, id: Uuid, message: &'static str) -> Result<(), ServiceError> {
        let changed = self
            .approval_apply(id, |approval, now| approval.request.cancel(None, Some(message), now))
            .await?;
        if let Some((Ok(()), approval)) = changed {
            let mut record = self.approval_record(AuditKind::ApprovalCancelled, &approval);
            record.message = Some(message.to_owned());
            self.record_or_log(&record);
        }
        Ok(())
    }

    /// Stores what became of a use of an approval, and says whether it is still that use: its call must not be sent where
    /// it is not.
    pub(super) async fn approval_outcome(
        &self,
        ApprovalUse { approval_id: id, number }: ApprovalUse,
        outcome: ApprovalOutcome,
    ) -> Result<bool, ServiceError> {
        let changed = self
            .approval_apply(id, move |approval, now| {
                let is_in_use = approval.request.is_in_use(number);
                if is_in_use {
                    set_outcome(approval, outcome, now);
                }
                is_in_use
            })
            .await?;
        if Self::is_over(Some(outcome)) {
            self.inner.waiters.wake(id);
        }
        changed.map(|(is_in_use, _)| is_in_use).ok_or_else(|| not_found(id))
    }

    /// Gives back a use of an approval whose call certainly never went out: the next identical call has it. Another call's
    /// use stays, however late this comes.
    pub(super) async fn approval_give_back(
        &self,
        ApprovalUse { approval_id: id, number }: ApprovalUse,
    ) -> Result<(), ServiceError> {
        let changed = self
            .approval_apply(id, move |approval, now| {
                if approval.request.release(number, now) {
                    approval.outcome = None;
                }
            })
            .await?;
        self.inner.waiters.wake(id);
        changed.map(|_| ()).ok_or_else(|| not_found(id))
    }
}

/// A new request of the call, with the code that its voters must type where the workflow asks for one.
fn open(workflow: Workflow, call: &PreparedCall, now: Timestamp) -> Result<Request, ServiceError> {
    let mut request = Request::open(workflow, call.caller.principal.id.clone(), now);
    if request.step_up() == StepUp::MatchCode {
        request.match_code = Some(match_code()?);
    }
    Ok(request)
}

fn match_code() -> Result<MatchCode, ServiceError> {
    loop {
        let mut random = [0_u8];
        getrandom::fill(&mut random).map_err(|_| ServiceError::Unavailable {
            message: "the system gives no random numbers; try again".to_owned(),
        })?;
        // Each code is as likely as any other.
        let [number] = random;
        if let Some(code) = (number < 200).then(|| MatchCode::of(number % 100)).flatten() {
            return Ok(code);
        }
    }
}

/// Names of those who voted so.
pub(super) fn voters(approval: &StoredApproval, decision: VoteDecision) -> String {
    let names: Vec<String> = approval
        .request
        .votes
        .iter()
        .filter(|vote| vote.decision == decision)
        .map(|vote| format!("`{}`", vote.voter_name))
        .collect();
    names.join(", ")
}

/// Why a settled request does not allow its call.
fn refusal(approval: &StoredApproval) -> String {
    let declined =
        approval.request.votes.iter().find(|vote| vote.decision == VoteDecision::Decline);
    match (approval.request.state, declined) {
        (ApprovalState::Declined, Some(vote)) => match &vote.reason {
            Some(reason) => format!("`{}` declined the call: {reason}", vote.voter_name),
            None => format!("`{}` declined the call", vote.voter_name),
        },
        (ApprovalState::Expired, _) => {
            "nobody approved the call in time, or the approval was not used in time; ask again if it is still needed"
                .to_owned()
        }
        _ => "the approval request was withdrawn; ask again if the call is still needed".to_owned(),
    }
}

pub(super) fn used() -> ServiceError {
    ServiceError::Conflict {
        code: "approval_used",
        message: "the approval was used already; an approval is good for one call".to_owned(),
        state: Some(ApprovalState::Approved),
    }
}

/// Whether people were asked about the tool as it is defined now. A caller over HTTP runs the call itself, and of its tools no
/// definition is known.
fn is_of_definition(approval: &StoredApproval, call: &PreparedCall) -> bool {
    call.attempt.definition_hash.is_none()
        || approval.definition_hash == call.attempt.definition_hash
}
