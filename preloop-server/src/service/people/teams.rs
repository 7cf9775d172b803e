//! Teams: making and changing them, and who is in them.

use preloop_api::{ChangeTeam, CreateTeam, Page, Permission, PolicyScope, ScopeKind, Team};
use preloop_core::audit::AuditKind;
use uuid::Uuid;

use super::names::{check_description, check_name};
use super::{conflict, not_found};
use crate::ids::new_id;
use crate::service::{Caller, ServiceError, Services};
use crate::store::Part;

impl Services {
    /// Teams of the account, by name.
    pub(crate) async fn team_list(
        &self,
        caller: &Caller,
        part: &Part<String>,
    ) -> Result<Page<Team>, ServiceError> {
        caller.must(Permission::TeamsRead)?;
        Ok(self.inner.store.team_list(self.inner.account_id, part).await?)
    }

    /// One team.
    pub(crate) async fn team_show(&self, caller: &Caller, id: Uuid) -> Result<Team, ServiceError> {
        caller.must(Permission::TeamsRead)?;
        self.team(id).await
    }

    /// Makes a team.
    pub(crate) async fn team_create(
        &self,
        caller: &Caller,
        request: CreateTeam,
    ) -> Result<Team, ServiceError> {
        caller.must(Permission::TeamsWrite)?;
        let now = self.now();
        let team = Team {
            id: new_id(now),
            name: check_name(&request.name)?.to_owned(),
            description: check_description(request.description)?,
            members: Vec::new(),
            created_at: now,
        };
        if !self.inner.store.team_insert(self.inner.account_id, &team).await? {
            return Err(name_taken());
        }
        let message =
            format!("team `{}`{}", team.name, self.policy_waits(ScopeKind::Team, &team.name));
        self.record_act(caller, AuditKind::TeamCreated, message)?;
        Ok(team)
    }

    /// Changes name or description of a team.
    pub(crate) async fn team_change(
        &self,
        caller: &Caller,
        id: Uuid,
        request: ChangeTeam,
    ) -> Result<Team, ServiceError> {
        caller.must(Permission::TeamsWrite)?;
        let mut team = self.team(id).await?;
        let before = team.name.clone();
        if let Some(name) = &request.name {
            team.name = check_name(name)?.to_owned();
            self.check_policy_stays(&before, Some(&team.name))?;
        }
        if request.description.is_some() {
            team.description = check_description(request.description)?;
        }
        if !self.inner.store.team_update(self.inner.account_id, &team).await? {
            return Err(name_taken());
        }
        self.inner.keys_reload().await?;
        let message = format!("team `{before}`, now `{}`", team.name);
        self.record_act(caller, AuditKind::TeamChanged, message)?;
        Ok(team)
    }

    /// What the trail says besides where a policy waits for somebody of that name: it holds from now on.
    pub(super) fn policy_waits(&self, kind: ScopeKind, name: &str) -> String {
        let scope = PolicyScope::stored(kind, name.to_owned());
        match self.live_policies().slot(&scope) {
            Some(slot) => format!(", for whom the policy `{}` holds already", slot.policy().name),
            None => String::new(),
        }
    }

    /// Refuses a name under which the team's policy would no longer hold for its members, or, without one, the team's end.
    fn check_policy_stays(&self, before: &str, after: Option<&str>) -> Result<(), ServiceError> {
        let live = self.live_policies();
        let has_policy = |name: &str| {
            let scope = PolicyScope::new(ScopeKind::Team, name);
            scope.is_ok_and(|scope| live.slot(&scope).is_some())
        };
        if after == Some(before) || !has_policy(before) || after.is_some_and(has_policy) {
            return Ok(());
        }
        let otherwise = match after {
            Some(after) => format!("bring one into force for `team:{after}` first, or remove it"),
            None => "remove it first".to_owned(),
        };
        Err(conflict(
            "team_has_policy",
            format!(
                "the policy of the scope `team:{before}` would hold for nobody any more; {otherwise}"
            ),
        ))
    }

    /// Deletes a team.
    pub(crate) async fn team_delete(&self, caller: &Caller, id: Uuid) -> Result<(), ServiceError> {
        caller.must(Permission::TeamsWrite)?;
        let team = self.team(id).await?;
        self.check_policy_stays(&team.name, None)?;
        if !self.inner.store.team_delete(self.inner.account_id, id).await? {
            return Err(no_team(id));
        }
        self.inner.keys_reload().await?;
        self.record_act(caller, AuditKind::TeamDeleted, format!("team `{}`", team.name))
    }

    /// Puts a user or agent into a team, or takes one out of it.
    pub(crate) async fn team_member(
        &self,
        caller: &Caller,
        id: Uuid,
        member: Uuid,
        is_in: bool,
    ) -> Result<Team, ServiceError> {
        caller.must(Permission::TeamsWrite)?;
        let (store, account_id) = (&self.inner.store, self.inner.account_id);
        self.team(id).await?;
        let is_done = if is_in {
            store.team_join(account_id, id, member).await?
        } else {
            store.team_leave(account_id, id, member).await?
        };
        if !is_done {
            return Err(not_found("member_not_found", "user or agent to be in the team", member));
        }
        self.inner.keys_reload().await?;
        let team = self.team(id).await?;
        let what = if is_in { "joined" } else { "left" };
        let message = format!("team `{}`: `{member}` {what} it", team.name);
        self.record_act(caller, AuditKind::TeamChanged, message)?;
        Ok(team)
    }

    /// The ids of teams by their names.
    pub(super) async fn team_ids(&self, names: &[String]) -> Result<Vec<Uuid>, ServiceError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let teams = self.inner.store.team_list(self.inner.account_id, &Part::ALL).await?.items;
        names
            .iter()
            .map(|name| {
                let found = teams.iter().find(|team| team.name == *name).map(|team| team.id);
                found.ok_or_else(|| ServiceError::Invalid {
                    code: "unknown_team",
                    message: "`teams` names a team that the account does not have".to_owned(),
                })
            })
            .collect()
    }

    async fn team(&self, id: Uuid) -> Result<Team, ServiceError> {
        let teams = self.inner.store.team_list(self.inner.account_id, &Part::ALL).await?.items;
        teams.into_iter().find(|team| team.id == id).ok_or_else(|| no_team(id))
    }
}

fn no_team(id: Uuid) -> ServiceError {
    not_found("team_not_found", "team", id)
}

fn name_taken() -> ServiceError {
    conflict("team_name_taken", "a team of the account has this name; take another")
}
