//! `preloop approvals`: see and decide the calls that wait.

mod list;
mod show;
mod vote;
mod watch;

use clap::Subcommand;
use preloop_api::VoteDecision;

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
    /// Print requests as they come and change, until stopped; with json one a line
    Watch(watch::Watch),
    /// Vote for a call; asks on a terminal first
    Approve(vote::Vote),
    /// Vote against a call; asks on a terminal first
    Decline(vote::Vote),
}

/// Runs one of them.
pub(crate) fn run(approvals: Approvals, output: Output) -> Result<Exit, Failure> {
    match approvals {
        Approvals::List(list) => list::run(list, output),
        Approvals::Show(show) => show::run(&show, output),
        Approvals::Watch(watch) => watch::run(&watch, output),
        Approvals::Approve(vote) => vote::run(vote, VoteDecision::Approve, output),
        Approvals::Decline(vote) => vote::run(vote, VoteDecision::Decline, output),
    }
}
