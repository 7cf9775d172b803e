//! Calls that are remembered: what a grant covers, and when it ends.

use super::*;

impl Two {
    /// Decides a call of the agent and says how: `granted`, `held` or `deny`.
    async fn decided(&self, at: &Stand, tool: &str, args: &str, session: &str) -> &'static str {
        let attempt = crate::service::Attempt {
            session_id: session.to_owned(),
            ..Stand::attempt(tool, args)
        };
        match at.services.decide(&at.agent, attempt).await.unwrap() {
            Ruling::Allowed(permit) if permit.decision().reason == Reason::Granted => "granted",
            Ruling::Allowed(_) => "allowed",
            Ruling::Held(held) => {
                held.detach();
                "held"
            }
            Ruling::Denied(_) => "deny",
            Ruling::Ran(_) => "ran",
        }
    }

    async fn remember(&self, by: &Caller, id: Uuid, remember: Remember) -> &'static str {
        let services = &self.here.services;
        match services.approval_vote_remembering(by, id, approve(), remember).await {
            Ok(_) => "ok",
            Err(
                ServiceError::Conflict { code, .. }
                | ServiceError::Forbidden { code, .. }
                | ServiceError::Invalid { code, .. },
            ) => code,
            Err(other) => panic!("{other:?}"),
        }
    }

    fn load(&self, policy: &str) {
        let source = PolicySource::File(policy.as_bytes().to_vec());
        self.here.services.policy_load(&source, "a test").unwrap();
    }
}

fn for_a_time(seconds: u64, pattern: Option<Pattern>) -> Remember {
    Remember { scope: RememberScope::Time, seconds: Some(seconds), pattern }
}

