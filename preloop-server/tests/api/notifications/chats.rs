//! Buttons of Slack and Mattermost: a press of somebody who is linked is a vote, and nothing else is.

use std::fmt::Write as _;

use preloop_testbed::HttpRequest;
use reqwest::StatusCode;
use ring::hmac;
use serde_json::{Value, json};

use super::stand::{Ends, SLACK_SECRET, SLACK_TEAM, ends, link, person, sign_in, wait_for};
use crate::support::{TestServer, client, send};

/// Seconds of the machine's clock, as Slack would say them.
fn seconds() -> i64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// A press as Slack sends it.
struct Press {
    body: String,
    timestamp: i64,
    signature: String,
}

impl Press {
    fn new(ends: &Ends, user: &str, ticket: &str, timestamp: i64, secret: &str) -> Self {
        Self::of_team(ends, (SLACK_TEAM, user), ticket, timestamp, secret)
    }

    /// Of somebody who may be of another workspace.
    fn of_team(
        ends: &Ends,
        (team, user): (&str, &str),
        ticket: &str,
        timestamp: i64,
        secret: &str,
    ) -> Self {
        let payload = json!({
            "type": "block_actions",
            "team": {"id": SLACK_TEAM},
            "user": {"id": user, "username": "ann", "team_id": team},
            "actions": [{"action_id": "preloop_approve", "type": "button", "value": ticket}],
            "response_url": ends.slack.url("/answer"),
        });
        let url = reqwest::Url::parse_with_params("form:?", [("payload", payload.to_string())]);
        let body = url.unwrap().query().unwrap().to_owned();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("v0:{timestamp}:{body}").as_bytes());
        let mut signature = "v0=".to_owned();
        for byte in tag.as_ref() {
            write!(signature, "{byte:02x}").unwrap();
        }
        Self { body, timestamp, signature }
    }

    async fn send(&self, server: &TestServer) -> (StatusCode, Value) {
        let request = client()
            .post(format!("{}/api/v1/integrations/slack/actions", server.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-slack-request-timestamp", self.timestamp.to_string())
            .header("x-slack-signature", &self.signature)
            .body(self.body.clone());
        send(request).await
    }
}

/// The ticket of a message's Approve.
fn ticket(message: &HttpRequest) -> String {
    let message = message.json();
    let blocks = message["blocks"].as_array().unwrap();
    let actions = blocks.iter().find(|block| block["type"] == "actions").unwrap();
    actions["elements"][0]["value"].as_str().unwrap().to_owned()
}

fn answers(ends: &Ends) -> Vec<Value> {
    let requests = ends.slack.requests();
    let answers = requests.iter().filter(|request| request.path == "/answer");
    answers.map(HttpRequest::json).collect()
}

#[tokio::test]
async fn a_press_in_slack_votes_once_and_the_message_says_so() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    let ann = person(&server, "ann", "approver").await;
    link(&server, &ann, "slack_user_id", "U1").await;
    let id = server.hold("pay", json!({"amount": 1})).await;
    // One message in the room, one to ann.
    let posts = wait_for(&ends.slack, 2).await;
    let channels: Vec<Value> = posts.iter().map(|post| post.json()["channel"].clone()).collect();
    assert!(channels.contains(&json!("C1")) && channels.contains(&json!("U1")), "{channels:?}");
    let ticket = ticket(&posts[0]);
    let state = format!("/api/v1/approvals/{id}");

    let forged = Press::new(&ends, "U1", &ticket, seconds(), "another secret");
    let (status, problem) = forged.send(&server).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("bad_signature")));
    let late = Press::new(&ends, "U1", &ticket, seconds() - 301, SLACK_SECRET);
    assert_eq!(late.send(&server).await.0, StatusCode::FORBIDDEN);
    let mut altered = Press::new(&ends, "U1", &ticket, seconds(), SLACK_SECRET);
    altered.body = altered.body.replace("U1", "U2");
    assert_eq!(altered.send(&server).await.0, StatusCode::FORBIDDEN);
    assert_eq!(server.owner_get(&state).await.1["state"], "pending");

    // Ids of people are each workspace's own: this is somebody else.
    let stranger = Press::of_team(&ends, ("T2", "U1"), &ticket, seconds(), SLACK_SECRET);
    assert_eq!(stranger.send(&server).await.0, StatusCode::OK);
    let words = wait_until(|| answers(&ends).first().cloned()).await;
    assert!(words["text"].as_str().unwrap().contains("of another workspace"), "{words}");
    assert_eq!(server.owner_get(&state).await.1["state"], "pending");

    let press = Press::new(&ends, "U1", &ticket, seconds(), SLACK_SECRET);
    assert_eq!(press.send(&server).await.0, StatusCode::OK);
    let approved = server.eventually(&state, |approval| approval["state"] == "approved").await;
    assert_eq!(approved["votes"][0]["by"], "ann");
    assert_eq!(approved["votes"][0]["via"], "slack");
    let answered = wait_until(|| answers(&ends).get(1).cloned()).await;
    assert_eq!(answered["replace_original"], true);
    assert!(answered["text"].as_str().unwrap().starts_with("Approved by ann"), "{answered}");
    // A replay within the five minutes counts no second vote.
    assert_eq!(press.send(&server).await.0, StatusCode::OK);
    wait_until(|| (answers(&ends).len() == 3).then_some(())).await;
    let (_, after) = server.owner_get(&state).await;
    assert_eq!(after["votes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn somebody_who_is_not_linked_decides_nothing_and_learns_how_to_link() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    let ann = person(&server, "ann", "approver").await;
    person(&server, "bob", "approver").await;
    let id = server.hold("pay", json!({"amount": 1})).await;
    let ticket = ticket(&wait_for(&ends.slack, 1).await[0]);
    let press = Press::new(&ends, "U7", &ticket, seconds(), SLACK_SECRET);
    press.send(&server).await;
    let words = wait_until(|| answers(&ends).first().cloned()).await;
    let words = words["text"].as_str().unwrap().to_owned();
    assert!(words.contains("Nothing was decided") && words.contains("U7"), "{words}");
    let state = format!("/api/v1/approvals/{id}");
    assert_eq!(server.owner_get(&state).await.1["state"], "pending");
    // Nobody says of oneself who one is there, without the code.
    let own = "/api/v1/notification-preferences";
    let request = server.request("PATCH", own, &ann.key).json(&json!({"slack_user_id": "U7"}));
    let (status, problem) = send(request).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("chat_not_proven")));
    let (_, rest) = words.split_once("\"code\": \"").unwrap();
    let code = rest.split('"').next().unwrap();
    let chats = "/api/v1/notification-preferences/me/chats";
    let by_key = server.request("POST", chats, &ann.key).json(&json!({"code": code}));
    assert_eq!(send(by_key).await.1["code"], "sign_in_required");
    let (ann, bob) = (sign_in(&server, "ann").await, sign_in(&server, "bob").await);
    let linked = server.request("POST", chats, &ann).json(&json!({"code": code}));
    let (status, preferences) = send(linked).await;
    assert_eq!(status, StatusCode::OK, "{preferences}");
    assert_eq!(preferences["slack_user_id"], "U7");
    // The ticket of a button is no such code, and a person of a chat is one user.
    let request = server.request("POST", chats, &ann).json(&json!({"code": ticket}));
    assert_eq!(send(request).await.1["code"], "invalid_code");
    let request = server.request("POST", chats, &bob).json(&json!({"code": code}));
    assert_eq!(send(request).await.1["code"], "chat_taken");
    press.send(&server).await;
    server.eventually(&state, |approval| approval["state"] == "approved").await;
}

