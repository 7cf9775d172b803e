//! Sessions: who initialized, what is in flight, and who listens.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use preloop_core::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Endpoint;
use crate::service::Caller;

/// How long a session may be idle.
const IDLE_TIME: Duration = Duration::from_hours(24);
/// Most sessions of one principal; the one that was idle longest makes room.
const SESSIONS_PER_PRINCIPAL_MAX: usize = 500;
/// Most sessions of all.
const SESSIONS_MAX: usize = 20_000;
/// Announcements that may wait for a slow listener.
const ANNOUNCEMENTS_MAX: usize = 8;
/// Most requests of one session in flight.
const CALLS_MAX: usize = 1_000;

/// All sessions of this server.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_id: RwLock<HashMap<String, Arc<Session>>>,
}

/// One session.
#[derive(Debug)]
pub(crate) struct Session {
    /// Its id, as the client sends it.
    pub(crate) id: String,
    owner: Owner,
    endpoint: Endpoint,
    last_seen_ms: AtomicI64,
    calls: Mutex<HashMap<String, InFlight>>,
    next_call: AtomicU64,
    listener: Mutex<Option<mpsc::Sender<Bytes>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Owner {
    account_id: uuid::Uuid,
    principal_id: String,
}

#[derive(Debug)]
struct InFlight {
    number: u64,
    cancelled: CancellationToken,
}

/// A request in flight; dropping it says that it has its answer.
#[derive(Debug)]
pub(crate) struct InFlightGuard {
    session: Arc<Session>,
    id: String,
    number: u64,
    /// Cancelled when the client says so.
    pub(crate) cancelled: CancellationToken,
}

// === impl Sessions ===

impl Sessions {
    /// Opens a session for the caller.
    pub(super) fn open(
        &self,
        id: String,
        caller: &Caller,
        endpoint: Endpoint,
        now: Timestamp,
    ) -> Arc<Session> {
        let session = Arc::new(Session {
            id: id.clone(),
            owner: Owner::of(caller),
            endpoint,
            last_seen_ms: AtomicI64::new(now.unix_millis()),
            calls: Mutex::default(),
            next_call: AtomicU64::new(0),
            listener: Mutex::default(),
        });
        let mut sessions = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| !session.is_expired(now));
        make_room(&mut sessions, &session.owner);
        sessions.insert(id, Arc::clone(&session));
        session
    }

    /// The caller's session of that id at that endpoint; anybody else's is unknown.
    pub(super) fn find(
        &self,
        id: &str,
        caller: &Caller,
        endpoint: &Endpoint,
        now: Timestamp,
    ) -> Option<Arc<Session>> {
        let sessions = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(id)?;
        let is_theirs = session.owner.is(caller) && session.endpoint == *endpoint;
        if !is_theirs || session.is_expired(now) {
            return None;
        }
        session.last_seen_ms.store(now.unix_millis(), Ordering::Relaxed);
        Some(Arc::clone(session))
    }

    /// Ends a session.
    pub(super) fn end(&self, session: &Session) {
        self.by_id.write().unwrap_or_else(PoisonError::into_inner).remove(&session.id);
        session.listener().take();
    }

    /// Sends an announcement to everybody who listens.
    pub(crate) fn announce(&self, message: &Bytes) {
        let sessions = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        for session in sessions.values() {
            if let Some(listener) = session.listener().as_ref() {
                // A full channel holds the same announcement already.
                let _ = listener.try_send(message.clone());
            }
        }
    }

    /// Ends the streams of everybody who listens.
    pub(crate) fn close(&self) {
        let mut sessions = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        for (_, session) in sessions.drain() {
            session.listener().take();
        }
    }
}

fn make_room(sessions: &mut HashMap<String, Arc<Session>>, owner: &Owner) {
    let theirs = sessions.values().filter(|session| session.owner == *owner).count();
    let is_full = sessions.len() >= SESSIONS_MAX;
    if theirs < SESSIONS_PER_PRINCIPAL_MAX && !is_full {
        return;
    }
    let idlest = sessions
        .values()
        .filter(|session| is_full || session.owner == *owner)
        .min_by_key(|session| (session.is_busy(), session.last_seen_ms.load(Ordering::Relaxed)))
        .map(|session| session.id.clone());
    if let Some(id) = idlest {
        sessions.remove(&id);
    }
}

// === impl Session ===

impl Session {
    /// Notes a request in flight; `id` is its JSON text. None where there are too many already.
    pub(super) fn begin(self: &Arc<Self>, id: &str) -> Option<InFlightGuard> {
        let number = self.next_call.fetch_add(1, Ordering::Relaxed);
        let cancelled = CancellationToken::new();
        let entry = InFlight { number, cancelled: cancelled.clone() };
        {
            let mut calls = self.calls();
            if calls.len() >= CALLS_MAX {
                return None;
            }
            calls.insert(id.to_owned(), entry);
        }
        Some(InFlightGuard { session: Arc::clone(self), id: id.to_owned(), number, cancelled })
    }

    /// The client withdraws the request of that id.
    pub(super) fn cancel(&self, id: &str) {
        if let Some(call) = self.calls().remove(id) {
            call.cancelled.cancel();
        }
    }

