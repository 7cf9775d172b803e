//! A real server on a free port with a throw-away data folder, and clients with its keys.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use preloop_core::Timestamp;
use preloop_server::app::{Running, StartError, serve};
use preloop_server::clock::{MockClock, SharedClock, SystemClock};
use preloop_server::config::{Config, SecretKeyText};
use preloop_testbed::Database;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// A policy that allows, denies and asks.
pub(crate) const POLICY: &str = "
version: '1.0'
metadata: {name: test}
approval_workflows:
- {name: people, timeout_seconds: 600}
- {name: reasoned, timeout_seconds: 600, require_reason: true}
- {name: two, timeout_seconds: 600, required_approvals: 2}
- {name: alice, timeout_seconds: 600, approvers: [{user: alice}]}
tools:
- name: read
  conditions: [{expression: 'path.startsWith(\"/etc\")', action: deny, message: 'stay out of /etc'}, {action: allow}]
- {name: pay, approval_workflow: people}
- {name: pay_reasoned, approval_workflow: reasoned}
- {name: pay_two, approval_workflow: two}
- {name: pay_alice, approval_workflow: alice}
- {name: drop, enabled: false}
- {name: why, justification: required}
- name: look_back
  conditions: [{expression: 'session.calls.exists(c, c.tool == \"read\")', action: deny, message: 'read before'}, {action: allow}]
";

