//! `preloop tools`: the tools of MCP servers: see them, accept them, call them.

mod accept;
mod call;
mod list;

use clap::Subcommand;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// What to do with tools.
#[derive(Debug, Subcommand)]
pub(crate) enum Tools {
    /// List the tools that the MCP servers of the live policy offer
    List(list::List),
    /// Accept a new or changed tool as it is offered now
    Accept(accept::Accept),
    /// Call a tool through the firewall, as an agent does
    Call(call::Call),
}

/// Runs one of them.
pub(crate) fn run(tools: Tools, output: Output) -> Result<Exit, Failure> {
    match tools {
        Tools::List(list) => list::run(&list, output),
        Tools::Accept(accept) => accept::run(&accept, output),
        Tools::Call(call) => call::run(&call, output),
    }
}
