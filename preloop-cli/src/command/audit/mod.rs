//! `preloop audit`: read the trail, follow it, verify it.

mod list;
mod row;
mod verify;

use clap::Subcommand;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) use self::row::{HEADINGS, Shown, row};

/// What to do with the audit trail.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List records, newest first
    List(list::List),
    /// Check that no record was changed, removed or moved
    Verify(verify::Verify),
}

/// Runs one of them.
pub(crate) fn run(audit: Audit, output: Output) -> Result<Exit, Failure> {
    match audit {
        Audit::List(list) => list::run(list, output),
        Audit::Verify(verify) => verify::run(&verify, output),
    }
}
