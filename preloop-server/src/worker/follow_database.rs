//! Listens to the other servers on the database, and looks for itself now and then: an announcement can be missed.

use std::time::Duration;

use crate::service::{Platform, ServiceError};
use crate::store::Change;

/// How long a missed announcement stays unknown.
const LOOK: Duration = Duration::from_secs(15);
/// Pause after the database did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs until the server stops.
pub(crate) async fn follow_database(platform: Platform) {
    let tasks = platform.tasks().clone();
    tokio::select! {
        () = tasks.stopped() => {}
        () = follow(platform) => {}
    }
}

async fn follow(platform: Platform) {
    loop {
        if let Err(error) = listen(&platform).await {
            tracing::warn!(%error, "the other servers on the database are not heard; trying again");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen(platform: &Platform) -> Result<(), ServiceError> {
    let Some(mut changes) = platform.changes().await? else { return Ok(()) };
    let mut look = tokio::time::interval(LOOK);
    loop {
        let change = tokio::select! {
            change = changes.next() => change?,
            // The first tick is at once: whatever was announced before the listening began.
            _ = look.tick() => Change::Unknown,
        };
        platform.follow(change).await?;
    }
}
