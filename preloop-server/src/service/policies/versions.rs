//! Versions: reading, keeping, tagging, bringing back, deleting.

use std::time::Duration;

use preloop_api::{
    CreateSnapshot, Page, PolicyApplied, PolicyScope, PolicyVersion, PolicyVersionDetail,
    PruneRequest, RollbackRequest, VersionCause,
};
use preloop_core::ValidPolicy;
use preloop_core::audit::AuditKind;
use uuid::Uuid;

use super::super::{Caller, ServiceError, Services};
use super::apply::{ApplyCommand, Expected, author, check_message, computed, nothing_live};
use super::compare::unusable;
use super::read::as_value;
use crate::ids::new_id;
use crate::store::{Prune, Snapshot, VersionFilter, VersionRemoval};

/// Longest tag, in characters.
const TAG_CHARS_MAX: usize = 100;

/// Which versions to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct VersionQuery {
    pub(crate) scope: Option<PolicyScope>,
    pub(crate) policy_id: Option<Uuid>,
    pub(crate) tag: Option<String>,
    pub(crate) number: Option<i64>,
    /// Where the page begins, as the page before says.
    pub(crate) before: Option<i64>,
    pub(crate) limit: u32,
}

impl Services {
    /// Versions, newest first.
    pub(crate) async fn version_list(
        &self,
        query: VersionQuery,
    ) -> Result<Page<PolicyVersion>, ServiceError> {
        let VersionQuery { scope, policy_id, tag, number, before, limit } = query;
        let more = limit.saturating_add(1);
        let filter = VersionFilter { scope, policy_id, tag, number, before, limit: more };
        let mut stored = self.inner.store.version_list(self.inner.account_id, &filter).await?;
        let has_more = stored.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        if has_more {
            stored.pop();
        }
        let next_cursor = stored.last().filter(|_| has_more).map(|last| last.seq.to_string());
        let items = stored.into_iter().map(|stored| stored.version).collect();
        Ok(Page { items, next_cursor })
    }

    /// One version with its document.
    pub(crate) async fn version_show(&self, id: Uuid) -> Result<PolicyVersionDetail, ServiceError> {
        let (version, text) = self.version_text(id).await?;
        Ok(PolicyVersionDetail { version, document: as_value(&text) })
    }

    /// The scope of a version.
    pub(crate) async fn version_scope(&self, id: Uuid) -> Result<PolicyScope, ServiceError> {
        self.version_of(id).await?.map(|version| version.scope).ok_or_else(|| not_found(id))
    }

    /// A version and its text.
    pub(super) async fn version_text(
        &self,
        id: Uuid,
    ) -> Result<(PolicyVersion, String), ServiceError> {
        let found = self.inner.store.version_find(self.inner.account_id, id).await?;
        let (stored, text) = found.ok_or_else(|| not_found(id))?;
        Ok((stored.version, text))
    }

    /// Keeps what is live as a version of its own.
    pub(crate) async fn version_snapshot(
        &self,
        caller: &Caller,
        request: CreateSnapshot,
    ) -> Result<PolicyVersion, ServiceError> {
        let CreateSnapshot { scope, message, tag } = request;
        check_message(message.as_deref())?;
        tag.as_deref().map_or(Ok(()), check_tag)?;
        let scope = scope.unwrap_or_default();
        let now = self.now();
        let snapshot = Snapshot {
            account_id: self.inner.account_id,
            scope: scope.clone(),
            version_id: new_id(now),
            author: author(caller),
            message,
            tag,
            now,
        };
        let kept = self.inner.store.version_snapshot(&snapshot).await?;
        let version = kept.ok_or_else(|| nothing_live(&scope))?;
        self.versioned(caller, format!("{} kept", named(&version)));
        Ok(version)
    }

    /// Gives a version a tag, or takes its tag off.
    pub(crate) async fn version_tag(
        &self,
        caller: &Caller,
        id: Uuid,
        tag: Option<&str>,
    ) -> Result<PolicyVersion, ServiceError> {
        tag.map_or(Ok(()), check_tag)?;
        let tagged = self.inner.store.version_tag(self.inner.account_id, id, tag).await?;
        let version = tagged.ok_or_else(|| not_found(id))?;
        let what = tag.map_or_else(|| "untagged".to_owned(), |tag| format!("tagged `{tag}`"));
        self.versioned(caller, format!("{} {what}", named(&version)));
        Ok(version)
    }

