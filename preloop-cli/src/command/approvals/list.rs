//! `preloop approvals list`.

use clap::Args;
use preloop_api::{Approval, ApprovalState};
use preloop_client::ApprovalFilter;

use super::show::state_cell;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output, shortened};
use crate::remote::{self, Remote};

const ARGUMENTS_CHARS_MAX: usize = 48;

/// Options of `approvals list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those that stand so: pending, approved, declined, expired or cancelled
    #[arg(long, value_parser = state)]
    status: Option<ApprovalState>,

    /// Only those for the tool of this name
    #[arg(long)]
    tool: Option<String>,

    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,

    /// Where to go on: `next_cursor` of the list before
    #[arg(long)]
    cursor: Option<String>,

    #[command(flatten)]
    remote: Remote,
}

/// Lists approval requests.
pub(crate) fn run(list: List, output: Output) -> Result<Exit, Failure> {
    let client = list.remote.client()?;
    let filter = ApprovalFilter {
        state: list.status,
        tool: list.tool,
        limit: Some(list.limit),
        cursor: list.cursor,
    };
    let page = remote::block_on(async { Ok(client.approvals(&filter).await?) })?;
    output.result(&page, |text| {
        if page.items.is_empty() {
            text.line("no approval requests");
            return;
        }
        let rows: Vec<Vec<Cell>> = page.items.iter().map(row).collect();
        text.table(&["ID", "STATE", "TOOL", "ARGUMENTS", "BY", "EXPIRES"], &rows);
        if let Some(cursor) = &page.next_cursor {
            text.line(format!("  more with --cursor {cursor}"));
        }
    })?;
    Ok(Exit::Done)
}

/// One request as a row.
pub(super) fn row(approval: &Approval) -> Vec<Cell> {
    vec![
        Cell::plain(approval.id.to_string()),
        state_cell(approval.state),
        Cell::plain(&approval.tool),
        Cell::plain(shortened(&approval.arguments.to_string(), ARGUMENTS_CHARS_MAX)),
        Cell::plain(&approval.principal.name),
        Cell::plain(format!("{:.0}", approval.expires_at)),
    ]
}

fn state(text: &str) -> Result<ApprovalState, String> {
    ApprovalState::from_name(text)
        .ok_or_else(|| "one of pending, approved, declined, expired, cancelled".to_owned())
}
