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
    sessions: HashMap<SessionKey, Slot>,
    uses: u64,
}

/// Whose session, seen where, and its id. What a caller says over HTTP that it does is no call through the firewall, even
/// where it names the firewall's session.
pub(super) type SessionKey = (EnforcementPoint, String, String);

/// A session behind a lock of its own: who looks at one holds up nobody else's, and nothing of it is copied.
#[derive(Debug)]
struct Slot {
    remembered: Arc<Mutex<Remembered>>,
    last_use: u64,
}

#[derive(Debug, Default)]
struct Remembered {
    /// First the marks, then the calls with their arguments, each oldest first.
    session: Session,
    /// Lengths of the arguments of the calls after the marks.
    sizes: VecDeque<usize>,
    bytes: usize,
}

// === impl Sessions ===

impl Sessions {
    /// Has somebody look at what the principal did so far in the session. It must not take long: other calls of the session
    /// wait meanwhile.
    pub(super) fn look<T>(&self, key: &SessionKey, look: impl FnOnce(&Session) -> T) -> T {
        match self.remembered(key) {
            Some(remembered) => look(&lock(&remembered).session),
            None => look(&Session { id: key.2.clone(), calls: Vec::new() }),
        }
    }

    /// Remembers a call; `bytes` is how long its arguments are.
    pub(super) fn remember(&self, key: SessionKey, call: SessionCall, bytes: usize) {
        let remembered = self.table().used(key);
        lock(&remembered).add(call, bytes);
    }

    /// Goes through what is remembered of a session, newest first, until `amend` has changed one; says whether it did.
    pub(super) fn amend(
        &self,
        key: &SessionKey,
        amend: impl FnMut(&mut SessionCall) -> bool,
    ) -> bool {
        let Some(remembered) = self.remembered(key) else { return false };
        lock(&remembered).session.calls.iter_mut().rev().any(amend)
    }

    fn remembered(&self, key: &SessionKey) -> Option<Arc<Mutex<Remembered>>> {
        self.table().sessions.get(key).map(|slot| Arc::clone(&slot.remembered))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked while it held the lock left calls and counters that belong together.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// === impl Table ===

impl Table {
    /// The session, which is used now, and made where there is none.
    fn used(&mut self, key: SessionKey) -> Arc<Mutex<Remembered>> {
        self.uses = self.uses.saturating_add(1);
        let uses = self.uses;
        if !self.sessions.contains_key(&key) {
            let own = |other: &SessionKey| other.1 == key.1;
            // Nobody drives out what others did by opening sessions.
            if self.sessions.keys().filter(|other| own(other)).count() >= OWN_SESSIONS_MAX {
                self.forget_oldest(own);
            } else if self.sessions.len() >= SESSIONS_MAX {
                self.forget_oldest(|_| true);
            }
        }
        let id = key.2.clone();
        let slot = self.sessions.entry(key).or_insert_with(|| {
            let session = Session { id, calls: Vec::new() };
            let remembered = Remembered { session, ..Remembered::default() };
            Slot { remembered: Arc::new(Mutex::new(remembered)), last_use: uses }
        });
        slot.last_use = uses;
        Arc::clone(&slot.remembered)
    }

    fn forget_oldest(&mut self, is_meant: impl Fn(&SessionKey) -> bool) {
        let meant = self.sessions.iter().filter(|(key, _)| is_meant(key));
        let oldest = meant.min_by_key(|(_, slot)| slot.last_use);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.sessions.remove(&key);
        }
    }
}

// === impl Remembered ===

impl Remembered {
    fn add(&mut self, call: SessionCall, bytes: usize) {
        let calls = &mut self.session.calls;
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

    fn count(sessions: &Sessions, key: &SessionKey) -> usize {
        sessions.look(key, |session| session.calls.len())
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
        let first = sessions.look(&key("agent", "a"), Session::clone);
        assert_eq!(first.calls.len(), CALLS_MAX + MARKS_MAX);
        assert_eq!(first.calls.first().map(|call| call.tool.as_str()), Some("10"));
        let second = sessions.look(&key("agent", "b"), Session::clone);
        assert_eq!(second.calls, [SessionCall { args: Value::Null, ..call("other") }, call("big")]);
        assert_eq!(count(&sessions, &key("somebody else", "a")), 0);
    }

    #[test]
    fn the_session_unused_for_longest_goes_first() {
        let sessions = Sessions::default();
        for number in 0..=SESSIONS_MAX {
            sessions.remember(key(&number.to_string(), "s"), call("x"), 1);
        }
        assert_eq!(count(&sessions, &key("0", "s")), 0);
        assert_eq!(count(&sessions, &key("1", "s")), 1);
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
        let calls = sessions.look(&key("agent", "s"), |session| session.calls.clone());
        assert_eq!(calls.len(), CALLS_MAX + 2, "one mark of each");
        assert_eq!(calls[0], SessionCall { args: Value::Null, ..call("read_secret") });
        for number in 0..SESSIONS_MAX * 2 {
            sessions.remember(key("agent", &number.to_string()), call("x"), 1);
        }
        assert_eq!(count(&sessions, &key("careful", "s")), 1);
        assert!(sessions.table().sessions.len() <= OWN_SESSIONS_MAX + 1);
    }
}
