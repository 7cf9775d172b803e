//! The live policies of an account: compiled in memory, swapped whole, read without waiting.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use preloop_api::{PolicyScope, ScopeKind};
use preloop_core::Timestamp;
use preloop_core::approval::Workflow;
use preloop_core::call::{Call, Principal};
use preloop_core::decision::{Decision, PolicyRef, Reason};
use preloop_core::diagnostic::Report;
use preloop_core::document::{BUILT_IN_WORKFLOW, PolicyDocument, StepUp, Tool};
use preloop_core::evaluate::Reach;
use preloop_core::evaluate::scopes::{self, Level, Scope};
use preloop_core::{CompiledPolicy, ValidPolicy};
use uuid::Uuid;

use super::closed;

/// Where a live policy came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// What the operator started the server with.
    Given,
    /// This version in the store.
    Stored(Uuid),
}

/// A policy document in force in one scope.
#[derive(Debug)]
pub struct LivePolicy {
    scope: PolicyScope,
    /// The scope as decisions name it.
    scope_text: String,
    origin: Origin,
    document: PolicyDocument,
    compiled: CompiledPolicy,
    loaded_at: Timestamp,
}

/// What answers in one scope.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// A policy.
    Live(Arc<LivePolicy>),
    /// A stored policy that does not load any more: everything is denied.
    Broken(Arc<BrokenPolicy>),
}

/// A stored policy that cannot be used.
#[derive(Debug)]
pub(crate) struct BrokenPolicy {
    pub(crate) scope: PolicyScope,
    pub(crate) version_id: Uuid,
    pub(crate) policy: PolicyRef,
    pub(crate) report: Report,
}

/// Who a call is decided for, as the scopes see it: by what the key says, never by what the call says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'s> {
    pub(crate) principal: &'s Principal,
    pub(crate) flow: Option<&'s str>,
}

/// What is live in every scope of an account.
#[derive(Clone, Debug, Default)]
pub(crate) struct LivePolicies {
    account: Option<Slot>,
    teams: HashMap<String, Slot>,
    agents: HashMap<String, Slot>,
    flows: HashMap<String, Slot>,
    /// Whether some are the operator's, of which what is stored frees no scope.
    pub(super) has_given: bool,
    /// When these came into force, in microseconds; only ever goes up. Told with them, so that no two states have one.
    pub(super) changed_at: i64,
}

// === impl LivePolicy ===

impl LivePolicy {
    /// Makes a valid document ready to answer.
    pub(crate) fn new(
        scope: PolicyScope,
        origin: Origin,
        valid: ValidPolicy,
        loaded_at: Timestamp,
    ) -> Self {
        Self {
            scope_text: scope.to_string(),
            scope,
            origin,
            document: valid.document().clone(),
            compiled: CompiledPolicy::compile(valid),
            loaded_at,
        }
    }

    /// The document as written.
    pub fn document(&self) -> &PolicyDocument {
        &self.document
    }

    /// The document as the engine answers by it.
    pub fn compiled(&self) -> &CompiledPolicy {
        &self.compiled
    }

    /// The scope that it is of.
    pub(super) fn scope(&self) -> &PolicyScope {
        &self.scope
    }

    /// The scope that it is of, as text.
    pub(crate) fn scope_text(&self) -> &str {
        &self.scope_text
    }

    /// Since when it is in force.
    pub fn loaded_at(&self) -> Timestamp {
        self.loaded_at
    }

    /// Whether it is the operator's: a file, a commit or a bundle that the server was started with.
    pub fn is_given(&self) -> bool {
        self.origin == Origin::Given
    }

    pub(super) fn level(&self) -> Level {
        match self.scope.kind() {
            ScopeKind::Account => Level::Account,
            ScopeKind::Team => Level::Team,
            ScopeKind::Agent => Level::Agent,
            ScopeKind::Flow => Level::Flow,
        }
    }

    fn as_scope(&self, always_inherits: bool) -> Scope<'_> {
        let (level, policy) = (self.level(), &self.compiled);
        // The operator may free a scope of the operator's own policy.
        let always_inherits = always_inherits && !self.is_given();
        Scope { level, name: &self.scope_text, policy, always_inherits }
    }
}

// === impl Slot ===

impl Slot {
    pub(crate) fn scope(&self) -> &PolicyScope {
        match self {
            Self::Live(live) => &live.scope,
            Self::Broken(broken) => &broken.scope,
        }
    }

    /// Name and digest.
    pub(crate) fn policy(&self) -> &PolicyRef {
        match self {
            Self::Live(live) => live.compiled.policy(),
            Self::Broken(broken) => &broken.policy,
        }
    }

