//! Lists come in pages, whose cursors lead through the whole list once.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, on_both_engines, send};

on_both_engines!(
    cursors_lead_through_every_list_once,
    a_page_goes_on_behind_what_is_gone,
    what_is_no_cursor_is_refused,
    own_keys_are_paged_without_those_of_others,
);

/// Makes something and answers it.
async fn make(server: &TestServer, noun: &str, body: Value) -> Value {
    let (status, made) = server.owner_post(&format!("/api/v1/{noun}"), body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    made
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Every id of a list, in pages of that size.
async fn walk(server: &TestServer, key: &str, noun: &str, limit: usize) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("limit", limit.to_string())];
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let path = format!("/api/v1/{noun}");
        let url = reqwest::Url::parse_with_params(&format!("{}{path}", server.url), &query);
        let path = url.unwrap().as_str().trim_start_matches(&server.url).to_owned();
        let (status, page) = send(server.request("GET", &path, key)).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let found = ids(&page);
        assert!(found.len() <= limit, "{page}");
        all.extend(found);
        assert!(all.len() < 50, "{noun}: the pages do not end");
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return all,
        }
    }
}

async fn cursors_lead_through_every_list_once(server: TestServer) {
    for name in ["zoe", "ann", "a.b", "Ärger", "x-y z"] {
        make(&server, "users", json!({"name": format!("user {name}"), "role": "viewer"})).await;
        make(&server, "agents", json!({"name": format!("agent {name}")})).await;
        make(&server, "teams", json!({"name": name})).await;
        make(&server, "api-keys", json!({"name": format!("key {name}")})).await;
        make(&server, "invitations", json!({"role": "viewer"})).await;
    }
    for noun in ["users", "agents", "teams", "api-keys", "invitations"] {
        let (status, whole) = server.owner_get(&format!("/api/v1/{noun}")).await;
        assert_eq!((status, &whole["next_cursor"]), (StatusCode::OK, &Value::Null), "{whole}");
        let whole = ids(&whole);
        assert!(whole.len() >= 5, "{noun}: {whole:?}");
        for limit in [1, 2, whole.len(), whole.len() + 1] {
            assert_eq!(walk(&server, &server.owner_key, noun, limit).await, whole, "{noun}");
        }
    }
}

async fn a_page_goes_on_behind_what_is_gone(server: TestServer) {
    let mut teams = Vec::new();
    for name in ["a", "b", "c"] {
        teams.push(make(&server, "teams", json!({"name": name})).await);
    }
    let (_, page) = server.owner_get("/api/v1/teams?limit=2").await;
    let last = teams[1]["id"].as_str().unwrap();
    let path = format!("/api/v1/teams/{last}");
    let (status, _) = send(server.request("DELETE", &path, &server.owner_key)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let cursor = page["next_cursor"].as_str().unwrap();
    let (_, rest) = server.owner_get(&format!("/api/v1/teams?limit=2&cursor={cursor}")).await;
    assert_eq!(ids(&rest), [teams[2]["id"].as_str().unwrap()]);
}

async fn what_is_no_cursor_is_refused(server: TestServer) {
    for noun in ["users", "agents", "teams", "api-keys", "invitations"] {
        for query in ["cursor=7", "cursor=a%00.b", "limit=0", "limit=1001"] {
            let (status, problem) = server.owner_get(&format!("/api/v1/{noun}?{query}")).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{noun} {query}: {problem}");
            assert_eq!(problem["code"], "invalid_field", "{problem}");
        }
        let (status, problem) = server.owner_get(&format!("/api/v1/{noun}?page=2")).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &"invalid_query".into()));
    }
    let nul = "/api/v1/teams?cursor=a%00b.00000000-0000-0000-0000-000000000000";
    assert_eq!(server.owner_get(nul).await.0, StatusCode::OK);
}

async fn own_keys_are_paged_without_those_of_others(server: TestServer) {
    make(&server, "users", json!({"name": "ann", "role": "viewer"})).await;
    let mut own = Vec::new();
    let mut key = String::new();
    for name in ["one", "two", "three"] {
        make(&server, "api-keys", json!({"name": format!("owners {name}")})).await;
        let made = make(&server, "api-keys", json!({"name": name, "user": "ann"})).await;
        own.push(made["id"].as_str().unwrap().to_owned());
        made["key"].as_str().unwrap().clone_into(&mut key);
    }
    assert_eq!(walk(&server, &key, "api-keys", 2).await, own);
}
