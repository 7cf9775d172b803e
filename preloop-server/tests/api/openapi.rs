//! The description of the API against the server that it describes.

use preloop_api::{Permission, Role};
use preloop_testbed::{Browser, Tab};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, client, send};

/// What an agent may do, of all that routes ask for.
const AGENT_RIGHTS: [&str; 5] =
    ["approvals:read", "decisions:make", "policies:check", "tools:call", "tools:read"];

/// Method, path with ids filled in, and the operation.
fn operations(description: &Value) -> Vec<(String, String, Value)> {
    let mut operations = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let path = path
                .split('/')
                .map(|part| {
                    if part.starts_with('{') {
                        "00000000-0000-7000-8000-000000000000"
                    } else {
                        part
                    }
                })
                .collect::<Vec<&str>>()
                .join("/");
            operations.push((method.to_uppercase(), path, operation.clone()));
        }
    }
    operations
}

#[tokio::test]
async fn every_route_refuses_strangers_and_whoever_lacks_the_right() {
    let server = TestServer::start().await;
    let (_, description) = server.owner_get("/openapi.json").await;
    let operations = operations(&description);
    assert!(operations.len() > 60, "{}", operations.len());
    for (method, path, operation) in &operations {
        let is_public = operation["security"] == json!([]);
        let stranger = client().request(method.parse().unwrap(), format!("{}{path}", server.url));
        let (status, body) = send(stranger).await;
        // Guessing is slowed down after a while, and is no way in either.
        let is_refused =
            [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        assert_eq!(is_refused, !is_public, "{method} {path}: {body}");
        let says_who = operation.get("x-permission").is_some();
        assert_ne!(is_public, says_who, "{method} {path} says who may use it");
    }
    for role in Role::ALL {
        let body = json!({"name": format!("walker {}", role.as_str()), "role": role});
        let (status, key) = server.owner_post("/api/v1/api-keys", body).await;
        assert_eq!(status, StatusCode::CREATED, "{key}");
        let key = key["key"].as_str().unwrap();
        for (method, path, operation) in &operations {
            let (status, body) = send(server.request(method, path, key)).await;
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{method} {path}: {body}");
            assert!(!status.is_server_error(), "{method} {path}: {body}");
            let is_refused = status == StatusCode::FORBIDDEN
                && (body["jsonrpc"] == "2.0"
                    || ["permission_denied", "agent_cannot_approve"]
                        .iter()
                        .any(|it| body["code"] == *it));
            let right = operation["x-permission"].as_str();
            let may = right.is_none_or(|right| match role {
                Role::Agent => AGENT_RIGHTS.contains(&right),
                role => role.allows(Permission::from_name(right).unwrap()),
            });
            assert_eq!(is_refused, !may, "{} {method} {path}: {body}", role.as_str());
        }
    }
}

#[tokio::test]
async fn every_operation_says_what_it_is() {
    let server = TestServer::start().await;
    let (_, description) = server.owner_get("/openapi.json").await;
    let tags: Vec<&Value> =
        description["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut names = std::collections::BTreeSet::new();
    for (method, path, operation) in operations(&description) {
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{method} {path}");
        assert!(tags.contains(&&operation["tags"][0]), "{method} {path}: {}", operation["tags"]);
        assert!(names.insert(operation["operationId"].to_string()), "{method} {path}");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
    }
}

#[tokio::test]
async fn the_page_shows_every_route_and_loads_nothing() {
    let server = TestServer::start().await;
    let (_, description) = server.owner_get("/openapi.json").await;
    let answer = client().get(format!("{}/docs", server.url)).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let page = answer.text().await.unwrap();
    for (method, path, operation) in operations(&description) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(page.contains(&format!("<details id=\"{id}\">")), "{method} {path}");
    }
    for forbidden in ["<script", " on", "src=", "http://", "https://"] {
        let tags = page.split('<').skip(1).filter_map(|rest| rest.split('>').next());
        let found = tags.map(|tag| format!("<{tag}")).find(|tag| tag.contains(forbidden));
        assert_eq!(found, None, "{forbidden}");
    }
}

#[tokio::test]
async fn the_page_reads_well_in_a_browser_that_reaches_nothing_else() {
    let server = TestServer::start().await;
    let (_, description) = server.owner_get("/openapi.json").await;
    let ids = operations(&description)
        .into_iter()
        .map(|(_, _, operation)| operation["operationId"].as_str().unwrap().to_owned());
    let (ids, url) = (ids.collect::<Vec<String>>(), server.url.clone());
    // The browser is driven from a thread that may wait.
    let looked = tokio::task::spawn_blocking(move || {
        let browser = Browser::start();
        let desk = browser.open(&json!({"viewport": {"width": 1280, "height": 900}}));
        let dark = browser.open(&json!({"colorScheme": "dark", "javaScriptEnabled": false}));
        for (name, tab) in [("desk", desk), ("dark", dark), ("phone", browser.open_phone())] {
            look(name, &tab, &url, &ids);
        }
    });
    looked.await.unwrap();
}

/// The page in one tab: every operation is there and opens, and nothing is loaded from elsewhere or goes wrong.
fn look(name: &str, tab: &Tab, url: &str, ids: &[String]) {
    assert_eq!(tab.goto(&format!("{url}/docs")), 200);
    let requested = tab.requested();
    let own = [format!("GET {url}/docs"), format!("GET {url}/favicon.ico")];
    assert!(requested.iter().all(|request| own.contains(request)), "{name}: {requested:?}");
    assert_eq!(tab.noise(), Vec::<String>::new(), "{name}");
    let shown = tab.run(
        "return await page.locator('details[id] > summary').evaluateAll(all =>
            all.filter(it => it.checkVisibility()).map(it => it.parentElement.id))",
        &Value::Null,
    );
    let shown: Vec<&str> = shown.as_array().unwrap().iter().filter_map(|id| id.as_str()).collect();
    for id in ids {
        assert!(shown.contains(&id.as_str()), "{name}: {id} is not shown");
    }
    // Opened by a person, without a script.
    let first = format!("details[id='{}']", ids[0]);
    tab.run("await page.locator(argument + ' > summary').click()", &json!(first));
    let open = tab.run("return await page.locator(argument).getAttribute('open')", &json!(first));
    assert_eq!(open, "", "{name}");
    let wide = tab.run(
        "return await page.locator('html').evaluate(it => it.scrollWidth - it.clientWidth)",
        &Value::Null,
    );
    if name != "dark" {
        assert_eq!(wide, 0, "{name}: nothing sticks out");
    }
}
