//! Votes that meet, people who are gone, clocks that go back and servers that stop, on real stores of both engines.

use std::sync::Arc;
use std::time::Duration;

use preloop_api::{
    ApprovalState, ChangeUser, CreateApiKey, CreateTeam, CreateUser, EventKind, Remember,
    RememberScope, Role,
};
use preloop_core::approval::{Ballot, Pattern, Proof, Via, VoteDecision};
use preloop_core::audit::AuditKind;
use preloop_core::decision::{Action, Reason};
use preloop_files::PolicySource;

use super::super::tests::Stand;
use super::super::{Caller, Ruling};
use super::*;
use crate::clock::{Clock as _, MockClock, SystemClock};
use crate::notify::{Content, NoticeKind};
use crate::service::Services;
use crate::store::testing::{Place, on_both_engines};

mod grants;

const POLICY: &str = "
version: '1.0'
metadata: {name: test}
mcp_servers: [{name: bank, url: 'http://127.0.0.1:9/mcp'}]
approval_workflows:
- {name: one, timeout_seconds: 600}
- {name: two, timeout_seconds: 600, required_approvals: 2}
- {name: team, timeout_seconds: 600, approvers: [{team: payments}]}
- {name: code, timeout_seconds: 600, step_up: match_code}
- name: escalating
  timeout_seconds: 600
  on_timeout: escalate
  approvers: [ann]
  escalation: {escalate_to: [bob]}
defaults: {require_approval_for_new_tools: false}
tools:
- {name: pay, approval_workflow: one}
- {name: pay_two, approval_workflow: two}
- {name: pay_team, approval_workflow: team}
- {name: pay_code, approval_workflow: code}
- {name: pay_late, approval_workflow: escalating}
";

/// Two servers on one database, under one clock.
struct Two {
    here: Stand,
    there: Stand,
    clock: Arc<MockClock>,
}

impl Two {
    async fn on(place: Place) -> Self {
        let clock = Arc::new(MockClock::at(SystemClock.now()));
        let here = Stand::start(place.clone(), "main", Arc::clone(&clock) as _, POLICY).await;
        let there = Stand::start(place, "beside", Arc::clone(&clock) as _, POLICY).await;
        Self { here, there, clock }
    }

    /// A user of that name who may vote, known to both servers.
    async fn approver(&self, name: &str) -> Caller {
        let request = CreateUser {
            name: name.to_owned(),
            email: None,
            role: Role::Approver,
            password: None,
            teams: Vec::new(),
        };
        self.here.services.user_create(&self.here.owner, request).await.unwrap();
        let request = CreateApiKey {
            name: format!("of {name}"),
            user: Some(name.to_owned()),
            ..CreateApiKey::default()
        };
        let made = self.here.services.key_create(&self.here.owner, request).await.unwrap();
        self.there.platform.shared().keys_reload().await.unwrap();
        self.there.platform.shared().key_holder(made.key.reveal()).unwrap()
    }

    async fn hold(&self, tool: &str) -> Uuid {
        self.hold_for(tool, 1).await
    }

