//! What changes while a call waits: its key, its workflow, the teams of whoever asked.

use preloop_api::{ApprovalState, ChangeTeam, CreateTeam};
use preloop_core::approval::VoteDecision;
use preloop_files::PolicySource;

use super::super::*;
use super::{POLICY, Stand};
use crate::store::Part;
use crate::store::testing::{Place, on_both_engines};

async fn a_key_revoked_while_its_call_waits_runs_nothing(place: Place) {
    let stand = Stand::on(place).await;
    let mut held = stand.hold().await;
    let id = held.approval().id;
    stand.services.key_revoke(&stand.owner, stand.agent.key_id).await.unwrap();
    stand.vote(id, VoteDecision::Approve).await;
    let settled = held.settled().await;
    let Ok(Settled::Denied(denied)) = settled else { panic!("the key is gone: {settled:?}") };
    assert!(denied.decision.message.contains("revoked"), "{}", denied.decision.message);
    assert_eq!(stand.outcome(id).await, None, "the approval was not used");
}

async fn a_workflow_made_stricter_while_a_call_waits_asks_anew(place: Place) {
    let stand = Stand::on(place).await;
    let mut held = stand.hold().await;
    let id = held.approval().id;
    let stricter = POLICY.replace("{name: people}", "{name: people, required_approvals: 2}");
    stand
        .services
        .policy_load(&PolicySource::File(stricter.as_bytes().to_vec()), "a test")
        .unwrap();
    stand.vote(id, VoteDecision::Approve).await;
    let settled = held.settled().await;
    let Ok(Settled::Held(again)) = settled else { panic!("two must agree now: {settled:?}") };
    assert_ne!(again.approval().id, id);
    assert_eq!(again.approval().workflow.required_approvals, 2);
    let repeated = stand.hold().await;
    assert_eq!(repeated.approval().id, again.approval().id, "joined, past the approved one");
}

async fn a_team_joined_while_a_call_waits_has_its_say(place: Place) {
    let stand = Stand::on(place).await;
    let text = "version: '1.0'\nmetadata: {name: careful}\ntools: [{name: pay, enabled: false}]\n";
    let command = ApplyCommand {
        scope: "team:careful".parse().unwrap(),
        policy: preloop_core::ValidPolicy::parse(text).unwrap(),
        cause: preloop_api::VersionCause::Apply,
        message: None,
        expected: Expected::Any,
        dry_run: false,
    };
    let applied = stand.services.policy_apply(&stand.owner, command).await.unwrap();
    assert!(applied.warnings[0].message.contains("no team `careful`"), "{applied:?}");
    let mut held = stand.hold().await;
    let team = CreateTeam { name: "careful".to_owned(), description: None };
    let team = stand.services.team_create(&stand.owner, team).await.unwrap();
    let agent = stand.services.agent_list(&stand.owner, &Part::ALL).await.unwrap().items[0].id;
    stand.services.team_member(&stand.owner, team.id, agent, true).await.unwrap();
    stand.vote(held.approval().id, VoteDecision::Approve).await;
    let settled = held.settled().await;
    let Ok(Settled::Denied(denied)) = settled else { panic!("the team denies it: {settled:?}") };
    assert_eq!(denied.decision.policy.name, "careful");
    // Under another name the team would be without its policy.
    let change = || ChangeTeam { name: Some("carefree".to_owned()), description: None };
    let changed = stand.services.team_change(&stand.owner, team.id, change()).await;
    assert!(
        matches!(changed, Err(ServiceError::Conflict { code: "team_has_policy", .. })),
        "{changed:?}"
    );
}

async fn a_tool_that_changed_since_people_were_asked_is_asked_for_anew(place: Place) {
    let stand = Stand::on(place).await;
    let decide = async |definition: &str| {
        let definition_hash = Some(definition.to_owned());
        let attempt = Attempt { definition_hash, ..Stand::attempt("pay", r#"{"amount":1}"#) };
        stand.services.decide(&stand.agent, attempt).await.unwrap()
    };
    let Ruling::Held(held) = decide("first").await else { panic!("people are asked") };
    let first = held.detach().id;
    let Ruling::Held(held) = decide("second").await else { panic!("people are asked anew") };
    let second = held.detach().id;
    assert_ne!(first, second, "it does not join");
    let shown = stand.services.approval_show(&stand.owner, first).await.unwrap();
    assert_eq!(shown.state, ApprovalState::Cancelled);
    stand.vote(second, VoteDecision::Approve).await;
    let Ruling::Held(held) = decide("third").await else { panic!("nobody saw this one") };
    held.detach();
    assert_eq!(stand.outcome(second).await, None, "the approval was not used");
    let joined = decide("third").await;
    assert!(matches!(joined, Ruling::Held(_)), "{joined:?}");
}

on_both_engines![
    a_tool_that_changed_since_people_were_asked_is_asked_for_anew,
    a_key_revoked_while_its_call_waits_runs_nothing,
    a_workflow_made_stricter_while_a_call_waits_asks_anew,
    a_team_joined_while_a_call_waits_has_its_say,
];
