//! An account that cannot be opened, and requests that cannot be read: the others go on.

use std::time::Duration;

use preloop_api::ApprovalState;

use super::*;
use crate::clock::{Clock as _, MockClock};
use crate::store::testing::{Place, on_both_engines};

/// An account whose tools cannot be read, with more due and untold requests than are read at once; and some in the first
/// account that cannot be read themselves. All of them come first.
const BROKEN: &str = "
    insert into account (account_id, name, created_at)
    values ('00000000-0000-7000-8000-00000000000b', 'broken', 9000000000000000);
    insert into tool (account_id, server, name, exposed_name, annotations, definition_hash, is_offered,
        first_seen_at, changed_at)
    values ('00000000-0000-7000-8000-00000000000b', 'x', 'x', 'x', 'no JSON', '', 1, 0, 0);
    insert into approval (approval_id, account_id, principal_id, call_hash, state, tool, arguments,
        principal, session_id, decision_id, decision, workflow, created_at, expires_at, due_at)
    with recursive number (n) as (select 1 union all select n + 1 from number where n < 1100)
    select '00000000-0000-7000-8000-' || cast(100000000000 + n as text),
        case when n > 120 then '00000000-0000-7000-8000-00000000000b'
            else (select account_id from account order by created_at limit 1) end,
        'a', cast(n as text), 'pending', 'pay', '{}', '{}', 's', 'd', '{}', '{}', 1, 2, 2
    from number;
    insert into approval_event (approval_id, account_id, seq, at, kind)
    select approval_id, account_id, 1, 1, 'requested' from approval where due_at = 2;
";

async fn it_does_not_stop_time_or_notices_of_others(place: Place) {
    let clock = Arc::new(MockClock::at(SystemClock.now()));
    let stand = Stand::start(place, "main", Arc::clone(&clock) as _, POLICY).await;
    let id = stand.hold().await.detach().id;
    stand.place.execute(BROKEN).await;
    stand.platform.notifications_fan_out().await.unwrap();
    let untold = stand.platform.shared().store.untold_events(None, 10_000).await.unwrap();
    assert_eq!(untold.len(), 1100, "what cannot be told now waits");
    assert!(untold.iter().all(|event| event.approval_id != id), "people hear of it");

    clock.advance(Duration::from_hours(24));
    let next = stand.platform.approvals_advance().await.unwrap();
    let shown = stand.services.approval_show(&stand.owner, id).await.unwrap();
    assert_eq!(shown.state, ApprovalState::Expired);
    assert!(next.is_some(), "the others are looked at again");
}

async fn it_does_not_keep_the_server_from_starting(place: Place) {
    let stand = Stand::on(place).await;
    let permit = stand.approved().await;
    let id = permit.approval_id().unwrap();
    std::mem::forget(permit);
    stand.place.execute(BROKEN).await;
    stand
        .place
        .execute(
            "update approval set state = 'approved', used_at = 3, outcome = 'running',
                 used_by = 'main' where call_hash = '1000'",
        )
        .await;
    let stand = stand.kill().await;
    assert_eq!(stand.outcome(id).await, None, "given back at the start");
    let left = stand.platform.recover().await.unwrap();
    assert_eq!(left.len(), 1, "the other account's is tried again: {left:?}");
    stand.place.execute("delete from tool where annotations = 'no JSON'").await;
    stand.place.execute("delete from approval_event where at = 1").await;
    stand.place.execute("delete from approval where call_hash = '1000'").await;
    assert!(stand.platform.settle_left(left).await.is_empty());
}

on_both_engines![
    it_does_not_stop_time_or_notices_of_others,
    it_does_not_keep_the_server_from_starting,
];
