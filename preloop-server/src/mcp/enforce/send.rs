//! A permitted call on its way: to its server, with progress passed on, or answered here where the tool is our own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::Call;
use super::answers::Reply;
use super::hold::PROGRESS_STEP;
use super::wanted::Wanted;
use crate::mcp::builtin;
use crate::mcp::catalog::Tool;
use crate::mcp::downstream::Frame;
use crate::mcp::upstream::{Dispatched, Forwarded};
use crate::mcp::wire::object::{RawObject, json_string};
use crate::mcp::wire::outgoing;
use crate::service::{KeptAnswer, Outcome, Permit};

impl Call {
    /// Sends the permitted call; progress of the server goes to the client as it comes.
    pub(super) async fn dispatch(
        &self,
        permit: Permit,
        wanted: &Wanted<'_>,
        tool: &Arc<Tool>,
        progress_so_far: f64,
    ) -> Reply {
        if builtin::is_builtin(tool) {
            return self.answer_builtin(permit).await;
        }
        let used = permit.approval_id();
        let (notes, mut received) = mpsc::channel(32);
        let token = wanted.progress_token.as_deref();
        let has_left = AtomicBool::new(false);
        let forwarded = Forwarded {
            params: &wanted.params,
            meta: wanted.meta.as_ref(),
            tool,
            progress: token.is_some().then_some(&notes),
            cancelled: &self.in_flight.cancelled,
            has_left: &has_left,
            timeout: self.firewall.settings().upstream_timeout,
        };
        let dispatched = self.firewall.upstreams().dispatch(permit, forwarded);
        tokio::pin!(dispatched);
        let mut last = progress_so_far;
        let mut pass_on = |note: Bytes| {
            if let Some(token) = token
                && let Some(note) = relay(&note, token, &mut last)
            {
                // A slow client misses a note rather than holding up the server.
                let _ = self.frames.try_send(Frame::Note(note));
            }
        };
        let dispatched = loop {
            tokio::select! {
                biased;
                Some(note) = received.recv() => pass_on(note),
                () = self.frames.closed(), if !has_left.load(Ordering::Relaxed) => {
                    has_left.store(true, Ordering::Relaxed);
                }
                dispatched = &mut dispatched => break dispatched,
            }
        };
        while let Ok(note) = received.try_recv() {
            pass_on(note);
        }
        let reply = match dispatched {
            Dispatched::Answered(answer) => Reply::Answer(answer),
            Dispatched::Cancelled => Reply::Nothing,
            Dispatched::Failed(words) => Reply::error_result(&words),
            Dispatched::NotSent(words) => return Reply::error_result(&words),
        };
        match used {
            Some(approval_id) => Reply::of_run(approval_id, reply),
            None => reply,
        }
    }

    /// One of our own tools, whose answer is what people decided.
    async fn answer_builtin(&self, mut permit: Permit) -> Reply {
        let Some(id) = permit.approval_id() else {
            return Reply::error_result("the call was not run: nobody was asked");
        };
        let services = self.firewall.services();
        let answered = match services.approval_show(&self.caller, id).await {
            Ok(approval) => permit.dispatched().await.map(|()| builtin::answer(&approval)),
            Err(error) => Err(error),
        };
        match answered {
            Ok(result) => {
                let kept = KeptAnswer::Result(result.clone());
                if self.frames.is_closed() {
                    permit.caller_left();
                }
                permit.finish(Outcome::Completed { is_error: false }, Some(kept)).await;
                Reply::of_run(id, Reply::Result(result))
            }
            Err(error) => Reply::error_result(&format!("the answer could not be read: {error}")),
        }
    }
}

/// A progress note of the server under the client's own token. What the client hears must only
/// grow, so a note that does not grow (after those of the waiting) is moved up a little.
fn relay(note: &Bytes, token: &str, last: &mut f64) -> Option<Bytes> {
    let mut params = RawObject::parse(std::str::from_utf8(note).ok()?)?;
    let progress: f64 = params.value("progress")?.parse().ok()?;
    params.set("progressToken", token.to_owned());
    if progress > *last {
        *last = progress;
    } else {
        *last += PROGRESS_STEP;
        params.set("progress", last.to_string());
    }
    Some(outgoing::notification("notifications/progress", Some(&params.to_text())))
}

/// A progress note of ours; `progress` only grows.
pub(super) fn waiting_note(token: &str, progress: f64, message: &str) -> Bytes {
    let params = format!(
        r#"{{"progressToken":{token},"progress":{progress},"message":{}}}"#,
        json_string(message)
    );
    outgoing::notification("notifications/progress", Some(&params))
}
