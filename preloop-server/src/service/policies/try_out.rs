//! Trying documents and calls: nothing is recorded, nothing comes into force.

use std::sync::Arc;

use preloop_api::{PolicyScope, ScopeKind};
use preloop_core::call::{CallRecord, Principal};
use preloop_core::decision::Decision;
use preloop_core::{CompiledPolicy, ValidPolicy};
use uuid::Uuid;

use super::super::{ServiceError, Services};
use super::apply::{computed, nothing_live};
use super::compare::unusable;
use super::live::{LivePolicies, LivePolicy, Origin, Seen, Slot};
use super::no_policy;

/// What is tried.
#[derive(Debug)]
pub(crate) enum Subject {
    /// A document that answers alone, or in the place of what is live in the scope that is named.
    Document(Box<ValidPolicy>),
    /// What is live.
    Live,
    /// A version in the place of what is live in its scope.
    Version(Uuid),
}

/// A call to be tried.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) subject: Subject,
    /// From where the call is seen; else that follows from its principal.
    pub(crate) scope: Option<PolicyScope>,
    pub(crate) call: CallRecord,
    pub(crate) explain: bool,
}

impl Services {
    /// What documents, or the live ones, answer to a call that says everything itself.
    pub(crate) async fn try_out(&self, trial: Trial) -> Result<Decision, ServiceError> {
        let Trial { subject, scope, call, explain } = trial;
        let mut policies = LivePolicies::clone(&self.live());
        let scope = match (subject, scope) {
            (Subject::Document(policy), None) => {
                return computed(move || alone(*policy, &call, explain)).await;
            }
            (Subject::Document(policy), Some(scope)) => {
                policies.put(self.draft(scope.clone(), *policy).await?);
                Some(scope)
            }
            (Subject::Version(id), scope) => {
                let (version, text) = self.version_text(id).await?;
                let read = computed(move || ValidPolicy::parse(&text)).await?;
                let policy = read.map_err(|_| unusable(&version))?;
                policies.put(self.draft(version.scope.clone(), policy).await?);
                Some(scope.unwrap_or(version.scope))
            }
            (Subject::Live, scope) => scope,
        };
        if let Some(scope) = scope.as_ref().filter(|scope| policies.slot(scope).is_none()) {
            return Err(nothing_live(scope));
        }
        if policies.slots().next().is_none() {
            return Err(no_policy("no policy is loaded; send one as `policy`"));
        }
        let principal = seen_from(scope.as_ref(), &call.principal);
        let flow = scope.as_ref().filter(|scope| scope.kind() == ScopeKind::Flow);
        let seen = Seen { principal: &principal, flow: flow.map(PolicyScope::name) };
        let call = call.call();
        Ok(if explain {
            policies.explain(seen, &call)
        } else {
            policies.evaluate(seen, &call).into_owned()
        })
    }

    async fn draft(&self, scope: PolicyScope, policy: ValidPolicy) -> Result<Slot, ServiceError> {
        let now = self.now();
        let made = move || LivePolicy::new(scope, Origin::Stored(Uuid::nil()), policy, now);
        Ok(Slot::Live(Arc::new(computed(made).await?)))
    }
}

fn alone(policy: ValidPolicy, call: &CallRecord, explain: bool) -> Decision {
    let compiled = CompiledPolicy::compile(policy);
    let call = call.call();
    if explain { compiled.explain(&call) } else { compiled.evaluate(&call).into_owned() }
}

/// The principal by whom the scopes are found: one of the scope, where one is named.
fn seen_from(scope: Option<&PolicyScope>, principal: &Principal) -> Principal {
    let Some(scope) = scope else { return principal.clone() };
    let name = scope.name().to_owned();
    match scope.kind() {
        ScopeKind::Account => Principal::default(),
        ScopeKind::Team => Principal { teams: vec![name], ..Principal::default() },
        ScopeKind::Agent => Principal {
            kind: "agent".to_owned(),
            name,
            teams: principal.teams.clone(),
            ..Principal::default()
        },
        ScopeKind::Flow => principal.clone(),
    }
}
