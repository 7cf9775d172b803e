//! `preloop approvals watch`: requests as they come and change, until stopped.

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;
use preloop_api::{Approval, ApprovalOutcome, ApprovalState};
use preloop_client::{ApprovalFilter, Client};
use uuid::Uuid;

use super::list::row;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::remote::{self, Remote};

const INTERVAL: Duration = Duration::from_millis(500);
/// The newest requests of every state, so that one that was settled at once is seen too.
const NEWEST: u32 = 50;
/// Widths of the columns where rows come one by one.
const COLUMN_WIDTHS: [usize; 5] = [36, 9, 16, 32, 12];

/// Options of `approvals watch`.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Only those for the tool of this name
    #[arg(long)]
    tool: Option<String>,

    #[command(flatten)]
    remote: Remote,
}

/// What makes a request worth another line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    state: ApprovalState,
    votes: usize,
    is_escalated: bool,
    outcome: Option<ApprovalOutcome>,
}

/// Prints those that wait, then each that comes or changes; only an error or a signal ends it.
pub(crate) fn run(watch: &Watch, output: Output) -> Result<Exit, Failure> {
    let client = watch.remote.client()?;
    remote::block_on(async {
        let mut seen: HashMap<Uuid, Mark> = HashMap::new();
        let mut is_begun = false;
        loop {
            let found = look(&client, watch, &seen).await?;
            for approval in &found {
                let mark = Mark::of(approval);
                let is_news = seen.insert(approval.id, mark) != Some(mark);
                if is_news && (is_begun || mark.state == ApprovalState::Pending) {
                    output.item(approval, |page| {
                        page.columns(&row(approval), &COLUMN_WIDTHS);
                    })?;
                }
            }
            seen.retain(|id, _| found.iter().any(|approval| approval.id == *id));
            is_begun = true;
            tokio::time::sleep(INTERVAL).await;
        }
    })
}

/// Everything that waits, that waited when it was last looked at, and that is new; oldest first.
async fn look(
    client: &Client,
    watch: &Watch,
    seen: &HashMap<Uuid, Mark>,
) -> Result<Vec<Approval>, Failure> {
    let newest = ApprovalFilter {
        tool: watch.tool.clone(),
        limit: Some(NEWEST),
        ..ApprovalFilter::default()
    };
    let pending = ApprovalFilter { state: Some(ApprovalState::Pending), ..newest.clone() };
    let page = async |cursor| client.approvals(&ApprovalFilter { cursor, ..pending.clone() }).await;
    let mut found = remote::all(page).await?;
    for approval in client.approvals(&newest).await?.items {
        if found.iter().all(|known| known.id != approval.id) {
            found.push(approval);
        }
    }
    for (id, mark) in seen {
        if mark.state == ApprovalState::Pending && found.iter().all(|known| known.id != *id) {
            found.push(client.approval(*id).await?);
        }
    }
    found.sort_by_key(|approval| (approval.created_at, approval.id));
    Ok(found)
}

// === impl Mark ===

impl Mark {
    fn of(approval: &Approval) -> Self {
        Self {
            state: approval.state,
            votes: approval.votes.len(),
            is_escalated: approval.escalated_at.is_some(),
            outcome: approval.outcome,
        }
    }
}
