//! `preloop approvals`: see and decide the calls that wait.

mod grants;
mod list;
mod remember;
mod show;
mod vote;
mod watch;

use clap::Subcommand;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// What to do with approval requests.
#[derive(Debug, Subcommand)]
pub(crate) enum Approvals {
    /// List approval requests, newest first
    List(list::List),
    /// Show one approval request
    Show(show::Show),
    /// Print requests as they come and change, and take votes on a terminal, until stopped; with json one a line
    Watch(watch::Watch),
    /// Vote for a call; asks on a terminal first
    Approve(vote::Approve),
    /// Vote against a call; asks on a terminal first
    Decline(vote::Vote),
    /// List the calls that approvers had remembered, so that nobody is asked about them
    Grants(grants::Grants),
}

/// Runs one of them.
pub(crate) fn run(approvals: Approvals, output: Output) -> Result<Exit, Failure> {
    match approvals {
        Approvals::List(list) => list::run(list, output),
        Approvals::Show(show) => show::run(&show, output),
        Approvals::Watch(watch) => watch::run(&watch, output),
        Approvals::Approve(approve) => vote::approve(approve, output),
        Approvals::Decline(vote) => vote::decline(vote, output),
        Approvals::Grants(grants) => grants::run(grants, output),
    }
}
