//! People: signing in and out, invitations, teams, and who may change whom.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{TestServer, client, on_both_engines, send};

const PASSWORD: &str = "correct horse battery";

/// Somebody's browser: a cookie, and the token that its pages send along.
struct Browser {
    url: String,
    cookie: String,
    csrf_token: String,
}

impl Browser {
    async fn sign_in(server: &TestServer, name: &str, password: &str) -> Self {
        let response = login(server, name, password, None).await;
        assert_eq!(response.status(), StatusCode::OK);
        let cookie = cookie_of(&response);
        let body: Value = response.json().await.unwrap();
        let csrf_token = body["csrf_token"].as_str().unwrap().to_owned();
        Self { url: server.url.clone(), cookie, csrf_token }
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = client().get(format!("{}{path}", self.url)).header("cookie", &self.cookie);
        send(request).await
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = client()
            .post(format!("{}{path}", self.url))
            .header("cookie", &self.cookie)
            .header("x-csrf-token", &self.csrf_token)
            .json(&body);
        send(request).await
    }
}

async fn login(server: &TestServer, name: &str, password: &str, cookie: Option<&str>) -> Response {
    let mut request = client()
        .post(format!("{}/api/v1/auth/login", server.url))
        .json(&json!({"username": name, "password": password}));
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    request.send().await.unwrap()
}

