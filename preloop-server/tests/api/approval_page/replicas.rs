//! The pages at two servers on one PostgreSQL: what one of them showed, the other one takes.

use std::net::SocketAddr;
use std::sync::Arc;

use preloop_testbed::{Browser, Database};
use reqwest::StatusCode;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::passkeys::{AUTHENTICATOR, register};
use super::*;

/// What stands before the servers: connections go to one of them, and end when it is another's turn.
struct Balancer {
    port: u16,
    turn: Arc<watch::Sender<Option<SocketAddr>>>,
}

impl Balancer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let turn = Arc::new(watch::Sender::new(None));
        let turns = Arc::clone(&turn);
        tokio::spawn(async move {
            while let Ok((mut browser, _)) = listener.accept().await {
                let mut turn = turns.subscribe();
                let Some(server) = *turn.borrow_and_update() else { continue };
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(server).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut browser, &mut server) => {}
                        _ = turn.changed() => {}
                    }
                });
            }
        });
        Self { port, turn }
    }

    fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    fn lead_to(&self, server: &TestServer) {
        let address = server.url.strip_prefix("http://").unwrap().parse().unwrap();
        self.turn.send_replace(Some(address));
    }
}

/// Two servers behind one address, with the policy of the pages.
async fn two(balancer: &Balancer) -> (TestServer, TestServer) {
    let url = balancer.url();
    let here = TestServer::configured("", None, Some(Database::create()), |config| {
        config.public_url = Some(url.clone());
    });
    let here = here.await;
    let (status, answer) =
        here.owner_post("/api/v1/policies/import", json!({"policy": POLICY})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let there = here.beside_with(|config| config.public_url = Some(url)).await;
    (here, there)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_of_one_server_is_answered_at_the_other_once() {
    let balancer = Balancer::start().await;
    let (here, there) = two(&balancer).await;
    person(&here, "ann", "approver").await;
    let id = here.hold("pay_keyed", json!({"n": 1})).await;
    let browser = Browser::start();
    let tab = browser.open_phone();
    tab.run(AUTHENTICATOR, &json!(null));
    balancer.lead_to(&here);
    register(&tab, &balancer.url());
    let place = format!("{}/approval/{id}", balancer.url());
    balancer.lead_to(&there);
    assert_eq!(tab.goto(&place), 200, "signed in there, too");
    tab.click("button.approve");
    assert!(tab.text("body").contains("exactly this call"), "{}", tab.text("body"));
    let form = "return page.evaluate(async () => {
        const form = document.querySelector('form[data-passkey]');
        const options = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(form.dataset.options).publicKey);
        const answer = await navigator.credentials.get({ publicKey: options });
        form.elements.namedItem('credential').value = JSON.stringify(answer);
        return Object.fromEntries(new FormData(form)); })";
    let fields = tab.run(form, &json!(null));
    balancer.lead_to(&here);
    let send = "const [answer] = await Promise.all([page.waitForNavigation(), page.evaluate(() => document.querySelector('form[data-passkey]').submit())]);
        return answer.status()";
    assert_eq!(tab.run(send, &json!(null)), 200, "{}", tab.text("body"));
    assert!(tab.text("body").contains("ann approved"), "{}", tab.text("body"));
    assert_eq!(state(&here, &id).await, "approved");
    // The same answer once more, at the server that asked.
    balancer.lead_to(&there);
    let again = "return page.evaluate(async ({place, fields}) => {
        const answer = await fetch(place, { method: 'POST', body: new URLSearchParams(fields) }); return answer.status; }, argument)";
    let argument = json!({"place": format!("{place}/approve"), "fields": fields});
    tab.goto(&format!("{}/healthz", balancer.url()));
    assert_eq!(tab.run(again, &argument), 409);
}

#[tokio::test]
async fn a_link_of_one_server_decides_at_the_other_once() {
    let here = TestServer::configured("", None, Some(Database::create()), |_| ()).await;
    here.owner_post("/api/v1/policies/import", json!({"policy": POLICY})).await;
    let there = here.beside_with(|_| ()).await;
    person(&here, "ann", "approver").await;
    let id = here.hold("refund", json!({"amount": 420, "order": "8812"})).await;
    let address = link(&here, "ann", &id).await;
    let mut phones = [Visitor::to(&there), Visitor::to(&here)];
    let approve = format!("/approval/{id}/approve");
    let mut forms = Vec::new();
    for phone in &mut phones {
        let (status, page) = phone.get(&address).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        forms.push(carried(&page));
    }
    let mut answers = Vec::new();
    for (phone, fields) in phones.iter_mut().zip(&forms) {
        answers.push(phone.post(&approve, &with(fields, &[])).await.0);
    }
    assert_eq!(answers, [StatusCode::SEE_OTHER, StatusCode::CONFLICT]);
    let decided = approval(&here, &id).await;
    assert_eq!(
        (&decided["state"], decided["votes"].as_array().unwrap().len()),
        (&json!("approved"), 1)
    );
}
