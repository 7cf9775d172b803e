//! `preloop policy prune`: old versions deleted.

use clap::Args;
use preloop_api::{PolicyScope, PruneRequest};

use super::super::report::counted;
use crate::ask::{can_ask, is_yes};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::remote::{self, Remote};

/// Options of `policy prune`.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// How many days old a version must be
    #[arg(long, value_name = "DAYS", default_value_t = PruneRequest::default().older_than_days)]
    older_than: u32,

    /// How many of the newest versions of each policy stay, whatever their age
    #[arg(long, value_name = "COUNT", default_value_t = PruneRequest::default().keep_count)]
    keep: u32,

    /// Only versions of the policy of this scope [default: of every policy]
    #[arg(long)]
    scope: Option<PolicyScope>,

    /// Delete without being asked
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    remote: Remote,
}

/// Deletes.
pub(crate) fn run(prune: &Prune, output: Output) -> Result<Exit, Failure> {
    let client = prune.remote.client()?;
    if !prune.yes {
        confirm(prune, output)?;
    }
    let request = PruneRequest {
        older_than_days: prune.older_than,
        keep_count: prune.keep,
        scope: prune.scope.clone(),
        ..PruneRequest::default()
    };
    let pruned = remote::block_on(async { Ok(client.policy_prune(&request).await?) })?;
    output.result(&pruned, |page| {
        let count = usize::try_from(pruned.deleted_count).unwrap_or(usize::MAX);
        page.line(format!("deleted {}", counted(count, "version")));
    })?;
    Ok(Exit::Done)
}

fn confirm(prune: &Prune, output: Output) -> Result<(), Failure> {
    let of = match &prune.scope {
        Some(scope) => format!("of {scope}"),
        None => "of every policy".to_owned(),
    };
    let what = format!(
        "the versions {of} that are older than {}; the newest {}, the live one and tagged ones stay",
        counted(usize::try_from(prune.older_than).unwrap_or(usize::MAX), "day"),
        prune.keep,
    );
    if !can_ask(output) {
        return Err(Failure::new("not_confirmed", "nothing was deleted: nobody can be asked")
            .help(format!(
                "this would delete {what}; delete them without being asked with `--yes`"
            )));
    }
    output.message(|page| {
        page.line(format!("this deletes {what}"));
    });
    if is_yes("delete them?")? {
        return Ok(());
    }
    Err(Failure::new("not_deleted", "nothing was deleted"))
}
