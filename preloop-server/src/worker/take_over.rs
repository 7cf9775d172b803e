//! Says that this server lives, and takes over what servers left open that died.

use std::time::Duration;

use crate::service::{Left, Platform};

/// Pause between two words; a server that is not heard of for a minute is dead.
const BEAT: Duration = Duration::from_secs(10);

/// Runs until the server stops. `left` is what this server's own start could not deal with.
pub(crate) async fn take_over(platform: Platform, mut left: Left) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(BEAT) => {}
            () = platform.tasks().stopped() => return,
        }
        left = platform.settle_left(left).await;
        if platform.is_shared()
            && let Err(error) = platform.take_over().await
        {
            tracing::warn!(%error, "the other servers do not hear from this one");
        }
    }
}
