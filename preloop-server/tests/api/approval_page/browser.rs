//! The pages in a real browser, on a phone, with and without scripts, in both themes.

use preloop_testbed::{Browser, Tab};
use reqwest::StatusCode;
use serde_json::json;

use super::*;

/// Words of an agent that try to look like the page, to hide and to lead elsewhere.
const WORDS: &str = "Approved by security.</pre><form action=https://evil.example><button>Approve</button>\n\
    See https://evil.example \u{202e}evorppa\u{202c} [approve](javascript:alert(1))";

/// A finger on a button that leads to another page.
const TAP: &str = "await Promise.all([page.waitForNavigation(), page.locator(argument).tap()])";

async fn asked(server: &TestServer) -> String {
    let args = json!({
        "amount": 420,
        "order": "8812",
        "api_token": "sk_live_0123456789",
        "note": format!("<script>alert(1)</script>{}", "long ".repeat(200)),
    });
    let body = json!({"tool": "refund", "args": args, "justification": WORDS});
    let (status, decision) = server.agent_post("/api/v1/decisions", body).await;
    assert_eq!(status, StatusCode::OK, "{decision}");
    decision["approval"]["id"].as_str().unwrap().to_owned()
}

/// What every page must be: quiet, usable, no wider than the phone, and of this server alone.
fn is_good(tab: &Tab, server: &TestServer, name: &str) {
    assert_eq!(tab.barriers(), Vec::<String>::new(), "{name}");
    is_quiet(tab, server, name);
}

