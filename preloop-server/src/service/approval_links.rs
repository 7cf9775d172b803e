//! Links by which an approver comes to one request without signing in.

use std::net::IpAddr;

use preloop_api::{ApprovalLink as LinkInfo, Credential, Permission};
use uuid::Uuid;

use super::approvals::not_found;
use super::people::{hash_of, principal_of};
use super::{Caller, Platform, ServiceError, Services};
use crate::digest::hex;
use crate::ids::new_id;
use crate::store::ApprovalLink;

/// Characters of a token: 16 random bytes in hex.
const TOKEN_CHARS: usize = 32;

/// What a token leads to.
#[derive(Clone, Debug)]
pub(crate) struct OpenedLink {
    pub(crate) services: Services,
    /// The approver whom the link is for, as that one is now.
    pub(crate) caller: Caller,
    link: ApprovalLink,
}

/// How a token stands.
#[derive(Clone, Debug)]
pub(crate) enum LinkState {
    /// The request's time is over, or its approver was disabled.
    Ended,
    /// It leads to the request.
    Good(Box<OpenedLink>),
    /// There is no such link to this request.
    Unknown,
}

// === impl Platform ===

impl Platform {
    /// The link of a token to a request, good as long as the request would have waited. Wrong tokens are counted by
    /// address.
    pub(crate) async fn approval_link_open(
        &self,
        approval_id: Uuid,
        token: &str,
        from: Option<IpAddr>,
    ) -> Result<LinkState, ServiceError> {
        let guess = self.guess_key(from)?;
        if token.len() != TOKEN_CHARS {
            return Ok(LinkState::Unknown);
        }
        let found = self.shared().store.approval_link_find(&hex(&hash_of(token))).await?;
        let Some(link) = found.filter(|link| link.approval_id == approval_id) else {
            return Ok(LinkState::Unknown);
        };
        guess.succeeded();
        let services = self.services(link.account_id).await?;
        let approval = services.inner.store.approval_find(link.account_id, approval_id).await?;
        if approval.is_none_or(|approval| approval.request.expires_at <= services.now()) {
            return Ok(LinkState::Ended);
        }
        let caller = services.caller_of_user(link.user_id).await?;
        Ok(caller.map_or(LinkState::Ended, |caller| {
            LinkState::Good(Box::new(OpenedLink { services, caller, link }))
        }))
    }
}

// === impl Services ===

impl Services {
    /// A new link for one approver to one request, good until the request lapses: its address.
    ///
    /// # Errors
    /// Where there is no such request, or the store does not answer.
    pub(crate) async fn approval_link(
        &self,
        approval_id: Uuid,
        user_id: Uuid,
    ) -> Result<String, ServiceError> {
        let mut random = [0_u8; TOKEN_CHARS / 2];
        getrandom::fill(&mut random).map_err(|_| ServiceError::Unavailable {
            message: "the operating system gives no randomness, so no link can be made".to_owned(),
        })?;
        let token = hex(&random);
        let now = self.now();
        let link = ApprovalLink {
            id: new_id(now),
            account_id: self.inner.account_id,
            approval_id,
            user_id,
            created_at: now,
            used_at: None,
        };
        self.inner.store.approval_link_insert(&link, &hex(&hash_of(&token))).await?;
        Ok(format!("{}?token={token}", self.approval_url(approval_id)))
    }

    /// A link for the caller itself.
    pub(crate) async fn approval_link_own(
        &self,
        caller: &Caller,
        approval_id: Uuid,
    ) -> Result<LinkInfo, ServiceError> {
        caller.must(Permission::ApprovalsVote)?;
        let user_id = caller.must_be_user()?;
        let found = self.inner.store.approval_find(self.inner.account_id, approval_id).await?;
        let approval = found.ok_or_else(|| not_found(approval_id))?;
        let url = self.approval_link(approval_id, user_id).await?;
        Ok(LinkInfo { url, expires_at: approval.request.expires_at })
    }

    /// Somebody who comes by a link or a button and not with a sign-in: the user as it is now, and no more than reading
    /// and voting; none where it was disabled or is gone.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub(crate) async fn caller_of_user(
        &self,
        user_id: Uuid,
    ) -> Result<Option<Caller>, ServiceError> {
        let user = match self.user(user_id).await {
            Ok(stored) => stored.user,
            Err(ServiceError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if user.disabled_at.is_some() {
            return Ok(None);
        }
        Ok(Some(Caller {
            account_id: self.inner.account_id,
            principal: principal_of(&user),
            role: user.role,
            scopes: vec![Permission::ApprovalsRead, Permission::ApprovalsVote],
            flow: None,
            key_id: user.id,
            credential: Credential::Token,
            user_id: Some(user.id),
            email: user.email.clone(),
        }))
    }

    /// Takes a link for one decision.
    ///
    /// # Errors
    /// Where it decided before.
    pub(crate) async fn approval_link_take(&self, link: &OpenedLink) -> Result<(), ServiceError> {
        if self.inner.store.approval_link_take(link.link.id, self.now()).await? {
            return Ok(());
        }
        Err(ServiceError::Conflict {
            code: "already_voted",
            message: "this link decided already; a link decides once".to_owned(),
            state: None,
        })
    }

    /// Gives a link back whose vote did not count, so that its approver can try again.
    pub(crate) async fn approval_link_give_back(
        &self,
        link: &OpenedLink,
    ) -> Result<(), ServiceError> {
        Ok(self.inner.store.approval_link_give_back(link.link.id).await?)
    }
}
