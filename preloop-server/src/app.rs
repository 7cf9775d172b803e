//! The composition root: from a [`Config`] to a running server.

use std::fmt::Display;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use preloop_core::diagnostic::Report;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::{Config, SecretKeyText};
use crate::data_dir;
use crate::http::client::Proxies;
use crate::http::{self, guard, request_id};
use crate::ids::new_id;
use crate::journal::Journal;
use crate::key_files::{self, KeyFiles};
use crate::listen;
use crate::mcp::{Firewalls, Settings};
use crate::service::{AiModel, Foundation, NotifySettings, Platform, SecretKeys, Services};
use crate::store::{Location, Store};
use crate::tasks::Tasks;
use crate::worker::{
    FollowedPolicy, PolicyFile, PolicyOrigin, advance_approvals, deliver_notifications,
    fan_out_notifications, follow_database, follow_policy, forget_answers, keep_policy,
    move_journal, note_key_use, review_approvals, take_over, watch_policy,
};

/// How long open requests may take to end at shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// A running server.
#[derive(Debug)]
pub struct Running {
    local_addr: SocketAddr,
    keys: KeyFiles,
    platform: Platform,
    firewalls: Firewalls,
    server: JoinHandle<()>,
    /// Keeps a second server off the data folder.
    lock: File,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The policy document cannot be used; the report places every error.
    #[error("the policy `{}` is not valid: {} errors", path.display(), report.errors.len())]
    InvalidPolicy {
        /// The file.
        path: PathBuf,
        /// Every error and warning.
        report: Box<Report>,
    },
    /// Anything else: what does not work, where, and what to do.
    #[error("{message}")]
    Failed {
        /// What does not work, where, and what to do.
        message: String,
    },
}

/// Starts a server and returns once it answers requests.
///
/// # Errors
/// Where the policy is not valid, the address cannot be listened on or is not allowed, or the data folder or the database
/// cannot be used.
pub async fn serve(config: Config) -> Result<Running, StartError> {
    if !config.listen.ip().is_loopback() && !config.insecure {
        return Err(failed(format!(
            "`{}` is not a loopback address: put a TLS proxy in front and listen on loopback, or say `--insecure`",
            config.listen
        )));
    }
    let settings = Settings::of(&config).map_err(failed)?;
    let proxies = Proxies::parse(&config.trusted_proxies).map_err(failed)?;
    if config.public_url.is_some() && config.trusted_proxies.is_empty() {
        tracing::warn!(
            "all clients behind a proxy count as one address when guesses are slowed down: name the proxy with `--trusted-proxy`"
        );
    }
    let (platform, lock) = open(&config).await?;
    let first = platform.first();
    // The policy first: a server with a broken one must not start, and must not look as if it had.
    let policy = match &config.policy {
        Some(path) => Some(load_policy(first, path).await?),
        None => None,
    };
    let followed = follow(first, &config).await?;
    let keys = key_files::prepare(first, &config.data_dir, config.bootstrap_key.as_deref())
        .await
        .map_err(failed)?;
    let left = platform.recover().await.map_err(|error| failed(error.to_string()))?;
    // Before the workers begin, which all ask the database at once.
    first.warn_of_approvers().await.map_err(|error| failed(error.to_string()))?;

    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| failed(format!("cannot listen on `{}`: {error}", config.listen)))?;
    let local_addr = listener.local_addr().map_err(|error| failed(error.to_string()))?;
    platform
        .set_base_url(config.public_url.clone().unwrap_or_else(|| format!("http://{local_addr}")));

    let tasks = platform.tasks().clone();
    tasks.spawn("move the audit journal", move_journal(platform.clone()));
    tasks.spawn("advance approvals", advance_approvals(platform.clone()));
    tasks.spawn("tell people of approvals", fan_out_notifications(platform.clone()));
    tasks.spawn("send notifications", deliver_notifications(platform.clone()));
    tasks.spawn("note the use of keys", note_key_use(platform.clone()));
    tasks.spawn("review approvals", review_approvals(platform.clone()));
    tasks.spawn("forget answers", forget_answers(platform.clone()));
    tasks.spawn("take over from dead servers", take_over(platform.clone(), left));
    if platform.is_shared() {
        tasks.spawn("follow the database", follow_database(platform.clone()));
    }
    if let Some(policy) = policy {
        tasks.spawn("keep the policy's versions", keep_policy(first.clone()));
        tasks.spawn("watch the policy", watch_policy(first.clone(), policy));
    }
    if let Some(followed) = followed {
        tasks.spawn("keep the policy's versions", keep_policy(first.clone()));
        tasks.spawn("follow the policy", follow_policy(first.clone(), followed));
    }
    let firewalls = Firewalls::start(platform.clone(), settings);
    let router = router(&platform, &firewalls, &config, proxies);
    let server = spawn_server(listener, router, tasks);
    Ok(Running { local_addr, keys, platform, firewalls, server, lock })
}