    async fn hold_for(&self, tool: &str, amount: u32) -> Uuid {
        let attempt = Stand::attempt(tool, &format!(r#"{{"amount":{amount}}}"#));
        match self.here.services.decide(&self.here.agent, attempt).await {
            Ok(Ruling::Held(held)) => held.detach().id,
            other => panic!("the call must be held: {other:?}"),
        }
    }

    async fn state(&self, id: Uuid) -> ApprovalState {
        self.there.services.approval_show(&self.here.owner, id).await.unwrap().state
    }

    async fn events(&self, id: Uuid, kind: EventKind) -> usize {
        let history = self.here.services.approval_history(&self.here.owner, id).await.unwrap();
        history.items.iter().filter(|event| event.kind == kind).count()
    }
}

fn approve() -> Ballot {
    Ballot::new(VoteDecision::Approve, Via::Api)
}

async fn vote(services: &Services, by: &Caller, id: Uuid, ballot: Ballot) -> &'static str {
    match services.approval_vote(by, id, ballot).await {
        Ok(_) => "ok",
        Err(
            ServiceError::Conflict { code, .. }
            | ServiceError::Forbidden { code, .. }
            | ServiceError::Invalid { code, .. },
        ) => code,
        Err(other) => panic!("{other:?}"),
    }
}

async fn two_approvers_at_the_same_instant_settle_it_once(place: Place) {
    let two = Two::on(place).await;
    let (ann, bob) = (two.approver("ann").await, two.approver("bob").await);
    for round in 0..8 {
        let id = two.hold_for("pay", round).await;
        let decline = Ballot::new(VoteDecision::Decline, Via::Api);
        let (first, second) = tokio::join!(
            vote(&two.here.services, &ann, id, approve()),
            vote(&two.there.services, &bob, id, decline),
        );
        let counted = [first, second].iter().filter(|answer| **answer == "ok").count();
        assert_eq!(counted, 1, "round {round}: {first} {second}");
        assert!([first, second].contains(&"approval_settled"), "{first} {second}");
        let ends = two.events(id, EventKind::Approved).await;
        assert_eq!(ends + two.events(id, EventKind::Declined).await, 1);
        assert_eq!(two.events(id, EventKind::Voted).await, 1);
    }
}

async fn the_last_two_of_a_quorum_are_both_counted(place: Place) {
    let two = Two::on(place).await;
    let (ann, bob) = (two.approver("ann").await, two.approver("bob").await);
    let id = two.hold("pay_two").await;
    let (first, second) = tokio::join!(
        vote(&two.here.services, &ann, id, approve()),
        vote(&two.there.services, &bob, id, approve()),
    );
    assert_eq!((first, second), ("ok", "ok"));
    assert_eq!(two.state(id).await, ApprovalState::Approved);
    assert_eq!(two.events(id, EventKind::Approved).await, 1);
}

async fn votes_of_who_was_removed_before_the_quorum_do_not_count(place: Place) {
    let two = Two::on(place).await;
    let (ann, bob) = (two.approver("ann").await, two.approver("bob").await);
    let carol = two.approver("carol").await;
    let id = two.hold("pay_two").await;
    assert_eq!(vote(&two.here.services, &ann, id, approve()).await, "ok");
    two.here.services.user_disable(&two.here.owner, ann.user_id.unwrap(), true).await.unwrap();
    assert_eq!(vote(&two.there.services, &bob, id, approve()).await, "ok");
    assert_eq!(two.state(id).await, ApprovalState::Pending, "bob alone is no quorum");
    assert_eq!(vote(&two.here.services, &carol, id, approve()).await, "ok");
    assert_eq!(two.state(id).await, ApprovalState::Approved);
}

async fn an_answer_is_for_a_question_and_of_bounded_length(place: Place) {
    let two = Two::on(place).await;
    let ann = two.approver("ann").await;
    let answering = |text: String| approve().answering(Some(text));
    let (id, of_team) = (two.hold("pay").await, two.hold("pay_team").await);
    let long = answering("x".repeat(4_001));
    assert_eq!(vote(&two.here.services, &ann, id, long).await, "answer_too_long");
    let answer = || answering("yes".to_owned());
    assert_eq!(vote(&two.here.services, &ann, id, answer()).await, "answer_not_asked");
    assert_eq!(two.state(id).await, ApprovalState::Pending, "nothing was counted");
    let refused = vote(&two.here.services, &ann, of_team, answer()).await;
    assert_eq!(refused, "not_an_approver", "the right to vote is judged first");
    assert_eq!(vote(&two.here.services, &ann, id, approve()).await, "ok");
}

async fn each_request_of_a_list_has_its_own_votes(place: Place) {
    let two = Two::on(place).await;
    let (ann, bob) = (two.approver("ann").await, two.approver("bob").await);
    let (both, one, none) =
        (two.hold("pay_two").await, two.hold("pay").await, two.hold("pay_code").await);
    for (by, id) in [(&bob, both), (&ann, both), (&bob, one)] {
        assert_eq!(vote(&two.here.services, by, id, approve()).await, "ok");
        two.clock.advance(Duration::from_secs(1));
    }
    let query = ApprovalQuery { limit: 10, ..ApprovalQuery::default() };
    let page = two.there.services.approval_list(&two.here.owner, query).await.unwrap();
    let votes = |id: Uuid| {
        let approval = page.items.iter().find(|approval| approval.id == id).unwrap();
        approval.votes.iter().map(|vote| vote.by.clone()).collect::<Vec<_>>()
    };
    assert_eq!(votes(both), ["bob", "ann"]);
    assert_eq!(votes(one), ["bob"]);
    assert_eq!(votes(none), [""; 0]);
}

async fn an_export_that_begins_with_a_page_of_nothing_is_whole(place: Place) {
    let two = Two::on(place).await;
    two.approver("bob").await;
    let id = two.hold("pay").await;
    two.hold("pay_team").await;
    // More than are looked at for a page, newer, and none of bob's business.
    two.here
        .place
        .execute(
            "insert into approval (approval_id, account_id, principal_id, call_hash, state, tool,
                 server, source, arguments, principal, session_id, decision_id, decision, workflow,
                 created_at, expires_at)
             with recursive number (n) as (select 1 union all select n + 1 from number where n < 1001)
             select '00000000-0000-7000-8000-' || cast(100000000000 + n as text), account_id,
                 principal_id, cast(n as text), state, tool, server, source, arguments, principal,
                 session_id, decision_id, decision, workflow, created_at + n, expires_at
             from approval, number where tool = 'pay_team'",
        )
        .await;
    let query = ApprovalQuery { approver: Some("bob".to_owned()), ..ApprovalQuery::default() };
    let services = &two.there.services;
    let mut export = services.approval_export(&two.here.owner, ExportFormat::Json, query);
    let mut text = String::new();
    while let Some(piece) = export.next().await.unwrap() {
        text.push_str(&piece);
    }
    let exported: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let ids: Vec<String> =
        exported.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, [id.to_string()]);
}

