//! `preloop approvals grants`: calls that approvers had remembered, and ending that.

use clap::{Args, Subcommand};
use preloop_api::ApprovalGrant;
use serde_json::json;
use uuid::Uuid;

use super::remember::pattern;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output, shortened};
use crate::remote::{self, Remote};

const PATTERN_CHARS_MAX: usize = 48;

/// Options of `approvals grants`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Grants {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Have such calls asked about again
    Revoke(Revoke),
}

/// Options of `approvals grants revoke`.
#[derive(Debug, Args)]
struct Revoke {
    /// Id of the grant
    id: Uuid,

    #[command(flatten)]
    remote: Remote,
}

/// Lists what is remembered, or ends one of them.
pub(crate) fn run(grants: Grants, output: Output) -> Result<Exit, Failure> {
    match grants.action {
        None => list(&grants.remote, output),
        Some(Action::Revoke(revoke)) => end(&revoke, output),
    }
}

fn list(remote: &Remote, output: Output) -> Result<Exit, Failure> {
    let client = remote.client()?;
    let page = remote::block_on(async { Ok(client.approval_grants().await?) })?;
    output.result(&page, |text| {
        if page.items.is_empty() {
            text.line("no calls are remembered");
            return;
        }
        let rows: Vec<Vec<Cell>> = page.items.iter().map(row).collect();
        text.table(&["ID", "OF", "TOOL", "CALLS", "BY", "UNTIL"], &rows);
    })?;
    Ok(Exit::Done)
}

fn row(grant: &ApprovalGrant) -> Vec<Cell> {
    let session = grant.session_id.as_deref().map(|_| " or the session's end").unwrap_or_default();
    vec![
        Cell::plain(grant.id.to_string()),
        Cell::plain(&grant.principal),
        Cell::plain(&grant.tool),
        Cell::plain(shortened(&pattern(&grant.pattern).join(", "), PATTERN_CHARS_MAX)),
        Cell::plain(&grant.granted_by),
        Cell::plain(format!("{:.0}{session}", grant.expires_at)),
    ]
}

fn end(revoke: &Revoke, output: Output) -> Result<Exit, Failure> {
    let client = revoke.remote.client()?;
    remote::block_on(async { Ok(client.approval_grant_revoke(revoke.id).await?) })?;
    output.result(&json!({ "id": revoke.id, "revoked": true }), |page| {
        page.line(format!("such calls are asked about again: {}", revoke.id));
    })?;
    Ok(Exit::Done)
}