fn cookie_of(response: &Response) -> String {
    let set = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.contains("; HttpOnly; SameSite=Lax") && set.contains("Path=/"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

async fn user(server: &TestServer, name: &str, role: &str) -> Value {
    let body = json!({
        "name": name, "email": format!("{name}@example.com"), "role": role, "password": PASSWORD,
    });
    let (status, user) = server.owner_post("/api/v1/users", body).await;
    assert_eq!(status, StatusCode::CREATED, "{user}");
    user
}

async fn tokens(server: &TestServer, name: &str, password: &str) -> (StatusCode, Value) {
    let body = json!({"grant_type": "password", "username": name, "password": password});
    send(client().post(format!("{}/api/v1/auth/token", server.url)).json(&body)).await
}

async fn refresh(server: &TestServer, token: &str) -> (StatusCode, Value) {
    let body = json!({"grant_type": "refresh_token", "refresh_token": token});
    send(client().post(format!("{}/api/v1/auth/token", server.url)).json(&body)).await
}

fn path_of(noun: &str, thing: &Value, rest: &str) -> String {
    format!("/api/v1/{noun}/{}{rest}", thing["id"].as_str().unwrap())
}

async fn a_browser_signs_in_and_changes_something_only_with_its_token(server: TestServer) {
    user(&server, "ann", "admin").await;
    let browser = Browser::sign_in(&server, "ann", PASSWORD).await;
    let (status, session) = browser.get("/api/v1/auth/session").await;
    assert_eq!(status, StatusCode::OK, "{session}");
    assert_eq!(session["csrf_token"], browser.csrf_token);
    assert_eq!(
        (&session["credential"], &session["me"]["role"]),
        (&json!("cookie"), &json!("admin"))
    );
    let (status, team) = browser.post("/api/v1/teams", json!({"name": "payments"})).await;
    assert_eq!(status, StatusCode::CREATED, "{team}");

    let url = format!("{}/api/v1/teams", server.url);
    let bare = || client().post(&url).header("cookie", &browser.cookie).json(&json!({"name": "x"}));
    for (request, code) in [
        (bare(), "csrf_failed"),
        (bare().header("x-csrf-token", "0".repeat(64)), "csrf_failed"),
        (
            bare()
                .header("x-csrf-token", &browser.csrf_token)
                .header("origin", "http://localhost:1"),
            "origin_not_allowed",
        ),
    ] {
        let (status, problem) = send(request).await;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!(code)));
    }
    let here = bare().header("x-csrf-token", &browser.csrf_token).header("origin", &server.url);
    assert_eq!(send(here).await.0, StatusCode::CREATED);
    let foreign = client()
        .post(format!("{}/api/v1/auth/login", server.url))
        .header("origin", "http://localhost:1")
        .json(&json!({"username": "ann", "password": PASSWORD}));
    assert_eq!(
        send(foreign).await.0,
        StatusCode::FORBIDDEN,
        "nobody is signed in by another's page"
    );
    let (status, _) = browser.post("/api/v1/auth/logout", json!({})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(browser.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED);
}

async fn every_sign_in_is_a_new_session(server: TestServer) {
    user(&server, "ann", "viewer").await;
    let planted = "preloop_session=pls_planted-by-somebody-else";
    let first = login(&server, "ann", PASSWORD, Some(planted)).await;
    let first = cookie_of(&first);
    assert_ne!(first, planted);
    let second = cookie_of(&login(&server, "ann", PASSWORD, Some(&first)).await);
    assert_ne!(first, second);
    let old = client().get(format!("{}/api/v1/auth/me", server.url)).header("cookie", &first);
    assert_eq!(send(old).await.0, StatusCode::UNAUTHORIZED, "the one before has ended");
    let planted = client().get(format!("{}/api/v1/auth/me", server.url)).header("cookie", planted);
    assert_eq!(send(planted).await.0, StatusCode::UNAUTHORIZED);
    let both = format!("{first}; {second}");
    let both = client().get(format!("{}/api/v1/auth/me", server.url)).header("cookie", both);
    assert_eq!(send(both).await.0, StatusCode::UNAUTHORIZED, "two sessions are none");
}

async fn sessions_end_by_idleness_and_by_age(server: TestServer) {
    user(&server, "ann", "viewer").await;
    let clock = server.clock.clone().unwrap();
    let browser = Browser::sign_in(&server, "ann", PASSWORD).await;
    for _ in 0..15 {
        clock.advance(std::time::Duration::from_hours(11));
        assert_eq!(browser.get("/api/v1/auth/me").await.0, StatusCode::OK);
    }
    clock.advance(std::time::Duration::from_hours(11));
    assert_eq!(browser.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED, "after 7 days");
    let browser = Browser::sign_in(&server, "ann", PASSWORD).await;
    clock.advance(std::time::Duration::from_secs(12 * 3600 + 1));
    assert_eq!(browser.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED, "idle");
}

async fn a_refresh_token_is_good_once(server: TestServer) {
    let clock = server.clock.clone().unwrap();
    user(&server, "ann", "viewer").await;
    let (status, first) = tokens(&server, "ANN@example.com", PASSWORD).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    let access = first["access_token"].as_str().unwrap();
    assert_eq!(send(server.request("GET", "/api/v1/auth/me", access)).await.0, StatusCode::OK);
    let refresh_token = first["refresh_token"].as_str().unwrap();
    let as_access = send(server.request("GET", "/api/v1/auth/me", refresh_token)).await.0;
    assert_eq!(as_access, StatusCode::UNAUTHORIZED);
    assert_eq!(refresh(&server, access).await.0, StatusCode::UNAUTHORIZED);
    clock.advance(std::time::Duration::from_secs(30 * 60 + 1));
    assert_eq!(
        send(server.request("GET", "/api/v1/auth/me", access)).await.0,
        StatusCode::UNAUTHORIZED
    );
    let (status, second) = refresh(&server, refresh_token).await;
    assert_eq!(status, StatusCode::OK, "{second}");
    let access = second["access_token"].as_str().unwrap();
    assert_eq!(send(server.request("GET", "/api/v1/auth/me", access)).await.0, StatusCode::OK);
    // Somebody else uses the one that was spent: whoever of the two it is, the family ends.
    assert_eq!(refresh(&server, refresh_token).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(
        send(server.request("GET", "/api/v1/auth/me", access)).await.0,
        StatusCode::UNAUTHORIZED
    );
    let next = second["refresh_token"].as_str().unwrap();
    assert_eq!(refresh(&server, next).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(server.kinds("&kind=sign_in,sign_in_reused").await, ["sign_in", "sign_in_reused"]);
}

async fn tokens_come_for_forms_too(server: TestServer) {
    user(&server, "ann", "viewer").await;
    let form = |text: &'static str| {
        client()
            .post(format!("{}/api/v1/auth/token", server.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(text)
    };
    let good = "grant_type=password&username=ann&password=correct+horse%20battery";
    let (status, body) = send(form(good)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    for bad in ["", "grant_type=password", "grant_type=x&username=ann", "a=%zz", "\u{7}"] {
        let (status, body) = send(form(bad)).await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_body")),
            "{bad}"
        );
    }
}

async fn what_is_wrong_with_a_sign_in_is_not_told(server: TestServer) {
    user(&server, "ann", "viewer").await;
    let gone = user(&server, "gone", "viewer").await;
    let (status, _) = server.owner_post_owned(path_of("users", &gone, "/disable"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    let mut answers = Vec::new();
    for (name, password) in [
        ("ann", "wrong horse battery"),
        ("nobody", PASSWORD),
        ("gone", PASSWORD),
        ("owner", PASSWORD),
        ("' or '1'='1", PASSWORD),
        ("ann\r\nX: y", PASSWORD),
        ("ann", ""),
    ] {
        let (status, mut body) = tokens(&server, name, password).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{name}: {body}");
        body.as_object_mut().unwrap().remove("request_id");
        answers.push(body);
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    let (_, trail) = server.owner_get("/api/v1/audit?kind=sign_in_failed").await;
    assert!(!trail.to_string().contains("horse") && !trail.to_string().contains("1'='1"));
}

async fn guesses_are_slowed_down(server: TestServer) {
    let clock = server.clock.clone().unwrap();
    user(&server, "ann", "viewer").await;
    for _ in 0..10 {
        let (status, _) = tokens(&server, "ann", "wrong horse battery").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let response = login(&server, "Ann", PASSWORD, None).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS, "even the right one waits");
    let after: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=61).contains(&after), "{after}");
    clock.advance(std::time::Duration::from_secs(62));
    assert_eq!(tokens(&server, "ann", PASSWORD).await.0, StatusCode::OK);
    let wrong = format!("pla_{}", "0".repeat(64));
    let mut slowed = false;
    for _ in 0..70 {
        let (status, _) = send(server.request("GET", "/api/v1/auth/me", &wrong)).await;
        slowed |= status == StatusCode::TOO_MANY_REQUESTS;
    }
    assert!(slowed, "wrong keys are counted");
    let good = send(server.request("GET", "/api/v1/auth/me", &server.agent_key)).await;
    assert_eq!(good.0, StatusCode::OK, "a good key is always taken");
}

async fn an_invitation_makes_one_user_once(server: TestServer) {
    let clock = server.clock.clone().unwrap();
    let (_, team) = server.owner_post("/api/v1/teams", json!({"name": "payments"})).await;
    let invite = json!({"email": "ann@example.com", "role": "approver", "teams": ["payments"]});
    let (status, made) = server.owner_post("/api/v1/invitations", invite.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let accept = async |token: &Value, name: &str, password: &str| {
        let body = json!({"token": token, "name": name, "password": password});
        send(client().post(format!("{}/api/v1/auth/invitation", server.url)).json(&body)).await
    };
    assert_eq!(accept(&made["token"], "ann", "short").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(accept(&made["token"], "owner", PASSWORD).await.0, StatusCode::CONFLICT);
    let (status, ann) = accept(&made["token"], "ann", PASSWORD).await;
    assert_eq!(status, StatusCode::CREATED, "{ann}");
    assert_eq!((&ann["role"], &ann["teams"]), (&json!("approver"), &json!(["payments"])));
    assert_eq!(ann["email"], "ann@example.com");
    assert_eq!(accept(&made["token"], "eve", PASSWORD).await.0, StatusCode::NOT_FOUND);
    let (_, team) = server.owner_get(&path_of("teams", &team, "")).await;
    assert_eq!(team["members"][0]["name"], "ann");

    let open = json!({"role": "viewer", "expires_in": 60});
    let (_, late) = server.owner_post("/api/v1/invitations", open.clone()).await;
    clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(accept(&late["token"], "late", PASSWORD).await.0, StatusCode::NOT_FOUND);
    let (_, revoked) = server.owner_post("/api/v1/invitations", open).await;
    let path = path_of("invitations", &revoked, "");
    assert_eq!(
        send(server.request("DELETE", &path, &server.owner_key)).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(accept(&revoked["token"], "eve", PASSWORD).await.0, StatusCode::NOT_FOUND);
    let (_, list) = server.owner_get("/api/v1/invitations").await;
    let token = made["token"].as_str().unwrap();
    assert!(!list.to_string().contains(token) && list["items"].as_array().unwrap().len() == 3);
}

async fn nobody_hands_out_more_than_they_have(server: TestServer) {
    let (_, owner) = server.owner_get("/api/v1/auth/me").await;
    let owner = &owner["user"];
    let admin_user = user(&server, "root", "admin").await;
    let admin = Browser::sign_in(&server, "root", PASSWORD).await;
    let refused = |(status, body): (StatusCode, Value)| {
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::FORBIDDEN, &json!("role_beyond_own")),
            "{body}"
        );
    };
    refused(admin.post("/api/v1/users", json!({"name": "eve", "role": "owner"})).await);
    refused(admin.post("/api/v1/invitations", json!({"role": "owner"})).await);
    refused(admin.post("/api/v1/api-keys", json!({"name": "eve", "role": "owner"})).await);
    refused(admin.post("/api/v1/api-keys", json!({"name": "k", "user": "owner"})).await);
    refused(admin.post(&path_of("users", owner, "/disable"), json!({})).await);
    let promote = client()
        .patch(format!("{}{}", server.url, path_of("users", &admin_user, "")))
        .header("cookie", &admin.cookie)
        .header("x-csrf-token", &admin.csrf_token)
        .json(&json!({"role": "owner"}));
    refused(send(promote).await);
    // A key that is narrowed to making keys makes no other that can do more.
    let narrow = json!({"name": "narrow", "scopes": ["keys:write"]});
    let (status, narrow) = server.owner_post("/api/v1/api-keys", narrow).await;
    assert_eq!(status, StatusCode::CREATED, "{narrow}");
    let key = narrow["key"].as_str().unwrap();
    let wide = server.request("POST", "/api/v1/api-keys", key).json(&json!({"name": "wide"}));
    refused(send(wide).await);
    let (status, body) = send(server.request("GET", "/api/v1/audit", key)).await;
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("permission_denied")));
    // The last owner stays.
    let path = path_of("users", owner, "");
    let demote = server.request("PATCH", &path, &server.owner_key).json(&json!({"role": "admin"}));
    let (status, body) = send(demote).await;
    assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!("last_owner")));
    let (status, body) =
        server.owner_post_owned(path_of("users", owner, "/disable"), json!({})).await;
    assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!("last_owner")));
}

