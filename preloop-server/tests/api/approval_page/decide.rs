//! Deciding on the page: only a form that the page showed, in the browser that it was shown to.

use reqwest::StatusCode;
use serde_json::json;

use super::*;
use crate::support::on_both_engines;

async fn asked(server: &TestServer) -> String {
    server.hold("refund", json!({"amount": 420, "order": "8812"})).await
}

async fn the_page_may_not_be_kept_framed_or_scripted(server: TestServer) {
    person(&server, "ann", "approver").await;
    let id = asked(&server).await;
    let address = link(&server, "ann", &id).await;
    let response = Visitor::to(&server).send("GET", &address, &[], None).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert_eq!(header("x-robots-tag"), "noindex, nofollow");
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(
        policy.contains("frame-ancestors 'none'") && !policy.contains("script-src"),
        "{policy}"
    );
    let cookie = header("set-cookie");
    assert!(cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
    let page = response.text().await.unwrap();
    for forbidden in ["<script", " style=", " on", "src=", "http://", "https://"] {
        let tags = page.split('<').skip(1).filter_map(|rest| rest.split('>').next());
        let found = tags.map(|tag| format!("<{tag}")).find(|tag| tag.contains(forbidden));
        assert_eq!(found, None, "{forbidden}");
    }
}

async fn a_form_of_another_page_decides_nothing(server: TestServer) {
    person(&server, "ann", "approver").await;
    let id = asked(&server).await;
    let address = link(&server, "ann", &id).await;
    let mut phone = Visitor::to(&server);
    let (_, page) = phone.get(&address).await;
    let fields = carried(&page);
    let approve = format!("/approval/{id}/approve");
    let own = server.url.clone();
    let cases: [&[(&str, &str)]; 3] = [
        &[("origin", &own), ("sec-fetch-site", "cross-site")],
        &[("origin", &own), ("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
    ];
    for headers in cases {
        let sent = phone.send("POST", &approve, headers, Some(&with(&fields, &[]))).await;
        assert_eq!(sent.status(), StatusCode::FORBIDDEN, "{headers:?}");
    }
    // Another browser, which was shown another form.
    let mut other = Visitor::to(&server);
    assert_eq!(other.post(&approve, &with(&fields, &[])).await.0, StatusCode::FORBIDDEN);
    other.get(&address).await;
    assert_eq!(other.post(&approve, &with(&fields, &[])).await.0, StatusCode::FORBIDDEN);
    // A form without its proof, or with that of another request.
    let second = server.hold("refund", json!({"amount": 421, "order": "8812"})).await;
    let second_address = link(&server, "ann", &second).await;
    let (_, second_page) = phone.get(&second_address).await;
    let mut forged = fields.clone();
    forged[0].1 = field(&second_page, "form");
    assert_eq!(phone.post(&approve, &with(&forged, &[])).await.0, StatusCode::FORBIDDEN);
    assert_eq!(phone.post(&approve, &with(&fields[1..], &[])).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(state(&server, &id).await, "pending");
    let trail = server.kinds("&kind=request_refused").await;
    assert!(trail.len() >= 4, "{trail:?}");
    // The page itself still decides.
    assert_eq!(phone.post(&approve, &with(&fields, &[])).await.0, StatusCode::SEE_OTHER);
    assert_eq!(state(&server, &id).await, "approved");
}

async fn what_was_seen_is_what_is_approved(server: TestServer) {
    person(&server, "ann", "approver").await;
    let id = asked(&server).await;
    let address = link(&server, "ann", &id).await;
    let mut phone = Visitor::to(&server);
    let (_, page) = phone.get(&address).await;
    let mut fields = carried(&page);
    let approve = format!("/approval/{id}/approve");
    let seen = fields.iter_mut().find(|(name, _)| *name == "seen").unwrap();
    seen.1 = format!("sha256:{}", "0".repeat(64));
    let (status, page) = phone.post(&approve, &with(&fields, &[])).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("another call"), "{page}");
    assert_eq!(state(&server, &id).await, "pending");
    // The link was not used up by a vote that did not count.
    let fields = carried(&page);
    assert_eq!(phone.post(&approve, &with(&fields, &[])).await.0, StatusCode::SEE_OTHER);
}

async fn whoever_signs_in_comes_back_and_declines(server: TestServer) {
    person(&server, "ann", "approver").await;
    person(&server, "vic", "viewer").await;
    let id = asked(&server).await;
    let place = format!("/approval/{id}");
    let mut ann = Visitor::to(&server);
    let (_, form) = ann.get(&place).await;
    assert!(!form.contains("Refund"), "{form}");
    let wrong =
        [("form", &*field(&form, "form")), ("username", "ann"), ("password", "a wrong one")];
    let (status, page) = ann.post(&format!("{place}/sign-in"), &wrong).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(page.contains("do not fit"), "{page}");
    ann.sign_in(&place, "ann").await;
    let (status, page) = ann.get(&place).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("Refund: amount 420, order &quot;8812&quot;"), "{page}");
    assert!(page.contains("args.amount is") && page.contains("large refund"), "{page}");
    // Who may look and not vote sees no buttons.
    let mut vic = Visitor::to(&server);
    vic.sign_in(&place, "vic").await;
    let (status, seen) = vic.get(&place).await;
    assert_eq!(status, StatusCode::OK);
    assert!(seen.contains("You cannot decide this") && !seen.contains("<button class"), "{seen}");
    let fields = carried(&page);
    let (status, to) = ann
        .post(&format!("{place}/decline"), &with(&fields, &[("reason", "not <b>now</b>")]))
        .await;
    assert_eq!((status, to), (StatusCode::SEE_OTHER, place.clone()));
    let (_, page) = ann.get(&place).await;
    assert!(page.contains("ann declined") && page.contains("not &lt;b&gt;now&lt;/b&gt;"), "{page}");
    let decided = approval(&server, &id).await;
    assert_eq!(
        (&decided["state"], &decided["votes"][0]["via"]),
        (&json!("declined"), &json!("page"))
    );
    let (status, page) = ann.get("/approval/00000000-0000-7000-8000-000000000000").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{page}");
}

async fn calls_are_remembered_where_whoever_signed_in_says_so(server: TestServer) {
    person(&server, "ann", "approver").await;
    let args = || json!({"amount": 420, "order": "8812"});
    let (first, grants) = (asked(&server).await, "/api/v1/approval-grants");
    let place = format!("/approval/{first}");
    let mut phone = Visitor::to(&server);
    let (_, page) = phone.get(&link(&server, "ann", &first).await).await;
    assert!(page.contains("Approve once") && !page.contains("name=\"remember\""), "{page}");
    let fields = carried(&page);
    let approve = format!("{place}/approve");
    let (status, _) = phone.post(&approve, &with(&fields, &[("remember", "time")])).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(state(&server, &first).await, "pending");

    let mut ann = Visitor::to(&server);
    ann.sign_in(&place, "ann").await;
    let (_, page) = ann.get(&place).await;
    assert!(page.contains("calls of refund by agent with exactly the arguments above"), "{page}");
    assert!(page.contains("value=\"\" checked>Approve this call alone"), "{page}");
    assert!(!page.contains("in this session"), "the call was made in none");
    let fields = carried(&page);
    assert_eq!(ann.post(&approve, &with(&fields, &[("remember", "ever")])).await.0, 422);
    assert_eq!(ann.post(&approve, &with(&fields, &[("remember", "time")])).await.0, 303);
    let (_, listed) = server.owner_get(grants).await;
    let [grant] = listed["items"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&grant["granted_by"], &grant["approval_id"]), (&json!("ann"), &json!(first)));
    for _ in 0..2 {
        assert_eq!(server.decide("refund", args()).await["reason"], "granted");
    }

    // What is chosen at first remembers nothing, and calls that take two people offer nothing.
    let other = server.hold("refund", json!({"amount": 421, "order": "8812"})).await;
    let (_, page) = ann.get(&format!("/approval/{other}")).await;
    let fields = carried(&page);
    let approve = format!("/approval/{other}/approve");
    assert_eq!(ann.post(&approve, &with(&fields, &[("remember", "")])).await.0, 303);
    assert_eq!(server.owner_get(grants).await.1["items"].as_array().unwrap().len(), 1);
    let two = server.hold("pay_two", json!({})).await;
    let (_, page) = ann.get(&format!("/approval/{two}")).await;
    assert!(page.contains("Approve once") && !page.contains("name=\"remember\""), "{page}");
}

async fn a_code_of_the_agents_side_is_typed(server: TestServer) {
    person(&server, "ann", "approver").await;
    let decision = server.decide("pay_coded", json!({"n": 1})).await;
    let id = decision["approval"]["id"].as_str().unwrap().to_owned();
    let code = decision["approval"]["match_code"].as_str().unwrap();
    let address = link(&server, "ann", &id).await;
    let mut phone = Visitor::to(&server);
    let (_, page) = phone.get(&address).await;
    assert!(page.contains("name=\"code\"") && !page.contains(&format!(">{code}<")), "{page}");
    let approve = format!("/approval/{id}/approve");
    let fields = carried(&page);
    let (status, page) = phone.post(&approve, &with(&fields, &[("code", "")])).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{page}");
    let wrong = if code == "11" { "12" } else { "11" };
    let (status, page) = phone.post(&approve, &with(&fields, &[("code", wrong)])).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(page.contains("not the code"), "{page}");
    assert_eq!(state(&server, &id).await, "pending");
    assert_eq!(
        phone.post(&approve, &with(&fields, &[("code", code)])).await.0,
        StatusCode::SEE_OTHER
    );
    assert_eq!(state(&server, &id).await, "approved");
}

on_both_engines! { sqlite, postgres, of_shop:
    the_page_may_not_be_kept_framed_or_scripted,
    a_form_of_another_page_decides_nothing,
    what_was_seen_is_what_is_approved,
    whoever_signs_in_comes_back_and_declines,
    calls_are_remembered_where_whoever_signed_in_says_so,
    a_code_of_the_agents_side_is_typed,
}
