//! Where a request is decided, and who comes from there.

use preloop_api::{Credential, Permission};
use preloop_core::call::Principal;
use uuid::Uuid;

use crate::service::{Caller, ServiceError, Services};

impl Services {
    pub(super) fn approval_page_url(&self, id: Uuid) -> String {
        format!("{}/approval/{id}", self.base_url())
    }

    pub(super) fn approval_link(
        &self,
        approval_id: Uuid,
        _user_id: Uuid,
    ) -> impl Future<Output = Result<String, ServiceError>> + Send {
        std::future::ready(Ok(self.approval_page_url(approval_id)))
    }

    pub(crate) async fn caller_of_user(
        &self,
        user_id: Uuid,
    ) -> Result<Option<Caller>, ServiceError> {
        let found = self.inner.store.user_find(self.inner.account_id, user_id).await?;
        let user = found.map(|stored| stored.user).filter(|user| user.disabled_at.is_none());
        Ok(user.map(|user| Caller {
            account_id: self.inner.account_id,
            principal: Principal {
                id: user.principal_id.clone(),
                kind: "user".to_owned(),
                name: user.name.clone(),
                roles: vec![user.role.as_str().to_owned()],
                teams: user.teams.clone(),
            },
            role: user.role,
            scopes: vec![Permission::ApprovalsRead, Permission::ApprovalsVote],
            flow: None,
            key_id: user.id,
            credential: Credential::Token,
            user_id: Some(user.id),
            email: user.email.clone(),
        }))
    }
}
