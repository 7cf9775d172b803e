//! `preloop policy sign`: the signature of a key on a bundle.

use std::path::PathBuf;

use clap::Args;

use super::{keys, read, refused, write};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Options of `policy sign`.
#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// The bundle; `-` is standard input
    bundle: PathBuf,

    /// File of the secret key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// Where to write it; in its place without, and to standard output where it came from standard input
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Signs a bundle as it is; a signature that is there gives way.
pub(crate) fn run(options: &Sign, output: Output) -> Result<Exit, Failure> {
    let key = keys::secret(&options.key)?;
    let bundle = read(&options.bundle)?.map_err(|error| refused(&error))?;
    // Whoever signs vouches for what stands there, so a digest that is not its own is no bundle to sign.
    let signed = bundle.signed(&key);
    signed.verify(&key.public(), None).map_err(|error| refused(&error))?;
    let in_place = (!super::source::is_stdin(&options.bundle)).then(|| options.bundle.clone());
    write(&signed, options.output.clone().or(in_place).as_deref(), output)
}
