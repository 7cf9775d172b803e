//! `auth_type: oauth`: tokens from a token endpoint, kept while they are good, renewed where a server refuses one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use preloop_testbed::{HttpAnswer, HttpReceiver, HttpRequest};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::fixture::http::{HttpFixture, Mood};
use crate::stand::Stand;

/// A token endpoint: the tokens that it gives are numbered from 1, and last as long as it is told.
struct Endpoint {
    receiver: HttpReceiver,
    lasts: Arc<AtomicU64>,
}

impl Endpoint {
    fn start() -> Self {
        let receiver = HttpReceiver::start();
        let (given, lasts) = (AtomicU64::new(0), Arc::new(AtomicU64::new(3600)));
        let told = Arc::clone(&lasts);
        receiver.answer_by(move |request| {
            if !is_identified(request) {
                return HttpAnswer::new(401, r#"{"error": "invalid_client"}"#);
            }
            let number = given.fetch_add(1, Ordering::SeqCst) + 1;
            let expires_in = told.load(Ordering::SeqCst);
            let token = format!("hunter2-token-{number}");
            let granted =
                json!({"access_token": token, "token_type": "bearer", "expires_in": expires_in});
            HttpAnswer::new(200, granted.to_string())
        });
        Self { receiver, lasts }
    }

    fn asked(&self) -> usize {
        self.receiver.requests().len()
    }
}

fn is_identified(request: &HttpRequest) -> bool {
    let pair = base64::engine::general_purpose::STANDARD.encode("pre%3Aloop:hunter2-secret");
    let form = String::from_utf8(request.body.clone()).unwrap();
    (&*request.method, &*request.path) == ("POST", "/token")
        && request.header("authorization") == format!("Basic {pair}")
        && form == "grant_type=client_credentials&scope=read%20write"
}

async fn set_secret(stand: &Stand, secret: &str) {
    let path = stand.url("/api/v1/mcp-servers/web/credentials");
    let body = json!({"auth_config": {"client_secret": secret}});
    let request = stand.http.put(path).bearer_auth(stand.owner_key()).json(&body);
    assert!(request.send().await.unwrap().status().is_success());
}

async fn until(stand: &Stand, is_wanted: impl Fn(&Value) -> bool) -> Value {
    stand
        .eventually("the wanted state of the server", async || {
            let page = stand.get("/api/v1/mcp-servers").await;
            Some(page["items"][0].clone()).filter(|entry| is_wanted(entry))
        })
        .await
}

fn is(state: &'static str) -> impl Fn(&Value) -> bool {
    move |entry| entry["state"] == state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_fetched_kept_and_renewed() {
    let (web, endpoint) = (HttpFixture::start(Mood::Json, None).await, Endpoint::start());
    web.want(&["Bearer hunter2-token-1"]);
    let auth = format!(
        "    auth_type: oauth\n    auth_config: {{token_url: '{}', client_id: 'pre:loop', scopes: [read, write]}}\n",
        endpoint.receiver.url("/token")
    );
    let stand = Stand::start(&format!("mcp_servers:\n{}", web.entry("web", &auth))).await;
    let failed = until(&stand, is("failed")).await;
    let words = failed["last_error"].as_str().unwrap();
    assert!(words.contains("no credential is stored for `auth_config.client_secret`"), "{words}");
    assert_eq!(endpoint.asked(), 0, "nobody is asked without a secret");

    set_secret(&stand, "hunter2-secret").await;
    until(&stand, is("connected")).await;
    let agent = Agent::open(&stand, "/mcp/web").await;
    let says = async |text: &str| agent.told("echo", json!({"text": text})).await.0;
    assert_eq!(says("one").await, "one");
    assert_eq!(endpoint.asked(), 1, "the token is kept");

    // The server does not take it any more: another one is fetched once, and the call runs.
    web.want(&["Bearer hunter2-token-2"]);
    let calls = ["two", "three", "four"].map(&says);
    assert_eq!(futures_util::future::join_all(calls).await, ["two", "three", "four"]);
    assert_eq!(endpoint.asked(), 2);

    // One that lasts a second is replaced before it ends, without a refusal.
    endpoint.lasts.store(1, Ordering::SeqCst);
    web.want(&["Bearer hunter2-token-3", "Bearer hunter2-token-4"]);
    assert_eq!(says("five").await, "five");
    let refusals = web.refusals();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(says("six").await, "six");
    assert_eq!((endpoint.asked(), web.refusals()), (4, refusals));

    // What is not taken twice is told, and neither secret nor token is.
    web.want(&[]);
    let (told, is_error) = agent.told("echo", json!({"text": "seven"})).await;
    assert!(is_error && told.contains("refused our credentials (HTTP 401)"), "{told}");
    set_secret(&stand, "hunter2-other").await;
    let said = |entry: &Value| entry["last_error"].to_string().contains("`invalid_client`");
    let failed = until(&stand, said).await;
    assert!(failed["last_error"].to_string().contains("no access token from `127.0.0.1`"));
    let in_body = "&client_id=pre%3Aloop&client_secret=hunter2-other";
    let asked = endpoint.receiver.requests();
    let is_in_body =
        |request: &HttpRequest| String::from_utf8_lossy(&request.body).ends_with(in_body);
    assert!(asked.iter().any(is_in_body), "an endpoint that takes no header gets it in the body");
    for path in [
        "/api/v1/audit?limit=1000",
        "/api/v1/policies/export?format=json",
        "/api/v1/mcp-servers/web",
    ] {
        let answer = stand.get(path).await.to_string();
        assert!(!answer.contains("hunter2"), "{path}: {answer}");
    }
    assert_eq!(crate::secrets::holding(stand.folder.path(), "hunter2"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_over_the_api_reaches_no_further_for_a_token() {
    let stand = Stand::start_with("", |config| {
        config.policy = None;
        config.env_allow = vec!["HOME@auth.example.com".to_owned()];
    })
    .await;
    let policy = |token_url: &str, secret: &str| {
        json!({"policy": format!(
            "version: '1.0'\nmetadata: {{name: x}}\nmcp_servers: [{{name: web, url: 'https://mcp.example.com/mcp', \
             auth_type: oauth, auth_config: {{token_url: '{token_url}', client_id: c, client_secret: '{secret}'}}}}]\n"
        )})
    };
    let says =
        |words: &'static str| move |entry: &Value| entry["last_error"].to_string().contains(words);
    let inside = policy("http://127.0.0.1:9/token", "hunter2-secret");
    stand.post("/api/v1/policies/import", inside).await;
    until(&stand, says("`127.0.0.1` is not a public address")).await;
    // Who gets the token has what the secret gives.
    let variable = policy("https://auth.example.com/token", "${HOME}");
    stand.post("/api/v1/policies/import", variable).await;
    until(&stand, says("`HOME` is not allowed for `mcp.example.com`")).await;
    // A stored secret goes to the endpoint that it was given for and to no other.
    let given = policy("https://auth.example.com/token", "hunter2-secret").to_string();
    let given = given.replace("auth_type: oauth", "enabled: false, auth_type: oauth");
    let given = serde_json::from_str(&given).unwrap();
    stand.post("/api/v1/policies/import", given).await;
    let config = json!({"auth_config": {"token_url": "https://evil.example.com/token"}});
    let request = stand.http.patch(stand.url("/api/v1/mcp-servers/web"));
    let answer = request.bearer_auth(stand.owner_key()).json(&config).send().await.unwrap();
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "secret_missing", "{problem}");
}
