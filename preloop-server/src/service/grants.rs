//! Calls that approvers had remembered: granting, applying, listing, revoking.
//!
//! A grant is looked for only where the live policy asks people: it never meets a deny. What is in memory only finds it; that
//! it stands, and that whoever granted it may still vote, is read from the store each time.

use std::time::Duration;

use preloop_api::{
    Approval, ApprovalGrant, ApprovalState, EventKind, Page, Permission, Remember, RememberOffer,
    RememberScope, Role,
};
use preloop_core::approval::{
    Ballot, Event, Grant, GrantError, GrantedCall, Pattern, Workflow, fingerprint,
    may_be_remembered,
};
use preloop_core::audit::AuditKind;
use preloop_core::decision::Decision;
use serde_json::Value;
use uuid::Uuid;

use super::approvals::Person;
use super::{Caller, ServiceError, Services};
use crate::ids::new_id;
use crate::store::{StoredApproval, StoredGrant};

/// Shortest and longest time of a grant, in seconds.
const SECONDS: std::ops::RangeInclusive<u64> = 60..=604_800;
/// Longest time of a grant for a session.
const SESSION_SECONDS_MAX: u64 = 86_400;

/// A call that people would be asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct AskedCall<'a> {
    pub(super) caller: &'a Caller,
    pub(super) tool: &'a str,
    pub(super) source: &'a str,
    pub(super) session_id: &'a str,
    pub(super) args: &'a Value,
    pub(super) call_hash: &'a str,
}

impl Services {
    /// Reads the grants of the account anew.
    pub(super) async fn grants_reload(&self) -> Result<(), ServiceError> {
        let grants = self.inner.store.grant_list(self.inner.account_id, self.now()).await?;
        self.inner.grants.store(grants.into());
        Ok(())
    }

    /// Whether any call is remembered.
    pub(super) fn has_grants(&self) -> bool {
        !self.inner.grants.load().is_empty()
    }

    /// The grant that covers a call which people would be asked about.
    pub(super) async fn granted(
        &self,
        call: AskedCall<'_>,
        decision: &Decision,
    ) -> Result<Option<StoredGrant>, ServiceError> {
        let name = decision.approval_workflow.as_deref().unwrap_or_default();
        let Some(workflow) = self.live().workflow(&decision.policy, name) else { return Ok(None) };
        if may_be_remembered(decision, &workflow).is_err() {
            return Ok(None);
        }
        let fingerprint = fingerprint(decision, &workflow);
        let AskedCall { caller, tool, source, session_id, args, call_hash } = call;
        let principal_id = caller.principal.id.as_str();
        let fingerprint = fingerprint.as_str();
        let asked =
            GrantedCall { principal_id, tool, source, session_id, args, call_hash, fingerprint };
        let now = self.now();
        let grants = self.inner.grants.load_full();
        for found in grants.iter().filter(|found| found.grant.covers(&asked, now)) {
            if self.stands(found, &workflow, principal_id).await? {
                return Ok(Some(found.clone()));
            }
        }
        Ok(None)
    }

    /// Whether the grant was not revoked, and whoever granted it could still approve such a call.
    async fn stands(
        &self,
        found: &StoredGrant,
        workflow: &Workflow,
        requester_id: &str,
    ) -> Result<bool, ServiceError> {
        let (store, account_id) = (&self.inner.store, self.inner.account_id);
        if !store.grant_stands(account_id, found.id).await? {
            return Ok(false);
        }
        let user = store.user_find(account_id, found.user_id).await?;
        let person = user.and_then(|stored| Person::of(stored.user));
        Ok(person.is_some_and(|person| {
            let voter = person.voter();
            let is_own = voter.id == requester_id;
            workflow.could_ask(voter) && (!is_own || workflow.allow_self_approval)
        }))
    }

