//! Lets approval requests escalate and lapse at their time, never early. What is due stands in the database, so a restart or
//! another server carries it on; the change itself is made once, whoever comes first.

use std::time::Duration;

use preloop_core::Timestamp;

use crate::service::Platform;

/// Pause before the store is asked again after it failed.
const RETRY: Duration = Duration::from_secs(2);

/// Runs until the server stops.
pub(crate) async fn advance_approvals(platform: Platform) {
    let mut changes = platform.approval_changes();
    loop {
        changes.mark_unchanged();
        let next = match platform.approvals_advance().await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "cannot do what is due to approval requests");
                tokio::select! {
                    () = tokio::time::sleep(RETRY) => continue,
                    () = platform.tasks().stopped() => return,
                }
            }
        };
        let deadline = next.unwrap_or(Timestamp::MAX);
        tokio::select! {
            () = platform.clock().sleep_until(deadline) => {}
            // The sender lives as long as the platform.
            _ = changes.changed() => {}
            () = platform.tasks().stopped() => return,
        }
    }
}
