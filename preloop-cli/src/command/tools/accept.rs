//! `preloop tools accept`: a new or changed tool is taken as it is offered now.

use clap::Args;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, visible};
use crate::remote::{self, Remote};

/// Options of `tools accept`.
#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// The server that offers the tool
    server: String,

    /// The tool's own name at the server
    tool: String,

    #[command(flatten)]
    remote: Remote,
}

/// Accepts.
pub(crate) fn run(accept: &Accept, output: Output) -> Result<Exit, Failure> {
    let client = accept.remote.client()?;
    let tool =
        remote::block_on(async { Ok(client.tool_accept(&accept.server, &accept.tool).await?) })?;
    output.result(&tool, |page| {
        page.line(format!("accepted {} of {}", visible(&tool.name), visible(&tool.server)));
    })?;
    Ok(Exit::Done)
}
