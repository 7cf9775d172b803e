//! A running Preloop with a policy of its own, and its owner.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use preloop_server::app::{Running, serve};
use preloop_server::clock::SystemClock;
use preloop_server::config::{ChannelConfig, Config};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than anything here takes, on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Stand {
    pub(crate) running: Running,
    pub(crate) http: reqwest::Client,
    pub(crate) folder: TempDir,
    policy: PathBuf,
}

impl Stand {
    /// Starts with the text of a policy's sections after `metadata`.
    pub(crate) async fn start(sections: &str) -> Self {
        Self::start_with(sections, |_| {}).await
    }

    pub(crate) async fn start_with(sections: &str, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("policy.yaml");
        std::fs::write(&policy, document(sections)).unwrap();
        let mut config = Config {
            policy: Some(policy.clone()),
            policy_git: None,
            policy_bundle: None,
            listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: folder.path().join("data"),
            database_url: None,
            insecure: false,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            bootstrap_key: None,
            public_url: None,
            keep_alive: Duration::from_millis(100),
            progress_interval: Duration::from_millis(100),
            upstream_timeout: Duration::from_secs(20),
            env_allow: Vec::new(),
            stdio_allow: Vec::new(),
            allow_private_upstreams: false,
            secret_key: None,
            allow_registration: false,
            trusted_proxies: Vec::new(),
            ai: None,
            channels: ChannelConfig::default(),
            clock: Arc::new(SystemClock),
        };
        change(&mut config);
        let running = serve(config).await.unwrap();
        Self { running, http: client(), folder, policy }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.local_addr())
    }

    /// Puts another policy into the file.
    pub(crate) fn rewrite(&self, sections: &str) {
        std::fs::write(&self.policy, document(sections)).unwrap();
    }

    /// Where fixtures note their calls.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("calls.log")
    }

    /// The notes of a fixture that start with `word`.
    pub(crate) fn noted(&self, word: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        text.lines().filter(|line| line.starts_with(word)).map(str::to_owned).collect()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.http.get(self.url(path)).bearer_auth(self.owner_key());
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(self.url(path)).bearer_auth(self.owner_key()).json(&body);
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn owner_key(&self) -> String {
        std::fs::read_to_string(self.running.owner_key_path()).unwrap().trim().to_owned()
    }

    /// A second agent's key.
    pub(crate) async fn another_key(&self, name: &str) -> String {
        let key = self.post("/api/v1/api-keys", json!({"name": name, "role": "agent"})).await;
        key["key"].as_str().unwrap().to_owned()
    }

    /// The one approval request that waits, once it does.
    pub(crate) async fn pending(&self) -> Value {
        self.eventually("a pending approval", async || {
            let page = self.get("/api/v1/approvals?status=pending").await;
            page["items"].get(0).cloned()
        })
        .await
    }

    pub(crate) async fn approve(&self) {
        let approval = self.pending().await;
        let path = format!("/api/v1/approvals/{}/approve", approval["id"].as_str().unwrap());
        self.post(&path, json!({})).await;
    }

    /// The records of a kind, once there are as many.
    pub(crate) async fn audited(&self, kind: &str, count: usize) -> Vec<Value> {
        self.eventually(&format!("{count} records of {kind}"), async || {
            let page = self.get(&format!("/api/v1/audit?kind={kind}&limit=100")).await;
            let items = page["items"].as_array().unwrap().clone();
            (items.len() >= count).then_some(items)
        })
        .await
    }

    /// Waits until `probe` has something.
    pub(crate) async fn eventually<T>(&self, what: &str, probe: impl AsyncFn() -> Option<T>) -> T {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            assert!(tokio::time::Instant::now() < deadline, "there never was {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().tcp_nodelay(true).build().unwrap()
}

fn document(sections: &str) -> String {
    format!("version: \"1.0\"\nmetadata:\n  name: test\n{sections}")
}
