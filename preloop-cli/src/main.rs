//! The `preloop` command line: reads the arguments, runs one command, ends with its exit code.

#![forbid(unsafe_code)]

mod agent;
mod arguments;
mod ask;
mod command;
mod exit;
mod failure;
mod output;
mod place;
mod remote;
mod sign_in;

use std::process::ExitCode;

fn main() -> ExitCode {
    let (arguments, output) = match arguments::read() {
        Ok(read) => read,
        Err(exit) => return exit.into(),
    };
    match command::run(arguments.command, output) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output.failure(&failure);
            failure.exit().into()
        }
    }
}
