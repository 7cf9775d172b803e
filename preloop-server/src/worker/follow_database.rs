//! Listens to the other servers on the database, and looks for itself now and then: an announcement can be missed.

use std::time::Duration;

use crate::service::{Platform, ServiceError};
use crate::store::Change;

/// How long a missed announcement stays unknown.
const LOOK: Duration = Duration::from_secs(15);
/// How long announcements of keys are gathered after one was followed.
const GATHER: Duration = Duration::from_millis(50);
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
        if change != Change::Keys {
            continue;
        }
        // Whoever makes many keys has them read once for all that is announced by now, not once for each.
        let mut others = Vec::new();
        let quiet = tokio::time::Instant::now() + GATHER;
        while let Ok(change) = tokio::time::timeout_at(quiet, changes.next()).await {
            others.push(change?);
        }
        let more_keys = others.contains(&Change::Keys);
        others.retain(|change| *change != Change::Keys);
        for change in others {
            platform.follow(change).await?;
        }
        if more_keys {
            platform.follow(Change::Keys).await?;
        }
    }
}
