//! Versions as the command line names them: by number, tag or id.

use std::convert::Infallible;
use std::str::FromStr;

use preloop_api::{PolicyScope, PolicyVersion};
use preloop_client::{Client, VersionFilter};
use uuid::Uuid;

use crate::failure::Failure;

/// How a version is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VersionName {
    Id(Uuid),
    Number(u64),
    Tag(String),
}

// === impl VersionName ===

impl VersionName {
    /// The version of that name among those of the policy in a scope.
    pub(super) async fn find(
        &self,
        client: &Client,
        scope: Option<&PolicyScope>,
    ) -> Result<PolicyVersion, Failure> {
        let account = PolicyScope::account();
        let mut filter =
            VersionFilter { scope: Some(scope.unwrap_or(&account).clone()), ..Default::default() };
        match self {
            // An id says all by itself.
            Self::Id(id) => return Ok(client.policy_version(*id).await?.version),
            Self::Number(number) => filter.number = Some(*number),
            Self::Tag(tag) => filter.tag = Some(tag.clone()),
        }
        let found = client.policy_versions(&filter).await?.items.into_iter().next();
        found.ok_or_else(|| {
            let what = match self {
                Self::Tag(tag) => format!("no version has the tag `{tag}`"),
                Self::Number(number) => format!("there is no version {number}"),
                Self::Id(id) => format!("there is no version `{id}`"),
            };
            let scope = scope.unwrap_or(&account);
            let at = if scope.is_account() { String::new() } else { format!(" --scope '{scope}'") };
            Failure::new("version_not_found", format!("{what} in {scope}"))
                .help(format!("see `preloop policy versions{at}`"))
        })
    }
}

impl FromStr for VersionName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let id = Uuid::try_parse(text).map(Self::Id);
        let number = || u64::from_str(text).map(Self::Number);
        Ok(id.or_else(|_| number()).unwrap_or_else(|_| Self::Tag(text.to_owned())))
    }
}

/// A version in one line: "version 7 by Ada: raise the limit".
pub(super) fn told(version: &PolicyVersion) -> String {
    let why = match &version.message {
        Some(message) => format!(": {message}"),
        None => String::new(),
    };
    format!("version {} by {}, {:.0}{why}", version.number, version.author.name, version.created_at)
}

#[cfg(test)]
mod tests {
    use super::VersionName;

    #[test]
    fn a_version_is_named_by_id_number_or_tag() {
        let named = |text: &str| text.parse::<VersionName>().unwrap();
        assert!(matches!(named("01890a5d-ac96-774b-bcce-b302099a8057"), VersionName::Id(_)));
        assert_eq!(named("7"), VersionName::Number(7));
        for tag in ["v7", "7.1", "-7", "stable", ""] {
            assert_eq!(named(tag), VersionName::Tag(tag.to_owned()));
        }
    }
}