    /// What would be remembered with an approval of the request.
    pub(crate) async fn approval_remember_offer(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<RememberOffer, ServiceError> {
        let approval = self.approval_seen(caller, id).await?;
        offer(&approval).map_err(refused)
    }

    /// Approves a request and has calls like it remembered; neither where these cannot be.
    pub(crate) async fn approval_vote_remembering(
        &self,
        caller: &Caller,
        id: Uuid,
        ballot: Ballot,
        remember: Remember,
    ) -> Result<Approval, ServiceError> {
        let approval = self.approval_seen(caller, id).await?;
        let (grant, via) = (self.new_grant(&approval, remember)?, ballot.via);
        let voted = self.approval_vote(caller, id, ballot).await?;
        let (Some(user_id), ApprovalState::Approved) = (caller.user_id, voted.state) else {
            return Ok(voted);
        };
        let now = self.now();
        let until = grant.expires_at;
        let stored = StoredGrant {
            id: new_id(now),
            approval_id: id,
            principal_name: approval.principal.name.clone(),
            user_id,
            user_name: caller.principal.name.clone(),
            grant,
            created_at: now,
        };
        let account_id = self.inner.account_id;
        self.inner.store.grant_insert(account_id, &stored).await?;
        self.grants_reload().await?;
        let message = format!("calls like it are not asked about until {until}");
        let mut record = self.approval_record(AuditKind::GrantCreated, &approval);
        record.actor = Some(caller.principal.name.clone());
        record.message = Some(message.clone());
        self.record_or_log(&record);
        let at = approval.request.not_before(now);
        let event = Event::new(EventKind::Remembered, at).by(&caller.principal.name).via(via);
        self.inner.store.approval_event_add(account_id, id, &event.saying(message)).await?;
        Ok(voted)
    }

    /// The grant that is asked for, where calls like the request's can be remembered.
    fn new_grant(
        &self,
        approval: &StoredApproval,
        remember: Remember,
    ) -> Result<Grant, ServiceError> {
        let workflow = &approval.request.workflow;
        rememberable(approval).map_err(refused)?;
        let Remember { scope, seconds, pattern } = remember;
        let (usual, longest) = match scope {
            RememberScope::Session => (28_800, SESSION_SECONDS_MAX),
            RememberScope::Time => (3_600, *SECONDS.end()),
        };
        let seconds = seconds.unwrap_or(usual);
        if !(*SECONDS.start()..=longest).contains(&seconds) {
            let least = SECONDS.start();
            return Err(invalid(format!("`seconds` must be {least} to {longest}, not {seconds}")));
        }
        let session_id = match scope {
            RememberScope::Session if approval.session_id.is_empty() => {
                return Err(invalid(
                    "the call was made in no session; remember it for a time".to_owned(),
                ));
            }
            RememberScope::Session => Some(approval.session_id.clone()),
            RememberScope::Time => None,
        };
        let (args, hash) = (&approval.arguments, &approval.call_hash);
        let pattern = pattern.unwrap_or_else(|| Pattern::of(args, hash));
        pattern.check(args, hash).map_err(|error| invalid(error.to_string()))?;
        Ok(Grant {
            principal_id: approval.principal.id.clone(),
            tool: approval.tool.clone(),
            source: source_of(approval).to_owned(),
            session_id,
            pattern,
            fingerprint: fingerprint(&approval.decision, workflow),
            expires_at: self.now().saturating_add(Duration::from_secs(seconds)),
        })
    }

    /// The grants that stand, newest first; an agent sees its own.
    pub(crate) async fn grant_list(
        &self,
        caller: &Caller,
    ) -> Result<Page<ApprovalGrant>, ServiceError> {
        let grants = self.inner.store.grant_list(self.inner.account_id, self.now()).await?;
        let is_seen = |stored: &StoredGrant| {
            caller.role != Role::Agent || stored.grant.principal_id == caller.principal.id
        };
        let items = grants.into_iter().filter(is_seen).map(shown).collect();
        Ok(Page { items, next_cursor: None })
    }

    /// Ends a grant: such calls are asked about again, at every server.
    pub(crate) async fn grant_revoke(&self, caller: &Caller, id: Uuid) -> Result<(), ServiceError> {
        caller.must(Permission::ApprovalsVote)?;
        let (store, account_id, now) = (&self.inner.store, self.inner.account_id, self.now());
        let found = store.grant_list(account_id, now).await?.into_iter().find(|it| it.id == id);
        let missing = || ServiceError::NotFound {
            code: "grant_not_found",
            message: format!("there is no grant with the id `{id}`"),
        };
        let stored = found.ok_or_else(missing)?;
        if !store.grant_revoke(account_id, id, now).await? {
            return Err(missing());
        }
        self.grants_reload().await?;
        let mut record = self.new_record(AuditKind::GrantRevoked);
        record.actor = Some(caller.principal.name.clone());
        record.approval_id = Some(stored.approval_id.to_string());
        record.tool = Some(stored.grant.tool.clone());
        record.message =
            Some(format!("grant of `{}` by `{}`", stored.principal_name, stored.user_name));
        self.record(&record)?;
        Ok(())
    }
}

/// What would be remembered with an approval of the request.
pub(super) fn offer(approval: &StoredApproval) -> Result<RememberOffer, GrantError> {
    rememberable(approval)?;
    let mut scopes = vec![RememberScope::Time];
    if !approval.session_id.is_empty() {
        scopes.insert(0, RememberScope::Session);
    }
    Ok(RememberOffer {
        principal: approval.principal.name.clone(),
        tool: approval.tool.clone(),
        source: source_of(approval).to_owned(),
        pattern: Pattern::of(&approval.arguments, &approval.call_hash),
        scopes,
    })
}

/// Whether calls like the request's can be remembered. What an agent asks people itself is answered each time.
fn rememberable(approval: &StoredApproval) -> Result<(), GrantError> {
    if approval.source.as_deref() == Some("builtin") {
        return Err(GrantError::NotByRule);
    }
    may_be_remembered(&approval.decision, &approval.request.workflow)
}

fn source_of(approval: &StoredApproval) -> &str {
    approval.server.as_deref().or(approval.source.as_deref()).unwrap_or("")
}

fn shown(stored: StoredGrant) -> ApprovalGrant {
    let StoredGrant { id, approval_id, principal_name, user_name, grant, created_at, .. } = stored;
    ApprovalGrant {
        id,
        approval_id,
        principal: principal_name,
        tool: grant.tool,
        source: grant.source,
        session_id: grant.session_id,
        pattern: grant.pattern,
        granted_by: user_name,
        created_at,
        expires_at: grant.expires_at,
    }
}

fn refused(error: GrantError) -> ServiceError {
    ServiceError::Conflict { code: "cannot_remember", message: error.to_string(), state: None }
}

fn invalid(message: String) -> ServiceError {
    ServiceError::Invalid { code: "invalid_remember", message }
}
