//! Stores now and then when keys were last used: a request never writes for that.

use std::time::Duration;

use crate::service::Platform;

/// How long a use may stay in memory alone.
const PAUSE: Duration = Duration::from_secs(30);

/// Runs until the server stops.
pub(crate) async fn note_key_use(platform: Platform) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = platform.tasks().stopped() => break,
        }
        note(&platform).await;
    }
    note(&platform).await;
}

async fn note(platform: &Platform) {
    if let Err(error) = platform.keys_note_use().await {
        tracing::warn!(%error, "when keys were last used is not stored");
    }
}