    pub(crate) fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    /// Whether it is this version of the store.
    pub(crate) fn is_version(&self, id: Uuid) -> bool {
        match self {
            Self::Live(live) => live.origin == Origin::Stored(id),
            Self::Broken(broken) => broken.version_id == id,
        }
    }
}

// === impl LivePolicies ===

impl LivePolicies {
    /// What is live in a scope.
    pub(crate) fn slot(&self, scope: &PolicyScope) -> Option<&Slot> {
        match scope.kind() {
            ScopeKind::Account => self.account.as_ref(),
            ScopeKind::Team => self.teams.get(scope.name()),
            ScopeKind::Agent => self.agents.get(scope.name()),
            ScopeKind::Flow => self.flows.get(scope.name()),
        }
    }

    /// Puts another policy into its scope.
    pub(crate) fn put(&mut self, slot: Slot) {
        let scope = slot.scope();
        let name = scope.name().to_owned();
        match scope.kind() {
            ScopeKind::Account => self.account = Some(slot),
            ScopeKind::Team => drop(self.teams.insert(name, slot)),
            ScopeKind::Agent => drop(self.agents.insert(name, slot)),
            ScopeKind::Flow => drop(self.flows.insert(name, slot)),
        }
    }

    /// Leaves a scope without a policy.
    pub(crate) fn take(&mut self, scope: &PolicyScope) {
        match scope.kind() {
            ScopeKind::Account => self.account = None,
            ScopeKind::Team => drop(self.teams.remove(scope.name())),
            ScopeKind::Agent => drop(self.agents.remove(scope.name())),
            ScopeKind::Flow => drop(self.flows.remove(scope.name())),
        }
    }

