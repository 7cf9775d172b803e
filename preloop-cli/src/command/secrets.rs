//! `preloop secrets`: the key that seals stored credentials.

use clap::{Args, Subcommand};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::remote::{self, Remote};

/// What to do with stored secrets.
#[derive(Debug, Subcommand)]
pub(crate) enum Secrets {
    /// Seal every stored secret anew under another key
    Rotate(Rotate),
}

const AFTER_HELP: &str = "Without PRELOOP_SECRET_KEY the server makes a new key in its data directory and drops the old \
    one once nothing needs it. With it, put the new key first (PRELOOP_SECRET_KEY=new,old), restart every server on the \
    database, rotate, and take the old key out.";

/// Options of `secrets rotate`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Rotate {
    #[command(flatten)]
    remote: Remote,
}

/// Runs one of them.
pub(crate) fn run(secrets: Secrets, output: Output) -> Result<Exit, Failure> {
    let Secrets::Rotate(rotate) = secrets;
    let client = rotate.remote.client()?;
    let rotation = remote::block_on(async { Ok(client.secrets_rotate().await?) })?;
    output.result(&rotation, |page| {
        let count = rotation.resealed;
        page.line(format!("{count} secrets are sealed with the key {}", rotation.key_id));
        if rotation.is_from_environment {
            page.line("keys after the first can be taken out of PRELOOP_SECRET_KEY");
        }
    })?;
    Ok(Exit::Done)
}
