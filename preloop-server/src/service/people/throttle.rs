//! How often somebody may guess: attempts are counted in memory by name and by address, and the pause grows.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use preloop_core::Timestamp;
use uuid::Uuid;

use crate::service::ServiceError;

/// In which time attempts are counted together.
const WINDOW: Duration = Duration::from_mins(5);
/// The first pause; each further one is twice as long.
const PAUSE: Duration = Duration::from_mins(1);
const PAUSE_MAX: Duration = Duration::from_hours(1);
/// How long somebody is remembered after the last attempt or pause.
const MEMORY: Duration = Duration::from_hours(2);
/// How long an address is known by which somebody signed in.
const KNOWN: Duration = Duration::from_hours(30 * 24);
/// How many are remembered at most; those that were quiet longest are forgotten first.
const ENTRIES_MAX: usize = 20_000;

/// Whose attempts are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::service) enum Guesser {
    /// Wrong keys and tokens from an address.
    KeysFrom(IpAddr),
    /// Sign-ins from an address.
    SignInsFrom(IpAddr),
    /// Sign-ins to a name, wherever they come from.
    SignInsTo {
        /// The account that was named, or is meant; empty where none was.
        account: String,
        /// The name.
        name: String,
    },
    /// Attempts to accept an invitation.
    Invitation(Uuid),
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    attempts: u32,
    since: Timestamp,
    paused_until: Option<Timestamp>,
    pauses: u32,
    seen: Timestamp,
}

/// The attempts of the last while.
#[derive(Debug, Default)]
pub(in crate::service) struct Throttle {
    entries: Mutex<HashMap<Guesser, Entry>>,
    /// From where somebody signed in to a name, and when last.
    known: Mutex<HashMap<(IpAddr, Guesser), Timestamp>>,
}

// === impl Guesser ===

impl Guesser {
    /// Attempts in a window before there is a pause. Many people may share an address.
    const fn attempts_max(&self) -> u32 {
        match self {
            Self::SignInsTo { .. } | Self::Invitation(_) => 10,
            Self::SignInsFrom(_) => 30,
            Self::KeysFrom(_) => 60,
        }
    }
}

/// What stands for an address: of IPv6 the network, since one machine has all addresses of it.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
    }
}

// === impl Throttle ===

impl Throttle {
    /// Counts an attempt, before it is looked at: many at once are many.
    pub(super) fn attempt(&self, guesser: Guesser, now: Timestamp) -> Result<(), ServiceError> {
        let mut entries = self.entries();
        if entries.len() >= ENTRIES_MAX && !entries.contains_key(&guesser) {
            forget(&mut entries, now);
        }
        let attempts_max = guesser.attempts_max();
        let fresh = Entry { attempts: 0, since: now, paused_until: None, pauses: 0, seen: now };
        let entry = entries.entry(guesser).or_insert(fresh);
        if now.duration_since(entry.seen) > MEMORY {
            *entry = fresh;
        }
        entry.seen = now;
        if let Some(until) = entry.paused_until.filter(|until| *until > now) {
            return Err(too_many(until.duration_since(now)));
        }
        if now.duration_since(entry.since) > WINDOW {
            entry.attempts = 0;
            entry.since = now;
        }
        entry.attempts = entry.attempts.saturating_add(1);
        if entry.attempts > attempts_max {
            let pause = PAUSE.saturating_mul(1 << entry.pauses.min(6)).min(PAUSE_MAX);
            let until = now.saturating_add(pause);
            *entry = Entry {
                attempts: 0,
                since: until,
                paused_until: Some(until),
                pauses: entry.pauses.saturating_add(1),
                seen: until,
            };
            return Err(too_many(pause));
        }
        Ok(())
    }