async fn an_approval_that_was_not_used_is_told_as_such(place: Place) {
    let two = Two::on(place).await;
    let ann = two.approver("ann").await;
    let (approved, ignored) = (two.hold("pay").await, two.hold("pay_two").await);
    assert_eq!(vote(&two.here.services, &ann, approved, approve()).await, "ok");
    two.clock.advance(Duration::from_hours(1));
    two.here.platform.approvals_advance().await.unwrap();
    let mut words = Vec::new();
    for id in [approved, ignored] {
        let shown = two.here.services.approval_show(&two.here.owner, id).await.unwrap();
        assert_eq!(shown.state, ApprovalState::Expired);
        words.push(Content::of(&shown, NoticeKind::Expired, None).headline);
    }
    assert_eq!(words[0], "Expired: agent was let call pay, and did not in time");
    assert_eq!(words[1], "Expired: nobody let agent call pay_two in time");
}

async fn a_person_votes_once_however_often_and_wherever(place: Place) {
    let two = Two::on(place).await;
    let ann = two.approver("ann").await;
    let id = two.hold("pay_two").await;
    let (first, second) = tokio::join!(
        vote(&two.here.services, &ann, id, approve()),
        vote(&two.there.services, &ann, id, approve()),
    );
    let mut answers = [first, second];
    answers.sort_unstable();
    assert_eq!(answers, ["already_voted", "ok"]);
    assert_eq!(two.state(id).await, ApprovalState::Pending);
}

async fn a_late_vote_does_not_count_even_where_nobody_noticed_the_end(place: Place) {
    let two = Two::on(place).await;
    let ann = two.approver("ann").await;
    let id = two.hold("pay").await;
    two.clock.advance(Duration::from_mins(10));
    assert_eq!(vote(&two.there.services, &ann, id, approve()).await, "approval_settled");
    assert_eq!(two.state(id).await, ApprovalState::Expired);
    two.clock.set(two.clock.now().checked_sub(Duration::from_mins(5)).unwrap());
    let again = vote(&two.here.services, &ann, id, approve()).await;
    assert_eq!(again, "approval_settled", "a clock that goes back opens nothing");
}

