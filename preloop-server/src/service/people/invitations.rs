//! Invitations: a token that makes one user, once, with the role that the inviter chose.

use std::net::IpAddr;
use std::time::Duration;

use preloop_api::{
    AcceptInvitation, CreateInvitation, CreatedInvitation, Invitation, Page, Permission, Role,
    SecretText, User,
};
use preloop_core::audit::AuditKind;
use uuid::Uuid;

use super::names::{check_email, check_user_name};
use super::tokens::{hash_of, random_text};
use super::users::{new_user, saved};
use super::{invalid, not_found};
use crate::digest::hex;
use crate::ids::new_id;
use crate::service::{Caller, Platform, ServiceError, Services};
use crate::store::{Accepted, Part, StoredInvitation};

const PREFIX: &str = "pli_";
/// How long an invitation can be accepted, where nothing is said.
const LASTS: u64 = 7 * 24 * 3600;
const LASTS_MIN: u64 = 60;
const LASTS_MAX: u64 = 30 * 24 * 3600;

impl Services {
    /// Invitations of the account, newest first.
    pub(crate) async fn invitation_list(
        &self,
        caller: &Caller,
        part: &Part<i64>,
    ) -> Result<Page<Invitation>, ServiceError> {
        caller.must(Permission::UsersRead)?;
        Ok(self.inner.store.invitation_list(self.inner.account_id, part).await?)
    }

    /// Invites somebody; the answer is the only place where the token is shown.
    pub(crate) async fn invitation_create(
        &self,
        caller: &Caller,
        request: CreateInvitation,
    ) -> Result<CreatedInvitation, ServiceError> {
        caller.must_give(request.role)?;
        self.must_not_end(caller, "invites nobody")?;
        if request.role == Role::Agent {
            return Err(invalid("invalid_role", "agents are made, not invited"));
        }
        let lasts = request.expires_in.unwrap_or(LASTS);
        if !(LASTS_MIN..=LASTS_MAX).contains(&lasts) {
            return Err(invalid(
                "invalid_expiry",
                format!("`expires_in` must be {LASTS_MIN} to {LASTS_MAX} seconds"),
            ));
        }
        let name = request.name.as_deref().map(check_user_name).transpose()?.map(str::to_owned);
        let email = request.email.as_deref().map(check_email).transpose()?.map(str::to_owned);
        let teams = self.team_ids(&request.teams).await?;
        let token = random_text(PREFIX)?;
        let now = self.now();
        let invitation = Invitation {
            id: new_id(now),
            email,
            name,
            role: request.role,
            teams: Vec::new(),
            invited_by: caller.principal.name.clone(),
            created_at: now,
            expires_at: now.saturating_add(Duration::from_secs(lasts)),
            accepted_at: None,
            revoked_at: None,
        };
        let (account_id, invited_by_id) = (self.inner.account_id, caller.user_id);
        let mut stored = StoredInvitation { account_id, invitation, teams, invited_by_id };
        self.inner.store.invitation_insert(&stored, &hex(&hash_of(&token))).await?;
        let message = format!("invitation `{}` as {}", stored.invitation.id, request.role.as_str());
        self.record_act(caller, AuditKind::InvitationCreated, message)?;
        stored.invitation.teams = request.teams;
        Ok(CreatedInvitation { invitation: stored.invitation, token: SecretText::from(token) })
    }

    /// Revokes an open invitation.
    pub(crate) async fn invitation_revoke(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<(), ServiceError> {
        caller.must(Permission::UsersWrite)?;
        let (account_id, now) = (self.inner.account_id, self.now());
        if !self.inner.store.invitation_revoke(account_id, id, now).await? {
            return Err(not_found("invitation_not_found", "open invitation", id));
        }
        self.record_act(caller, AuditKind::InvitationRevoked, format!("invitation `{id}`"))
    }
}

impl Platform {
    /// Accepts an invitation: makes the user.
    pub(crate) async fn invitation_accept(
        &self,
        request: AcceptInvitation,
        from: Option<IpAddr>,
    ) -> Result<User, ServiceError> {
        let hash = hex(&hash_of(request.token.reveal()));
        let Some(invitation) = self.shared().store.invitation_find(&hash).await? else {
            // A good token is always taken; only guesses are counted.
            self.guess_key(from)?;
            return Err(over());
        };
        // Each attempt hashes a password, which is work for everybody's server.
        let attempt = self.guess_invitation(invitation.invitation.id)?;
        let services = self.services(invitation.account_id).await?;
        let now = services.now();
        let Invitation { email, role, expires_at, accepted_at, revoked_at, .. } =
            &invitation.invitation;
        if *expires_at <= now || accepted_at.is_some() || revoked_at.is_some() {
            return Err(over());
        }
        check_bound(invitation.invitation.name.as_deref(), &request.name)?;
        let user = new_user(invitation.account_id, now, &request.name, email.as_deref(), *role)?;
        let user = services.with_password(user, Some(&request.password)).await?;
        match self.shared().store.invitation_accept(&invitation, &user, now).await? {
            Accepted::Over => return Err(over()),
            Accepted::Refused(why) => saved(why)?,
            Accepted::Done => attempt.succeeded(),
        }
        let user = services.user(user.user.id).await?.user;
        let mut record = services.new_record(AuditKind::InvitationAccepted);
        record.actor = Some(user.name.clone());
        record.message = Some(format!(
            "invitation `{}` made the user `{}` as {}",
            invitation.invitation.id,
            user.name,
            user.role.as_str()
        ));
        services.record(&record)?;
        Ok(user)
    }
}

/// The name that was chosen by who invited is the name.
fn check_bound(bound: Option<&str>, given: &str) -> Result<(), ServiceError> {
    match bound {
        Some(bound) if bound != given.trim() => {
            Err(invalid("invalid_name", format!("the invitation is for the name `{bound}`")))
        }
        _ => Ok(()),
    }
}

/// One answer to all that does not work, so that tokens cannot be told apart.
fn over() -> ServiceError {
    ServiceError::NotFound {
        code: "invitation_not_found",
        message: "the invitation is not known, was used or revoked, or has ended; ask for another"
            .to_owned(),
    }
}
