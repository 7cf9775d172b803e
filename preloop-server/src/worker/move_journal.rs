//! Moves the audit journal into the store, gathering records for a moment unless somebody waits for them.

use std::time::Duration;

use crate::service::Platform;

/// How long records are gathered for one transaction.
const GATHER: Duration = Duration::from_millis(50);
/// Pause before the store is asked again after it failed.
const RETRY: Duration = Duration::from_millis(500);

/// Runs until the server stops; what is left then is moved by the shutdown or by the next start.
pub(crate) async fn move_journal(platform: Platform) {
    loop {
        let failed = platform.journal_move().await.is_err() || !platform.journal_is_written();
        if failed {
            tokio::select! {
                () = tokio::time::sleep(RETRY) => continue,
                () = platform.tasks().stopped() => return,
            }
        }
        let somebody_waits = tokio::select! {
            waits = platform.journal_has_more() => waits,
            () = platform.tasks().stopped() => return,
        };
        if !somebody_waits {
            tokio::select! {
                () = tokio::time::sleep(GATHER) => {}
                () = platform.journal_hurries() => {}
                () = platform.tasks().stopped() => return,
            }
        }
    }
}