    /// Every scope that has a policy.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        let children = self.teams.values().chain(self.agents.values()).chain(self.flows.values());
        self.account.iter().chain(children)
    }

    /// The policy that answers in a scope.
    pub(crate) fn live_in(&self, scope: &PolicyScope) -> Option<&Arc<LivePolicy>> {
        match self.slot(scope) {
            Some(Slot::Live(live)) => Some(live),
            Some(Slot::Broken(_)) | None => None,
        }
    }

    /// The account's own policy.
    pub(crate) fn account(&self) -> Option<&Arc<LivePolicy>> {
        match &self.account {
            Some(Slot::Live(live)) => Some(live),
            Some(Slot::Broken(_)) | None => None,
        }
    }

    /// Decides a call by the scopes that it is seen from.
    pub(crate) fn evaluate(&self, seen: Seen<'_>, call: &Call<'_>) -> Cow<'_, Decision> {
        // The usual case: nothing is gathered, nothing is allocated.
        if self.has_account_only() {
            return match &self.account {
                Some(Slot::Live(live)) => live.compiled.evaluate(call),
                Some(Slot::Broken(broken)) => Cow::Owned(unavailable(Some(broken))),
                None => Cow::Owned(unavailable(None)),
            };
        }
        match self.chain(seen) {
            Ok(chain) => {
                scopes::evaluate(&chain, call).unwrap_or_else(|| Cow::Owned(unavailable(None)))
            }
            Err(broken) => Cow::Owned(unavailable(broken)),
        }
    }

    /// Decides like [`Self::evaluate`] and tells how.
    pub(crate) fn explain(&self, seen: Seen<'_>, call: &Call<'_>) -> Decision {
        match self.chain(seen) {
            Ok(chain) => scopes::explain(&chain, call).unwrap_or_else(|| unavailable(None)),
            Err(broken) => unavailable(broken),
        }
    }

    /// What calls of the tool can come to; none where every call is denied.
    pub(crate) fn reach(&self, seen: Seen<'_>, call: &Call<'_>) -> Option<Reach> {
        scopes::reach(&self.chain(seen).ok()?, call)
    }

    /// The entries for a tool of a server, the most specific scope's first.
    pub(crate) fn entries(&self, seen: Seen<'_>, tool: &str, server: &str) -> Vec<&Tool> {
        let mut found: Vec<(ScopeKind, &Tool)> = self
            .seen(seen)
            .filter_map(|slot| Some((slot.scope().kind(), entry_of(slot, tool, server)?)))
            .collect();
        found.sort_by_key(|(kind, _)| std::cmp::Reverse(*kind));
        found.into_iter().map(|(_, tool)| tool).collect()
    }

    /// The policy of that name, whichever scope it is of.
    pub(crate) fn policy_named(&self, name: &str) -> Option<Arc<LivePolicy>> {
        match self.slots().find(|slot| slot.policy().name == name)? {
            Slot::Live(live) => Some(Arc::clone(live)),
            Slot::Broken(_) => None,
        }
    }

    /// The workflow that a decision names, in the document of the policy that made it.
    pub(crate) fn workflow(&self, policy: &PolicyRef, name: &str) -> Option<Workflow> {
        let made_it = |slot: &&Slot| slot.policy() == policy;
        match self.slots().find(made_it)? {
            Slot::Live(live) => Workflow::find(&live.document, name),
            Slot::Broken(_) => None,
        }
    }

    /// The workflow of approvals that name none, in the document of that policy.
    pub(crate) fn default_workflow(&self, policy: &PolicyRef) -> String {
        let named = self
            .document_of(policy)
            .and_then(|document| document.defaults.as_ref()?.default_approval_workflow.clone());
        named.unwrap_or_else(|| BUILT_IN_WORKFLOW.to_owned())
    }

    /// The names of the workflows of that policy.
    pub(crate) fn workflow_names(&self, policy: &PolicyRef) -> Vec<&str> {
        let written = self.document_of(policy).map(|document| &document.approval_workflows);
        let mut names: Vec<&str> =
            written.into_iter().flatten().map(|workflow| workflow.name.as_str()).collect();
        if !names.contains(&BUILT_IN_WORKFLOW) {
            names.push(BUILT_IN_WORKFLOW);
        }
        names
    }

    /// Whether a call that is seen from there needs people while its tool's definition is not accepted.
    pub(crate) fn asks_for_new_tools(&self, seen: Seen<'_>) -> bool {
        self.seen(seen).any(|slot| match slot {
            Slot::Live(live) => {
                let defaults = live.document.defaults.as_ref();
                defaults.and_then(|defaults| defaults.require_approval_for_new_tools) != Some(false)
            }
            Slot::Broken(_) => true,
        })
    }

    /// Whether a call that is seen from there may be answered with a handle.
    pub(crate) fn may_answer_later(&self, seen: Seen<'_>) -> bool {
        self.seen(seen).any(|slot| match slot {
            Slot::Live(live) => {
                let mut workflows = live.document.approval_workflows.iter();
                workflows.any(|workflow| {
                    workflow.async_approval == Some(true)
                        // The handle tells the code.
                        || workflow.step_up == Some(StepUp::MatchCode)
                })
            }
            Slot::Broken(_) => false,
        })
    }

    fn document_of(&self, policy: &PolicyRef) -> Option<&PolicyDocument> {
        match self.slots().find(|slot| slot.policy() == policy)? {
            Slot::Live(live) => Some(&live.document),
            Slot::Broken(_) => None,
        }
    }

    fn has_account_only(&self) -> bool {
        self.teams.is_empty() && self.agents.is_empty() && self.flows.is_empty()
    }

    /// The policies of the scopes that the call is seen from, or the first that does not load; none of both where the
    /// account has no policy and is not left out: a scope alone must not be looser than with the account.
    pub(super) fn chain(&self, seen: Seen<'_>) -> Result<Vec<Scope<'_>>, Option<&BrokenPolicy>> {
        let chain = self
            .seen(seen)
            .map(|slot| match slot {
                Slot::Live(live) => Ok(live.as_scope(self.has_given)),
                Slot::Broken(broken) => Err(Some(&**broken)),
            })
            .collect::<Result<Vec<_>, _>>()?;
        if self.account.is_none() && !scopes::end_below_account(&chain) {
            return Err(None);
        }
        Ok(chain)
    }

    pub(super) fn seen<'l, 's>(
        &'l self,
        seen: Seen<'s>,
    ) -> impl Iterator<Item = &'l Slot> + use<'l, 's> {
        let Seen { principal, flow } = seen;
        let flow = flow.and_then(|flow| self.flows.get(flow));
        let is_agent = principal.kind == "agent";
        let agent = is_agent.then(|| self.agents.get(&principal.name)).flatten();
        let teams = principal.teams.iter().filter_map(|team| self.teams.get(team));
        flow.into_iter().chain(agent).chain(teams).chain(&self.account)
    }
}

fn entry_of<'s>(slot: &'s Slot, tool: &str, server: &str) -> Option<&'s Tool> {
    let Slot::Live(live) = slot else { return None };
    live.document.tools.get(live.compiled.entry_position(tool, server)?)
}

/// The answer where no policy is in force, or one that must be asked cannot be.
fn unavailable(broken: Option<&BrokenPolicy>) -> Decision {
    let (message, policy) = match broken {
        None => (
            "no policy is loaded, so every call is denied; ask the operator of this server to load one",
            PolicyRef { name: String::new(), digest: String::new() },
        ),
        Some(broken) => (
            "the policy that decides this call cannot be loaded any more, so every call is denied; ask the operator of this server",
            broken.policy.clone(),
        ),
    };
    closed(Reason::PolicyUnavailable, message, policy)
}
