//! The browser of the tests notices what it is there to notice.

use preloop_testbed::{Browser, Tab};
use serde_json::json;

const GOOD: &str = "<!doctype html><html lang=en><title>a page</title><main><h1>hello</h1></main>";
const BAD: &str = "<!doctype html><html lang=en><title>a page</title><main><h1>hello</h1>\
    <img src=http://127.0.0.1:9/x><script>throw new Error('broken')</script></main>";

#[test]
fn what_is_wrong_with_a_page_is_found() {
    let browser = Browser::start();
    let phone = browser.open_phone();
    show(&phone, GOOD);
    assert_eq!(phone.text("h1"), "hello");
    assert_eq!((phone.noise(), phone.barriers()), (Vec::new(), Vec::new()));
    assert_eq!(phone.run("return page.viewportSize().width", &json!(null)), 360);

    show(&phone, BAD);
    assert_eq!(phone.requested(), ["GET http://127.0.0.1:9/x"]);
    let noise = phone.noise().join("\n");
    assert!(noise.contains("broken"), "{noise}");
    let barriers = phone.barriers().join("\n");
    assert!(barriers.contains("image-alt"), "{barriers}");

    let plain = browser.open(&json!({"javaScriptEnabled": false}));
    show(&plain, BAD);
    assert!(!plain.noise().join("\n").contains("broken"), "scripts are off");
}

fn show(tab: &Tab, page: &str) {
    tab.run("await page.setContent(argument)", &json!(page));
}
