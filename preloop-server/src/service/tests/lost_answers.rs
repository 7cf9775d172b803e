//! Answers of approved calls that did not reach their agents: the same call is told them, and does not run again.

use super::*;
use crate::store::testing::{Place, on_both_engines};

async fn an_answer_that_reached_nobody_is_told_and_the_call_not_run_again(place: Place) {
    let stand = Stand::on(place).await;
    let again = async || {
        stand.services.decide(&stand.agent, Stand::attempt("pay", r#"{"amount":1}"#)).await
    };
    let mut permit = stand.approved().await;
    let id = permit.approval_id().unwrap();
    permit.dispatched().await.unwrap();
    let running = again().await;
    let Ok(Ruling::Ran(running)) = running else { panic!("it runs: {running:?}") };
    assert_eq!(running.approval_id(), id);
    let answer = KeptAnswer::Result(r#"{"content":[]}"#.to_owned());
    let (ended, ()) = tokio::join!(
        running.ended(),
        permit.finish(Outcome::Completed { is_error: false }, Some(answer.clone()))
    );
    assert_eq!(ended.unwrap().answer, AnswerKept::Whole(answer.clone()));
    stand.services.answer_lost(id).await;
    let told = again().await;
    let Ok(Ruling::Ran(told)) = told else { panic!("nobody was told yet: {told:?}") };
    assert_eq!(told.ended().await.unwrap().answer, AnswerKept::Whole(answer));
    stand.services.answer_told(id).await;
    let anew = again().await;
    assert!(matches!(anew, Ok(Ruling::Held(_))), "told, so it asks anew: {anew:?}");
}

async fn who_left_while_the_call_ran_is_told_when_asking_again(place: Place) {
    let stand = Stand::on(place).await;
    let mut permit = stand.approved().await;
    permit.dispatched().await.unwrap();
    permit.caller_left();
    let answer = KeptAnswer::Result(r#"{"content":[]}"#.to_owned());
    permit.finish(Outcome::Completed { is_error: false }, Some(answer.clone())).await;
    let again = stand.services.decide(&stand.agent, Stand::attempt("pay", r#"{"amount":1}"#)).await;
    let Ok(Ruling::Ran(told)) = again else { panic!("nobody was told: {again:?}") };
    assert_eq!(told.ended().await.unwrap().answer, AnswerKept::Whole(answer));
}

on_both_engines![
    an_answer_that_reached_nobody_is_told_and_the_call_not_run_again,
    who_left_while_the_call_ran_is_told_when_asking_again,
];