/// A server and what belongs to it.
pub(crate) struct TestServer {
    running: Option<Running>,
    pub(crate) clock: Option<Arc<MockClock>>,
    pub(crate) folder: Arc<tempfile::TempDir>,
    pub(crate) url: String,
    pub(crate) owner_key: String,
    pub(crate) agent_key: String,
    database: Option<Arc<Database>>,
    client: Client,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with_policy(POLICY).await
    }

    pub(crate) async fn with_policy(policy: &str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("policy.yaml"), policy).unwrap();
        Self::on(folder, None).await
    }

    /// A server without a policy file, on its own SQLite or on a PostgreSQL.
    pub(crate) async fn without_file(database: Option<Database>) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::with(folder, None, database.map(Arc::new)).await
    }

    /// Another server on the same PostgreSQL.
    pub(crate) async fn beside(&self) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::with(folder, None, self.database.clone()).await
    }

    /// The same with settings of its own.
    pub(crate) async fn beside_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::with_changes(folder, None, self.database.clone(), change).await
    }

    /// A server with the policy file, on its own SQLite or on a PostgreSQL.
    pub(crate) async fn with_file(database: Option<Database>) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("policy.yaml"), POLICY).unwrap();
        Self::with(folder, None, database.map(Arc::new)).await
    }

    /// The same with a clock that stands still until the test moves it.
    pub(crate) async fn with_file_and_clock(database: Option<Database>) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("policy.yaml"), POLICY).unwrap();
        let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        Self::with(folder, Some(Arc::new(MockClock::at(start))), database.map(Arc::new)).await
    }

    /// A server whose clock stands still until the test moves it.
    pub(crate) async fn with_clock() -> Self {
        Self::with_clock_and(POLICY).await
    }

    pub(crate) async fn with_clock_and(policy: &str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("policy.yaml"), policy).unwrap();
        let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        Self::on(folder, Some(Arc::new(MockClock::at(start)))).await
    }

    pub(crate) async fn on(folder: Arc<tempfile::TempDir>, clock: Option<Arc<MockClock>>) -> Self {
        Self::with(folder, clock, None).await
    }

    /// A server with settings of its own; an empty policy means that there is no file.
    pub(crate) async fn configured(
        policy: &str,
        clock: Option<Arc<MockClock>>,
        database: Option<Database>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        if !policy.is_empty() {
            std::fs::write(folder.path().join("policy.yaml"), policy).unwrap();
        }
        Self::with_changes(folder, clock, database.map(Arc::new), change).await
    }

    async fn with(
        folder: Arc<tempfile::TempDir>,
        clock: Option<Arc<MockClock>>,
        database: Option<Arc<Database>>,
    ) -> Self {
        Self::with_changes(folder, clock, database, |_| ()).await
    }

    async fn with_changes(
        folder: Arc<tempfile::TempDir>,
        clock: Option<Arc<MockClock>>,
        database: Option<Arc<Database>>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = config(folder.path(), clock.clone());
        config.database_url = database.as_ref().map(|database| database.url());
        if database.is_some() {
            config.secret_key = Some(SecretKeyText::new("5a".repeat(32)));
        }
        change(&mut config);
        let running = serve(config).await.unwrap();
        let owner_key = std::fs::read_to_string(running.owner_key_path()).unwrap();
        Self {
            url: format!("http://{}", running.local_addr()),
            owner_key: owner_key.trim().to_owned(),
            agent_key: running.agent_key().to_owned(),
            running: Some(running),
            clock,
            folder,
            database,
            client: client(),
        }
    }

    /// Stops the server in good order and starts another on the same folder.
    pub(crate) async fn restart(mut self) -> Self {
        let (folder, clock) = (Arc::clone(&self.folder), self.clock.clone());
        let database = self.database.clone();
        self.stop().await;
        Self::with(folder, clock, database).await
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown().await;
        }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("preloop.db")
    }

    pub(crate) fn policy_path(&self) -> PathBuf {
        self.folder.path().join("policy.yaml")
    }

    pub(crate) fn request(&self, method: &str, path: &str, key: &str) -> RequestBuilder {
        let method = method.parse().unwrap();
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(key)
    }

    pub(crate) async fn owner_get(&self, path: &str) -> (StatusCode, Value) {
        send(self.request("GET", path, &self.owner_key)).await
    }

    pub(crate) async fn owner_post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        send(self.request("POST", path, &self.owner_key).json(&body)).await
    }

    pub(crate) async fn agent_post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        send(self.request("POST", path, &self.agent_key).json(&body)).await
    }

    /// Decides a call as the agent.
    pub(crate) async fn decide(&self, tool: &str, args: Value) -> Value {
        let body = json!({"tool": tool, "args": args});
        let (status, body) = self.agent_post("/api/v1/decisions", body).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    /// Makes an approval request as the agent, and answers its id.
    pub(crate) async fn hold(&self, tool: &str, args: Value) -> String {
        let decision = self.decide(tool, args).await;
        assert_eq!(decision["action"], "require_approval", "{decision}");
        decision["approval"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn approve(&self, id: &str) -> (StatusCode, Value) {
        self.owner_post(&format!("/api/v1/approvals/{id}/approve"), json!({})).await
    }

    pub(crate) async fn owner_post_owned(&self, path: String, body: Value) -> (StatusCode, Value) {
        self.owner_post(&path, body).await
    }

    /// Makes a further agent and answers its key.
    pub(crate) async fn agent_key(&self, name: &str) -> String {
        self.make_key(name, "agent").await
    }

    /// Makes a further owner and answers its key.
    pub(crate) async fn owner_key(&self, name: &str) -> String {
        self.make_key(name, "owner").await
    }

    async fn make_key(&self, name: &str, role: &str) -> String {
        let body = json!({"name": name, "role": role});
        let (status, created) = self.owner_post("/api/v1/api-keys", body).await;
        assert_eq!(status, StatusCode::CREATED, "{created}");
        created["key"].as_str().unwrap().to_owned()
    }

    /// Waits until what the owner reads at `path` is as wanted.
    pub(crate) async fn eventually(&self, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        loop {
            let (_, body) = self.owner_get(path).await;
            if is_wanted(&body) {
                return body;
            }
            assert!(tokio::time::Instant::now() < deadline, "`{path}` stays {body}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for a pending request and answers its id.
    pub(crate) async fn pending(&self) -> String {
        let path = "/api/v1/approvals?status=pending";
        let page = self.eventually(path, |page| page["items"] != json!([])).await;
        page["items"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Replaces the policy file as an editor does, and waits until it was looked at.
    pub(crate) async fn replace_policy(&self, text: &str) {
        let (_, before) = self.owner_get("/readyz").await;
        let temporary = self.folder.path().join("policy.yaml.new");
        std::fs::write(&temporary, text).unwrap();
        std::fs::rename(&temporary, self.policy_path()).unwrap();
        self.eventually("/readyz", |ready| ready["policy"] != before["policy"]).await;
    }

    /// Kinds of the records, oldest first, with the query added.
    pub(crate) async fn kinds(&self, query: &str) -> Vec<String> {
        let (status, page) =
            self.owner_get(&format!("/api/v1/audit?order=asc&limit=1000{query}")).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn config(folder: &Path, clock: Option<Arc<MockClock>>) -> Config {
    let clock: SharedClock = match clock {
        Some(clock) => clock,
        None => Arc::new(SystemClock),
    };
    let policy = folder.join("policy.yaml");
    Config {
        policy: policy.exists().then_some(policy),
        listen: "127.0.0.1:0".parse().unwrap(),
        clock,
        ..Config::new(folder.to_owned())
    }
}

pub(crate) async fn start_error(config: Config) -> StartError {
    match serve(config).await {
        Ok(_) => panic!("the server started"),
        Err(error) => error,
    }
}

pub(crate) fn client() -> Client {
    // Only the first one counts, and all of them are the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(Duration::from_mins(1)).no_proxy().build().unwrap()
}

/// Sends a request and reads the answer as JSON; null where it has no body.
pub(crate) async fn send(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    };
    (status, body)
}

/// Makes a test for each engine of each function that takes a server without a policy file.
macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        crate::support::on_both_engines! { sqlite, postgres, without_file: $($test),+ }
    };
    // The names of the modules, and how the server is started.
    ($sqlite:ident, $postgres:ident, $start:ident: $($test:ident),+ $(,)?) => {
        mod $sqlite {
            $(#[tokio::test] async fn $test() {
                super::$test(crate::support::TestServer::$start(None).await).await;
            })+
        }
        mod $postgres {
            $(#[tokio::test] async fn $test() {
                let database = preloop_testbed::Database::create();
                super::$test(crate::support::TestServer::$start(Some(database)).await).await;
            })+
        }
    };
}
pub(crate) use on_both_engines;
