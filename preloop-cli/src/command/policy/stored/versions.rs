//! `preloop policy versions`: what was live when, who changed it and why.

use clap::Args;
use preloop_api::{PolicyScope, PolicyVersion};
use preloop_client::VersionFilter;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output, Style};
use crate::remote::{self, Remote};

/// Options of `policy versions`.
#[derive(Debug, Args)]
pub(crate) struct Versions {
    /// Of the policy of this scope: `account`, `team:NAME`, `agent:NAME` or `flow:NAME`
    #[arg(long, default_value_t)]
    scope: PolicyScope,

    /// At most so many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,

    /// Where to go on: `next_cursor` of the list before
    #[arg(long)]
    cursor: Option<String>,

    #[command(flatten)]
    remote: Remote,
}

/// Lists.
pub(crate) fn run(versions: &Versions, output: Output) -> Result<Exit, Failure> {
    let client = versions.remote.client()?;
    let filter = VersionFilter {
        scope: Some(versions.scope.clone()),
        limit: Some(versions.limit),
        cursor: versions.cursor.clone(),
        ..VersionFilter::default()
    };
    let list = remote::block_on(async { Ok(client.policy_versions(&filter).await?) })?;
    output.result(&list, |page| {
        if list.items.is_empty() {
            page.line(format!("no versions in {}", versions.scope));
            return;
        }
        let rows: Vec<Vec<Cell>> = list.items.iter().map(row).collect();
        page.table(&["VERSION", "", "TAG", "MADE", "BY", "HOW", "MESSAGE"], &rows);
        if let Some(cursor) = &list.next_cursor {
            page.line(format!("  more with --cursor {cursor}"));
        }
    })?;
    Ok(Exit::Done)
}

fn row(version: &PolicyVersion) -> Vec<Cell> {
    let live = if version.is_live { "live" } else { "" };
    vec![
        Cell::plain(version.number.to_string()),
        Cell::styled(Style::Green, live),
        Cell::styled(Style::Bold, version.tag.as_deref().unwrap_or_default()),
        Cell::plain(format!("{:.0}", version.created_at)),
        Cell::plain(&version.author.name),
        Cell::plain(version.cause.as_str()),
        Cell::plain(version.message.as_deref().unwrap_or_default()),
    ]
}