    /// Notes that somebody signed in from there.
    pub(super) fn note(&self, from: IpAddr, guesser: Guesser, now: Timestamp) {
        let mut known = self.known();
        if known.len() >= ENTRIES_MAX {
            known.retain(|_, at| now.duration_since(*at) <= KNOWN);
        }
        if known.len() >= ENTRIES_MAX
            && let Some(oldest) =
                known.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone())
        {
            known.remove(&oldest);
        }
        known.insert((from, guesser), now);
    }

    /// Whether somebody signed in from there in the last while: guesses from elsewhere do not shut that one out.
    pub(super) fn knows(&self, from: IpAddr, guesser: &Guesser, now: Timestamp) -> bool {
        let known = self.known();
        let at = known.get(&(from, guesser.clone()));
        at.is_some_and(|at| now.duration_since(*at) <= KNOWN)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<(IpAddr, Guesser), Timestamp>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a pause now; nothing is counted.
    #[cfg(test)]
    fn is_paused(&self, guesser: &Guesser, now: Timestamp) -> bool {
        let entries = self.entries();
        entries.get(guesser).and_then(|entry| entry.paused_until).is_some_and(|until| until > now)
    }

    /// Takes back an attempt that was none: it succeeded.
    pub(super) fn forgive(&self, guesser: &Guesser) {
        if let Some(entry) = self.entries().get_mut(guesser) {
            entry.attempts = entry.attempts.saturating_sub(1);
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Guesser, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room: whoever was quiet for a window, else the quieter half.
fn forget(entries: &mut HashMap<Guesser, Entry>, now: Timestamp) {
    entries.retain(|_, entry| now.duration_since(entry.seen) <= WINDOW);
    if entries.len() >= ENTRIES_MAX {
        let mut seen: Vec<Timestamp> = entries.values().map(|entry| entry.seen).collect();
        let middle = seen.len() / 2;
        let (_, median, _) = seen.select_nth_unstable(middle);
        let median = *median;
        let mut excess = entries.len().saturating_sub(ENTRIES_MAX / 2);
        entries.retain(|_, entry| {
            let goes = entry.seen <= median && excess > 0;
            excess = excess.saturating_sub(usize::from(goes));
            !goes
        });
    }
}

fn too_many(pause: Duration) -> ServiceError {
    ServiceError::TooMany {
        retry_after: pause,
        message: format!(
            "too many attempts that failed; try again in {} seconds",
            pause.as_secs().saturating_add(1)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000 + seconds).unwrap()
    }

    fn name(name: &str) -> Guesser {
        Guesser::SignInsTo { account: String::new(), name: name.to_owned() }
    }

    #[test]
    fn the_pause_grows() {
        let throttle = Throttle::default();
        let mut now = 0;
        for pause in [60, 120, 240] {
            for _ in 0..10 {
                throttle.attempt(name("ann"), at(now)).unwrap();
            }
            let Err(ServiceError::TooMany { retry_after, .. }) =
                throttle.attempt(name("ann"), at(now))
            else {
                panic!("the eleventh attempt must wait");
            };
            assert_eq!(retry_after.as_secs(), pause);
            assert!(throttle.is_paused(&name("ann"), at(now)));
            assert!(throttle.attempt(name("bob"), at(now)).is_ok(), "others go on");
            now += i64::try_from(pause).unwrap();
        }
        assert!(throttle.attempt(name("ann"), at(now)).is_ok());
    }

    #[test]
    fn attempts_that_succeed_or_are_old_do_not_count() {
        let throttle = Throttle::default();
        for _ in 0..50 {
            throttle.attempt(name("ann"), at(0)).unwrap();
            throttle.forgive(&name("ann"));
        }
        for round in 0..5 {
            for _ in 0..9 {
                throttle.attempt(name("bob"), at(round * 301)).unwrap();
            }
        }
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for number in 0..ENTRIES_MAX + 100 {
            throttle.attempt(name(&number.to_string()), at(0)).unwrap();
        }
        assert!(throttle.entries().len() <= ENTRIES_MAX);
    }

    #[test]
    fn one_machine_has_a_whole_network() {
        let first: IpAddr = "2001:db8:1:2::1".parse().unwrap();
        let second: IpAddr = "2001:db8:1:2:ffff::9".parse().unwrap();
        assert_eq!(network(first), network(second));
        assert_eq!(
            network("::ffff:10.0.0.1".parse().unwrap()),
            "10.0.0.1".parse::<IpAddr>().unwrap()
        );
    }
}
