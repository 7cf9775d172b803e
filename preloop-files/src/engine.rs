//! An engine from a file, with the clock of the machine: what a Rust program needs that the pure core has not.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use preloop_core::Engine;
use preloop_core::diagnostic::Report;
use preloop_core::time::Timestamp;

use crate::PolicySource;

/// Makes an engine of a file: `Engine::from_file(path)`.
pub trait FromFile: Sized {
    /// An engine that decides by the policy in this file, or by the policy files of this folder as one.
    ///
    /// Calls to which no time is bound have the time of the machine's clock.
    ///
    /// # Errors
    /// Where the file cannot be read, or its policy is not valid; then every problem is told, with its place.
    fn from_file(path: impl AsRef<Path>) -> Result<Self, FileError>;
}

/// Why a file gives no engine.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Unreadable {
        /// The path that was given.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        error: io::Error,
    },
    /// What it says is no policy.
    #[error("`{}`: {report}", path.display())]
    NotValid {
        /// The path that was given.
        path: PathBuf,
        /// Every problem.
        report: Report,
    },
}

impl FromFile for Engine {
    fn from_file(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let source = PolicySource::read(path)
            .map_err(|error| FileError::Unreadable { path: path.to_owned(), error })?;
        let (policy, _) = source
            .any_dialect()
            .map_err(|report| FileError::NotValid { path: path.to_owned(), report })?;
        Ok(Self::of(policy, Some(now)))
    }
}

#[expect(clippy::disallowed_methods, reason = "the engine's clock, read here and nowhere else")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::UNIX_EPOCH.saturating_add(since)
}