#[tokio::test]
async fn a_key_says_of_nobody_who_that_is_in_a_chat() {
    let server = TestServer::start().await;
    let ann = person(&server, "ann", "approver").await;
    let root = person(&server, "root", "admin").await;
    let of_ann = format!("/api/v1/users/{}/notification-preferences", ann.id);
    let own = "/api/v1/notification-preferences";
    let set = async |path: &str, key: &str, id: Value| {
        send(server.request("PATCH", path, key).json(&json!({"slack_user_id": id}))).await
    };
    for (path, key) in
        [(of_ann.as_str(), &server.owner_key), (of_ann.as_str(), &root.key), (own, &root.key)]
    {
        let (status, problem) = set(path, key, json!("U1")).await;
        let refused = (status, &problem["code"]);
        assert_eq!(refused, (StatusCode::FORBIDDEN, &json!("sign_in_required")), "{path}");
    }
    link(&server, &ann, "slack_user_id", "U1").await;
    let (_, as_known) = set(&of_ann, &root.key, json!("U1")).await;
    assert_eq!(as_known["slack_user_id"], "U1", "what is so already takes no sign-in");
    let (status, unlinked) = set(&of_ann, &root.key, Value::Null).await;
    assert_eq!((status, &unlinked["slack_user_id"]), (StatusCode::OK, &Value::Null));
}

