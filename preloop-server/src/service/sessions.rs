//! What each principal did so far in each session: kept in memory, bounded, for conditions that look back.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use preloop_core::audit::EnforcementPoint;
use preloop_core::call::{Session, SessionCall};

/// Most sessions remembered; the one unused for longest goes first.
const SESSIONS_MAX: usize = 1_000;
/// Most calls remembered of one session; the oldest go first.
const CALLS_MAX: usize = 256;
/// Most bytes of arguments remembered of one session; the oldest calls go first.
const ARGUMENT_BYTES_MAX: usize = 256 * 1024;

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
    session: Arc<Session>,
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
        if table.sessions.len() >= SESSIONS_MAX && !table.sessions.contains_key(&key) {
            table.forget_oldest();
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
    fn forget_oldest(&mut self) {
        let oldest = self.sessions.iter().min_by_key(|(_, remembered)| remembered.last_use);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.sessions.remove(&key);
        }
    }
}

// === impl Remembered ===

impl Remembered {
    fn add(&mut self, call: SessionCall, bytes: usize) {
        let session = Arc::make_mut(&mut self.session);
        session.calls.push(call);
        self.sizes.push_back(bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        let mut gone = 0;
        while self.sizes.len() > CALLS_MAX
            || (self.bytes > ARGUMENT_BYTES_MAX && self.sizes.len() > 1)
        {
            let Some(size) = self.sizes.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(size);
            gone += 1;
        }
        session.calls.drain(..gone);
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
        for number in 0..CALLS_MAX + 10 {
            sessions.remember(key("agent", "a"), call(&number.to_string()), 1);
        }
        sessions.remember(key("agent", "b"), call("other"), ARGUMENT_BYTES_MAX);
        sessions.remember(key("agent", "b"), call("big"), ARGUMENT_BYTES_MAX);
        let first = sessions.snapshot(&key("agent", "a"));
        assert_eq!(first.calls.len(), CALLS_MAX);
        assert_eq!(first.calls.first().map(|call| call.tool.as_str()), Some("10"));
        let second = sessions.snapshot(&key("agent", "b"));
        assert_eq!(second.calls, [call("big")]);
        assert!(sessions.snapshot(&key("somebody else", "a")).calls.is_empty());
    }

    #[test]
    fn the_session_unused_for_longest_goes_first() {
        let sessions = Sessions::default();
        for number in 0..=SESSIONS_MAX {
            sessions.remember(key("agent", &number.to_string()), call("x"), 1);
        }
        assert!(sessions.snapshot(&key("agent", "0")).calls.is_empty());
        assert_eq!(sessions.snapshot(&key("agent", "1")).calls.len(), 1);
    }
}