async fn who_left_the_team_or_was_disabled_votes_no_more(place: Place) {
    let two = Two::on(place).await;
    let (ann, bob) = (two.approver("ann").await, two.approver("bob").await);
    let owner = &two.here.owner;
    let team = CreateTeam { name: "payments".to_owned(), description: None };
    let team = two.here.services.team_create(owner, team).await.unwrap();
    let ann_id = ann.user_id.unwrap();
    two.here.services.team_member(owner, team.id, ann_id, true).await.unwrap();
    let id = two.hold("pay_team").await;
    // The other server holds keys from before the team: what the store says counts.
    two.here.services.team_member(owner, team.id, ann_id, false).await.unwrap();
    assert_eq!(vote(&two.there.services, &ann, id, approve()).await, "not_an_approver");
    two.here.services.team_member(owner, team.id, ann_id, true).await.unwrap();
    two.here.services.user_disable(owner, ann_id, true).await.unwrap();
    assert_eq!(vote(&two.there.services, &ann, id, approve()).await, "permission_denied");
    let viewer = ChangeUser { role: Some(Role::Viewer), ..ChangeUser::default() };
    two.here.services.user_change(owner, bob.user_id.unwrap(), viewer).await.unwrap();
    let other = two.hold("pay").await;
    assert_eq!(vote(&two.there.services, &bob, other, approve()).await, "permission_denied");
    assert_eq!(vote(&two.here.services, owner, id, approve()).await, "not_an_approver");
    assert_eq!(two.state(id).await, ApprovalState::Pending);
}

async fn a_timeout_escalates_once_over_restart_and_servers(place: Place) {
    let two = Two::on(place.clone()).await;
    let (ann, bob) = (two.approver("ann").await, two.approver("bob").await);
    let id = two.hold("pay_late").await;
    two.clock.advance(Duration::from_secs(599));
    two.here.platform.approvals_advance().await.unwrap();
    assert_eq!(two.events(id, EventKind::Escalated).await, 0, "never early");
    assert_eq!(vote(&two.here.services, &bob, id, approve()).await, "not_an_approver");
    // Both servers stop, and the time comes while none runs.
    let clock = Arc::clone(&two.clock);
    two.here.platform.close().await;
    two.there.platform.close().await;
    clock.advance(Duration::from_mins(5));
    let here = Stand::start(place.clone(), "main", Arc::clone(&clock) as _, POLICY).await;
    let there = Stand::start(place, "beside", Arc::clone(&clock) as _, POLICY).await;
    let two = Two { here, there, clock };
    let (first, second) =
        tokio::join!(two.here.platform.approvals_advance(), two.there.platform.approvals_advance());
    first.and(second).unwrap();
    assert_eq!(two.events(id, EventKind::Escalated).await, 1);
    let shown = two.here.services.approval_show(&two.here.owner, id).await.unwrap();
    assert_eq!((shown.state, shown.time_left_seconds), (ApprovalState::Pending, Some(600)));
    assert_eq!(shown.approvers.len(), 2, "{:?}", shown.approvers);
    // The clock going back neither undoes nor repeats it.
    let now = two.clock.now();
    two.clock.set(now.checked_sub(Duration::from_secs(800)).unwrap());
    two.there.platform.approvals_advance().await.unwrap();
    assert_eq!(two.events(id, EventKind::Escalated).await, 1);
    two.clock.set(now);
    assert_eq!(vote(&two.there.services, &bob, id, approve()).await, "ok");
    assert_eq!(two.state(id).await, ApprovalState::Approved);
    assert_eq!(vote(&two.here.services, &ann, id, approve()).await, "approval_settled");
    let mut kinds = two.here.kinds().await;
    kinds.extend(two.there.kinds().await);
    assert!(kinds.contains(&AuditKind::ApprovalEscalated), "{kinds:?}");
}

async fn an_escalation_that_nobody_answers_lapses_once(place: Place) {
    let two = Two::on(place).await;
    let id = two.hold("pay_late").await;
    for (pause, state) in [
        (600, ApprovalState::Pending),
        (599, ApprovalState::Pending),
        (1, ApprovalState::Expired),
        (600, ApprovalState::Expired),
    ] {
        two.clock.advance(Duration::from_secs(pause));
        let (first, second) = tokio::join!(
            two.here.platform.approvals_advance(),
            two.there.platform.approvals_advance()
        );
        first.and(second).unwrap();
        assert_eq!(two.state(id).await, state, "after {pause} more");
    }
    assert_eq!(two.events(id, EventKind::Escalated).await, 1);
    assert_eq!(two.events(id, EventKind::Expired).await, 1);
}