#[tokio::test]
async fn a_press_in_mattermost_is_believed_by_its_ticket_alone() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    let ann = person(&server, "ann", "approver").await;
    link(&server, &ann, "mattermost_user_id", "mmann").await;
    let id = server.hold("pay", json!({"amount": 1})).await;
    let posts = wait_for(&ends.mattermost, 1).await;
    let post = posts.iter().find(|post| post.path == "/api/v4/posts");
    let post = match post {
        Some(post) => post.clone(),
        None => wait_for(&ends.mattermost, 4)
            .await
            .into_iter()
            .find(|it| it.path == "/api/v4/posts")
            .unwrap(),
    };
    let actions = &post.json()["props"]["attachments"][0]["actions"];
    let url = actions[0]["integration"]["url"].as_str().unwrap().to_owned();
    assert!(url.ends_with("/api/v1/integrations/mattermost/actions"), "{url}");
    let ticket = actions[1]["integration"]["context"]["ticket"].as_str().unwrap().to_owned();
    let press = |ticket: &str, user: &str| {
        let body = json!({"user_id": user, "channel_id": "room1", "context": {"ticket": ticket}});
        send(client().post(&url).json(&body))
    };
    let state = format!("/api/v1/approvals/{id}");
    let (body, _) = ticket.split_once('.').unwrap();
    for forged in ["", "x.y", &format!("{body}.{}", "0".repeat(64))] {
        let (status, answer) = press(forged, "mmann").await;
        assert_eq!(status, StatusCode::OK);
        assert!(answer["ephemeral_text"].as_str().unwrap().contains("not good any more"));
    }
    let slack = self::ticket(&wait_for(&ends.slack, 1).await[0]);
    let (_, answer) = press(&slack, "mmann").await;
    assert!(answer["ephemeral_text"].as_str().unwrap().contains("not good any more"));
    assert_eq!(server.owner_get(&state).await.1["state"], "pending");
    let (_, answer) = press(&ticket, "mmann").await;
    let title = &answer["update"]["props"]["attachments"][0]["title"];
    assert!(title.as_str().unwrap().starts_with("`Declined by ann"), "{answer}");
    assert_eq!(server.owner_get(&state).await.1["state"], "declined");
}

/// The first button's ticket of a post of the bot.
fn mattermost_ticket(post: &HttpRequest) -> Option<String> {
    let actions = &post.json()["props"]["attachments"][0]["actions"];
    actions[0]["integration"]["context"]["ticket"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn a_button_of_a_direct_message_is_its_receivers_alone() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    let (ann, bob) =
        (person(&server, "ann", "approver").await, person(&server, "bob", "approver").await);
    link(&server, &ann, "mattermost_user_id", "mmann").await;
    link(&server, &bob, "mattermost_user_id", "mmbob").await;
    let id = server.hold("note", json!({"text": "x"})).await;
    let tickets = wait_until(|| {
        let posts = ends.mattermost.requests();
        let posts = posts.iter().filter(|post| post.path == "/api/v4/posts");
        let tickets: Vec<String> = posts.filter_map(mattermost_ticket).collect();
        (tickets.len() == 2).then_some(tickets)
    })
    .await;
    let press = |ticket: &str, user: &str| {
        let body = json!({"user_id": user, "context": {"ticket": ticket}});
        let path = "/api/v1/integrations/mattermost/actions";
        send(server.request("POST", path, &server.agent_key).json(&body))
    };
    // Each of both is good for one of them, and for nobody else.
    let mut votes = 0;
    for ticket in &tickets {
        let (_, answer) = press(ticket, "mmstranger").await;
        assert!(answer["ephemeral_text"].as_str().unwrap().contains("not good any more"));
    }
    for user in ["mmann", "mmbob"] {
        let (_, answer) = press(&tickets[0], user).await;
        votes += usize::from(answer.get("update").is_some());
    }
    assert_eq!(votes, 1);
    let (_, approval) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
    assert_eq!(approval["votes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn where_a_vote_needs_a_reason_the_message_has_a_link_alone() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    let id = server.hold("drop", json!({})).await;
    let posts = wait_for(&ends.slack, 1).await;
    let message = posts[0].json();
    assert!(!message.to_string().contains("preloop_approve"), "{message}");
    assert!(message.to_string().contains(&format!("/approval/{id}")), "{message}");
}

/// Asks again and again until there is an answer.
async fn wait_until<T>(ask: impl Fn() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited in vain");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
