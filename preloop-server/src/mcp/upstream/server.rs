//! One upstream server: dialled, kept, dialled again with growing pauses; its tools are taken in
//! before the connection is used, so that no call meets a definition that nobody looked at.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use preloop_api::{McpServerInfo, McpServerState};
use preloop_core::document::{McpServer, Transport};
use tokio::sync::{Mutex, Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{CallTerms, Connection};
use super::failure::{CallFailure, DialError};
use super::inbox::Answer;
use crate::mcp::catalog::Catalog;
use crate::mcp::dial_rules::DialRules;
use crate::service::{SecretStamp, Services};

/// Pauses between dials: the first, and the longest.
const DIAL_PAUSE: Duration = Duration::from_millis(500);
const DIAL_PAUSE_MAX: Duration = Duration::from_mins(1);
/// A connection that lasted this long was a good one: pauses begin anew after it.
const STEADY: Duration = Duration::from_secs(10);
/// Calls within this time after a failed dial share its failure instead of dialling again.
const FAILURE_SHARED: Duration = Duration::from_millis(250);

/// How often a connection that was replaced is asked whether its calls were answered.
const RETIRE_PAUSE: Duration = Duration::from_millis(100);

/// How the time of a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Lost,
    /// It works, but another is wanted.
    Retired,
}

/// One configured server.
#[derive(Debug)]
pub(crate) struct Upstream {
    server: McpServer,
    rules: DialRules,
    services: Services,
    catalog: Arc<Catalog>,
    tasks: TaskTracker,
    live: ArcSwapOption<Connection>,
    /// Which stored secrets the last dial used.
    secrets: std::sync::Mutex<SecretStamp>,
    failure: Mutex<Option<(Instant, DialError)>>,
    tried: watch::Sender<bool>,
    /// The next dial need not wait for its pause.
    hurry: Notify,
    closed: CancellationToken,
    is_ended: AtomicBool,
}

// === impl Upstream ===

impl Upstream {
    pub(super) fn start(
        server: McpServer,
        rules: DialRules,
        services: Services,
        catalog: Arc<Catalog>,
        tasks: &TaskTracker,
    ) -> Arc<Self> {
        let upstream = Arc::new(Self {
            server,
            rules,
            services,
            catalog,
            tasks: tasks.clone(),
            live: ArcSwapOption::empty(),
            secrets: std::sync::Mutex::default(),
            failure: Mutex::new(None),
            tried: watch::Sender::new(false),
            hurry: Notify::new(),
            closed: CancellationToken::new(),
            is_ended: AtomicBool::new(false),
        });
        if upstream.is_enabled() {
            upstream.report(McpServerState::Connecting, None);
            let keeper = Arc::clone(&upstream);
            tasks.spawn(async move {
                let closed = keeper.closed.clone();
                closed.run_until_cancelled(keeper.keep()).await;
            });
        } else {
            upstream.report(McpServerState::Disabled, None);
            upstream.tried.send_replace(true);
        }
        upstream
    }

    /// The entry of the document that this is.
    pub(super) fn server(&self) -> &McpServer {
        &self.server
    }

    /// Waits until the first dial has come to an end, either way.
    pub(super) async fn tried(&self) {
        // The sender lives in `self`, so that waiting cannot fail.
        let _ = self.tried.subscribe().wait_for(|tried| *tried).await;
    }