async fn wrong_codes_are_counted_over_all_servers(place: Place) {
    let two = Two::on(place).await;
    let (ann, bob) = (two.approver("ann").await, two.approver("bob").await);
    let id = two.hold("pay_code").await;
    let typed = |code: &str| approve().proving(Proof::MatchCode(code.to_owned()));
    assert_eq!(vote(&two.here.services, &ann, id, approve()).await, "step_up_required");
    for services in [&two.here.services, &two.there.services, &two.here.services] {
        assert_eq!(vote(services, &ann, id, typed("no")).await, "wrong_match_code");
    }
    assert_eq!(vote(&two.there.services, &ann, id, typed("no")).await, "step_up_locked");
    let stored = two.here.services.inner.store.approval_find(two.here.owner.account_id, id).await;
    let code = stored.unwrap().unwrap().request.match_code.unwrap();
    assert_eq!(vote(&two.there.services, &bob, id, typed(code.as_str())).await, "ok");
    let stored = two.here.services.inner.store.approval_find(two.here.owner.account_id, id).await;
    assert!(stored.unwrap().unwrap().request.match_code.is_none(), "it is worth nothing now");
    let kinds = two.here.kinds().await;
    let guesses = kinds.iter().filter(|kind| **kind == AuditKind::RequestRefused).count();
    assert_eq!(guesses, 2, "each server writes its own into the trail");
}

async fn a_vote_for_another_call_does_not_count(place: Place) {
    let two = Two::on(place).await;
    let ann = two.approver("ann").await;
    let id = two.hold("pay").await;
    let seen = |hash: String| Ballot { seen: Some(hash), ..approve() };
    let other = seen("sha256:0".to_owned());
    assert_eq!(vote(&two.here.services, &ann, id, other).await, "approval_mismatch");
    let shown = two.here.services.approval_show(&ann, id).await.unwrap();
    assert_eq!(vote(&two.here.services, &ann, id, seen(shown.call_hash)).await, "ok");
    assert_eq!(two.state(id).await, ApprovalState::Approved);
}

async fn the_timeline_tells_what_happened(place: Place) {
    let two = Two::on(place).await;
    let ann = two.approver("ann").await;
    let id = two.hold("pay").await;
    assert_eq!(two.hold("pay").await, id);
    two.here.services.approval_show(&ann, id).await.unwrap();
    two.here.services.tasks().finished().await;
    two.here.services.approval_show(&ann, id).await.unwrap();
    assert_eq!(vote(&two.there.services, &ann, id, approve()).await, "ok");
    let attempt = Stand::attempt("pay", r#"{"amount":1}"#);
    let ruled = two.here.services.decide(&two.here.agent, attempt).await.unwrap();
    let Ruling::Allowed(mut permit) = ruled else { panic!("{ruled:?}") };
    assert_eq!(permit.decision().action, Action::Allow);
    permit.dispatched().await.unwrap();
    permit.finish(crate::service::Outcome::Completed { is_error: false }, None).await;
    let history = two.there.services.approval_history(&ann, id).await.unwrap();
    let kinds: Vec<&str> = history.items.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["requested", "joined", "viewed", "voted", "approved", "used", "completed"]);
    assert_eq!(two.here.services.approval_show(&ann, id).await.unwrap().asked_count, 2);
}

on_both_engines![
    two_approvers_at_the_same_instant_settle_it_once,
    the_last_two_of_a_quorum_are_both_counted,
    votes_of_who_was_removed_before_the_quorum_do_not_count,
    an_answer_is_for_a_question_and_of_bounded_length,
    each_request_of_a_list_has_its_own_votes,
    an_export_that_begins_with_a_page_of_nothing_is_whole,
    an_approval_that_was_not_used_is_told_as_such,
    a_person_votes_once_however_often_and_wherever,
    a_late_vote_does_not_count_even_where_nobody_noticed_the_end,
    who_left_the_team_or_was_disabled_votes_no_more,
    a_timeout_escalates_once_over_restart_and_servers,
    an_escalation_that_nobody_answers_lapses_once,
    wrong_codes_are_counted_over_all_servers,
    a_vote_for_another_call_does_not_count,
    the_timeline_tells_what_happened,
];
