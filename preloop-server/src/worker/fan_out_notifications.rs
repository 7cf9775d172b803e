//! Turns what happened to approval requests into deliveries.

use std::time::Duration;

use crate::service::Platform;

/// How long an event that nobody announced stays untold, and the pause after a failure.
const LOOK: Duration = Duration::from_secs(2);

/// Runs until the server stops.
pub(crate) async fn fan_out_notifications(platform: Platform) {
    let mut changes = platform.approval_changes();
    loop {
        changes.mark_unchanged();
        if let Err(error) = platform.notifications_fan_out().await {
            tracing::error!(%error, "nobody is told of approval requests");
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
            () = platform.tasks().stopped() => return,
        }
    }
}