/// Opens what the services stand on.
async fn open(config: &Config) -> Result<(Platform, File), StartError> {
    let folder_path = &config.data_dir;
    let now = config.clock.now();
    let folder = |error: std::io::Error| {
        failed(format!("cannot use the data folder `{}`: {error}", folder_path.display()))
    };
    data_dir::make(folder_path).map_err(folder)?;
    let lock = data_dir::lock(folder_path).map_err(failed)?;
    let notify = NotifySettings::of(config).map_err(failed)?;
    let location = match &config.database_url {
        Some(url) => Location::parse(url).map_err(failed)?,
        None => Location::Sqlite(folder_path.join("preloop.db")),
    };
    let database = location.to_string();
    let unusable =
        |error: &dyn Display| failed(format!("cannot use the database `{database}`: {error}"));
    if let Location::Sqlite(path) = &location {
        data_dir::make_private(path).map_err(|error| unusable(&error))?;
    }
    let replica = data_dir::replica(folder_path, location.is_shared(), now).map_err(failed)?;
    let store = Store::open(location, &replica).await.map_err(|error| unusable(&error))?;
    let store_failed = |error: crate::store::StoreError| failed(error.to_string());
    let account_id = store.account_ensure(new_id(now), now).await.map_err(store_failed)?;
    let journal_moved = store.audit_moved_to().await.map_err(store_failed)?;
    let journal = Journal::open(&folder_path.join("journal"), journal_moved).map_err(folder)?;
    let given = config.secret_key.as_ref().map(SecretKeyText::as_str);
    let secret_keys = SecretKeys::open(given, folder_path, store.is_shared()).map_err(failed)?;
    let foundation = Foundation {
        account_id,
        clock: config.clock.clone(),
        store,
        journal,
        journal_moved,
        tasks: Tasks::default(),
        secret_keys,
        allow_registration: config.allow_registration,
        ai_model: config.ai.clone().map(AiModel::new).transpose().map_err(failed)?,
        notify,
    };
    let platform = Platform::open(foundation).await.map_err(|error| failed(error.to_string()))?;
    Ok((platform, lock))
}

/// The policy of a work tree or of bundles, in force.
async fn follow(
    services: &Services,
    config: &Config,
) -> Result<Option<FollowedPolicy>, StartError> {
    let origin = match (&config.policy_git, &config.policy_bundle) {
        (Some(folder), _) => PolicyOrigin::commits(folder.clone()),
        (None, Some(bundle)) => {
            let accounts = if let Some(account) = &bundle.account {
                vec![account.clone()]
            } else {
                let own = services.account().await.map_err(|error| failed(error.to_string()))?;
                vec![own.name, own.id.to_string()]
            };
            let origin = PolicyOrigin::bundles(bundle, accounts, &config.data_dir);
            origin.map_err(|error| {
                failed(format!("cannot read the bundle that was accepted last: {error}"))
            })?
        }
        (None, None) => return Ok(None),
    };
    let mut followed = FollowedPolicy::new(origin);
    followed.load(services).map_err(|refusal| failed(refusal.to_string()))?;
    give_way(services).await?;
    Ok(Some(followed))
}

async fn load_policy(services: &Services, path: &Path) -> Result<PolicyFile, StartError> {
    let mut file = PolicyFile::new(path.to_owned());
    match file.load(services) {
        Ok(Ok(())) => {}
        Ok(Err(report)) => {
            return Err(StartError::InvalidPolicy {
                path: path.to_owned(),
                report: Box::new(report),
            });
        }
        Err(error) => {
            let path = path.display();
            return Err(failed(format!("cannot read the policy `{path}`: {error}")));
        }
    }
    give_way(services).await?;
    Ok(file)
}

/// What is stored and does not count beside what the operator gave leaves before anybody asks.
async fn give_way(services: &Services) -> Result<(), StartError> {
    services.policies_refresh().await.map_err(|error| failed(error.to_string()))
}

fn router(platform: &Platform, firewalls: &Firewalls, config: &Config, proxies: Proxies) -> Router {
    let guard = guard::Guard::new(
        platform.clone(),
        &config.allowed_hosts,
        &config.allowed_origins,
        proxies,
    );
    http::routes(firewalls)
        .into_router(platform)
        .fallback(http::no_such_route)
        .method_not_allowed_fallback(http::no_such_method)
        .layer(axum::middleware::from_fn_with_state(guard, guard::guard))
        .layer(axum::middleware::from_fn_with_state(platform.clone(), request_id::name))
}

fn spawn_server(listener: TcpListener, router: Router, tasks: Tasks) -> JoinHandle<()> {
    tokio::spawn(listen::serve(listener, router, async move { tasks.stopped().await }))
}

fn failed(message: String) -> StartError {
    StartError::Failed { message }
}

// === impl Running ===

impl Running {
    /// Where the server listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The file that holds the owner key.
    pub fn owner_key_path(&self) -> &Path {
        &self.keys.owner_path
    }

    /// The name of the policy in force; none: every call is denied.
    pub fn policy_name(&self) -> Option<String> {
        self.platform.first().policy_status().name
    }

    /// The agent key, to paste into an agent.
    pub fn agent_key(&self) -> &str {
        &self.keys.agent_key
    }

    /// Stops taking requests, answers held calls, stops upstream servers and flushes the journal.
    pub async fn shutdown(self) {
        let Self { platform, firewalls, mut server, lock, .. } = self;
        platform.tasks().stop();
        firewalls.shutdown().await;
        if tokio::time::timeout(DRAIN, &mut server).await.is_err() {
            tracing::warn!("some requests did not end in time");
            server.abort();
        }
        platform.tasks().finished().await;
        if let Err(error) = platform.journal_move().await {
            tracing::warn!(%error, "the rest of the audit journal is moved at the next start");
        }
        platform.close().await;
        drop(lock);
    }
}
