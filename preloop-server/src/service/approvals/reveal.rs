//! Showing the whole arguments of a request, secrets among them, to those who may see them. Each time is in the trail.

use preloop_api::{Approval, Permission, Role};
use preloop_core::approval::is_as_given;
use preloop_core::audit::AuditKind;
use uuid::Uuid;

use super::super::{Caller, ServiceError, Services};
use crate::store::StoredApproval;

impl Services {
    /// One request with its arguments whole.
    ///
    /// # Errors
    /// Where the caller may not see them, they are not kept, or the trail does not take that they are shown.
    pub(crate) async fn approval_reveal(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<Approval, ServiceError> {
        let stored = self.approval_seen(caller, id).await?;
        caller.must(Permission::ApprovalsReveal)?;
        if !self.may_reveal(caller, &stored).await? {
            return Err(ServiceError::Forbidden {
                code: "not_an_approver",
                message:
                    "the request does not ask you, so its whole arguments are not yours to see"
                        .to_owned(),
            });
        }
        let text = self.arguments_kept(&stored).await?.map_err(|why| ServiceError::NotFound {
            code: "arguments_not_kept",
            message: format!("the whole arguments of the request are not kept: {why}"),
        })?;
        let mut record = self.approval_record(AuditKind::ArgumentsRevealed, &stored);
        record.actor = Some(caller.principal.name.clone());
        self.record(&record)?;
        let approval = self.shown_whole(&stored).await?;
        Ok(Approval { whole_arguments: Some(text.to_string()), ..approval })
    }

    /// Whether there is more to see than the request shows, and the caller may see it.
    pub(super) async fn has_more_for(
        &self,
        caller: &Caller,
        stored: &StoredApproval,
    ) -> Result<bool, ServiceError> {
        Ok(!is_as_given(&stored.arguments)
            && caller.may(Permission::ApprovalsReveal)
            && self.may_reveal(caller, stored).await?)
    }

    /// Owners and admins may see the arguments of all requests, approvers of those that ask them.
    async fn may_reveal(
        &self,
        caller: &Caller,
        stored: &StoredApproval,
    ) -> Result<bool, ServiceError> {
        if matches!(caller.role, Role::Owner | Role::Admin) {
            return Ok(true);
        }
        match self.person_who_votes(caller).await {
            Ok(person) => Ok(stored.request.asks(person.voter())),
            Err(ServiceError::Forbidden { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
