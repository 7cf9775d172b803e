//! Agents: making, listing and disabling them. Their keys are in `keys`.

use preloop_api::{Agent, CreateAgent, Page, Permission, ScopeKind};
use preloop_core::audit::AuditKind;
use uuid::Uuid;

use super::names::{check_description, check_name};
use super::{conflict, not_found};
use crate::ids::new_id;
use crate::service::{Caller, ServiceError, Services};
use crate::store::Part;

impl Services {
    /// Agents of the account, oldest first.
    pub(crate) async fn agent_list(
        &self,
        caller: &Caller,
        part: &Part<i64>,
    ) -> Result<Page<Agent>, ServiceError> {
        caller.must(Permission::UsersRead)?;
        Ok(self.inner.store.agent_list(self.inner.account_id, part).await?)
    }

    /// One agent.
    pub(crate) async fn agent_show(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<Agent, ServiceError> {
        caller.must(Permission::UsersRead)?;
        self.agent(id).await
    }

    /// Makes an agent, without a key.
    pub(crate) async fn agent_create(
        &self,
        caller: &Caller,
        request: CreateAgent,
    ) -> Result<Agent, ServiceError> {
        caller.must(Permission::KeysWrite)?;
        let name = check_name(&request.name)?;
        let description = check_description(request.description)?;
        let agent = self.agent_add(name, description).await?.ok_or_else(|| {
            conflict(
                "agent_name_taken",
                "an agent or a user of the account has this name; take another",
            )
        })?;
        let waits = self.policy_waits(ScopeKind::Agent, &agent.name);
        self.record_act(caller, AuditKind::AgentCreated, format!("agent `{}`{waits}", agent.name))?;
        Ok(agent)
    }

    /// Disables an agent, or enables one: keys of a disabled one are refused from now on, at every server.
    pub(crate) async fn agent_disable(
        &self,
        caller: &Caller,
        id: Uuid,
        is_disabled: bool,
    ) -> Result<Agent, ServiceError> {
        caller.must(Permission::KeysWrite)?;
        let disabled_at = is_disabled.then(|| self.now());
        if !self.inner.store.agent_disable(self.inner.account_id, id, disabled_at).await? {
            return Err(not_found("agent_not_found", "agent", id));
        }
        self.inner.keys_reload().await?;
        let agent = self.agent(id).await?;
        let kind = if is_disabled { AuditKind::AgentDisabled } else { AuditKind::AgentEnabled };
        self.record_act(caller, kind, format!("agent `{}`", agent.name))?;
        Ok(agent)
    }

    /// Stores an agent; none where the name is taken.
    pub(in crate::service) async fn agent_add(
        &self,
        name: &str,
        description: Option<String>,
    ) -> Result<Option<Agent>, ServiceError> {
        let now = self.now();
        let agent = Agent {
            id: new_id(now),
            name: name.to_owned(),
            description,
            teams: Vec::new(),
            created_at: now,
            disabled_at: None,
        };
        let is_new = self.inner.store.agent_insert(self.inner.account_id, &agent).await?;
        Ok(is_new.then_some(agent))
    }

    /// The agent of that name.
    pub(in crate::service) async fn agent_named(
        &self,
        name: &str,
    ) -> Result<Option<Agent>, ServiceError> {
        let agents = self.inner.store.agent_list(self.inner.account_id, &Part::ALL).await?.items;
        Ok(agents.into_iter().find(|agent| agent.name == name))
    }

    async fn agent(&self, id: Uuid) -> Result<Agent, ServiceError> {
        let agents = self.inner.store.agent_list(self.inner.account_id, &Part::ALL).await?.items;
        agents
            .into_iter()
            .find(|agent| agent.id == id)
            .ok_or_else(|| not_found("agent_not_found", "agent", id))
    }
}
