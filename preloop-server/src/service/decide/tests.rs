//! What only the inside of a decision can cause: an end that is stored again, late.

use preloop_api::ApprovalOutcome;

use super::super::tests::Stand;
use super::permit::ApprovalUse;
use super::{Outcome, Ruling};
use crate::store::testing::{Place, on_both_engines};

async fn a_use_that_is_given_back_twice_frees_no_other_call(place: Place) {
    let stand = Stand::on(place).await;
    let first = stand.approved().await;
    let approval_id = first.approval_id().unwrap();
    let given_back = ApprovalUse { approval_id, number: 1 };
    stand.services.approval_give_back(given_back).await.unwrap();
    let attempt = Stand::attempt("pay", r#"{"amount":1}"#);
    let again = stand.services.decide(&stand.agent, attempt).await;
    let Ok(Ruling::Allowed(mut second)) = again else { panic!("it is good again: {again:?}") };
    second.dispatched().await.unwrap();
    // The database took the first time and its answer was lost, so it is tried again, when another call runs.
    stand.services.approval_give_back(given_back).await.unwrap();
    assert_eq!(stand.outcome(approval_id).await, Some(ApprovalOutcome::Running));
    // And whoever gave its use back cannot send its call any more.
    let mut first = first;
    let sent = first.dispatched().await.unwrap_err();
    assert!(sent.to_string().contains("used already"), "{sent}");
    drop(first);
    second.finish(Outcome::Completed { is_error: false }, None).await;
    assert_eq!(stand.outcome(approval_id).await, Some(ApprovalOutcome::Completed));
}

on_both_engines![a_use_that_is_given_back_twice_frees_no_other_call];