    /// Deletes a version that is neither live nor tagged.
    pub(crate) async fn version_remove(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<(), ServiceError> {
        let conflict = |code, message: &str| {
            Err(ServiceError::Conflict { code, message: message.to_owned(), state: None })
        };
        match self.inner.store.version_remove(self.inner.account_id, id).await? {
            VersionRemoval::Removed => {
                self.versioned(caller, format!("version `{id}` deleted"));
                self.secrets_prune(None).await;
                Ok(())
            }
            VersionRemoval::NotFound => Err(not_found(id)),
            VersionRemoval::Live => conflict(
                "version_live",
                "this version is in force; bring another one into force first",
            ),
            VersionRemoval::Tagged => {
                conflict("version_tagged", "this version has a tag; take the tag off first")
            }
        }
    }

    /// Deletes old versions, never the live or a tagged one; says how many.
    pub(crate) async fn version_prune(
        &self,
        caller: &Caller,
        request: PruneRequest,
    ) -> Result<u64, ServiceError> {
        let PruneRequest { older_than_days, keep_tagged, keep_count, scope } = request;
        if !keep_tagged {
            return Err(ServiceError::Invalid {
                code: "tags_are_kept",
                message: "versions with a tag are never pruned; take the tags off first".to_owned(),
            });
        }
        let age = Duration::from_secs(u64::from(older_than_days).saturating_mul(86_400));
        let before = self.now().checked_sub(age).unwrap_or(preloop_core::Timestamp::MIN);
        let prune = Prune { account_id: self.inner.account_id, scope, before, keep_count };
        let deleted = self.inner.store.version_prune(&prune).await?;
        self.versioned(caller, format!("{deleted} versions deleted"));
        self.secrets_prune(None).await;
        Ok(deleted)
    }

    /// Brings an earlier version back, as a version of its own.
    pub(crate) async fn version_rollback(
        &self,
        caller: &Caller,
        id: Uuid,
        request: RollbackRequest,
        expected: Expected,
    ) -> Result<PolicyApplied, ServiceError> {
        let RollbackRequest { preview_only, message } = request;
        let (version, text) = self.version_text(id).await?;
        let read = computed(move || ValidPolicy::parse(&text)).await?;
        let policy = read.map_err(|_| unusable(&version))?;
        let message = message.unwrap_or_else(|| format!("back to version {}", version.number));
        let command = ApplyCommand {
            scope: version.scope,
            policy,
            cause: VersionCause::Rollback,
            message: Some(message),
            expected,
            dry_run: preview_only,
        };
        self.policy_apply(caller, command).await
    }

    fn versioned(&self, caller: &Caller, message: String) {
        let mut record = self.new_record(AuditKind::PolicyVersioned);
        record.actor = Some(caller.principal.name.clone());
        record.message = Some(message);
        self.record_or_log(&record);
    }
}

fn named(version: &PolicyVersion) -> String {
    let PolicyVersion { name, number, scope, .. } = version;
    format!("version {number} of `{name}` (`{scope}`)")
}

fn check_tag(tag: &str) -> Result<(), ServiceError> {
    let is_good = tag.chars().count() <= TAG_CHARS_MAX
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+/".contains(c))
        && tag.starts_with(|c: char| c.is_ascii_alphanumeric())
        // A number means a version's number, an id its id.
        && !tag.chars().all(|c| c.is_ascii_digit())
        && Uuid::try_parse(tag).is_err();
    if is_good {
        return Ok(());
    }
    Err(ServiceError::Invalid {
        code: "invalid_tag",
        message: format!(
            "`tag` must be 1 to {TAG_CHARS_MAX} letters, digits or any of `-_.+/`, begin with a letter or digit, and be neither a number nor an id"
        ),
    })
}

fn not_found(id: Uuid) -> ServiceError {
    ServiceError::NotFound {
        code: "version_not_found",
        message: format!("there is no version with the id `{id}`"),
    }
}
