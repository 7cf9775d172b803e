//! The server above its accounts: what all of them share, and the one way from a caller to the services of its account.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use preloop_core::Timestamp;
use tokio::sync::{Mutex, Notify, watch};
use uuid::Uuid;

use super::notifications::{NotifyKeys, NotifySettings};
use super::people::{self, Passwords, Throttle};
use super::turn::Turn;
use super::{AiModel, Caller, SecretKeys, ServiceError, Services, keys, waiters};
use crate::clock::SharedClock;
use crate::journal::Journal;
use crate::metrics::Metrics;
use crate::store::{JournalPosition, Store, TokenKind};
use crate::tasks::Tasks;

/// What the server stands on.
#[derive(Debug)]
pub(crate) struct Foundation {
    /// The account that the first start made.
    pub(crate) account_id: Uuid,
    pub(crate) clock: SharedClock,
    pub(crate) store: Store,
    pub(crate) journal: Journal,
    pub(crate) journal_moved: JournalPosition,
    pub(crate) tasks: Tasks,
    pub(crate) secret_keys: SecretKeys,
    /// Whether anybody may make an account.
    pub(crate) allow_registration: bool,
    /// The model that workflows may have asked.
    pub(crate) ai_model: Option<AiModel>,
    pub(crate) notify: NotifySettings,
}

/// What all accounts share. What belongs to one account alone is in its services.
#[derive(Debug)]
pub(super) struct Shared {
    /// The account that the first start made: the operator's.
    pub(super) first_account_id: Uuid,
    pub(super) clock: SharedClock,
    pub(super) store: Store,
    pub(super) journal: Journal,
    /// How far the journal was moved into the store.
    pub(super) journal_moved: watch::Sender<JournalPosition>,
    /// Somebody waits for the journal to be moved.
    pub(super) journal_hurry: Notify,
    pub(super) tasks: Tasks,
    pub(super) metrics: Metrics,
    pub(super) keys: ArcSwap<keys::KeyRing>,
    /// Number of the reload of keys that succeeded last; held while one is under way.
    pub(super) keys_reloading: Mutex<u64>,
    /// How many reloads of keys were begun.
    pub(super) key_reloads_begun: AtomicU64,
    /// Changes whenever keys, their holders or teams do.
    pub(super) key_changes: watch::Sender<u64>,
    pub(super) passwords: Passwords,
    pub(super) throttle: Throttle,
    /// Whether anybody may make an account.
    pub(super) allow_registration: bool,
    pub(super) ai_model: Option<AiModel>,
    pub(super) waiters: waiters::Waiters,
    pub(super) base_url: OnceLock<String>,
    pub(super) secret_keys: Arc<SecretKeys>,
    /// One replacement of the key for secrets at a time.
    pub(super) secret_rotation: Mutex<()>,
    /// What people are told by.
    pub(super) notify: NotifySettings,
    pub(super) notify_keys: NotifyKeys,
    /// There are deliveries to send.
    pub(super) deliveries_made: Notify,
}

/// The server; cheap to clone.
///
/// INVARIANT: what acts on an account needs its [`Services`], and whoever calls gets those of its own account only, from
/// [`Platform::authenticate`].
#[derive(Clone, Debug)]
pub struct Platform {
    shared: Arc<Shared>,
    first: Services,
    accounts: Arc<Accounts>,
}

/// Pause before requests are looked at again that were due and did not move.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The accounts in use.
#[derive(Debug, Default)]
struct Accounts {
    open: ArcSwap<HashMap<Uuid, Services>>,
    /// Held while an account is opened: two would each have a live policy and sessions of their own.
    opening: Mutex<()>,
}

// === impl Platform ===

impl Platform {
    /// The platform on an open store and journal, with the keys and the first account read into memory.
    pub(crate) async fn open(foundation: Foundation) -> Result<Self, ServiceError> {
        let Foundation {
            account_id,
            clock,
            store,
            journal,
            journal_moved,
            tasks,
            secret_keys,
            allow_registration,
            ai_model,
            notify,
        } = foundation;
        let shared = Arc::new(Shared {
            first_account_id: account_id,
            clock,
            store,
            journal,
            journal_moved: watch::Sender::new(journal_moved),
            journal_hurry: Notify::new(),
            tasks,
            metrics: Metrics::default(),
            keys: ArcSwap::default(),
            keys_reloading: Mutex::default(),
            key_reloads_begun: AtomicU64::new(0),
            key_changes: watch::Sender::new(0),
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            allow_registration,
            ai_model,
            waiters: waiters::Waiters::default(),
            base_url: OnceLock::new(),
            secret_keys: Arc::new(secret_keys),
            secret_rotation: Mutex::default(),
            notify,
            notify_keys: NotifyKeys::default(),
            deliveries_made: Notify::new(),
        });
        shared.keys_reload().await?;
        shared.secrets_check().await?;
        let first = Services::open(Arc::clone(&shared), account_id).await?;
        let accounts = Accounts::default();
        accounts.open.store(Arc::new(HashMap::from([(account_id, first.clone())])));
        Ok(Self { shared, first, accounts: Arc::new(accounts) })
    }

