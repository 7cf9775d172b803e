//! Versions of policies: list, read, tag, bring back, delete old ones.

use preloop_api::{
    Page, PolicyApplied, PolicyScope, PolicyVersion, PolicyVersionDetail, PruneRequest,
    PruneResult, RollbackRequest, TagVersion,
};
use uuid::Uuid;

use crate::error::ClientError;
use crate::transport::{Client, Expected};

const VERSIONS: [&str; 4] = ["api", "v1", "policies", "versions"];

/// Which versions to list; every member narrows the list.
#[derive(Clone, Debug, Default)]
pub struct VersionFilter {
    /// Only those of the policy in this scope.
    pub scope: Option<PolicyScope>,
    /// Only the one with this tag.
    pub tag: Option<String>,
    /// Only the one with this number.
    pub number: Option<u64>,
    /// At most so many on a page.
    pub limit: Option<u32>,
    /// Where the page starts: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

impl Client {
    /// One page of versions, newest first.
    pub async fn policy_versions(
        &self,
        filter: &VersionFilter,
    ) -> Result<Page<PolicyVersion>, ClientError> {
        let query: Vec<(&str, String)> = [
            ("scope", filter.scope.as_ref().map(ToString::to_string)),
            ("tag", filter.tag.clone()),
            ("number", filter.number.map(|number| number.to_string())),
            ("limit", filter.limit.map(|limit| limit.to_string())),
            ("cursor", filter.cursor.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        self.get(&VERSIONS, &query).await
    }

    /// One version with its document.
    pub async fn policy_version(&self, id: Uuid) -> Result<PolicyVersionDetail, ClientError> {
        self.get(&of(&id.to_string(), &[]), &[]).await
    }

    /// Gives a version a tag, which is taken away from the version that has it.
    pub async fn policy_version_tag(
        &self,
        id: Uuid,
        tag: &str,
    ) -> Result<PolicyVersion, ClientError> {
        self.put(&of(&id.to_string(), &["tag"]), &TagVersion { tag: tag.to_owned() }).await
    }

    /// Takes a version's tag away.
    pub async fn policy_version_untag(&self, id: Uuid) -> Result<PolicyVersion, ClientError> {
        self.delete_answered(&of(&id.to_string(), &["tag"])).await
    }

    /// Brings a version back where what is live is what is expected, or says what that would do.
    pub async fn policy_rollback(
        &self,
        id: Uuid,
        request: &RollbackRequest,
        expected: &Expected,
    ) -> Result<PolicyApplied, ClientError> {
        self.post_expecting(&of(&id.to_string(), &["rollback"]), request, expected).await
    }

    /// Deletes old versions, never the live or a tagged one.
    pub async fn policy_prune(&self, request: &PruneRequest) -> Result<PruneResult, ClientError> {
        self.post(&of("prune", &[]), request).await
    }
}

/// The path of one version, or of something about it.
fn of<'p>(id: &'p str, rest: &[&'p str]) -> Vec<&'p str> {
    [&VERSIONS[..], &[id], rest].concat()
}
