//! The good keys of all accounts in memory, where every request looks them up.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use preloop_api::Credential;
use preloop_core::Timestamp;
use preloop_core::call::Principal;
use uuid::Uuid;

use super::super::people::hash_of;
use super::super::platform::{Platform, Shared};
use super::super::{Caller, ServiceError};
use crate::store::{KeyHolder, StoredKey};

/// How exactly the last use of a key is known, in microseconds.
const USE_PRECISION: i64 = 1_000_000;

/// The keys that are good now, by the hash of their text.
#[derive(Debug, Default)]
pub(in crate::service) struct KeyRing {
    keys: HashMap<[u8; 32], RingKey>,
    /// When they changed last, in microseconds; only ever goes up.
    changed_at: i64,
}

/// A key in memory.
#[derive(Clone, Debug)]
struct RingKey {
    caller: Caller,
    good_until: Option<Timestamp>,
    /// When it was last used, in microseconds since 1970; 0 where that is stored.
    used: Arc<AtomicI64>,
}

// === impl KeyRing ===

impl KeyRing {
    pub(super) fn changed_at(&self) -> i64 {
        self.changed_at
    }

    /// Who holds the key of that id, where it is good.
    pub(super) fn holder_of(&self, id: Uuid, now: Timestamp) -> Option<&Caller> {
        let its = self.keys.values().find(|key| key.caller.key_id == id && key.is_good(now));
        its.map(|key| &key.caller)
    }

    /// Until when the key of that id is good at most; none: for ever. One that is gone is good no longer.
    pub(super) fn ends_of(&self, id: Uuid) -> Option<Timestamp> {
        let its = self.keys.values().filter(|key| key.caller.key_id == id);
        let mut last = Timestamp::MIN;
        for key in its {
            last = last.max(key.good_until?);
        }
        Some(last)
    }

    fn is_same(&self, keys: &HashMap<[u8; 32], RingKey>) -> bool {
        let same = |hash, key: &RingKey| {
            let known: Option<&RingKey> = self.keys.get(hash);
            known.is_some_and(|it| it.caller == key.caller && it.good_until == key.good_until)
        };
        self.keys.len() == keys.len() && keys.iter().all(|(hash, key)| same(hash, key))
    }
}

// === impl RingKey ===

impl RingKey {
    fn is_good(&self, now: Timestamp) -> bool {
        self.good_until.is_none_or(|until| until > now)
    }
}

impl Shared {
    /// The caller that a key's text stands for; none where there is no such key or it is not good any more.
    pub(in crate::service) fn key_holder(&self, key: &str) -> Option<Caller> {
        let ring = self.keys.load();
        let key = ring.keys.get(&hash_of(key))?;
        let now = self.now();
        if !key.is_good(now) {
            return None;
        }
        let now = now.unix_micros();
        if now.saturating_sub(key.used.load(Ordering::Relaxed)) > USE_PRECISION {
            key.used.store(now, Ordering::Relaxed);
        }
        Some(key.caller.clone())
    }

    /// Reads the good keys of all accounts into memory, where every request looks them up.
    pub(in crate::service) async fn keys_reload(&self) -> Result<(), ServiceError> {
        let asked = self.key_reloads_begun.load(Ordering::SeqCst);
        // One at a time: an older reading must not come after a newer one.
        let mut done = self.keys_reloading.lock().await;
        if *done > asked {
            // One that began after this was asked for has read all that this one would.
            return Ok(());
        }
        let reload = self.key_reloads_begun.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        let keys = self.store.key_list_good().await?;
        let teams = self.store.team_names(None).await?;
        let before = self.keys.load_full();
        let used: HashMap<Uuid, &Arc<AtomicI64>> =
            before.keys.values().map(|key| (key.caller.key_id, &key.used)).collect();
        let mut ring = HashMap::with_capacity(keys.len());
        for key in keys {
            let used = used.get(&key.api_key.id).map_or_else(Arc::default, |used| Arc::clone(used));
            let good_until = key.api_key.expires_at;
            let (hash, previous) = (unhex(&key.hash), key.previous.clone());
            let teams = teams.get(&key.holder.id()).cloned().unwrap_or_default();
            let caller = caller_of(key, teams);
            if let Some((hash, until)) = previous
                && let Some(hash) = unhex(&hash)
            {
                let good_until = Some(good_until.map_or(until, |end| end.min(until)));
                ring.insert(
                    hash,
                    RingKey { caller: caller.clone(), good_until, used: Arc::clone(&used) },
                );
            }
            if let Some(hash) = hash {
                ring.insert(hash, RingKey { caller, good_until, used });
            }
        }
        let is_same = before.is_same(&ring);
        let changed_at = if is_same {
            before.changed_at
        } else {
            self.now().unix_micros().max(before.changed_at.saturating_add(1))
        };
        self.keys.store(Arc::new(KeyRing { keys: ring, changed_at }));
        *done = reload;
        if !is_same {
            self.key_changes.send_modify(|version| *version = version.wrapping_add(1));
        }
        Ok(())
    }
}

impl Platform {
    /// Stores when keys were last used.
    pub(crate) async fn keys_note_use(&self) -> Result<(), ServiceError> {
        let ring = self.shared().keys.load_full();
        let mut uses = Vec::new();
        for key in ring.keys.values() {
            let micros = key.used.swap(0, Ordering::Relaxed);
            if micros > 0
                && let Ok(at) = Timestamp::from_unix_micros(micros)
            {
                uses.push((key.caller.key_id, at));
            }
        }
        if uses.is_empty() {
            return Ok(());
        }
        Ok(self.shared().store.key_used(&uses).await?)
    }
}

fn caller_of(key: StoredKey, teams: Vec<String>) -> Caller {
    let StoredKey { account_id, api_key, holder, email, .. } = key;
    let (kind, roles, user_id) = match holder {
        KeyHolder::Agent(_) => ("agent", Vec::new(), None),
        KeyHolder::User(id) => ("user", vec![api_key.role.as_str().to_owned()], Some(id)),
    };
    let principal = Principal {
        id: api_key.principal_id,
        kind: kind.to_owned(),
        name: api_key.holder,
        roles,
        teams,
    };
    Caller {
        account_id,
        principal,
        role: api_key.role,
        scopes: api_key.scopes,
        flow: api_key.flow,
        key_id: api_key.id,
        credential: Credential::Key,
        user_id,
        email,
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    if text.len() != 64 {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}
