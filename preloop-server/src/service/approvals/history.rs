//! The timeline of a request.

use preloop_api::{ApprovalEvent, EventKind, Page, Role, Via};
use uuid::Uuid;

use super::super::{Caller, ServiceError, Services};
use crate::store::StoredApproval;

impl Services {
    /// All that happened to a request, oldest first; an agent sees its own.
    pub(crate) async fn approval_history(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<Page<ApprovalEvent>, ServiceError> {
        let approval = self.approval_seen(caller, id).await?;
        let items = self.inner.store.approval_events(self.inner.account_id, approval.id).await?;
        Ok(Page { items, next_cursor: None })
    }

    /// Notes that a person looked at a request, the first time; whoever looks does not wait for it.
    pub(super) async fn approval_viewed(
        &self,
        caller: &Caller,
        approval: &StoredApproval,
        via: Via,
    ) -> Result<(), ServiceError> {
        if caller.role == Role::Agent || caller.principal.id == approval.principal.id {
            return Ok(());
        }
        let (account_id, id) = (self.inner.account_id, approval.id);
        let name = caller.principal.name.clone();
        let known = self.inner.store.approval_events(account_id, id).await?;
        let is_this = |event: &ApprovalEvent| {
            event.kind == EventKind::Viewed && event.actor.as_ref() == Some(&name)
        };
        if known.iter().any(is_this) {
            return Ok(());
        }
        let at = approval.request.not_before(self.now());
        let event = ApprovalEvent::new(EventKind::Viewed, at).by(name).via(via);
        let services = self.clone();
        self.tasks().spawn("note who looked at a request", async move {
            let noted = services.inner.store.approval_event_add(account_id, id, &event).await;
            if let Err(error) = noted {
                tracing::warn!(%error, approval = %id, "it was not noted who looked at a request");
            }
        });
        Ok(())
    }
}
