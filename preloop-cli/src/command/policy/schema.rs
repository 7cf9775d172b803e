//! `preloop policy schema`: the JSON Schema of documents, for editors and other programs.

use clap::Args;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::print;

/// A test of the core holds this file to the types of documents.
const SCHEMA: &str = include_str!("../../../../docs/policy.schema.json");

/// Options of `policy schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {}

/// Prints the schema; it is JSON in either format.
pub(crate) fn run(_schema: &Schema) -> Result<Exit, Failure> {
    print(SCHEMA)?;
    Ok(Exit::Done)
}
