//! `preloop policy tag` and `untag`: names for versions, such as `stable`.

use clap::Args;
use preloop_api::{PolicyScope, PolicyVersion};

use super::version::VersionName;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, visible};
use crate::remote::{self, Remote};

/// Options of `policy tag`.
#[derive(Debug, Args)]
pub(crate) struct Tag {
    /// The version: its number, its tag or its id
    version: VersionName,

    /// The tag; the version that has it loses it
    #[arg(value_name = "TAG")]
    name: String,

    /// Among the versions of the policy of this scope
    #[arg(long)]
    scope: Option<PolicyScope>,

    #[command(flatten)]
    remote: Remote,
}

/// Options of `policy untag`.
#[derive(Debug, Args)]
pub(crate) struct Untag {
    /// The version: its tag, its number or its id
    version: VersionName,

    /// Among the versions of the policy of this scope
    #[arg(long)]
    scope: Option<PolicyScope>,

    #[command(flatten)]
    remote: Remote,
}

/// Tags.
pub(crate) fn run(tag: &Tag, output: Output) -> Result<Exit, Failure> {
    let client = tag.remote.client()?;
    let tagged = remote::block_on(async {
        let version = tag.version.find(&client, tag.scope.as_ref()).await?;
        Ok(client.policy_version_tag(version.id, &tag.name).await?)
    })?;
    output.result(&tagged, |page| {
        let name = visible(tagged.tag.as_deref().unwrap_or_default());
        page.line(format!("version {} is tagged `{name}`", tagged.number));
    })?;
    Ok(Exit::Done)
}

/// Takes a tag away.
pub(crate) fn run_untag(untag: &Untag, output: Output) -> Result<Exit, Failure> {
    let client = untag.remote.client()?;
    let (before, after): (PolicyVersion, PolicyVersion) = remote::block_on(async {
        let version = untag.version.find(&client, untag.scope.as_ref()).await?;
        let after = client.policy_version_untag(version.id).await?;
        Ok((version, after))
    })?;
    output.result(&after, |page| {
        let number = after.number;
        match &before.tag {
            Some(tag) => page.line(format!("version {number} has lost the tag `{}`", visible(tag))),
            None => page.line(format!("version {number} has no tag")),
        };
    })?;
    Ok(Exit::Done)
}
