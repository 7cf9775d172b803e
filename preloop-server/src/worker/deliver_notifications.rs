//! Sends deliveries, many at once and few of each lane, so that a receiver that hangs delays nobody else.

use std::collections::HashMap;
use std::time::Duration;

use preloop_core::Timestamp;
use tokio::task::JoinSet;

use crate::service::Platform;

/// Most deliveries on their way at once.
const SENDING_MAX: usize = 64;
/// Most of them of one lane.
const LANE_MAX: usize = 4;
/// How long a delivery that another server made stays unseen, and the pause after a failure.
const LOOK: Duration = Duration::from_secs(2);
/// Pause between looks for what is old enough to be forgotten.
const PRUNE: Duration = Duration::from_hours(1);
/// How long what is on its way may take to end at shutdown.
const DRAIN: Duration = Duration::from_secs(3);

/// Runs until the server stops; what is on its way then is sent to its end, within bounds.
pub(crate) async fn deliver_notifications(platform: Platform) {
    let mut sending: JoinSet<String> = JoinSet::new();
    let mut by_lane: HashMap<String, usize> = HashMap::new();
    let mut prune = tokio::time::interval(PRUNE);
    loop {
        let next = claim(&platform, &mut sending, &mut by_lane).await;
        let due = async {
            match next {
                Some(next) => platform.clock().sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(done) = sending.join_next() => forget(done, &mut by_lane),
            () = platform.deliveries_made() => {}
            () = due => {}
            () = tokio::time::sleep(LOOK) => {}
            _ = prune.tick() => {
                if let Err(error) = platform.deliveries_prune().await {
                    tracing::warn!(%error, "old notifications are kept for now");
                }
            }
            () = platform.tasks().stopped() => break,
        }
    }
    // What is cut off here is sent once more by the next start.
    let ended = async { while sending.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN, ended).await;
}

/// Begins to send what is due, and says when the next is.
async fn claim(
    platform: &Platform,
    sending: &mut JoinSet<String>,
    by_lane: &mut HashMap<String, usize>,
) -> Option<Timestamp> {
    let free = |lane: &str| {
        let busy = by_lane.get(lane).copied().unwrap_or_default();
        i64::try_from(LANE_MAX.saturating_sub(busy)).unwrap_or_default()
    };
    let most = i64::try_from(SENDING_MAX.saturating_sub(sending.len())).unwrap_or_default();
    let due = match platform.deliveries_claim(free, most).await {
        Ok(due) => due,
        Err(error) => {
            tracing::error!(%error, "notifications cannot be sent");
            return None;
        }
    };
    for delivery in due.claimed {
        let lane = delivery.lane.clone();
        let busy = by_lane.entry(lane.clone()).or_default();
        *busy = busy.saturating_add(1);
        let platform = platform.clone();
        sending.spawn(async move {
            platform.delivery_send(delivery).await;
            lane
        });
    }
    due.next
}

fn forget(done: Result<String, tokio::task::JoinError>, by_lane: &mut HashMap<String, usize>) {
    let Ok(lane) = done else { return };
    if let Some(busy) = by_lane.get_mut(&lane) {
        *busy = busy.saturating_sub(1);
        if *busy == 0 {
            by_lane.remove(&lane);
        }
    }
}
