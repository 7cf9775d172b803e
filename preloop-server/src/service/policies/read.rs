//! Reading policies: the list, one of them, and the export.

use preloop_api::{Page, PolicyDetail, PolicyInfo, PolicyScope, PolicyState};
use preloop_core::canonical::{export, policy_to_yaml, to_json};
use preloop_core::document::PolicyDocument;
use uuid::Uuid;

use super::super::{ServiceError, Services};
use super::apply::nothing_live;
use super::compare::unusable;
use super::live::Slot;
use super::no_policy;
use super::refresh::text_of;
use crate::store::StoredPolicy;

/// How a document is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON.
    Json,
    /// YAML with the keys in alphabetical order.
    Sorted,
    /// YAML in the order of the manual.
    #[default]
    Yaml,
}

/// What to export.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExportQuery {
    /// The live policy of this scope; the account's where nothing is said.
    pub(crate) scope: Option<PolicyScope>,
    /// The live policy of this name.
    pub(crate) name: Option<String>,
    /// This version.
    pub(crate) version: Option<Uuid>,
    pub(crate) form: Form,
}

impl Services {
    /// What is live in the scopes of the account, page by page.
    pub(crate) async fn policy_list(
        &self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Page<PolicyInfo>, ServiceError> {
        let account_id = self.inner.account_id;
        let more = limit.saturating_add(1);
        let mut stored = self.inner.store.policy_list(account_id, after, more).await?;
        let has_more = stored.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        if has_more {
            stored.pop();
        }
        let next_cursor = stored.last().filter(|_| has_more).map(|last| last.id.to_string());
        let items = stored.into_iter().map(|stored| self.policy_info(stored)).collect();
        Ok(Page { items, next_cursor })
    }

    /// One policy with its document.
    pub(crate) async fn policy_show(&self, id: Uuid) -> Result<PolicyDetail, ServiceError> {
        let stored = self.policy_stored(id).await?;
        let (_, text) = self.version_text(stored.version_id).await?;
        Ok(PolicyDetail { policy: self.policy_info(stored), document: as_value(&text) })
    }

    /// The policy of that id, where one is live.
    pub(super) async fn policy_stored(&self, id: Uuid) -> Result<StoredPolicy, ServiceError> {
        let stored = self.inner.store.policy_find(self.inner.account_id, id).await?;
        stored.ok_or_else(|| not_found(id))
    }

    /// The scope of a policy.
    pub(crate) async fn policy_scope(&self, id: Uuid) -> Result<PolicyScope, ServiceError> {
        Ok(self.policy_stored(id).await?.scope)
    }

    fn policy_info(&self, stored: StoredPolicy) -> PolicyInfo {
        let live = self.live();
        let is_broken = live.slot(&stored.scope).is_some_and(Slot::is_broken);
        PolicyInfo {
            is_read_only: self.is_given(&stored.scope),
            state: if is_broken { PolicyState::Unavailable } else { PolicyState::Live },
            id: stored.id,
            scope: stored.scope,
            name: stored.name,
            description: stored.description,
            digest: stored.digest,
            version_id: stored.version_id,
            version_number: stored.number,
            author: stored.author,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        }
    }

    /// A document without secrets, as text that can be imported again, and its digest.
    pub(crate) async fn policy_export(
        &self,
        query: ExportQuery,
    ) -> Result<(String, String), ServiceError> {
        let ExportQuery { scope, name, version, form } = query;
        if let Some(id) = version {
            let (version, text) = self.version_text(id).await?;
            if form == Form::Yaml {
                return Ok((text, version.digest));
            }
            let document = preloop_core::parse(&text).map_err(|_| unusable(&version))?;
            return Ok((written(&document, form), version.digest));
        }
        // From memory, so that it works without the database.
        let live = self.live();
        let slot = match &name {
            Some(name) => live
                .named(name)
                .filter(|slot| scope.as_ref().is_none_or(|scope| scope == slot.scope())),
            None => live.slot(scope.as_ref().unwrap_or(&PolicyScope::account())),
        };
        let Some(Slot::Live(policy)) = slot else {
            return Err(match (name, scope) {
                (Some(name), _) => no_policy(format!("no policy named `{name}` is live")),
                (None, Some(scope)) => nothing_live(&scope),
                (None, None) => no_policy("no policy is loaded"),
            });
        };
        let digest = policy.compiled().policy().digest.clone();
        Ok((written(policy.document(), form), digest))
    }
}

fn written(document: &PolicyDocument, form: Form) -> String {
    match form {
        Form::Json => to_json(&export(document.clone())),
        Form::Yaml => text_of(document),
        Form::Sorted => {
            let value = serde_json::to_value(export(document.clone())).unwrap_or_default();
            // A document never nests deeper than one may.
            policy_to_yaml(&value).unwrap_or_else(|_| text_of(document))
        }
    }
}

/// A stored document as an object; as its text where it cannot be read any more.
pub(super) fn as_value(text: &str) -> serde_json::Value {
    let value = preloop_core::parse(text).ok().and_then(|read| serde_json::to_value(read).ok());
    value.unwrap_or_else(|| serde_json::Value::String(text.to_owned()))
}

/// There is no such policy, or it is another account's.
pub(super) fn not_found(id: Uuid) -> ServiceError {
    ServiceError::NotFound {
        code: "policy_not_found",
        message: format!("there is no policy with the id `{id}`"),
    }
}
