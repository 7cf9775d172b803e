//! The firewalls of all accounts: each has servers, tools and sessions of its own, made on first use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use preloop_api::McpServerScan;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{Firewall, Settings};
use crate::service::{Platform, ServiceError, Services};

/// The firewalls; cheap to clone.
#[derive(Clone, Debug)]
pub struct Firewalls {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    platform: Platform,
    settings: Settings,
    by_account: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    firewalls: HashMap<Uuid, Firewall>,
    is_stopped: bool,
}

// === impl Firewalls ===

impl Firewalls {
    /// Starts the firewall of the first account at once, so that its servers are dialled; others when they are needed.
    pub fn start(platform: Platform, settings: Settings) -> Self {
        let by_account = Mutex::default();
        let firewalls = Self { inner: Arc::new(Inner { platform, settings, by_account }) };
        let first = firewalls.platform().first().clone();
        let _ = firewalls.of(first);
        firewalls
    }

    /// Answers held calls, lets calls in flight end, and stops the servers.
    pub async fn shutdown(&self) {
        let firewalls = {
            let mut running = self.running();
            running.is_stopped = true;
            std::mem::take(&mut running.firewalls)
        };
        let mut stopping: JoinSet<()> = firewalls
            .into_values()
            .map(|firewall| async move { firewall.shutdown().await })
            .collect();
        while stopping.join_next().await.is_some() {}
    }

    /// The firewall of an account; none once the server stops.
    pub(super) fn of(&self, services: Services) -> Option<Firewall> {
        let mut running = self.running();
        if running.is_stopped {
            return None;
        }
        let account_id = services.account_id();
        let firewall = running.firewalls.entry(account_id).or_insert_with(|| {
            let mut settings = self.inner.settings.clone();
            if account_id != self.platform().first().account_id() {
                // The file that the server was started with is the first account's alone.
                settings.dial = settings.dial_of_others.clone();
            }
            Firewall::start(services, settings)
        });
        Some(firewall.clone())
    }

    /// Dials a server of an account now and says what it offers that it did not before, and what it
    /// offers no more.
    ///
    /// # Errors
    /// Where the live policy has no such server, or the store does not answer.
    pub(crate) async fn scan(
        &self,
        services: &Services,
        name: &str,
    ) -> Result<McpServerScan, ServiceError> {
        let server = services.server_named(name)?;
        let before = services.known_tools(&server.name).await?;
        if let Some(firewall) = self.of(services.clone()) {
            // The policy may have been changed a moment ago.
            firewall.apply_policy();
            firewall.upstreams().scan(&server.name).await;
        }
        services.server_scanned(&server, &before).await
    }

    fn platform(&self) -> &Platform {
        &self.inner.platform
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.inner.by_account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
