//! What each principal did so far in each session: kept in memory, bounded, for conditions that look back.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use preloop_core::audit::EnforcementPoint;
use preloop_core::call::{Session, SessionCall};
use serde_json::Value;

/// Most sessions remembered; the one unused for longest goes first.
const SESSIONS_MAX: usize = 1_000;
/// Most sessions remembered of one principal, of whose own the one unused for longest goes first.
const OWN_SESSIONS_MAX: usize = 100;
/// Most calls remembered of one session with their arguments; the oldest lose them first.
const CALLS_MAX: usize = 256;
/// Most bytes of arguments remembered of one session; the oldest calls lose them first.
const ARGUMENT_BYTES_MAX: usize = 256 * 1024;
/// Most marks of calls that lost their arguments.
const MARKS_MAX: usize = 256;

/// The sessions of every principal.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    sessions: HashMap<SessionKey, Remembered>,
    uses: u64,
}

/// Whose session, seen where, and its id. What a caller says over HTTP that it does is no call through the firewall, even
/// where it names the firewall's session.
pub(super) type SessionKey = (EnforcementPoint, String, String);

#[derive(Debug, Default)]
struct Remembered {
    /// First the marks, then the calls with their arguments, each oldest first.
    session: Arc<Session>,
    /// Lengths of the arguments of the calls after the marks.
    sizes: VecDeque<usize>,
    bytes: usize,
    last_use: u64,
}

// === impl Sessions ===

impl Sessions {
    /// What the principal did so far in the session.
    pub(super) fn snapshot(&self, key: &SessionKey) -> Arc<Session> {
        match self.table().sessions.get(key) {
            Some(remembered) => Arc::clone(&remembered.session),
            None => Arc::new(Session { id: key.2.clone(), calls: Vec::new() }),
        }
    }

    /// Remembers a call; `bytes` is how long its arguments are.
    pub(super) fn remember(&self, key: SessionKey, call: SessionCall, bytes: usize) {
        let mut table = self.table();
        table.uses = table.uses.saturating_add(1);
        let uses = table.uses;
        if !table.sessions.contains_key(&key) {
            let own = |other: &SessionKey| other.1 == key.1;
            // Nobody drives out what others did by opening sessions.
            if table.sessions.keys().filter(|other| own(other)).count() >= OWN_SESSIONS_MAX {
                table.forget_oldest(own);
            } else if table.sessions.len() >= SESSIONS_MAX {
                table.forget_oldest(|_| true);
            }
        }
        let id = key.2.clone();
        let remembered = table.sessions.entry(key).or_insert_with(|| Remembered {
            session: Arc::new(Session { id, calls: Vec::new() }),
            ..Remembered::default()
        });
        remembered.last_use = uses;
        remembered.add(call, bytes);
    }

    /// Goes through what is remembered of a session, newest first, until `amend` has changed one; says whether it did.
    pub(super) fn amend(
        &self,
        key: &SessionKey,
        amend: impl FnMut(&mut SessionCall) -> bool,
    ) -> bool {
        let mut table = self.table();
        let Some(remembered) = table.sessions.get_mut(key) else { return false };
        let session = Arc::make_mut(&mut remembered.session);
        session.calls.iter_mut().rev().any(amend)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Table ===

impl Table {
    fn forget_oldest(&mut self, is_meant: impl Fn(&SessionKey) -> bool) {
        let meant = self.sessions.iter().filter(|(key, _)| is_meant(key));
        let oldest = meant.min_by_key(|(_, remembered)| remembered.last_use);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.sessions.remove(&key);
        }
    }
}

// === impl Remembered ===

impl Remembered {
    fn add(&mut self, call: SessionCall, bytes: usize) {
        let calls = &mut Arc::make_mut(&mut self.session).calls;
        calls.push(call);
        self.sizes.push_back(bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        while self.sizes.len() > CALLS_MAX
            || (self.bytes > ARGUMENT_BYTES_MAX && self.sizes.len() > 1)
        {
            let marks = calls.len().saturating_sub(self.sizes.len());
            let Some(size) = self.sizes.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(size);
            mark(calls, marks);
        }
    }
}

/// Leaves of the oldest call that has its arguments, which comes after so many marks, that it was made: else a rule that
/// denies because of it could be escaped by other calls. One mark for each tool, source and action.
fn mark(calls: &mut Vec<SessionCall>, marks: usize) {
    let middle = marks.min(calls.len());
    let (known, rest) = calls.split_at_mut(middle);
    let Some(oldest) = rest.first_mut() else { return };
    let is_same = |mark: &SessionCall| {
        mark.tool == oldest.tool && mark.source == oldest.source && mark.action == oldest.action
    };
    if known.iter().any(is_same) {
        calls.remove(marks);
        return;
    }
    oldest.args = Value::Null;
    if marks >= MARKS_MAX {
        calls.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(principal_id: &str, session_id: &str) -> SessionKey {
        (EnforcementPoint::Mcp, principal_id.to_owned(), session_id.to_owned())
    }

    fn call(tool: &str) -> SessionCall {
        SessionCall { tool: tool.to_owned(), ..SessionCall::default() }
    }

    #[test]
    fn sessions_are_apart_and_bounded() {
        let sessions = Sessions::default();
        for number in 0..CALLS_MAX + MARKS_MAX + 10 {
            sessions.remember(key("agent", "a"), call(&number.to_string()), 1);
        }
        sessions.remember(key("agent", "b"), call("other"), ARGUMENT_BYTES_MAX);
        sessions.remember(key("agent", "b"), call("big"), ARGUMENT_BYTES_MAX);
        let first = sessions.snapshot(&key("agent", "a"));
        assert_eq!(first.calls.len(), CALLS_MAX + MARKS_MAX);
        assert_eq!(first.calls.first().map(|call| call.tool.as_str()), Some("10"));
        let second = sessions.snapshot(&key("agent", "b"));
        assert_eq!(second.calls, [SessionCall { args: Value::Null, ..call("other") }, call("big")]);
        assert!(sessions.snapshot(&key("somebody else", "a")).calls.is_empty());
    }

    #[test]
    fn the_session_unused_for_longest_goes_first() {
        let sessions = Sessions::default();
        for number in 0..=SESSIONS_MAX {
            sessions.remember(key(&number.to_string(), "s"), call("x"), 1);
        }
        assert!(sessions.snapshot(&key("0", "s")).calls.is_empty());
        assert_eq!(sessions.snapshot(&key("1", "s")).calls.len(), 1);
    }

    #[test]
    fn nobody_drives_out_what_others_did_or_what_was_done() {
        let sessions = Sessions::default();
        let secret = SessionCall { args: serde_json::json!({"path": "x"}), ..call("read_secret") };
        sessions.remember(key("careful", "s"), secret.clone(), 1);
        sessions.remember(key("agent", "s"), secret, 1);
        for _ in 0..CALLS_MAX * 2 {
            sessions.remember(key("agent", "s"), call("harmless"), 1);
        }
        let calls = sessions.snapshot(&key("agent", "s")).calls.clone();
        assert_eq!(calls.len(), CALLS_MAX + 2, "one mark of each");
        assert_eq!(calls[0], SessionCall { args: Value::Null, ..call("read_secret") });
        for number in 0..SESSIONS_MAX * 2 {
            sessions.remember(key("agent", &number.to_string()), call("x"), 1);
        }
        assert_eq!(sessions.snapshot(&key("careful", "s")).calls.len(), 1);
        assert!(sessions.table().sessions.len() <= OWN_SESSIONS_MAX + 1);
    }
}