    /// Takes over as the one listener of the session; the stream of an earlier one ends.
    pub(super) fn listen(&self) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(ANNOUNCEMENTS_MAX);
        *self.listener() = Some(sender);
        receiver
    }

    fn is_busy(&self) -> bool {
        let listens = self.listener().as_ref().is_some_and(|listener| !listener.is_closed());
        listens || !self.calls().is_empty()
    }

    fn is_expired(&self, now: Timestamp) -> bool {
        let idle = now.unix_millis() - self.last_seen_ms.load(Ordering::Relaxed);
        u128::try_from(idle).is_ok_and(|idle| idle > IDLE_TIME.as_millis()) && !self.is_busy()
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<String, InFlight>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listener(&self) -> MutexGuard<'_, Option<mpsc::Sender<Bytes>>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let mut calls = self.session.calls();
        // A client that reuses an id has put its newer request there.
        if calls.get(&self.id).is_some_and(|call| call.number == self.number) {
            calls.remove(&self.id);
        }
    }
}

// === impl Owner ===

impl Owner {
    fn of(caller: &Caller) -> Self {
        Self { account_id: caller.account_id, principal_id: caller.principal.id.clone() }
    }

    fn is(&self, caller: &Caller) -> bool {
        self.account_id == caller.account_id && self.principal_id == caller.principal.id
    }
}

#[cfg(test)]
mod tests {
    use preloop_api::{Credential, Role};
    use preloop_core::call::Principal;
    use uuid::Uuid;

    use super::*;

    fn caller(id: &str) -> Caller {
        Caller {
            account_id: Uuid::nil(),
            principal: Principal { id: id.to_owned(), ..Principal::default() },
            role: Role::Agent,
            scopes: Vec::new(),
            flow: None,
            credential: Credential::Key,
            user_id: None,
            email: None,
            key_id: Uuid::nil(),
        }
    }

    fn at(hours: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH.saturating_add(Duration::from_hours(hours))
    }

    #[test]
    fn a_session_belongs_to_its_principal_and_endpoint() {
        let sessions = Sessions::default();
        let (ann, bob) = (caller("ann"), caller("bob"));
        sessions.open("s1".into(), &ann, Endpoint::Merged, at(0));
        assert!(sessions.find("s1", &ann, &Endpoint::Merged, at(1)).is_some());
        assert!(sessions.find("s1", &bob, &Endpoint::Merged, at(1)).is_none());
        assert!(sessions.find("s1", &ann, &Endpoint::Server("fs".into()), at(1)).is_none());
        assert!(sessions.find("s2", &ann, &Endpoint::Merged, at(1)).is_none());
    }

    #[test]
    fn idle_sessions_expire_busy_ones_do_not() {
        let sessions = Sessions::default();
        let ann = caller("ann");
        let session = sessions.open("s1".into(), &ann, Endpoint::Merged, at(0));
        assert!(sessions.find("s1", &ann, &Endpoint::Merged, at(23)).is_some());
        let guard = session.begin("1").unwrap();
        assert!(sessions.find("s1", &ann, &Endpoint::Merged, at(60)).is_some());
        drop(guard);
        assert!(sessions.find("s1", &ann, &Endpoint::Merged, at(85)).is_none());
    }

    #[test]
    fn the_idlest_session_makes_room() {
        let sessions = Sessions::default();
        let ann = caller("ann");
        for number in 0..=SESSIONS_PER_PRINCIPAL_MAX {
            let hour = u64::try_from(number / 100).unwrap();
            sessions.open(format!("s{number}"), &ann, Endpoint::Merged, at(hour));
            sessions.find("s0", &ann, &Endpoint::Merged, at(hour + 1));
        }
        let now = at(6);
        let is_there = |id: &str| sessions.find(id, &ann, &Endpoint::Merged, now).is_some();
        assert!(is_there("s0"));
        let lost = (0..=SESSIONS_PER_PRINCIPAL_MAX).filter(|n| !is_there(&format!("s{n}"))).count();
        assert_eq!(lost, 1);
    }

    #[test]
    fn calls_in_flight_are_bounded() {
        let sessions = Sessions::default();
        let session = sessions.open("s1".into(), &caller("ann"), Endpoint::Merged, at(0));
        let guards: Vec<_> = (0..CALLS_MAX).map(|id| session.begin(&id.to_string())).collect();
        assert!(guards.iter().all(Option::is_some));
        assert!(session.begin("one more").is_none());
        drop(guards);
        assert!(session.begin("one more").is_some());
    }

    #[test]
    fn cancelling_reaches_the_request_in_flight() {
        let sessions = Sessions::default();
        let session = sessions.open("s1".into(), &caller("ann"), Endpoint::Merged, at(0));
        let old = session.begin("\"a\"").unwrap();
        let new = session.begin("\"a\"").unwrap();
        drop(old);
        session.cancel("\"b\"");
        assert!(!new.cancelled.is_cancelled());
        session.cancel("\"a\"");
        assert!(new.cancelled.is_cancelled());
    }
}
