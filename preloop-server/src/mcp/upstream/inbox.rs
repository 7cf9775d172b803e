//! What a server sends us: answers and progress find the call that waits, its requests are declined.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::mcp::wire::message::Message;
use crate::mcp::wire::outgoing::{self, code};

/// Progress notes that may wait for a slow client before newer ones are dropped.
const PROGRESS_NOTES_MAX: usize = 32;

/// The answer to a request of ours, as the server wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The text of `result`.
    Result(Bytes),
    /// The text of `error`.
    Error(Bytes),
}

/// The calls that wait for one server, and what else it says.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    waiting: Mutex<HashMap<u64, Waiter>>,
    lost: OnceLock<String>,
    /// Rung when its tools changed, and when the connection is gone.
    pub(super) tools_changed: Notify,
}

#[derive(Debug)]
struct Waiter {
    answer: oneshot::Sender<Answer>,
    progress: mpsc::Sender<Bytes>,
}

/// A request that waits for its answer; dropping it forgets the request.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    inbox: &'a Inbox,
    id: u64,
    pub(super) answer: oneshot::Receiver<Answer>,
}

#[derive(Deserialize)]
struct Progress {
    #[serde(rename = "progressToken")]
    token: Option<u64>,
}

// === impl Inbox ===

impl Inbox {
    /// Waits for the answer to `id`; its progress goes to `progress`.
    pub(super) fn expect(&self, id: u64, progress: mpsc::Sender<Bytes>) -> Waiting<'_> {
        let (sender, answer) = oneshot::channel();
        // A connection that was lost takes no new waiters: the dropped sender wakes the call.
        if self.lost.get().is_none() {
            self.waiting().insert(id, Waiter { answer: sender, progress });
        }
        Waiting { inbox: self, id, answer }
    }

    /// A channel for the progress of one call.
    pub(super) fn progress_channel() -> (mpsc::Sender<Bytes>, mpsc::Receiver<Bytes>) {
        mpsc::channel(PROGRESS_NOTES_MAX)
    }

    /// Takes one message of the server; what comes back must be sent to it.
    pub(super) fn take(&self, bytes: &Bytes) -> Option<Bytes> {
        match Message::parse(bytes) {
            Ok(Message::Response { id, answer }) => {
                let waiter = id.parse().ok().and_then(|id| self.waiting().remove(&id));
                if let Some(waiter) = waiter {
                    let answer = match answer {
                        Ok(result) => Answer::Result(bytes.slice_ref(result.as_bytes())),
                        Err(error) => Answer::Error(bytes.slice_ref(error.as_bytes())),
                    };
                    // The call may have gone; nobody needs its answer then.
                    let _ = waiter.answer.send(answer);
                }
                None
            }
            Ok(Message::Request { id, method: "ping", .. }) => Some(outgoing::result(id, "{}")),
            Ok(Message::Request { id, method, .. }) => Some(outgoing::error(
                id,
                code::METHOD_NOT_FOUND,
                &format!("`{method}` is not offered to servers behind the firewall"),
            )),
            Ok(Message::Notification { method: "notifications/progress", params }) => {
                self.progress(bytes, params?);
                None
            }
            Ok(Message::Notification { method: "notifications/tools/list_changed", .. }) => {
                self.tools_changed.notify_one();
                None
            }
            Ok(Message::Notification { .. }) => None,
            Err(error) => {
                tracing::debug!(%error, "a message of the server was skipped");
                None
            }
        }
    }

    /// The connection is gone: every waiting call learns it at once.
    pub(super) fn close(&self, reason: &str) {
        let _ = self.lost.set(reason.to_owned());
        self.waiting().clear();
        self.tools_changed.notify_one();
    }

    /// Why the connection is gone, if it is.
    pub(super) fn lost(&self) -> Option<&str> {
        self.lost.get().map(String::as_str)
    }

    fn progress(&self, bytes: &Bytes, params: &str) {
        let Ok(Progress { token: Some(token) }) = serde_json::from_str(params) else { return };
        if let Some(waiter) = self.waiting().get(&token) {
            // A full channel means a slow client: it gets a later note instead.
            let _ = waiter.progress.try_send(bytes.slice_ref(params.as_bytes()));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Waiter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Waiting ===

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.inbox.waiting().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_find_their_call() {
        let inbox = Inbox::default();
        let (progress, mut notes) = Inbox::progress_channel();
        let mut waiting = inbox.expect(7, progress);
        let note = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":1}}"#;
        assert_eq!(inbox.take(&Bytes::from(note)), None);
        assert_eq!(notes.try_recv().unwrap(), r#"{"progressToken":7,"progress":1}"#);
        let other = r#"{"jsonrpc":"2.0","id":8,"result":{}}"#;
        assert_eq!(inbox.take(&Bytes::from(other)), None);
        assert!(waiting.answer.try_recv().is_err());
        let answer = r#"{"jsonrpc":"2.0","id":7,"result":{"x": 1.0}}"#;
        assert_eq!(inbox.take(&Bytes::from(answer)), None);
        assert_eq!(
            waiting.answer.try_recv().unwrap(),
            Answer::Result(Bytes::from(r#"{"x": 1.0}"#))
        );
    }

    #[test]
    fn requests_of_servers_are_declined_but_pings_answered() {
        let inbox = Inbox::default();
        let ping = Bytes::from(r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#);
        assert_eq!(inbox.take(&ping).unwrap(), r#"{"jsonrpc":"2.0","id":"p","result":{}}"#);
        let sampling = r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}"#;
        let reply = inbox.take(&Bytes::from(sampling)).unwrap();
        assert!(std::str::from_utf8(&reply).unwrap().contains("-32601"));
        assert_eq!(inbox.take(&Bytes::from("npm warn not json")), None);
    }

    #[test]
    fn a_lost_connection_wakes_every_call() {
        let inbox = Inbox::default();
        let mut early = inbox.expect(1, Inbox::progress_channel().0);
        inbox.close("the process exited");
        let mut late = inbox.expect(2, Inbox::progress_channel().0);
        for waiting in [&mut early, &mut late] {
            assert_eq!(waiting.answer.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        }
        assert_eq!(inbox.lost(), Some("the process exited"));
    }
}
