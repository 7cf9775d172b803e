//! A call that comes again after its one run: it is told how that ended, and does not run a second time.

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::Call;
use super::answers::Reply;
use super::hold::PROGRESS_STEP;
use super::send::waiting_note;
use super::wanted::Wanted;
use crate::mcp::downstream::Frame;
use crate::service::Ran;

const MESSAGE: &str = "the approved call runs already; its answer comes here";

impl Call {
    /// Waits until the run is over and tells how it ended.
    pub(super) async fn tell_again(&self, ran: &Ran, wanted: &Wanted<'_>, so_far: f64) -> Reply {
        let _ = self.frames.send(Frame::Wait).await;
        let mut progress = so_far;
        let pause = self.firewall.settings().progress_interval;
        let mut ticks = interval_at(Instant::now() + pause, pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ended = ran.ended();
        tokio::pin!(ended);
        let ended = loop {
            tokio::select! {
                biased;
                () = self.in_flight.cancelled.cancelled() => return Reply::Nothing,
                () = self.frames.closed() => return Reply::Nothing,
                ended = &mut ended => break ended,
                () = self.firewall.stopping() => {
                    return Reply::error_result(
                        "preloop is shutting down while the approved call runs; ask again when it is back, \
                         the call is not run a second time",
                    );
                }
                _ = ticks.tick(), if wanted.progress_token.is_some() => {
                    if let Some(token) = &wanted.progress_token {
                        progress += PROGRESS_STEP;
                        let note = waiting_note(token, progress, MESSAGE);
                        let _ = self.frames.try_send(Frame::Note(note));
                    }
                }
            }
        };
        match ended {
            Ok(end) => {
                if !end.is_given_back() {
                    self.firewall.services().answer_told(end.approval.id).await;
                }
                Reply::told_again(ran.decision_id(), &end)
            }
            Err(error) => Reply::error_result(&format!(
                "the call was approved and is not run a second time, but how it ended cannot be read: {error}"
            )),
        }
    }
}
