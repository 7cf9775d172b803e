//! Forgets answers and arguments of calls that people decided, once they were kept for long enough.

use std::time::Duration;

use crate::service::Platform;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_mins(30);

/// Runs until the server stops.
pub(crate) async fn forget_answers(platform: Platform) {
    loop {
        match platform.kept_calls_prune().await {
            Ok(0) => {}
            Ok(calls) => tracing::debug!(calls, "forgot what was kept of calls that were decided"),
            Err(error) => tracing::warn!(%error, "what is kept of decided calls stays longer"),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = platform.tasks().stopped() => return,
        }
    }
}
