//! Lets approval requests lapse at their time, never early.

use std::time::Duration;

use preloop_core::Timestamp;

use crate::service::Platform;

/// Pause before the store is asked again after it failed.
const RETRY: Duration = Duration::from_secs(2);

/// Runs until the server stops.
pub(crate) async fn expire_approvals(platform: Platform) {
    loop {
        let next = match platform.approvals_expire().await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "cannot let approval requests lapse");
                tokio::select! {
                    () = tokio::time::sleep(RETRY) => continue,
                    () = platform.tasks().stopped() => return,
                }
            }
        };
        let deadline = next.unwrap_or(Timestamp::MAX);
        tokio::select! {
            () = platform.clock().sleep_until(deadline) => {}
            () = platform.approvals_changed() => {}
            () = platform.tasks().stopped() => return,
        }
    }
}
