//! The composition root: from a [`Config`] to a running server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use preloop_core::diagnostic::Report;

use crate::config::Config;

/// A running server.
#[derive(Debug)]
pub struct Running {
    local_addr: SocketAddr,
    owner_key_path: PathBuf,
    agent_key: String,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The policy document cannot be used; the report places every error.
    #[error("the policy `{}` is not valid: {} errors", path.display(), report.errors.len())]
    InvalidPolicy {
        /// The file.
        path: PathBuf,
        /// Every error and warning.
        report: Box<Report>,
    },
    /// Anything else: what does not work, where, and what to do.
    #[error("{message}")]
    Failed {
        /// What does not work, where, and what to do.
        message: String,
    },
}

/// Starts a server and returns once it answers requests.
///
/// # Errors
/// Where the policy is not valid, the address cannot be listened on or is not allowed, or the data folder or the database
/// cannot be used.
pub async fn serve(config: Config) -> Result<Running, StartError> {
    Err(StartError::Failed {
        message: format!("cannot use the data folder `{}`", config.data_dir.display()),
    })
}

// === impl Running ===

impl Running {
    /// Where the server listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The file that holds the owner key.
    pub fn owner_key_path(&self) -> &Path {
        &self.owner_key_path
    }

    /// The agent key, to paste into an agent.
    pub fn agent_key(&self) -> &str {
        &self.agent_key
    }

    /// Stops taking requests, answers held calls, stops upstream servers and flushes the journal.
    pub async fn shutdown(self) {}
}
