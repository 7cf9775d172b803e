//! `preloop policy list`: which policies are live, and where.

use clap::Args;
use preloop_api::{Page as ListPage, PolicyInfo, PolicyState};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output, Style};
use crate::remote::{self, Remote};

/// Options of `policy list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    remote: Remote,
}

/// Lists.
pub(crate) fn run(list: &List, output: Output) -> Result<Exit, Failure> {
    let client = list.remote.client()?;
    let items = remote::block_on(async {
        remote::all(async |cursor| client.policies(cursor.as_deref()).await).await
    })?;
    let list = ListPage { items, next_cursor: None };
    output.result(&list, |page| {
        if list.items.is_empty() {
            page.line("no policies");
            return;
        }
        let rows: Vec<Vec<Cell>> = list.items.iter().map(row).collect();
        page.table(&["SCOPE", "NAME", "STATE", "VERSION", "SINCE", "BY"], &rows);
    })?;
    Ok(Exit::Done)
}

fn row(policy: &PolicyInfo) -> Vec<Cell> {
    let state = match (policy.state, policy.is_read_only) {
        (PolicyState::Live, false) => Cell::styled(Style::Green, "live"),
        (PolicyState::Live, true) => Cell::styled(Style::Green, "live, from a file"),
        (PolicyState::Unavailable, _) => Cell::styled(Style::Red, "unavailable: denies every call"),
    };
    vec![
        Cell::plain(policy.scope.to_string()),
        Cell::plain(&policy.name),
        state,
        Cell::plain(policy.version_number.to_string()),
        Cell::plain(format!("{:.0}", policy.updated_at)),
        Cell::plain(&policy.author.name),
    ]
}