async fn a_disabled_user_is_out_at_once(server: TestServer) {
    let ann = user(&server, "ann", "editor").await;
    let browser = Browser::sign_in(&server, "ann", PASSWORD).await;
    let (_, pair) = tokens(&server, "ann", PASSWORD).await;
    let (status, key) = browser.post("/api/v1/api-keys", json!({"name": "laptop"})).await;
    assert_eq!(status, StatusCode::CREATED, "{key}");
    let ways = [key["key"].as_str().unwrap(), pair["access_token"].as_str().unwrap()];
    for way in ways {
        assert_eq!(send(server.request("GET", "/api/v1/auth/me", way)).await.0, StatusCode::OK);
    }
    let (status, _) = server.owner_post_owned(path_of("users", &ann, "/disable"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    for way in ways {
        assert_eq!(
            send(server.request("GET", "/api/v1/auth/me", way)).await.0,
            StatusCode::UNAUTHORIZED
        );
    }
    assert_eq!(browser.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(
        refresh(&server, pair["refresh_token"].as_str().unwrap()).await.0,
        StatusCode::UNAUTHORIZED
    );
    server.owner_post_owned(path_of("users", &ann, "/enable"), json!({})).await;
    assert_eq!(send(server.request("GET", "/api/v1/auth/me", ways[0])).await.0, StatusCode::OK);
    assert_eq!(
        browser.get("/api/v1/auth/me").await.0,
        StatusCode::UNAUTHORIZED,
        "sign-ins stay ended"
    );
}

async fn a_changed_password_ends_other_sign_ins(server: TestServer) {
    user(&server, "ann", "viewer").await;
    let here = Browser::sign_in(&server, "ann", PASSWORD).await;
    let there = Browser::sign_in(&server, "ann", PASSWORD).await;
    let change =
        |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    for (body, code) in [
        (change("wrong horse battery", "another good one"), "wrong_password"),
        (json!({"new_password": "another good one"}), "wrong_password"),
        (change(PASSWORD, "short"), "invalid_password"),
    ] {
        assert_eq!(here.post("/api/v1/auth/password", body).await.1["code"], code);
    }
    let (status, _) =
        here.post("/api/v1/auth/password", change(PASSWORD, "another good one")).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(here.get("/api/v1/auth/me").await.0, StatusCode::OK);
    assert_eq!(there.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(tokens(&server, "ann", PASSWORD).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(tokens(&server, "ann", "another good one").await.0, StatusCode::OK);
}

async fn the_owner_key_gives_the_first_owner_a_password(server: TestServer) {
    let (status, _) =
        server.owner_post("/api/v1/auth/password", json!({"new_password": PASSWORD})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let browser = Browser::sign_in(&server, "owner", PASSWORD).await;
    let (_, me) = browser.get("/api/v1/auth/me").await;
    assert_eq!((&me["principal"]["id"], &me["role"]), (&json!("owner"), &json!("owner")));
    // On PostgreSQL there is no file to look into.
    let stored = std::fs::read(server.database()).unwrap_or_default();
    let secrets = [PASSWORD, browser.cookie.split('=').nth(1).unwrap()];
    for secret in secrets {
        let secret = secret.as_bytes();
        assert!(
            !stored.windows(secret.len()).any(|bytes| bytes == secret),
            "only hashes are stored"
        );
    }
}

#[tokio::test]
async fn teams_and_addresses_make_approvers() {
    let policy = "
version: '1.0'
metadata: {name: test}
approval_workflows:
- {name: team, approvers: [{team: payments}]}
- {name: address, approvers: [{user: ann@example.com}]}
tools: [{name: pay, approval_workflow: team}, {name: send, approval_workflow: address}]
";
    let server = TestServer::with_policy(policy).await;
    let ann = user(&server, "ann", "approver").await;
    user(&server, "bob", "approver").await;
    let (_, team) = server.owner_post("/api/v1/teams", json!({"name": "payments"})).await;
    let member = format!("/members/{}", ann["id"].as_str().unwrap());
    let join = server.request("PUT", &path_of("teams", &team, &member), &server.owner_key);
    assert_eq!(send(join).await.0, StatusCode::OK);
    let (ann, bob) = (
        Browser::sign_in(&server, "ann", PASSWORD).await,
        Browser::sign_in(&server, "bob", PASSWORD).await,
    );
    for tool in ["pay", "send"] {
        let approval = server.hold(tool, json!({"amount": 1})).await;
        let path = format!("/api/v1/approvals/{approval}/approve");
        let (status, body) = bob.post(&path, json!({})).await;
        assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("not_an_approver")));
        let (status, body) = ann.post(&path, json!({})).await;
        assert_eq!((status, &body["state"]), (StatusCode::OK, &json!("approved")), "{body}");
        assert_eq!(body["votes"][0]["by"], "ann");
    }
}

async fn names_cannot_inject_anything(server: TestServer) {
    for name in [
        "x'; drop table app_user; --",
        "x\nsign_in_failed: owner",
        "x\u{1b}[31m",
        "ann@example.com",
        "018f0000-0000-7000-8000-000000000000",
        "{{7*7}}",
    ] {
        let body = json!({"name": name, "role": "viewer"});
        let (status, problem) = server.owner_post("/api/v1/users", body).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_name"))
        );
    }
    for (body, code) in [
        (json!({"name": "a", "role": "agent"}), "invalid_role"),
        (json!({"name": "a", "role": "viewer", "email": "a@b\r\nBcc: c@d"}), "invalid_email"),
        (json!({"name": "a", "role": "viewer", "teams": ["x' or 1=1 --"]}), "unknown_team"),
        (json!({"name": "a", "role": "viewer", "password": "a-a-a"}), "invalid_password"),
        (json!({"name": "a", "role": "king"}), "invalid_body"),
        (json!({"name": "a", "role": "viewer", "is_owner": true}), "invalid_body"),
    ] {
        let (_, problem) = server.owner_post("/api/v1/users", body).await;
        assert_eq!(problem["code"], code, "{problem}");
    }
    let (_, list) = server.owner_get("/api/v1/users").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

on_both_engines! {
    sqlite, postgres, with_file:
    a_browser_signs_in_and_changes_something_only_with_its_token,
    every_sign_in_is_a_new_session,
    tokens_come_for_forms_too,
    what_is_wrong_with_a_sign_in_is_not_told,
    nobody_hands_out_more_than_they_have,
    a_disabled_user_is_out_at_once,
    a_changed_password_ends_other_sign_ins,
    the_owner_key_gives_the_first_owner_a_password,
    names_cannot_inject_anything,
}

on_both_engines! {
    sqlite_with_clock, postgres_with_clock, with_file_and_clock:
    sessions_end_by_idleness_and_by_age,
    a_refresh_token_is_good_once,
    guesses_are_slowed_down,
    an_invitation_makes_one_user_once,
}
