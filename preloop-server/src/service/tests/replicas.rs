//! Two servers on one PostgreSQL: what one does, the other knows.

use preloop_core::approval::{Ballot, Via, VoteDecision};

use super::super::*;
use super::Stand;
use crate::store::Change;
use crate::store::testing::Place;

#[tokio::test]
async fn two_servers_share_requests_votes_and_keys() {
    let here = Stand::on(Place::postgres()).await;
    let there = here.beside().await;
    let mut changes = there.platform.changes().await.unwrap().unwrap();
    let (mut first, mut second) = (here.hold().await, there.hold().await);
    let id = first.approval().id;
    assert_eq!(second.approval().id, id, "the same call joins across servers");
    here.vote(id, VoteDecision::Approve).await;
    let mut follow = async || loop {
        let change = changes.next().await.unwrap();
        there.platform.follow(change).await.unwrap();
        if change == Change::Approval(id) {
            return;
        }
    };
    let (first, second, ()) = tokio::join!(first.settled(), second.settled(), follow());
    let settled = [first.unwrap(), second.unwrap()];
    let ran = settled.iter().filter(|settled| matches!(settled, Settled::Approved(_))).count();
    let used = settled.iter().filter(|settled| matches!(settled, Settled::Ran(_))).count();
    assert_eq!((ran, used), (1, 1), "{settled:?}");
    drop(settled);
    here.background().await;
    there.background().await;

    here.services.key_revoke(&here.owner, here.agent.key_id).await.unwrap();
    while there.platform.shared().key_holder("pla_test").is_some() {
        let change = changes.next().await.unwrap();
        there.platform.follow(change).await.unwrap();
    }
    here.platform.journal_move().await.unwrap();
    there.platform.journal_move().await.unwrap();
    let report = here.services.audit_verify(&here.owner).await.unwrap();
    assert!(report.is_valid, "two journals make one chain: {report:?}");
}

#[tokio::test]
async fn a_vote_on_two_servers_at_once_settles_once() {
    let here = Stand::on(Place::postgres()).await;
    let there = here.beside().await;
    for amount in 0..8 {
        let attempt = Stand::attempt("pay", &format!(r#"{{"amount":{amount}}}"#));
        let ruling = here.services.decide(&here.agent, attempt).await;
        let Ok(Ruling::Held(held)) = ruling else { panic!("the call must be held") };
        let id = held.approval().id;
        held.detach();
        let vote = |stand: &Stand, decision| {
            let (services, owner) = (stand.services.clone(), stand.owner.clone());
            async move {
                let ballot = Ballot::new(decision, Via::Api);
                services.approval_vote(&owner, id, ballot).await
            }
        };
        let (approved, declined) =
            tokio::join!(vote(&here, VoteDecision::Approve), vote(&there, VoteDecision::Decline));
        assert_eq!(
            usize::from(approved.is_ok()) + usize::from(declined.is_ok()),
            1,
            "{approved:?} {declined:?}"
        );
        let shown = here.services.approval_show(&here.owner, id).await.unwrap();
        assert_eq!(shown.votes.len(), 1);
    }
}
