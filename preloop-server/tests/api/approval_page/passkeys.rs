//! Passkeys, by the virtual authenticator of a real browser.

use preloop_testbed::{Browser, Tab};
use reqwest::StatusCode;
use serde_json::json;

use super::*;
use crate::support::send;

/// Gives the tab an authenticator that verifies its user, or fails to.
pub(super) const AUTHENTICATOR: &str = "const cdp = await context.newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
        protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
        isUserVerified: true, automaticPresenceSimulation: true } });
    globalThis.cdp = cdp; globalThis.authenticator = authenticatorId;";

pub(super) fn register(tab: &Tab, url: &str) {
    tab.goto(&format!("{url}/passkeys"));
    tab.run("await page.locator('#username').fill('ann')", &json!(null));
    tab.run("await page.locator('#password').fill(argument)", &json!(PASSWORD));
    tab.click("button");
    assert!(tab.text("body").contains("You have none yet"), "{}", tab.text("body"));
    tab.run("await page.locator('#name').fill('phone')", &json!(null));
    tab.run("await page.locator('#password').fill(argument)", &json!(PASSWORD));
    tab.click("button:has-text('Go on')");
    tab.shot("passkey-make");
    tab.run(
        "await page.locator('button.approve').click(); await page.waitForURL('**/passkeys')",
        &json!(null),
    );
    assert!(tab.text("body").contains("phone"), "{}", tab.text("body"));
    tab.shot("passkeys");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_approves_exactly_one_call() {
    let server = TestServer::with_policy(POLICY).await;
    person(&server, "ann", "approver").await;
    let url = server.url.replace("127.0.0.1", "localhost");
    let browser = Browser::start();
    let tab = browser.open_phone();
    tab.run(AUTHENTICATOR, &json!(null));
    register(&tab, &url);
    tab.noise();
    let first = server.hold("pay_keyed", json!({"n": 1})).await;
    let second = server.hold("pay_keyed", json!({"n": 2})).await;
    // Without one nothing is approved, over whichever way.
    let (status, body) = server.approve(&first).await;
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("step_up_required")));

    tab.goto(&format!("{url}/approval/{first}"));
    tab.click("button.approve");
    assert!(tab.text("body").contains("exactly this call"), "{}", tab.text("body"));
    assert_eq!((tab.noise(), tab.barriers()), (Vec::new(), Vec::new()));
    tab.shot("passkey-approve");
    assert_eq!(state(&server, &first).await, "pending");
    // The answer for one call is sent for another: the form is rewritten as an attacker in the page would.
    let steal = "return page.evaluate(async () => {
        const form = document.querySelector('form[data-passkey]');
        const options = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(form.dataset.options).publicKey);
        const answer = await navigator.credentials.get({ publicKey: options });
        return { credential: JSON.stringify(answer), challenge: form.elements.namedItem('challenge').value };
    })";
    let stolen = tab.run(steal, &json!(null));
    tab.goto(&format!("{url}/approval/{second}"));
    tab.click("button.approve");
    let misuse = "await page.evaluate((stolen) => { const form = document.querySelector('form[data-passkey]');
            for (const name of ['challenge', 'credential']) form.elements.namedItem(name).value = stolen[name];
            form.submit(); }, argument);
        await page.waitForSelector('[role=alert]')";
    tab.run(misuse, &stolen);
    assert!(tab.text("[role=alert]").contains("for something else"), "{}", tab.text("body"));
    assert_eq!(state(&server, &second).await, "pending");
    // Its challenge is gone by that, even for what it was made for.
    tab.goto(&format!("{url}/approval/{first}"));
    tab.click("button.approve");
    tab.run(misuse, &stolen);
    assert_eq!(state(&server, &first).await, "pending");

    tab.noise();
    tab.goto(&format!("{url}/approval/{first}"));
    tab.click("button.approve");
    tab.run(
        "await page.locator('button.approve').click(); await page.waitForURL(argument)",
        &json!(format!("**/approval/{first}")),
    );
    assert!(tab.text("body").contains("ann approved"), "{}", tab.text("body"));
    assert_eq!(tab.noise(), Vec::<String>::new());
    assert_eq!(state(&server, &first).await, "approved");

    // A user whom the authenticator does not verify proves nothing.
    tab.goto(&format!("{url}/approval/{second}"));
    tab.click("button.approve");
    tab.run("await globalThis.cdp.send('WebAuthn.setUserVerified', { authenticatorId: globalThis.authenticator, isUserVerified: false });
        await page.locator('button.approve').click(); await page.waitForFunction(() => /no passkey/.test(document.querySelector('[role=status]').textContent))",
        &json!(null));
    assert_eq!(state(&server, &second).await, "pending");
    // Removed, it proves nothing either.
    tab.goto(&format!("{url}/passkeys"));
    tab.click("button[aria-label='Remove phone']");
    tab.goto(&format!("{url}/approval/{second}"));
    tab.click("button.approve");
    assert!(tab.text("[role=alert]").contains("no passkey"), "{}", tab.text("body"));
    let kinds = server.kinds("").await;
    for kind in ["passkey_added", "passkey_removed"] {
        assert!(kinds.iter().any(|it| it == kind), "{kind}: {kinds:?}");
    }
}

#[tokio::test]
async fn a_key_in_a_file_registers_no_passkey() {
    let server = TestServer::with_policy(POLICY).await;
    let password = json!({"password": PASSWORD});
    let (status, body) = server.owner_post("/api/v1/auth/passkeys/begin", password.clone()).await;
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("sign_in_required")));
    person(&server, "ann", "approver").await;
    let sign_in = json!({"grant_type": "password", "username": "ann", "password": PASSWORD});
    let (_, tokens) = server.owner_post("/api/v1/auth/token", sign_in).await;
    let token = tokens["access_token"].as_str().unwrap();
    let begin = |body| server.request("POST", "/api/v1/auth/passkeys/begin", token).json(&body);
    let (status, body) = send(begin(json!({"password": "another"}))).await;
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("wrong_password")));
    let (status, question) = send(begin(password)).await;
    assert_eq!(status, StatusCode::OK, "{question}");
    assert_eq!(question["options"]["publicKey"]["rp"]["id"], "localhost");
    let finish =
        json!({"challenge_id": question["challenge_id"], "name": "x", "credential": {"id": "x"}});
    let sent = || server.request("POST", "/api/v1/auth/passkeys", token).json(&finish);
    let (status, body) = send(sent()).await;
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("passkey_refused")));
    let (status, body) = send(sent()).await;
    assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!("challenge_ended")));
}
