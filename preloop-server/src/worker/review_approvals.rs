//! Has a model asked about the requests that wait for one, several at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::service::Platform;

/// Most requests that a model is asked about at once.
const REVIEWS_MAX: usize = 8;
/// Longest pause between two looks: another server may have died over one.
const PAUSE: Duration = Duration::from_secs(5);

/// Runs until the server stops.
pub(crate) async fn review_approvals(platform: Platform) {
    let free = Arc::new(Semaphore::new(REVIEWS_MAX));
    let mut changes = platform.approval_changes();
    if let Err(error) = platform.ai_reviews_let_go().await {
        tracing::warn!(%error, "requests that a model was asked about before wait a little longer");
    }
    loop {
        changes.mark_unchanged();
        let place = tokio::select! {
            place = Arc::clone(&free).acquire_owned() => place,
            () = platform.tasks().stopped() => return,
        };
        let Ok(place) = place else { return };
        match platform.ai_review_take().await {
            Ok(Some(taken)) => {
                let reviewing = platform.clone();
                platform.tasks().spawn("ask a model", async move {
                    let stopping = reviewing.tasks().clone();
                    tokio::select! {
                        reviewed = reviewing.ai_review(taken) => {
                            if let Err(error) = reviewed {
                                tracing::error!(%error, approval = %taken.approval_id, "a model is asked once more");
                            }
                        }
                        // The next start, or another server, asks it.
                        () = stopping.stopped() => {}
                    }
                    drop(place);
                });
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "cannot look for requests that wait for a model"),
        }
        drop(place);
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep(PAUSE) => {}
            () = platform.tasks().stopped() => return,
        }
    }
}
