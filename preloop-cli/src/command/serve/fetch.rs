//! Bundles from an address: fetched into a file, which the server follows and believes as little as any other.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use preloop_client::Followed;
use preloop_core::limits::BUNDLE_BYTES_MAX;
use tempfile::TempDir;

use crate::failure::Failure;

/// The least time from one question to the next; a server that answers later is asked again at once.
const PAUSE: Duration = Duration::from_secs(5);

/// A bundle that is fetched whenever it changes.
#[derive(Debug)]
pub(super) struct Fetch {
    followed: Followed,
    /// Where it is put, for the server that runs in this process alone.
    folder: TempDir,
    /// What was wrong at the last try, so that it is told once.
    trouble: Option<String>,
}

/// Whether a place of bundles is an address and no file.
pub(super) fn is_address(place: &Path) -> bool {
    let place = place.to_string_lossy();
    ["http://", "https://"].iter().any(|scheme| place.starts_with(scheme))
}

// === impl Fetch ===

impl Fetch {
    /// Prepares to fetch what is at an address.
    pub(super) fn new(url: &Path, token: Option<&str>) -> Result<Self, Failure> {
        let followed = Followed::new(&url.to_string_lossy(), token)?;
        let folder = TempDir::new().map_err(|cause| {
            Failure::new("no_folder", format!("no folder for fetched bundles: {cause}"))
        })?;
        Ok(Self { followed, folder, trouble: None })
    }

    /// The file that it is put into.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("policy.bundle")
    }

    /// The address as it is shown.
    pub(super) fn url(&self) -> String {
        self.followed.url()
    }

    /// Fetches what is there, or tells why that cannot be.
    pub(super) async fn once(&mut self) {
        let trouble = match self.followed.next(BUNDLE_BYTES_MAX).await {
            Ok(Some(bundle)) => self.put(&bundle).err().map(|cause| cause.to_string()),
            Ok(None) => None,
            Err(error) => Some(error.to_string()),
        };
        if let Some(trouble) = &trouble
            && self.trouble.as_ref() != Some(trouble)
        {
            tracing::error!("the bundle is not fetched, the policy in force stays: {trouble}");
        }
        self.trouble = trouble;
    }

    /// Fetches again and again.
    pub(super) async fn forever(mut self) {
        loop {
            let begun = Instant::now();
            self.once().await;
            tokio::time::sleep(PAUSE.saturating_sub(begun.elapsed())).await;
        }
    }

    /// Puts a bundle there whole.
    fn put(&self, bundle: &[u8]) -> io::Result<()> {
        let beside = self.folder.path().join("policy.bundle.new");
        fs::write(&beside, bundle)?;
        fs::rename(&beside, self.file())
    }
}