    /// The live connection, dialled if there is none.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, DialError> {
        if let Some(connection) = self.usable() {
            return Ok(connection);
        }
        if !self.is_enabled() || self.closed.is_cancelled() {
            return Err(DialError::Settings("the server is disabled".to_owned()));
        }
        let mut failure = self.failure.lock().await;
        if let Some(connection) = self.usable() {
            return Ok(connection);
        }
        if let Some((at, error)) = failure.as_ref()
            && at.elapsed() < FAILURE_SHARED
        {
            return Err(error.clone());
        }
        if let Some(old) = self.live.swap(None) {
            old.close("the connection was replaced");
        }
        let dialled = self.dial().await;
        match &dialled {
            Ok(connection) => {
                *failure = None;
                self.live.store(Some(Arc::clone(connection)));
                self.report(McpServerState::Connected, None);
                if self.is_ended.load(Ordering::Acquire) {
                    connection.close("the server was taken out of the policy");
                }
            }
            Err(error) => {
                tracing::warn!(server = self.server.name, %error, "an MCP server is not available");
                self.report(McpServerState::Failed, Some(error.to_string()));
                *failure = Some((Instant::now(), error.clone()));
            }
        }
        self.tried.send_replace(true);
        dialled
    }

    /// Takes in what it offers now.
    pub(super) async fn scan(&self) {
        let is_new = self.usable().is_none();
        let Ok(connection) = self.connection().await else { return };
        if is_new {
            // A dial takes the tools in before the connection is used.
            return;
        }
        self.take_in(&connection).await;
    }

    async fn take_in(&self, connection: &Connection) {
        match connection.list_tools().await {
            Ok(tools) => {
                self.catalog.take_in(&self.server, &tools).await;
                self.report(McpServerState::Connected, None);
            }
            Err(error) => {
                tracing::warn!(server = self.server.name, %error, "its tools changed, unread");
                self.report(McpServerState::Connected, Some(error.to_string()));
            }
        }
    }

    /// Has it dialled anew where other secrets are stored for it than the last dial used.
    pub(super) fn secrets_are(&self, stamp: &SecretStamp) {
        if *self.secrets.lock().unwrap_or_else(PoisonError::into_inner) != *stamp {
            self.hurry.notify_one();
        }
    }

    /// Lets the connection go once the calls that are on it were answered; the next call dials.
    fn retire(&self) {
        let Some(connection) = self.live.swap(None) else { return };
        let closed = self.closed.clone();
        self.tasks.spawn(async move {
            let unused = async {
                while Arc::strong_count(&connection) > 1 {
                    tokio::time::sleep(RETIRE_PAUSE).await;
                }
            };
            closed.run_until_cancelled(unused).await;
            connection.close("the credentials of the server were changed");
        });
    }

    /// Makes a request. A connection on which it certainly never ran is given up, so that the next
    /// one is new.
    pub(super) async fn call(
        &self,
        method: &str,
        params: &(dyn Fn(u64) -> String + Sync),
        terms: &CallTerms<'_>,
    ) -> Result<Answer, CallFailure> {
        let not_sent = |error: DialError| CallFailure::NotSent(error.to_string());
        let connection = self.connection().await.map_err(not_sent)?;
        let answer = connection.call(method, params, terms).await;
        if let Err(failure) = &answer
            && failure.is_unsent()
        {
            connection.close(&failure.to_string());
        }
        answer
    }

    /// Gives the server up for good.
    pub(super) fn close(&self, reason: &str) {
        self.is_ended.store(true, Ordering::Release);
        self.closed.cancel();
        if let Some(connection) = self.live.swap(None) {
            connection.close(reason);
        }
    }

    fn is_enabled(&self) -> bool {
        self.server.enabled.unwrap_or(true)
    }

    fn usable(&self) -> Option<Arc<Connection>> {
        self.live.load_full().filter(|connection| connection.lost().is_none())
    }

    async fn dial(&self) -> Result<Arc<Connection>, DialError> {
        let stored = self.services.server_secrets(&self.server).await;
        let stored = stored.map_err(|error| DialError::Settings(error.to_string()))?;
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone_from(stored.stamp());
        let connection = Connection::open(&self.server, &self.rules, &stored, &self.tasks).await?;
        drop(stored);
        match connection.list_tools().await {
            Ok(_) if self.is_ended.load(Ordering::Acquire) => {
                connection.close("the server was taken out of the policy");
                return Err(DialError::Settings(
                    "the server is no longer in the policy".to_owned(),
                ));
            }
            Ok(tools) => self.catalog.take_in(&self.server, &tools).await,
            Err(error) => {
                connection.close(&error.to_string());
                return Err(error);
            }
        }
        tracing::info!(server = self.server.name, "an MCP server is connected");
        Ok(Arc::new(connection))
    }

    async fn keep(&self) {
        let mut pause = DIAL_PAUSE;
        loop {
            if let Ok(connection) = self.connection().await {
                let since = Instant::now();
                if self.attend(&connection).await == Ending::Retired {
                    continue;
                }
                if since.elapsed() >= STEADY {
                    pause = DIAL_PAUSE;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(DIAL_PAUSE_MAX),
                () = self.hurry.notified() => pause = DIAL_PAUSE,
            }
        }
    }

    /// Follows the announcements of a connection until it is gone.
    async fn attend(&self, connection: &Connection) -> Ending {
        loop {
            tokio::select! {
                () = connection.announcement() => {}
                () = self.hurry.notified() => {
                    tracing::info!(server = self.server.name, "its credentials were changed");
                    self.retire();
                    return Ending::Retired;
                }
            }
            if let Some(reason) = connection.lost() {
                tracing::warn!(server = self.server.name, reason, "an MCP server was lost");
                if self.usable().is_none() {
                    self.report(McpServerState::Failed, Some(reason.to_owned()));
                }
                return Ending::Lost;
            }
            self.take_in(connection).await;
        }
    }

    fn report(&self, state: McpServerState, last_error: Option<String>) {
        // Of one that was taken out nothing is told any more: its successor may have the same name.
        if self.is_ended.load(Ordering::Acquire) {
            return;
        }
        let transport = self.server.transport.unwrap_or(Transport::StreamableHttp).as_str();
        let tools = self.catalog.listing().tools_of(&self.server.name).len();
        self.services.server_reported(McpServerInfo {
            name: self.server.name.clone(),
            transport: transport.to_owned(),
            state,
            tools: u32::try_from(tools).unwrap_or(u32::MAX),
            last_error,
        });
    }
}
