//! Follows the policy, a file or a folder of files: a valid change comes into force, an invalid one is refused and the last good one stays.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecursiveMode, Watcher as _};
use preloop_core::diagnostic::Report;
use tokio::sync::Notify;

use crate::service::Services;
use preloop_files::{PolicySource, folder_entries};

/// How long an editor's several writes are waited out.
const GATHER: Duration = Duration::from_millis(100);
/// How long a changed document must have stood still before it counts.
const SETTLE: Duration = Duration::from_millis(500);
/// Pause between looks where the system tells nothing: network drives, exotic mounts.
const POLL: Duration = Duration::from_secs(2);
/// Most folders that the system is asked to tell about; changes in others are found by looking.
const WATCHED_MAX: usize = 64;

/// The file or folder and what was last read of it.
#[derive(Debug)]
pub(crate) struct PolicyFile {
    path: PathBuf,
    origin: String,
    last: Option<PolicySource>,
    is_lost: bool,
}

// === impl PolicyFile ===

impl PolicyFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        let origin = format!("`{}`", path.display());
        Self { path, origin, last: None, is_lost: false }
    }

    /// Reads the file for the first time; the server does not start without a valid one.
    pub(crate) fn load(&mut self, services: &Services) -> io::Result<Result<(), Report>> {
        let text = PolicySource::read(&self.path)?;
        let loaded = services.policy_load(&text, &self.origin);
        self.last = Some(text);
        Ok(loaded)
    }

    async fn read(&self) -> io::Result<PolicySource> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || PolicySource::read(&path)).await;
        read.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    async fn look(&mut self, services: &Services) {
        let mut read = self.read().await;
        while let Ok(text) = &read
            && self.last.as_ref() != Some(text)
        {
            // Who writes in pieces passes through documents that are empty, or valid and say less.
            tokio::select! {
                () = tokio::time::sleep(SETTLE) => {}
                () = services.tasks().stopped() => return,
            }
            let again = self.read().await;
            if again.as_ref().is_ok_and(|again| again == text) {
                break;
            }
            read = again;
        }
        match read {
            Ok(text) if self.last.as_ref() == Some(&text) && !self.is_lost => {}
            Ok(text) => {
                self.is_lost = false;
                match services.policy_load(&text, &self.origin) {
                    Ok(()) => {
                        tracing::info!(file = %self.path.display(), "the policy was read again");
                    }
                    Err(report) => log_refusal(&self.path, &report),
                }
                self.last = Some(text);
            }
            Err(error) if !self.is_lost => {
                self.is_lost = true;
                tracing::error!(file = %self.path.display(), %error, "cannot read the policy; the one in force stays");
                services.policy_unreadable(&self.origin, &error.to_string());
            }
            Err(_) => {}
        }
    }
}

fn log_refusal(path: &Path, report: &Report) {
    for error in &report.errors {
        tracing::error!(
            file = %error.file.as_ref().map_or_else(|| path.display().to_string(), Clone::clone),
            line = error.line,
            column = error.column,
            code = %error.code,
            "the changed policy is refused, the one in force stays: {}",
            error.message
        );
    }
}

/// Runs until the server stops.
pub(crate) async fn watch_policy(services: Services, mut file: PolicyFile) {
    let changed = Arc::new(Notify::new());
    let teller = Arc::clone(&changed);
    // Folders are watched and not the file: editors replace it, and deployments swap symbolic links above it.
    let watcher =
        notify::recommended_watcher(move |_| teller.notify_one()).and_then(|mut watcher| {
            for folder in folders_of(&file.path) {
                watcher.watch(&folder, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
    let _watcher = match watcher {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            tracing::warn!(%error, "the system does not tell about changes of the policy; looking every 2 seconds");
            None
        }
    };
    loop {
        file.look(&services).await;
        tokio::select! {
            () = changed.notified() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(POLL) => {}
            () = services.tasks().stopped() => return,
        }
    }
}

/// The folder that the path names and the one that the file is really in; of a folder also itself and
/// the folders in it.
fn folders_of(path: &Path) -> Vec<PathBuf> {
    let parent = |path: &Path| match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => PathBuf::from("/"),
    };
    let mut folders = vec![parent(path)];
    if let Ok(real) = path.canonicalize() {
        let real = parent(&real);
        if !folders.contains(&real) {
            folders.push(real);
        }
    }
    let mut inside: Vec<PathBuf> =
        Some(path.to_owned()).filter(|path| path.is_dir()).into_iter().collect();
    while let Some(folder) = inside.pop()
        && folders.len() < WATCHED_MAX
    {
        let entries = folder_entries(&folder).unwrap_or_default();
        inside.extend(entries.into_iter().filter(|path| path.is_dir()));
        folders.push(folder);
    }
    folders
}
