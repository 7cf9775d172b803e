//! The way to the upstream servers: long-lived connections that all agents share.
//!
//! INVARIANT: `tools/call` goes out in [`Upstreams::dispatch`] alone, and that takes a
//! [`crate::service::Permit`].

mod address;
mod connection;
mod credentials;
mod dispatch;
mod failure;
mod http;
mod http_answer;
mod http_client;
mod inbox;
mod oauth;
mod server;
mod sse;
mod stdio;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use preloop_core::document::McpServer;
use tokio_util::task::TaskTracker;

pub(crate) use dispatch::{Dispatched, Forwarded};
pub(crate) use inbox::Answer;

use self::server::Upstream;
use super::catalog::Catalog;
use super::dial_rules::DialRules;
use crate::service::Services;

/// Longest message that is taken from a server.
const MESSAGE_BYTES_MAX: usize = 10 * 1024 * 1024;

/// The servers of the live document.
#[derive(Debug)]
pub(crate) struct Upstreams {
    servers: Mutex<BTreeMap<String, Arc<Upstream>>>,
    services: Services,
    catalog: Arc<Catalog>,
    rules: DialRules,
    tasks: TaskTracker,
}

// === impl Upstreams ===

impl Upstreams {
    pub(crate) fn new(
        services: Services,
        catalog: Arc<Catalog>,
        rules: DialRules,
        tasks: TaskTracker,
    ) -> Self {
        Self { servers: Mutex::default(), services, catalog, rules, tasks }
    }

    /// Makes the running servers those of the document; what did not change stays connected.
    pub(crate) fn apply(&self, wanted: &[McpServer]) {
        let mut servers = self.servers();
        servers.retain(|name, upstream| {
            let stays = wanted.iter().any(|server| server == upstream.server());
            if !stays {
                upstream.close("the server was changed in the policy or taken out of it");
                if !wanted.iter().any(|server| server.name == *name) {
                    self.catalog.forget(name);
                    self.services.server_removed(name);
                }
            }
            stays
        });
        for server in wanted {
            servers.entry(server.name.clone()).or_insert_with(|| {
                Upstream::start(
                    server.clone(),
                    self.rules.clone(),
                    self.services.clone(),
                    Arc::clone(&self.catalog),
                    &self.tasks,
                )
            });
        }
    }

    /// Dials those servers anew for which other secrets are stored than they were dialled with.
    pub(crate) async fn follow_secrets(&self) {
        let stamps = match self.services.secret_stamps().await {
            Ok(stamps) => stamps,
            Err(error) => {
                tracing::warn!(%error, "whether credentials changed is seen at the next change");
                return;
            }
        };
        for upstream in self.servers().values() {
            upstream.secrets_are(&stamps.of(upstream.server()));
        }
    }

    /// Dials a server now, or asks the one that is connected, and takes its tools in; why it cannot be
    /// is in its report. None where the document has no such server.
    pub(crate) async fn scan(&self, server: &str) -> Option<()> {
        self.server(server)?.scan().await;
        Some(())
    }

    /// Whether the document has this server.
    pub(crate) fn has(&self, server: &str) -> bool {
        self.servers().contains_key(server)
    }

    /// Waits until every server was dialled once (or one of them alone), but not for ever.
    pub(crate) async fn tried(&self, only: Option<&str>, patience: Duration) {
        let servers: Vec<Arc<Upstream>> = self
            .servers()
            .iter()
            .filter(|(name, _)| only.is_none_or(|only| only == *name))
            .map(|(_, upstream)| Arc::clone(upstream))
            .collect();
        let all = async {
            for upstream in servers {
                upstream.tried().await;
            }
        };
        // Whoever is late is simply not listed yet; a list change is announced when it comes.
        let _ = tokio::time::timeout(patience, all).await;
    }

    /// Lets all servers go.
    pub(crate) fn close(&self) {
        for upstream in std::mem::take(&mut *self.servers()).values() {
            upstream.close("preloop is shutting down");
        }
    }

    fn server(&self, name: &str) -> Option<Arc<Upstream>> {
        self.servers().get(name).cloned()
    }

    fn servers(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Upstream>>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
