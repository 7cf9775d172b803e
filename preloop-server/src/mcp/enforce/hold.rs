//! A call that waits for people: the stream stays open, and the client is woken by the decision.

use std::sync::Arc;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::Call;
use super::answers::Reply;
use super::handle::code_words;
use super::send::waiting_note;
use super::wanted::Wanted;
use crate::mcp::catalog::Tool;
use crate::mcp::downstream::Frame;
use crate::service::{Held, ServiceError, Settled};

/// How far a note of waiting moves the progress: so little that thirty days of notes stay below
/// the first step of the tool itself.
pub(super) const PROGRESS_STEP: f64 = 1e-6;

/// Why the waiting came to an end.
enum Ended {
    Settled(Box<Result<Settled, ServiceError>>),
    Cancelled,
    ClientLeft,
    ShuttingDown,
}

impl Call {
    /// Waits until the request is settled, and goes on as it was settled.
    pub(super) async fn hold(&self, held: Held, wanted: &Wanted<'_>, tool: &Arc<Tool>) -> Reply {
        let mut held = held;
        let mut progress = 0.0;
        loop {
            // A code that nobody is told could not be typed: where there are no notes, the handle tells it.
            let hears_code = wanted.progress_token.is_some() && self.hears_notes;
            let is_mute = held.match_code().is_some() && !hears_code;
            if is_mute || held.approval().workflow.async_approval {
                return self.hand_out(held, wanted, tool).await;
            }
            let ended = self.wait(&mut held, wanted, &mut progress).await;
            let settled = match ended {
                Ended::Settled(settled) => *settled,
                Ended::Cancelled => {
                    held.cancel();
                    return Reply::Nothing;
                }
                Ended::ClientLeft => return Reply::Nothing,
                Ended::ShuttingDown => {
                    let decision_id = held.decision_id();
                    return Reply::shutting_down(decision_id, &held.detach());
                }
            };
            let settled = match settled {
                Ok(settled) => settled,
                Err(error) => {
                    return Reply::error_result(&format!("the call was not run: {error}"));
                }
            };
            match settled {
                Settled::Approved(permit) => {
                    return self.dispatch(permit, wanted, tool, progress).await;
                }
                Settled::Denied(denied) => return Reply::denied(&denied),
                Settled::Held(again) => held = *again,
                Settled::Ran(ran) => return self.tell_again(&ran, wanted, progress).await,
                other => return Reply::not_approved(held.decision_id(), held.approval(), &other),
            }
        }
    }

    /// Answers with a handle, once the call is kept for when it is approved.
    async fn hand_out(&self, held: Held, wanted: &Wanted<'_>, tool: &Tool) -> Reply {
        match held.keep(wanted.kept(), tool.definition_hash.clone()).await {
            Ok(is_kept) => {
                let decision_id = held.decision_id();
                let code = held.match_code().map(str::to_owned);
                Reply::pending(decision_id, &held.detach(), code, is_kept)
            }
            Err(error) => Reply::error_result(&format!("the call was not run: {error}")),
        }
    }

    async fn wait(&self, held: &mut Held, wanted: &Wanted<'_>, progress: &mut f64) -> Ended {
        let message = waiting_words(held);
        // The first frame opens the stream, whatever follows it.
        let _ = self.frames.send(Frame::Wait).await;
        let pause = self.firewall.settings().progress_interval;
        let mut ticks = interval_at(Instant::now(), pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let settled = held.settled();
        tokio::pin!(settled);
        loop {
            tokio::select! {
                biased;
                () = self.in_flight.cancelled.cancelled() => return Ended::Cancelled,
                () = self.frames.closed() => return Ended::ClientLeft,
                settled = &mut settled => return Ended::Settled(Box::new(settled)),
                () = self.firewall.stopping() => return Ended::ShuttingDown,
                _ = ticks.tick(), if wanted.progress_token.is_some() => {
                    if let Some(token) = &wanted.progress_token {
                        *progress += PROGRESS_STEP;
                        let note = waiting_note(token, *progress, &message);
                        let _ = self.frames.try_send(Frame::Note(note));
                    }
                }
            }
        }
    }
}

fn waiting_words(held: &Held) -> String {
    let approval = held.approval();
    let workflow = &approval.workflow;
    let people = match workflow.required_approvals {
        1 => "one approval".to_owned(),
        count => format!("{count} approvals"),
    };
    format!(
        "waiting for {people} (workflow `{}`) of approval request {}: {}{}",
        workflow.name,
        approval.id,
        approval.url,
        code_words(held.match_code())
    )
}
