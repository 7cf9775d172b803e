//! What guessing costs whom: an address, a name in an account, an invitation; and how much of everything an account has.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, client, on_both_engines, send};

const PASSWORD: &str = "correct horse battery";

async fn public(server: &TestServer, path: &str, body: Value) -> (StatusCode, Value) {
    send(client().post(format!("{}/api/v1/auth/{path}", server.url)).json(&body)).await
}

async fn sign_in(server: &TestServer, body: Value) -> (StatusCode, Value) {
    let mut request = json!({"grant_type": "password"});
    request.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    public(server, "token", request).await
}

async fn user(server: &TestServer, name: &str, role: &str) -> Value {
    let body = json!({"name": name, "role": role, "password": PASSWORD});
    let (status, user) = server.owner_post("/api/v1/users", body).await;
    assert_eq!(status, StatusCode::CREATED, "{user}");
    user
}

#[tokio::test]
async fn names_pause_by_account_and_not_where_somebody_signed_in() {
    let server = TestServer::with_clock().await;
    user(&server, "ann", "viewer").await;
    user(&server, "bob", "viewer").await;
    let guess = |name: &str| json!({"username": name, "password": "wrong horse battery"});
    let right = json!({"username": "ann", "password": PASSWORD});
    for _ in 0..10 {
        sign_in(&server, guess("ann")).await;
    }
    assert_eq!(sign_in(&server, right.clone()).await.0, StatusCode::TOO_MANY_REQUESTS);
    let mut named = right;
    named["account"] = json!("main");
    assert_eq!(sign_in(&server, named).await.0, StatusCode::OK, "who names the account goes on");
    // From where bob signed in, bob is let in, however many guess from anywhere.
    let bob = json!({"username": "bob", "password": PASSWORD});
    assert_eq!(sign_in(&server, bob.clone()).await.0, StatusCode::OK);
    for _ in 0..12 {
        assert_eq!(sign_in(&server, guess("bob")).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(sign_in(&server, bob).await.0, StatusCode::OK);
}

#[tokio::test]
async fn wrong_keys_of_a_neighbour_stop_no_good_token() {
    let server = TestServer::with_clock().await;
    user(&server, "ann", "viewer").await;
    let (_, tokens) = sign_in(&server, json!({"username": "ann", "password": PASSWORD})).await;
    let invite = json!({"role": "viewer"});
    let (_, invitation) = server.owner_post("/api/v1/invitations", invite).await;
    let wrong = format!("pla_{}", "0".repeat(64));
    for _ in 0..61 {
        send(server.request("GET", "/api/v1/auth/me", &wrong)).await;
    }
    let (status, _) = send(server.request("GET", "/api/v1/auth/me", &wrong)).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    let refresh = json!({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]});
    assert_eq!(public(&server, "token", refresh.clone()).await.0, StatusCode::OK);
    let (status, problem) = public(&server, "token", refresh).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "a spent one is a guess: {problem}");
    let accept = json!({"token": invitation["token"], "name": "eve", "password": PASSWORD});
    assert_eq!(public(&server, "invitation", accept).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn an_invitation_makes_the_server_hash_a_few_times_only() {
    let server = TestServer::with_clock().await;
    let (_, made) = server.owner_post("/api/v1/invitations", json!({"role": "viewer"})).await;
    let accept = async |name: &str| {
        let body = json!({"token": made["token"], "name": name, "password": PASSWORD});
        public(&server, "invitation", body).await.0
    };
    for _ in 0..10 {
        assert_eq!(accept("owner").await, StatusCode::CONFLICT);
    }
    assert_eq!(accept("owner").await, StatusCode::TOO_MANY_REQUESTS);
    server.clock.as_ref().unwrap().advance(std::time::Duration::from_secs(62));
    assert_eq!(accept("ann").await, StatusCode::CREATED);
}

async fn an_invitation_is_worth_what_its_inviter_may(server: TestServer) {
    let root = user(&server, "root", "admin").await;
    let (_, tokens) = sign_in(&server, json!({"username": "root", "password": PASSWORD})).await;
    let admin = tokens["access_token"].as_str().unwrap();
    let invite = async |role: &str| {
        let body = json!({"role": role});
        let request = server.request("POST", "/api/v1/invitations", admin).json(&body);
        let (status, made) = send(request).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made["token"].clone()
    };
    let accept = async |token: &Value, name: &str| {
        let body = json!({"token": token, "name": name, "password": PASSWORD});
        let (status, body) = public(&server, "invitation", body).await;
        (status, body["code"].clone())
    };
    let [first, second, third] =
        [invite("admin").await, invite("admin").await, invite("viewer").await];
    let (good, over) = (
        (StatusCode::CREATED, Value::Null),
        (StatusCode::NOT_FOUND, json!("invitation_not_found")),
    );
    assert_eq!(accept(&first, "first").await, good);
    let path = format!("/api/v1/users/{}", root["id"].as_str().unwrap());
    let change = async |role: &str| {
        let request =
            server.request("PATCH", &path, &server.owner_key).json(&json!({"role": role}));
        assert_eq!(send(request).await.0, StatusCode::OK);
    };
    change("viewer").await;
    assert_eq!(accept(&second, "second").await, over, "who invited is no admin any more");
    change("admin").await;
    let (status, _) = server.owner_post_owned(format!("{path}/disable"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(accept(&third, "third").await, over, "who invited is out");
    let (status, _) = server.owner_post_owned(format!("{path}/enable"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(accept(&third, "third").await, good);
}

async fn an_invitation_can_say_the_name(server: TestServer) {
    let body = json!({"role": "approver", "name": "release-manager"});
    let (status, made) = server.owner_post("/api/v1/invitations", body).await;
    assert_eq!((status, &made["name"]), (StatusCode::CREATED, &json!("release-manager")));
    let accept = async |name: &str| {
        let body = json!({"token": made["token"], "name": name, "password": PASSWORD});
        let (status, body) = public(&server, "invitation", body).await;
        (status, body["code"].clone())
    };
    let refused = (StatusCode::UNPROCESSABLE_ENTITY, json!("invalid_name"));
    assert_eq!(accept("chief").await, refused);
    // Cyrillic letters that look like Latin ones.
    assert_eq!(accept("rel\u{435}ase-manager").await, refused);
    assert_eq!(accept("release-manager").await.0, StatusCode::CREATED);
    let (_, open) = server.owner_post("/api/v1/invitations", json!({"role": "viewer"})).await;
    let body = json!({"token": open["token"], "name": "\u{430}nn", "password": PASSWORD});
    assert_eq!(public(&server, "invitation", body).await.1["code"], "invalid_name");
}

async fn nobody_makes_keys_without_end(server: TestServer) {
    let (_, viewer) =
        server.owner_post("/api/v1/api-keys", json!({"name": "looker", "role": "viewer"})).await;
    let viewer = viewer["key"].as_str().unwrap();
    let make = async |name: String| {
        let body = json!({"name": name});
        send(server.request("POST", "/api/v1/api-keys", viewer).json(&body)).await
    };
    let mut last = Value::Null;
    for number in 1..100 {
        let (status, key) = make(format!("key {number}")).await;
        assert_eq!(status, StatusCode::CREATED, "{number}: {key}");
        last = key;
    }
    let (status, full) = make("one more".to_owned()).await;
    assert_eq!((status, &full["code"]), (StatusCode::CONFLICT, &json!("account_full")));
    let path = format!("/api/v1/api-keys/{}", last["id"].as_str().unwrap());
    assert_eq!(send(server.request("DELETE", &path, viewer)).await.0, StatusCode::NO_CONTENT);
    assert_eq!(make("one more".to_owned()).await.0, StatusCode::CREATED);
}

async fn a_key_that_ends_makes_nothing_that_lasts(server: TestServer) {
    let now = preloop_server::clock::Clock::now(&preloop_server::clock::SystemClock);
    let at = |hours: i64| {
        let seconds = now.unix_seconds() + hours * 3600;
        preloop_core::Timestamp::from_unix_seconds(seconds).unwrap()
    };
    let ends = at(1);
    let body = json!({"name": "short", "expires_at": ends});
    let (status, short) = server.owner_post("/api/v1/api-keys", body).await;
    assert_eq!(status, StatusCode::CREATED, "{short}");
    let short = short["key"].as_str().unwrap();
    let post = async |path: &str, body: Value| {
        let (status, answer) = send(server.request("POST", path, short).json(&body)).await;
        (status, answer)
    };
    let (status, made) = post("/api/v1/api-keys", json!({"name": "bot", "role": "agent"})).await;
    assert_eq!((status, &made["expires_at"]), (StatusCode::CREATED, &json!(ends)));
    let (_, refused) = post("/api/v1/api-keys", json!({"name": "long", "expires_at": at(2)})).await;
    assert_eq!(refused["code"], "invalid_expiry");
    let (_, keys) = server.owner_get("/api/v1/api-keys").await;
    let keys = keys["items"].as_array().unwrap();
    let key = keys.iter().find(|key| key["name"] == "owner").unwrap();
    let rotate = format!("/api/v1/api-keys/{}/rotate", key["id"].as_str().unwrap());
    assert_eq!(post(&rotate, json!({})).await.1["code"], "role_beyond_own");
    let password = json!({"new_password": PASSWORD});
    assert_eq!(post("/api/v1/auth/password", password).await.1["code"], "role_beyond_own");
}

on_both_engines![
    a_key_that_ends_makes_nothing_that_lasts,
    an_invitation_can_say_the_name,
    an_invitation_is_worth_what_its_inviter_may,
    nobody_makes_keys_without_end,
];
