//! `preloop policy show`: one version, with its document.

use clap::Args;
use preloop_api::{PolicyScope, PolicyVersionDetail};
use preloop_core::canonical::to_yaml;
use preloop_core::parse;

use super::version::VersionName;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Page};
use crate::remote::{self, Remote};

/// Options of `policy show`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The version: its number, its tag or its id
    version: VersionName,

    /// Among the versions of the policy of this scope
    #[arg(long)]
    scope: Option<PolicyScope>,

    #[command(flatten)]
    remote: Remote,
}

/// Shows.
pub(crate) fn run(show: &Show, output: Output) -> Result<Exit, Failure> {
    let client = show.remote.client()?;
    let detail = remote::block_on(async {
        let version = show.version.find(&client, show.scope.as_ref()).await?;
        Ok(client.policy_version(version.id).await?)
    })?;
    output.message(|page| describe(page, &detail));
    // The document alone is the result, so that it can be written to a file or compared.
    output.result(&detail, |page| {
        for line in document(&detail).lines() {
            page.line(line);
        }
    })?;
    Ok(Exit::Done)
}

fn describe(page: &mut Page, detail: &PolicyVersionDetail) {
    let version = &detail.version;
    let live = if version.is_live { ", live" } else { "" };
    page.pair("version", format!("{}{live}", version.number))
        .pair("of", format!("{} in {}", version.name, version.scope))
        .pair("id", version.id.to_string())
        .pair("digest", &version.digest);
    if let Some(tag) = &version.tag {
        page.pair("tag", tag);
    }
    page.pair("made", format!("{:.0}, by {}", version.created_at, version.cause.as_str()))
        .pair("by", &version.author.name);
    if let Some(message) = &version.message {
        page.pair("message", message);
    }
    page.blank();
}

/// The document as its author would write it; as it came where this program does not know all of it.
fn document(detail: &PolicyVersionDetail) -> String {
    let text = detail.document.to_string();
    parse(&text).map_or(text, |document| to_yaml(&document, None))
}
