//! Keeps what the operator's file says as versions. The file is in force meanwhile: nothing waits for the store.

use std::time::Duration;

use crate::service::Services;

/// Pause before the store is asked again after it failed.
const RETRY: Duration = Duration::from_secs(1);

/// Runs until the server stops.
pub(crate) async fn keep_policy(services: Services) {
    let tasks = services.tasks().clone();
    tokio::select! {
        () = tasks.stopped() => {}
        () = keep(services) => {}
    }
}

async fn keep(services: Services) {
    loop {
        while let Err(error) = services.policy_file_keep().await {
            tracing::debug!(%error, "the policy file is not kept as a version yet");
            tokio::time::sleep(RETRY).await;
        }
        services.policy_file_changed().await;
    }
}
