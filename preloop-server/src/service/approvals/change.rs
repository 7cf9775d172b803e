//! The one way to change a request: time first, then the rule, both in one transaction; the trail and the waiters after it.

use preloop_api::{ApprovalOutcome, ApprovalState};
use preloop_core::Timestamp;
use preloop_core::approval::{Event, EventKind};
use preloop_core::audit::{AuditKind, AuditRecord};
use uuid::Uuid;

use super::super::{ServiceError, Services};
use crate::store::StoredApproval;

impl Services {
    /// Does to a request what is due by now; whether anything was.
    pub(in crate::service) async fn approval_advance(
        &self,
        id: Uuid,
    ) -> Result<bool, ServiceError> {
        let changed = self.approval_apply(id, |_, _| ()).await?;
        Ok(changed.is_some_and(|((), approval)| !approval.request.events.is_empty()))
    }

    /// Does to a request what is due by now, then applies a rule to it, both in one transaction.
    pub(in crate::service) async fn approval_apply<T: Send>(
        &self,
        id: Uuid,
        rule: impl FnOnce(&mut StoredApproval, Timestamp) -> T + Send,
    ) -> Result<Option<(T, StoredApproval)>, ServiceError> {
        let now = self.now();
        let changing =
            self.inner.store.approval_change(self.inner.account_id, id, move |approval| {
                let was = approval.request.state;
                approval.request.advance(now);
                (was, rule(approval, now))
            });
        // A request is large, and many calls hold the future of a change of theirs.
        let changed = Box::pin(changing).await?;
        let Some(((was, answer), approval)) = changed else { return Ok(None) };
        for event in &approval.request.events {
            if let Some(record) = self.record_of_time(&approval, event) {
                self.record_or_log(&record);
            }
        }
        if was == ApprovalState::Pending && approval.request.state != was {
            self.inner.waiters.wake(id);
        } else if !approval.request.events.is_empty() {
            self.inner.waiters.changed();
        }
        Ok(Some((answer, approval)))
    }

    /// The record of what time did; what people do is recorded where they do it.
    fn record_of_time(&self, approval: &StoredApproval, event: &Event) -> Option<AuditRecord> {
        let kind = match event.kind {
            EventKind::Expired => AuditKind::ApprovalExpired,
            EventKind::Escalated => AuditKind::ApprovalEscalated,
            _ => return None,
        };
        let mut record = self.approval_record(kind, approval);
        record.actor.clone_from(&event.actor);
        record.message.clone_from(&event.message);
        Some(record)
    }

    /// A record about a request.
    pub(in crate::service) fn approval_record(
        &self,
        kind: AuditKind,
        approval: &StoredApproval,
    ) -> AuditRecord {
        let mut record = self.new_record(kind);
        record.principal = Some(approval.principal.clone());
        record.tool = Some(approval.tool.clone());
        record.server.clone_from(&approval.server);
        record.source.clone_from(&approval.source);
        record.call_hash = Some(approval.call_hash.clone());
        record.approval_id = Some(approval.id.to_string());
        record
    }
}

/// Notes what became of the one use.
pub(in crate::service) fn set_outcome(
    approval: &mut StoredApproval,
    outcome: ApprovalOutcome,
    now: Timestamp,
) {
    approval.outcome = Some(outcome);
    let kind = match outcome {
        ApprovalOutcome::Cancelled | ApprovalOutcome::Interrupted => EventKind::Interrupted,
        ApprovalOutcome::Completed => EventKind::Completed,
        ApprovalOutcome::Failed => EventKind::Failed,
        ApprovalOutcome::Unknown => EventKind::OutcomeUnknown,
        // That it is used was noted when it was claimed.
        ApprovalOutcome::Claimed | ApprovalOutcome::HandedOver | ApprovalOutcome::Running => return,
    };
    let at = approval.request.not_before(now);
    approval.request.note(Event::new(kind, at));
}
