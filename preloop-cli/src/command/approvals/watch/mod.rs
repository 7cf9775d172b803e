//! `preloop approvals watch`: requests as they come and change, until stopped; on a terminal one votes meanwhile.

mod keys;

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;
use preloop_api::{Approval, ApprovalOutcome, ApprovalState};
use preloop_client::{ApprovalFilter, Client};
use uuid::Uuid;

use super::list::row;
use crate::ask::can_ask;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output};
use crate::remote::{self, Remote};
use keys::{Key, Keys};

const INTERVAL: Duration = Duration::from_millis(500);
/// The newest requests of every state, so that one that was settled at once is seen too.
const NEWEST: u32 = 50;
/// Widths of the columns where rows come one by one.
const COLUMN_WIDTHS: [usize; 5] = [36, 9, 16, 32, 12];
/// The same behind a number.
const NUMBERED_WIDTHS: [usize; 6] = [2, 36, 9, 16, 32, 12];

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

/// The requests that were told of.
#[derive(Debug, Default)]
struct Told {
    marks: HashMap<Uuid, Mark>,
    /// In the order of their numbers, which are only given where votes can be typed.
    numbered: Vec<Uuid>,
}

/// Prints those that wait, then each that comes or changes; only an error, a signal or the person at the terminal ends it.
pub(crate) fn run(watch: &Watch, output: Output) -> Result<Exit, Failure> {
    let client = watch.remote.client()?;
    let mut keys = can_ask(output).then(Keys::start);
    if keys.is_some() {
        output.message(|page| {
            page.line("a NUMBER approves, d NUMBER [REASON] declines, q ends");
        });
    }
    remote::block_on(async {
        let (mut told, mut is_begun, mut is_away) = (Told::default(), false, false);
        loop {
            match look(&client, watch, &told.marks).await {
                Ok(found) => {
                    tell(&found, &mut told, is_begun, (keys.is_some(), output))?;
                    (is_begun, is_away) = (true, false);
                }
                // It may be started anew; what changes meanwhile is told then.
                Err(failure) if is_begun && failure.may_pass() => {
                    if !is_away {
                        output.failure(&failure);
                    }
                    is_away = true;
                }
                Err(failure) => return Err(failure),
            }
            let Some(keys) = &mut keys else {
                tokio::time::sleep(INTERVAL).await;
                continue;
            };
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                line = keys.next() => match line.as_deref().map_or(Ok(Key::Quit), Key::read) {
                    Ok(Key::Quit) => return Ok(Exit::Done),
                    Ok(Key::Nothing) => {}
                    Ok(Key::Vote(vote)) => vote.cast(&client, &told.numbered, keys, output).await,
                    Err(words) => output.message(|page| { page.line(words); }),
                },
            }
        }
    })
}

/// Prints what is news, and keeps in mind how it stands.
fn tell(
    found: &[Approval],
    told: &mut Told,
    is_begun: bool,
    (has_keys, output): (bool, Output),
) -> Result<(), Failure> {
    for approval in found {
        let mark = Mark::of(approval);
        let is_news = told.marks.insert(approval.id, mark) != Some(mark);
        if !is_news || !(is_begun || mark.state == ApprovalState::Pending) {
            continue;
        }
        if !told.numbered.contains(&approval.id) {
            told.numbered.push(approval.id);
        }
        let number = told.numbered.iter().position(|id| *id == approval.id);
        output.item(approval, |page| {
            let mut row = row(approval);
            if has_keys {
                let number = number.map(|at| (at + 1).to_string());
                row.insert(0, Cell::plain(number.unwrap_or_default()));
                page.columns(&row, &NUMBERED_WIDTHS);
            } else {
                page.columns(&row, &COLUMN_WIDTHS);
            }
        })?;
    }
    told.marks.retain(|id, _| found.iter().any(|approval| approval.id == *id));
    Ok(())
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
