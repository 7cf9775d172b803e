//! The policies that a caller is decided by, as one bundle: for engines in the caller's own process.

use preloop_core::Timestamp;
use preloop_core::bundle::{Bundle, BundleScope, Contents};

use super::super::keys::CallerNow;
use super::super::{ServiceError, Services};
use super::live::{Seen, Slot};

/// A caller's chain of policies.
#[derive(Debug)]
pub(crate) struct ServedBundle {
    /// The bundle; the server does not sign it.
    pub(crate) bundle: Bundle,
    /// Tells one chain from another, whenever it was made.
    pub(crate) tag: String,
}

impl Services {
    /// The policies of the scopes that the caller is seen from, without secrets.
    ///
    /// # Errors
    /// Where there is none, or one of them does not load any more.
    pub(crate) fn policy_bundle(
        &self,
        CallerNow { caller, changed_at }: &CallerNow,
    ) -> Result<ServedBundle, ServiceError> {
        let live = self.live_policies();
        let seen = Seen { principal: &caller.principal, flow: caller.flow.as_deref() };
        let no_policy = || ServiceError::NotFound {
            code: "no_policy",
            message: "no policy is loaded".to_owned(),
        };
        if matches!(live.chain(seen), Err(None)) {
            return Err(no_policy());
        }
        let mut policies = Vec::new();
        for slot in live.seen(seen) {
            let Slot::Live(policy) = slot else {
                let message = "a policy that decides this caller's calls cannot be loaded any more";
                return Err(ServiceError::Unavailable { message: message.to_owned() });
            };
            let scope = BundleScope { kind: policy.level(), name: slot.scope().name().to_owned() };
            let mut document = policy.document().clone();
            if live.has_given
                && !policy.is_given()
                && let Some(defaults) = &mut document.defaults
            {
                // Engines elsewhere know only the documents: what does not count here must not count there.
                defaults.inherit_from_parent = None;
            }
            policies.push((scope, document));
        }
        let changed = live.changed_at.max(*changed_at);
        // The sum goes up with either, so that no two chains have one version.
        let version = live.changed_at.saturating_add(*changed_at);
        let contents = Contents {
            version: u64::try_from(version).unwrap_or(0),
            created_at: Timestamp::from_unix_micros(changed).unwrap_or(Timestamp::UNIX_EPOCH),
            account: self.inner.account_id.to_string(),
            policies,
        };
        let bundle = Bundle::new(contents).map_err(|error| ServiceError::Unavailable {
            message: format!("the policies cannot be put into a bundle: {error}"),
        })?;
        Ok(ServedBundle { tag: bundle.policies_digest(), bundle })
    }
}
