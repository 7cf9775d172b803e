//! What a model said before people are asked, in the messages that ask them.

use std::time::Duration;

use preloop_server::config::{AiConfig, AiKind};
use preloop_testbed::{HttpAnswer, HttpReceiver};
use serde_json::json;

use super::stand::{ends, person, wait_for};
use crate::support::TestServer;

const POLICY: &str = "
version: '1.0'
metadata: {name: test}
approval_workflows:
- name: judged
  timeout_seconds: 600
  approval_type: ai_driven
  ai_model: judge
  ai_guidelines: Small sums are fine.
  notifications: [{channel: slack, to: ['C1']}]
tools:
- {name: pay, approval_workflow: judged}
";

#[tokio::test]
async fn the_words_of_a_model_are_quoted_and_do_nothing() {
    let (ends, model) = (ends(), HttpReceiver::start());
    model.answer_by(|_| {
        let reasoning = "<b>odd</b> sum, see https://evil.example";
        let said = json!({"decision": "unsure", "confidence": 0.4, "reasoning": reasoning});
        let choice = json!({"finish_reason": "stop", "message": {"content": said.to_string()}});
        HttpAnswer {
            headers: vec![("content-type", "application/json".to_owned())],
            ..HttpAnswer::new(200, json!({"choices": [choice]}).to_string())
        }
    });
    let server = TestServer::configured(POLICY, None, None, |it| {
        ends.configure(it);
        it.ai = Some(AiConfig {
            url: model.url("/v1"),
            kind: AiKind::OpenAi,
            api_key: None,
            timeout: Duration::from_secs(30),
        });
    })
    .await;
    person(&server, "ann", "approver").await;
    server.hold("pay", json!({"amount": 7})).await;
    let [mail] = &ends.mails(1).await[..] else { panic!("ann alone") };
    let words = "A model says: judge: unsure, sure by 40 %. In its words: <b>odd</b> sum, see https[:]//evil.example";
    let plain = mail.part("text/plain");
    assert!(plain.contains(words), "{plain}");
    let html = mail.part("text/html");
    assert!(html.contains("&lt;b&gt;odd&lt;/b&gt; sum, see https[:]//evil.example"), "{html}");
    let post = wait_for(&ends.slack, 1).await[0].json().to_string();
    assert!(post.contains("judge: unsure, sure by 40 %. In its words: "), "{post}");
}