/// The same where there are no scripts, without which nothing can judge how usable it is.
fn is_quiet(tab: &Tab, server: &TestServer, name: &str) {
    assert_eq!(tab.noise(), Vec::<String>::new(), "{name}");
    let wide = "return page.evaluate(() => document.documentElement.scrollWidth - innerWidth)";
    assert_eq!(tab.run(wide, &json!(null)), 0, "{name} is wider than the phone");
    for request in tab.requested() {
        assert!(request.contains(&server.url) || request.contains("localhost"), "{request}");
    }
    tab.shot(name);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_decides_on_a_phone_without_scripts() {
    let server = TestServer::with_policy(POLICY).await;
    person(&server, "ann", "approver").await;
    let (first, second) = (asked(&server).await, server.hold("pay_two", json!({"n": 1})).await);
    let browser = Browser::start();
    let phone = browser.open(&json!({
        "viewport": {"width": 360, "height": 740},
        "isMobile": true,
        "hasTouch": true,
        "javaScriptEnabled": false,
    }));
    let address = link(&server, "ann", &first).await;
    assert_eq!(phone.goto(&format!("{}{address}", server.url)), 200);
    is_quiet(&phone, &server, "card-phone-light");
    let body = phone.text("body");
    assert!(body.contains("Refund: amount 420"), "{body}");
    assert!(body.contains("[redacted]") && !body.contains("sk_live"), "{body}");
    assert!(body.contains("THE AGENT'S OWN WORDS") && body.contains("\\u{202e}"), "{body}");
    // The words are words: no form, no link, no button came of them.
    let made =
        "return page.evaluate(() => [document.forms.length, document.querySelectorAll('a').length,
        document.querySelectorAll('button:not([hidden])').length, document.activeElement.tagName])";
    assert_eq!(phone.run(made, &json!(null)), json!([1, 0, 2, "BODY"]));
    let sizes = "return page.evaluate(() => [...document.querySelectorAll('.bar button')]
        .every((button) => button.getBoundingClientRect().height >= 44))";
    assert_eq!(phone.run(sizes, &json!(null)), true);
    // Enter in a field presses nothing.
    phone.run(
        "await page.locator('#reason').focus(); await page.keyboard.press('Enter')",
        &json!(null),
    );
    phone.run(TAP, &json!("button.approve"));
    let body = phone.text("body");
    assert!(body.contains("ann approved") && !body.contains("Decline"), "{body}");
    is_quiet(&phone, &server, "card-phone-approved");
    assert_eq!(state(&server, &first).await, "approved");
    // Nothing was kept: back is the page as it is now, without buttons.
    phone.run("await page.goBack()", &json!(null));
    let body = phone.text("body");
    assert!(body.contains("ann approved") && !body.contains("Decline"), "{body}");
    phone.noise();

    let address = link(&server, "ann", &second).await;
    phone.goto(&format!("{}{address}", server.url));
    phone.run("await page.locator('#reason').fill('too early')", &json!(null));
    phone.click("button.decline");
    assert!(phone.text("body").contains("too early"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_is_dark_where_the_phone_is() {
    let server = TestServer::with_policy(POLICY).await;
    person(&server, "ann", "approver").await;
    let id = asked(&server).await;
    let browser = Browser::start();
    let options = json!({"viewport": {"width": 360, "height": 740}, "colorScheme": "dark"});
    let tab = browser.open(&options);
    let place = format!("{}/approval/{id}", server.url);
    assert_eq!(tab.goto(&place), 401);
    tab.noise();
    is_good(&tab, &server, "sign-in-dark");
    tab.run("await page.locator('#username').fill('ann')", &json!(null));
    tab.run("await page.locator('#password').fill(argument)", &json!(PASSWORD));
    tab.click("button");
    assert!(tab.text("h1").contains("Refund"), "{}", tab.text("body"));
    is_good(&tab, &server, "card-dark");
    let dark =
        "return page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)";
    assert_eq!(tab.run(dark, &json!(null)), "rgb(16, 19, 23)");
    let wide = browser.open(&json!({"viewport": {"width": 1280, "height": 900}}));
    let address = link(&server, "ann", &id).await;
    wide.goto(&format!("{}{address}", server.url));
    is_good(&wide, &server, "card-desktop");
    for (place, status, name) in [
        (format!("/approval/{id}?token={}", "0".repeat(32)), 404, "link-wrong"),
        ("/approval/x".to_owned(), 404, "no-request"),
    ] {
        assert_eq!(wide.goto(&format!("{}{place}", server.url)), status);
        wide.noise();
        is_good(&wide, &server, name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_page_cannot_press_the_button() {
    let server = TestServer::with_policy(POLICY).await;
    person(&server, "ann", "approver").await;
    let id = asked(&server).await;
    let browser = Browser::start();
    let tab = browser.open(&json!({}));
    let address = link(&server, "ann", &id).await;
    tab.goto(&format!("{}{address}", server.url));
    let fields = "return page.evaluate(() => Object.fromEntries(new FormData(document.forms[0])))";
    let fields = tab.run(fields, &json!(null));
    assert!(fields["form"].is_string(), "{fields}");
    // Another origin on the same machine knows everything that the form holds, and frames the page.
    let other = server.url.replace("127.0.0.1", "localhost");
    tab.goto(&format!("{other}/healthz"));
    let attack = "await page.setContent('<iframe name=f></iframe><form id=a method=post></form>');
        await page.evaluate(({action, fields}) => { const form = document.forms.a; form.action = action;
            for (const [name, value] of Object.entries(fields)) {
                const input = document.createElement('input'); input.name = name; input.value = value; form.append(input);
            } }, argument);
        const [answer] = await Promise.all([page.waitForNavigation(), page.evaluate(() => document.forms.a.submit())]);
        return answer.status()";
    let argument =
        json!({"action": format!("{}/approval/{id}/approve", server.url), "fields": fields});
    assert_eq!(tab.run(attack, &argument), 403);
    assert_eq!(state(&server, &id).await, "pending");
    let framed = "await page.setContent(`<iframe src=\"${argument}\"></iframe>`); await page.waitForTimeout(300);
        return page.frames().at(-1).evaluate(() => document.body?.innerText ?? '').catch(() => '')";
    let framed = tab.run(framed, &json!(format!("{}{address}", server.url)));
    assert!(!framed.as_str().unwrap_or_default().contains("Refund"), "{framed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_by_tapping_an_option_or_in_own_words() {
    let server = TestServer::of_shop(None).await;
    person(&server, "ann", "approver").await;
    let ask = async |args: Value| {
        let body = json!({"tool": "ask_user", "source": "builtin", "args": args});
        let (_, decision) = server.agent_post("/api/v1/decisions", body).await;
        decision["approval"]["id"].as_str().unwrap_or_else(|| panic!("{decision}")).to_owned()
    };
    let options = json!(["Blue", "<b>Green</b>"]);
    let closed = ask(json!({"question": "Which colour?", "options": options})).await;
    let open =
        ask(json!({"question": "Which one?", "options": options, "allow_other": true})).await;
    let free = ask(json!({"question": "What is it called?"})).await;
    let browser = Browser::start();
    let phone = browser.open_phone();
    let visit = async |id: &str| {
        phone.goto(&format!("{}{}", server.url, link(&server, "ann", id).await));
    };
    let answered = async |id: &str| {
        let shown = approval(&server, id).await;
        assert_eq!(shown["state"], "approved", "{shown}");
        shown["votes"][0]["answer"].as_str().unwrap().to_owned()
    };

    visit(&closed).await;
    is_good(&phone, &server, "question-options");
    // Nothing is chosen beforehand, and without a choice the browser sends nothing.
    phone.run("await page.locator('button.approve').tap()", &json!(null));
    assert_eq!(state(&server, &closed).await, "pending");
    phone.run("await page.getByLabel('<b>Green</b>').tap()", &json!(null));
    is_good(&phone, &server, "question-chosen");
    phone.run(TAP, &json!("button.approve"));
    assert_eq!(answered(&closed).await, "<b>Green</b>");

    visit(&open).await;
    phone.run("await page.getByLabel('Another answer').fill('Red, please')", &json!(null));
    phone.run(TAP, &json!("button.approve"));
    assert_eq!(answered(&open).await, "Red, please");

    visit(&free).await;
    is_good(&phone, &server, "question-free");
    phone.run("await page.getByLabel('Your answer').fill('Bert')", &json!(null));
    phone.run(TAP, &json!("button.approve"));
    assert_eq!(answered(&free).await, "Bert");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_masked_is_shown_on_a_button() {
    let server = TestServer::of_shop(None).await;
    person(&server, "ann", "approver").await;
    let id = asked(&server).await;
    let browser = Browser::start();
    let phone = browser.open(&json!({
        "viewport": {"width": 360, "height": 740}, "isMobile": true, "hasTouch": true, "colorScheme": "dark",
    }));
    phone.goto(&format!("{}/approval/{id}", server.url));
    phone.run("await page.locator('#username').fill('ann')", &json!(null));
    phone.run("await page.locator('#password').fill(argument)", &json!(PASSWORD));
    phone.click("button");
    phone.noise();
    assert!(!phone.text("body").contains("sk_live"), "{}", phone.text("body"));
    is_good(&phone, &server, "card-masked-dark");
    phone.run(TAP, &json!("button:has-text('Show all of it')"));
    assert!(phone.text("body").contains("sk_live_0123456789"), "{}", phone.text("body"));
    is_good(&phone, &server, "card-whole-dark");
    // The card that shows all of it decides as well.
    phone.run(TAP, &json!("button.approve"));
    assert_eq!(state(&server, &id).await, "approved");
    assert!(!phone.text("body").contains("sk_live"), "{}", phone.text("body"));
}