async fn remembered_calls_are_not_asked_about_until_it_ends(place: Place) {
    let two = Two::on(place).await;
    let ann = two.approver("ann").await;
    let id = two.hold("pay").await;
    let offer = two.here.services.approval_remember_offer(&ann, id).await.unwrap();
    let wide: Pattern =
        serde_json::from_value(serde_json::json!({"arguments": {"amount": "any"}})).unwrap();
    assert!(offer.pattern != wide, "what is offered is the call as it is");
    assert_eq!(two.remember(&ann, id, for_a_time(600, Some(wide))).await, "ok");
    two.there.services.grants_reload().await.unwrap();
    for server in [&two.here, &two.there] {
        assert_eq!(two.decided(server, "pay", r#"{"amount":7}"#, "s").await, "granted");
        assert_eq!(two.decided(server, "pay", r#"{"amount":7,"to":"x"}"#, "s").await, "held");
        assert_eq!(two.decided(server, "pay_team", r#"{"amount":7}"#, "s").await, "held");
    }
    let own = two.here.services.decide(&two.here.owner, Stand::attempt("pay", r#"{"amount":7}"#));
    assert!(matches!(own.await.unwrap(), Ruling::Held(_)), "it is for one principal");
    let listed = two.there.services.grant_list(&ann).await.unwrap().items;
    assert_eq!((listed.len(), listed[0].granted_by.as_str()), (1, "ann"));
    assert_eq!(two.events(id, EventKind::Remembered).await, 1);
    // The other server has not heard of the end, and asks all the same.
    two.here.services.grant_revoke(&ann, listed[0].id).await.unwrap();
    assert!(two.there.services.has_grants());
    assert_eq!(two.decided(&two.there, "pay", r#"{"amount":8}"#, "s").await, "held");
    assert_eq!(two.decided(&two.here, "pay", r#"{"amount":9}"#, "s").await, "held");
    let kinds = two.here.kinds().await;
    assert!(kinds.contains(&AuditKind::GrantCreated) && kinds.contains(&AuditKind::GrantRevoked));
}

async fn a_grant_ends_with_its_time_its_session_its_granter_and_its_rule(place: Place) {
    let two = Two::on(place).await;
    let ann = two.approver("ann").await;
    // Another call than those that are approved, so that only the grant answers.
    let call = r#"{"amount":99}"#;
    let wide =
        || serde_json::from_value(serde_json::json!({"arguments": {"amount": "any"}})).unwrap();
    let grant = async |amount: u32, remember: Remember| {
        let id = two.hold_for("pay", amount).await;
        assert_eq!(two.remember(&ann, id, remember).await, "ok");
        assert_eq!(two.decided(&two.here, "pay", call, "s").await, "granted");
    };
    grant(1, for_a_time(60, wide())).await;
    two.clock.advance(Duration::from_mins(11));
    assert_eq!(two.decided(&two.here, "pay", call, "s").await, "held", "its time is over");
    grant(2, Remember { scope: RememberScope::Session, seconds: None, pattern: wide() }).await;
    assert_eq!(two.decided(&two.here, "pay", call, "s").await, "granted");
    assert_eq!(two.decided(&two.here, "pay", call, "").await, "held", "another session");
    let edited =
        POLICY.replace("name: one, timeout_seconds: 600", "name: one, timeout_seconds: 60");
    two.load(&edited);
    assert_eq!(two.decided(&two.here, "pay", call, "s").await, "held", "the workflow is another");
    two.load(&POLICY.replace("{name: pay, approval_workflow: one}", "{name: pay, enabled: false}"));
    assert_eq!(two.decided(&two.here, "pay", call, "s").await, "deny", "deny wins");
    two.load(POLICY);
    assert_eq!(two.decided(&two.here, "pay", call, "s").await, "granted", "as it was granted");
    let (owner, id) = (&two.here.owner, ann.user_id.unwrap());
    two.here.services.user_disable(owner, id, true).await.unwrap();
    assert_eq!(two.decided(&two.here, "pay", call, "s").await, "held", "the granter is gone");
}

async fn a_grant_answers_for_no_definition_that_nobody_accepted(place: Place) {
    let two = Two::on(place).await;
    let ann = two.approver("ann").await;
    let id = two.hold("pay").await;
    let wide = serde_json::from_value(serde_json::json!({"arguments": {"amount": "any"}})).unwrap();
    assert_eq!(two.remember(&ann, id, for_a_time(600, wide)).await, "ok");
    // Nobody accepted any tool of this server, which matters where the policy asks for that.
    two.load(&POLICY.replace("defaults: {require_approval_for_new_tools: false}\n", ""));
    assert_eq!(two.decided(&two.here, "pay", r#"{"amount":7}"#, "s").await, "held");
    two.load(POLICY);
    assert_eq!(two.decided(&two.here, "pay", r#"{"amount":8}"#, "s").await, "granted");
}

async fn what_takes_more_than_one_look_is_not_remembered(place: Place) {
    let two = Two::on(place).await;
    let ann = two.approver("ann").await;
    for tool in ["pay_two", "pay_code"] {
        let id = two.hold(tool).await;
        assert_eq!(two.remember(&ann, id, for_a_time(60, None)).await, "cannot_remember");
        assert_eq!(two.state(id).await, ApprovalState::Pending, "nor is the vote counted");
    }
    let id = two.hold("pay").await;
    for seconds in [59, 604_801] {
        assert_eq!(two.remember(&ann, id, for_a_time(seconds, None)).await, "invalid_remember");
    }
    let other = Pattern::CallHash("sha256:0".to_owned());
    assert_eq!(two.remember(&ann, id, for_a_time(60, Some(other))).await, "invalid_remember");
    assert_eq!(two.state(id).await, ApprovalState::Pending);
    assert!(!two.here.services.has_grants());
}

on_both_engines![
    remembered_calls_are_not_asked_about_until_it_ends,
    a_grant_ends_with_its_time_its_session_its_granter_and_its_rule,
    a_grant_answers_for_no_definition_that_nobody_accepted,
    what_takes_more_than_one_look_is_not_remembered,
];
