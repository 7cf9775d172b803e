//! What the firewall adds to a call.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::agent::{Agent, BOTH};
use crate::fixture::http::{HttpFixture, Mood};
use crate::stand::{Stand, client};

const CALLS: usize = 200;

/// One call over a kept connection, in turn direct and through the firewall. The bound catches
/// delayed small packets (40 ms) on any machine; the figures are for people.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_not_held_up() {
    let web = HttpFixture::start(Mood::Json, None).await;
    let stand = Stand::start(&format!("mcp_servers:\n{}", web.entry("web", ""))).await;
    let agent = Agent::open(&stand, "/mcp/web").await;
    let direct = client();
    let url = format!("http://{}/mcp", web.addr);
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}"#;
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..CALLS {
        let start = Instant::now();
        let request = direct.post(&url).header("content-type", "application/json");
        let response = request.header("accept", BOTH).body(call).send().await.unwrap();
        assert!(response.text().await.unwrap().contains("hologram"));
        times[0].push(start.elapsed());
        let start = Instant::now();
        assert!(agent.call("echo", json!({"text": "hi"})).await["content"].is_array());
        times[1].push(start.elapsed());
    }
    let [direct, through] = times.map(|mut times| {
        times.sort();
        times[CALLS / 2]
    });
    println!("p50 direct {direct:?}, through the firewall {through:?}");
    assert!(through < direct + Duration::from_millis(20), "{direct:?} {through:?}");
}
