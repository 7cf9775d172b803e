//! Comparing what is live, versions and documents that are sent along.

use preloop_api::{PolicyScope, PolicyVersion};
use preloop_core::ValidPolicy;
use preloop_core::diff::PolicyDiff;
use uuid::Uuid;

use super::super::{ServiceError, Services};
use super::apply::{computed, differences, nothing_live};
use super::live::Slot;
use super::refresh::text_of;

/// One side of a comparison.
#[derive(Debug)]
pub(crate) enum Side {
    /// A document that was sent along.
    Given(Box<ValidPolicy>),
    /// What is live in the scope.
    Live,
    /// A version.
    Version(Uuid),
}

/// What to compare.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) scope: PolicyScope,
    pub(crate) before: Side,
    pub(crate) after: Side,
}

impl Services {
    /// What differs between two sides, in the documents and in what they answer.
    pub(crate) async fn policy_diff(
        &self,
        comparison: Comparison,
    ) -> Result<PolicyDiff, ServiceError> {
        let Comparison { scope, before, after } = comparison;
        let before = self.side(&scope, before).await?;
        let after = self.side(&scope, after).await?;
        computed(move || differences(&before, &after)).await
    }

    async fn side(&self, scope: &PolicyScope, side: Side) -> Result<ValidPolicy, ServiceError> {
        match side {
            Side::Given(policy) => Ok(*policy),
            Side::Live => {
                // From memory, so that it works without the database.
                let text = match self.live().slot(scope) {
                    Some(Slot::Live(live)) => text_of(live.document()),
                    Some(Slot::Broken(_)) | None => return Err(nothing_live(scope)),
                };
                computed(move || ValidPolicy::parse(&text)).await?.map_err(|_| nothing_live(scope))
            }
            Side::Version(id) => {
                let (version, text) = self.version_text(id).await?;
                let read = computed(move || ValidPolicy::parse(&text)).await?;
                read.map_err(|_| unusable(&version))
            }
        }
    }
}

/// A version of an earlier release of Preloop that this one does not read.
pub(super) fn unusable(version: &PolicyVersion) -> ServiceError {
    ServiceError::Conflict {
        code: "version_unusable",
        message: format!(
            "version {} of `{}` is not a valid policy any more; its document can still be read",
            version.number, version.scope
        ),
        state: None,
    }
}