    /// The services of the account that the first start made: the operator's.
    pub(crate) fn first(&self) -> &Services {
        &self.first
    }

    /// Whom a key or an access token stands for, with the services of that account; none where it is not good.
    ///
    /// # Errors
    /// Where it is a token, or of an account that is not in memory yet, and the store does not answer.
    pub(crate) async fn authenticate(
        &self,
        key: &str,
    ) -> Result<Option<(Services, Caller)>, ServiceError> {
        if let Some(caller) = self.shared.key_holder(key) {
            return Ok(Some((self.services(caller.account_id).await?, caller)));
        }
        if !people::is_access_token(key) {
            return Ok(None);
        }
        let found = self.signed_in(key, TokenKind::Access).await?;
        Ok(found.map(|(services, caller, _)| (services, caller)))
    }

    /// The services of an account, opened on first use.
    pub(super) async fn services(&self, account_id: Uuid) -> Result<Services, ServiceError> {
        let open = |accounts: &Accounts| accounts.open.load().get(&account_id).cloned();
        if let Some(services) = open(&self.accounts) {
            return Ok(services);
        }
        let _turn = self.accounts.opening.lock().await;
        if let Some(services) = open(&self.accounts) {
            return Ok(services);
        }
        let services = Services::open(Arc::clone(&self.shared), account_id).await?;
        self.accounts.open.rcu(|open| {
            let mut open = HashMap::clone(open);
            open.insert(account_id, services.clone());
            open
        });
        Ok(services)
    }

    /// The accounts that are in memory, the first one among them.
    pub(super) fn open_accounts(&self) -> Vec<Services> {
        self.accounts.open.load().values().cloned().collect()
    }

    /// The services of an account that is in memory.
    pub(super) fn open_account(&self, account_id: Uuid) -> Option<Services> {
        self.accounts.open.load().get(&account_id).cloned()
    }

    /// Lets every request escalate or lapse whose time has come, and says when to look again. One that cannot be changed,
    /// or whose account cannot be opened, does not keep the others waiting.
    pub(crate) async fn approvals_advance(&self) -> Result<Option<Timestamp>, ServiceError> {
        let mut turn = Turn::of(self);
        let (mut last, mut is_left) = (None, false);
        let next = loop {
            let (due, next) = self.shared.store.approval_due(self.shared.now(), last).await?;
            for request in &due {
                let has_moved = match turn.services(request.account_id).await {
                    Some(services) => services.approval_advance(request.id).await,
                    None => Ok(false),
                };
                // Else another server was quicker, or the clock went back, or it failed.
                is_left |= !has_moved.unwrap_or_else(|error| {
                    tracing::error!(%error, approval = %request.id, "what is due to it waits");
                    false
                });
            }
            last = due.last().copied();
            if next.is_some() || last.is_none() {
                break next;
            }
        };
        let again = is_left.then(|| self.shared.now().saturating_add(LOOK_AGAIN));
        Ok(next.into_iter().chain(again).min())
    }

    /// Wakes whoever watches when a request changed, here or at another server.
    pub(crate) fn approval_changes(&self) -> watch::Receiver<()> {
        self.shared.waiters.changes()
    }

    /// Where the time comes from.
    pub fn clock(&self) -> &SharedClock {
        &self.shared.clock
    }

    /// Background work of the server.
    pub fn tasks(&self) -> &Tasks {
        &self.shared.tasks
    }

    /// The counters of the server.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Sets where the server is reached, for links; the first call counts.
    pub(crate) fn set_base_url(&self, url: String) {
        let _ = self.shared.base_url.set(url);
    }

    /// Where the server is reached.
    pub(crate) fn base_url(&self) -> &str {
        self.shared.base_url.get().map_or("", String::as_str)
    }

    /// Whether other servers may use the database.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.store.is_shared()
    }

    /// Whether the database answers.
    pub(crate) async fn database_answers(&self) -> bool {
        self.shared.store.ping().await.is_ok()
    }

    /// Whether every audit record is on disk.
    pub(crate) fn journal_is_written(&self) -> bool {
        self.shared.journal.is_written()
    }

    /// Waits until the journal has something to move; the answer says whether somebody waits for it.
    pub(crate) async fn journal_has_more(&self) -> bool {
        tokio::select! {
            () = self.shared.journal_hurry.notified() => true,
            () = self.shared.journal.appended() => false,
        }
    }

    /// Waits until somebody waits for the journal to be moved.
    pub(crate) async fn journal_hurries(&self) {
        self.shared.journal_hurry.notified().await;
    }

    /// Lets go of the database.
    pub(crate) async fn close(&self) {
        self.shared.store.close().await;
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

// === impl Shared ===

impl Shared {
    /// The time, as precise as the store keeps it.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_unix_micros(now.unix_micros()).unwrap_or(now)
    }
}

/// What is shared reads like the account's own.
impl Deref for super::Inner {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}
