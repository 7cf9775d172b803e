//! `preloop audit list`: the trail, once or as it grows.

use std::time::Duration;

use clap::Args;
use preloop_api::{AuditKind, AuditRecord};
use preloop_client::{AuditFilter, Client};
use preloop_core::Timestamp;
use preloop_core::decision::Action;

use super::row::{HEADINGS, Shown, row};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output};
use crate::remote::{self, Remote};

const FOLLOW_INTERVAL: Duration = Duration::from_millis(500);
const FOLLOW_PAGE: u32 = 1000;

/// Options of `audit list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only this kind, such as `decision`, `vote` or `call_completed`
    #[arg(long, value_parser = kind)]
    kind: Option<AuditKind>,

    /// Only records about the tool of this name
    #[arg(long)]
    tool: Option<String>,

    /// Only records of the principal with this id or name
    #[arg(long)]
    principal: Option<String>,

    /// Only decisions with this action: `allow`, `deny` or `require_approval`
    #[arg(long, value_parser = action)]
    action: Option<Action>,

    /// Not before this instant, such as 2026-11-21T09:00:00Z
    #[arg(long)]
    from: Option<Timestamp>,

    /// Before this instant
    #[arg(long)]
    to: Option<Timestamp>,

    /// Oldest first instead of newest first
    #[arg(long)]
    oldest_first: bool,

    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,

    /// Where to go on: `next_cursor` of the list before
    #[arg(long, conflicts_with = "follow")]
    cursor: Option<String>,

    /// Go on printing new records, oldest first, until stopped; with json one record a line
    #[arg(long, conflicts_with = "to")]
    follow: bool,

    #[command(flatten)]
    remote: Remote,
}

/// Lists the trail.
pub(crate) fn run(list: List, output: Output) -> Result<Exit, Failure> {
    let client = list.remote.client()?;
    let filter = AuditFilter {
        kind: list.kind.map(|kind| kind.as_str().to_owned()),
        tool: list.tool,
        principal: list.principal,
        action: list.action.map(|action| action.as_str().to_owned()),
        from: list.from,
        to: list.to,
        oldest_first: list.oldest_first,
        limit: Some(list.limit),
        cursor: list.cursor,
    };
    remote::block_on(async {
        if list.follow {
            follow(&client, filter, output).await
        } else {
            once(&client, &filter, output).await
        }
    })
}

async fn once(client: &Client, filter: &AuditFilter, output: Output) -> Result<Exit, Failure> {
    let page = client.audit(filter).await?;
    output.result(&page, |text| {
        if page.items.is_empty() {
            text.line("no audit records");
            return;
        }
        let rows: Vec<Vec<Cell>> =
            page.items.iter().map(|record| row(record, Shown::DateAndTime)).collect();
        text.table(&HEADINGS, &rows);
        if let Some(cursor) = &page.next_cursor {
            text.line(format!("  more with --cursor {cursor}"));
        }
    })?;
    Ok(Exit::Done)
}

/// Prints the last records, then each new one; only an error or a signal ends it.
async fn follow(client: &Client, mut filter: AuditFilter, output: Output) -> Result<Exit, Failure> {
    filter.oldest_first = false;
    let mut fresh = client.audit(&filter).await?.items;
    fresh.reverse();
    filter.oldest_first = true;
    filter.limit = Some(FOLLOW_PAGE);
    let mut seen = 0;
    loop {
        for record in &fresh {
            output.item(record, |page| {
                page.columns(&row(record, Shown::DateAndTime), &COLUMN_WIDTHS);
            })?;
        }
        if let Some(last) = fresh.last() {
            seen = last.seq;
            filter.from = Some(last.at);
        }
        fresh = newer(client, &filter, seen).await?;
        if fresh.is_empty() {
            tokio::time::sleep(FOLLOW_INTERVAL).await;
        }
    }
}

/// Records after the one last seen; several may share an instant, so the place in the chain decides.
async fn newer(
    client: &Client,
    filter: &AuditFilter,
    seen: u64,
) -> Result<Vec<AuditRecord>, Failure> {
    let mut records =
        remote::all(async |cursor| client.audit(&AuditFilter { cursor, ..filter.clone() }).await)
            .await?;
    records.retain(|record| record.seq > seen);
    Ok(records)
}

/// Widths of the columns where rows come one by one.
const COLUMN_WIDTHS: [usize; 4] = [20, 18, 20, 14];

fn kind(text: &str) -> Result<AuditKind, String> {
    AuditKind::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = AuditKind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("one of {}", names.join(", "))
    })
}

fn action(text: &str) -> Result<Action, String> {
    [Action::Allow, Action::Deny, Action::RequireApproval]
        .into_iter()
        .find(|action| action.as_str() == text)
        .ok_or_else(|| "one of allow, deny, require_approval".to_owned())
}
