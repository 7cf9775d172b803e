//! Lets approval requests lapse at their time, never early.

use std::time::Duration;

use jiff::Timestamp;

use crate::service::Services;

/// Pause before the store is asked again after it failed.
const RETRY: Duration = Duration::from_secs(2);

/// Runs until the server stops.
pub(crate) async fn expire_approvals(services: Services) {
    loop {
        let next = match services.approvals_expire().await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "cannot let approval requests lapse");
                tokio::select! {
                    () = tokio::time::sleep(RETRY) => continue,
                    () = services.tasks().stopped() => return,
                }
            }
        };
        let deadline = next.unwrap_or(Timestamp::MAX);
        tokio::select! {
            () = services.clock().sleep_until(deadline) => {}
            () = services.approvals_changed() => {}
            () = services.tasks().stopped() => return,
        }
    }
}
