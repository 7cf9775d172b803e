//! Forgets the answers of approved calls that were kept for long enough.

use std::time::Duration;

use crate::service::Platform;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_mins(30);

/// Runs until the server stops.
pub(crate) async fn forget_answers(platform: Platform) {
    loop {
        match platform.kept_calls_prune().await {
            Ok(0) => {}
            Ok(answers) => tracing::debug!(answers, "forgot the answers of approved calls"),
            Err(error) => tracing::warn!(%error, "answers of approved calls are kept for longer"),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = platform.tasks().stopped() => return,
        }
    }
}
