//! What the process says to the shell when it ends; the numbers are part of the contract.

use std::process::ExitCode;

/// Outcome of a command as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done; for `policy eval`: the call is allowed.
    Done = 0,
    /// Something went wrong outside the input: no server, no file, no right.
    Failure = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A policy document is invalid.
    InvalidDocument = 3,
    /// The call is denied.
    Denied = 4,
    /// The call needs an approval.
    ApprovalRequired = 5,
    /// A check failed, such as `policy test` or `audit verify`.
    Differs = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
