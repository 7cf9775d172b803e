//! A server that is dead, or taken for dead: what it left open is dealt with by another, once, and nothing runs twice.

use preloop_core::approval::VoteDecision;

use super::*;
use crate::store::testing::{Place, on_both_engines};

/// The server `main` has said nothing for more than a minute, in which the other one did.
const MAIN_IS_DEAD: &str = "update replica set steady_since = steady_since - 70000000,
    seen_at = seen_at - case when name = 'main' then 70000000 else 0 end";

async fn approved(stand: &Stand, amount: u32) -> Permit {
    let attempt = Stand::attempt("pay", &format!(r#"{{"amount":{amount}}}"#));
    let Ok(Ruling::Held(mut held)) = stand.services.decide(&stand.agent, attempt).await else {
        panic!("the call must be held")
    };
    stand.vote(held.approval().id, VoteDecision::Approve).await;
    match held.settled().await {
        Ok(Settled::Approved(permit)) => permit,
        other => panic!("the call must be approved: {other:?}"),
    }
}

async fn what_a_dead_server_left_open_is_taken_over_once(place: Place) {
    let here = Stand::on(place).await;
    let there = here.beside().await;
    let (claimed, mut running) = (approved(&here, 1).await, approved(&here, 2).await);
    running.dispatched().await.unwrap();
    let (claimed_id, running_id) = (claimed.approval_id().unwrap(), running.approval_id().unwrap());
    let attempt = Stand::attempt("pay", r#"{"amount":3}"#);
    let Ok(Ruling::Held(held)) = here.services.decide(&here.agent, attempt).await else {
        panic!("the call must be held")
    };
    let waiting = held.approval().id;
    for kept in [claimed, running] {
        std::mem::forget(kept);
    }
    std::mem::forget(held);

    there.platform.take_over().await.unwrap();
    assert_eq!(there.outcome(claimed_id).await, Some(ApprovalOutcome::Claimed), "it lives");
    here.place.execute(MAIN_IS_DEAD).await;
    there.platform.take_over().await.unwrap();
    assert_eq!(there.outcome(claimed_id).await, None, "never sent, so it is good still");
    assert_eq!(there.outcome(running_id).await, Some(ApprovalOutcome::Unknown));
    let shown = there.services.approval_show(&there.owner, waiting).await.unwrap();
    assert_eq!(shown.state, preloop_api::ApprovalState::Pending, "no request is lost");
    let told = there.kinds().await;
    let count = |kind| told.iter().filter(|told| **told == kind).count();
    assert_eq!((count(Interrupted), count(OutcomeUnknown)), (2, 1), "{told:?}");

    there.platform.take_over().await.unwrap();
    assert_eq!(there.kinds().await, told, "told once");
    let again = there.services.decide(&there.agent, Stand::attempt("pay", r#"{"amount":1}"#)).await;
    let Ok(Ruling::Allowed(permit)) = again else { panic!("approved and unused: {again:?}") };
    assert_eq!(permit.approval_id(), Some(claimed_id));
}

async fn a_server_wrongly_taken_for_dead_sends_nothing_that_was_given_back(place: Place) {
    let here = Stand::on(place).await;
    let there = here.beside().await;
    let (mut claimed, mut running) = (approved(&here, 1).await, approved(&here, 2).await);
    running.dispatched().await.unwrap();
    let (claimed_id, running_id) = (claimed.approval_id().unwrap(), running.approval_id().unwrap());
    here.place.execute(MAIN_IS_DEAD).await;
    there.platform.take_over().await.unwrap();

    let again = there.services.decide(&there.agent, Stand::attempt("pay", r#"{"amount":1}"#)).await;
    let Ok(Ruling::Allowed(mut other)) = again else { panic!("it was given back: {again:?}") };
    other.dispatched().await.unwrap();
    let refused = claimed.dispatched().await;
    assert!(
        matches!(refused, Err(ServiceError::Conflict { code: "approval_used", .. })),
        "its use is another call's: {refused:?}"
    );
    drop(claimed);
    here.background().await;
    assert_eq!(there.outcome(claimed_id).await, Some(ApprovalOutcome::Running), "of the other");
    other.finish(Outcome::Completed { is_error: false }, None).await;
    assert_eq!(there.outcome(claimed_id).await, Some(ApprovalOutcome::Completed));

    // What was sent goes on, and its end is known after all.
    running.finish(Outcome::Completed { is_error: false }, None).await;
    assert_eq!(there.outcome(running_id).await, Some(ApprovalOutcome::Completed));
}

async fn who_was_away_itself_takes_nobody_for_dead(place: Place) {
    let here = Stand::on(place).await;
    let there = here.beside().await;
    let permit = approved(&here, 1).await;
    let id = permit.approval_id().unwrap();
    for everybody in [
        // The database was away for a while.
        "update replica set seen_at = seen_at - 70000000, steady_since = steady_since - 700000000",
        // Its clock went back by an hour.
        "update replica set seen_at = seen_at + 3600000000, steady_since = steady_since - 700000000",
    ] {
        here.place.execute(everybody).await;
        there.platform.take_over().await.unwrap();
        assert_eq!(there.outcome(id).await, Some(ApprovalOutcome::Claimed), "{everybody}");
    }
    // The other one says nothing when it could.
    here.place.execute("update replica set steady_since = steady_since - 70000000").await;
    there.platform.take_over().await.unwrap();
    assert_eq!(there.outcome(id).await, None);
}

async fn what_a_server_begins_that_came_back_is_its_own(place: Place) {
    let here = Stand::on(place).await;
    let there = here.beside().await;
    here.place.execute(MAIN_IS_DEAD).await;
    there.platform.take_over().await.unwrap();
    let forgotten = approved(&here, 1).await;
    there.platform.take_over().await.unwrap();
    let id = forgotten.approval_id().unwrap();
    assert_eq!(there.outcome(id).await, Some(ApprovalOutcome::Claimed), "nobody knows it yet");
    here.platform.take_over().await.unwrap();
    here.place.execute("update replica set steady_since = steady_since - 70000000").await;
    there.platform.take_over().await.unwrap();
    assert_eq!(there.outcome(id).await, Some(ApprovalOutcome::Claimed), "it lives");
}

on_both_engines![
    what_a_dead_server_left_open_is_taken_over_once,
    a_server_wrongly_taken_for_dead_sends_nothing_that_was_given_back,
    who_was_away_itself_takes_nobody_for_dead,
    what_a_server_begins_that_came_back_is_its_own,
];
