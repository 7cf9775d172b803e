//! The outbox on both engines: each delivery is one server's at a time, and an attempt that is over changes nothing.

use std::time::Duration;

use preloop_core::Timestamp;
use uuid::Uuid;

use super::super::testing::{Place, on_both_engines};
use super::*;
use crate::ids::new_id;

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000).unwrap()
}

fn after(seconds: u64) -> Timestamp {
    now().saturating_add(Duration::from_secs(seconds))
}

/// A store with a request that nobody was told of.
async fn untold(place: &Place, replica: &str) -> (Store, UntoldEvent) {
    let store = place.open(replica).await.unwrap();
    let account_id = store.account_ensure(new_id(now()), now()).await.unwrap();
    let approval_id = new_id(now());
    for text in [
        "insert into approval (approval_id, account_id, principal_id, call_hash, state, tool,
            arguments, principal, session_id, decision_id, decision, workflow, created_at, expires_at)
         values ($1, $2, 'a', $1, 'pending', 'pay', '{}', '{}', 's', 'd', '{}', '{}', 1, 2)",
        "insert into approval_event (approval_id, account_id, seq, at, kind)
         values ($1, $2, 1, 1, 'requested')",
    ] {
        sqlx::query(text)
            .bind(approval_id.to_string())
            .bind(account_id.to_string())
            .execute(store.connections.reader())
            .await
            .unwrap();
    }
    let kind = "requested".to_owned();
    let at = Timestamp::from_unix_micros(1).unwrap();
    (store, UntoldEvent { account_id, approval_id, seq: 1, at, kind })
}

fn delivery(event: &UntoldEvent, lane: &str) -> StoredDelivery {
    let id = new_id(now());
    StoredDelivery {
        id,
        account_id: event.account_id,
        approval_id: event.approval_id,
        event_seq: event.seq,
        kind: event.kind.clone(),
        channel: ChannelName::Webhook,
        user_id: None,
        target: id.to_string(),
        lane: lane.to_owned(),
        state: DeliveryState::Pending,
        attempts: 0,
        due_at: now(),
        reference: None,
        error: None,
        created_at: now(),
        finished_at: None,
    }
}

fn lane(name: &str, free: i64) -> Lane {
    Lane { name: name.to_owned(), free }
}

async fn an_event_is_fanned_out_once_whoever_comes_first(place: Place) {
    let (here, event) = untold(&place, "here").await;
    let there = place.open("there").await.unwrap();
    assert_eq!(here.untold_events(None, 10).await.unwrap(), std::slice::from_ref(&event));
    let mut planned = [delivery(&event, "a"), delivery(&event, "b")];
    planned.sort_by_key(|delivery| delivery.id);
    let other = [delivery(&event, "a")];
    let (first, second) =
        tokio::join!(here.event_fan_out(&event, &planned), there.event_fan_out(&event, &other));
    assert!(first.unwrap() ^ second.unwrap(), "one of them");
    assert!(there.untold_events(None, 10).await.unwrap().is_empty());
    let stored = here.delivery_list_of(event.approval_id).await.unwrap();
    assert!(stored == planned || stored == other, "{stored:?}");
}

async fn changes_of_preferences_at_once_are_all_kept(place: Place) {
    let here = place.open("here").await.unwrap();
    let there = place.open("there").await.unwrap();
    let account_id = here.account_ensure(new_id(now()), now()).await.unwrap();
    let user_id = new_id(now());
    sqlx::query(
        "insert into app_user (user_id, account_id, principal_id, name, name_key, role, created_at)
         values ($1, $2, $1, 'ann', 'ann', 'approver', 1)",
    )
    .bind(user_id.to_string())
    .bind(account_id.to_string())
    .execute(here.connections.reader())
    .await
    .unwrap();
    let change = async |store: &Store, change: fn(&mut StoredPreferences)| {
        let changed = store.preferences_change(account_id, user_id, now(), |stored| {
            change(stored);
            Ok::<_, ()>(())
        });
        changed.await.unwrap().unwrap();
    };
    for _ in 0..8 {
        change(&here, |stored| {
            stored.chat_ids.slack = Some("U1".to_owned());
            stored.settings = "{}".to_owned();
        })
        .await;
        // An admin says that it is another one's id while the user wants no more mail.
        tokio::join!(
            change(&here, |stored| stored.chat_ids.slack = None),
            change(&there, |stored| stored.settings = r#"{"email":false}"#.to_owned()),
        );
        let stored = here.preferences_find(account_id, user_id).await.unwrap().unwrap();
        assert_eq!(stored.chat_ids.slack, None, "the id does not come back");
        assert_eq!(stored.settings, r#"{"email":false}"#);
    }
}

async fn two_servers_never_send_the_same(place: Place) {
    let (here, event) = untold(&place, "here").await;
    let there = place.open("there").await.unwrap();
    let planned: Vec<StoredDelivery> = (0..20).map(|_| delivery(&event, "a")).collect();
    here.event_fan_out(&event, &planned).await.unwrap();
    let lanes = [lane("a", 15)];
    let (first, second) = tokio::join!(
        here.delivery_claim(&lanes, now(), after(60)),
        there.delivery_claim(&lanes, now(), after(60)),
    );
    let mut ids: Vec<Uuid> =
        first.unwrap().iter().chain(&second.unwrap()).map(|claimed| claimed.id).collect();
    assert_eq!(ids.len(), 20, "all of them, within what is free");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20, "each once");
    assert_eq!(here.delivery_lanes(now()).await.unwrap(), (vec![], Some(after(60))));
}

async fn what_a_dead_server_left_is_taken_once_its_lease_is_over_or_it_is_back(place: Place) {
    let (here, event) = untold(&place, "here").await;
    let there = place.open("there").await.unwrap();
    here.event_fan_out(&event, &[delivery(&event, "a")]).await.unwrap();
    let lanes = [lane("a", 4)];
    let claimed = here.delivery_claim(&lanes, now(), after(60)).await.unwrap();
    assert!(there.delivery_claim(&lanes, after(59), after(120)).await.unwrap().is_empty());
    let taken = there.delivery_claim(&lanes, after(60), after(120)).await.unwrap();
    assert_eq!((taken[0].id, taken[0].attempts), (claimed[0].id, 2));
    // The first one was only slow: what it says does not count any more.
    let sent = DeliveryEnd::Sent { reference: Some("x".to_owned()) };
    let (id, is_noted) = (claimed[0].id, here.delivery_end(claimed[0].id, 1, &sent, after(61)));
    assert!(!is_noted.await.unwrap());
    here.delivery_reset().await.unwrap();
    assert!(here.delivery_claim(&lanes, after(62), after(120)).await.unwrap().is_empty());
    there.delivery_reset().await.unwrap();
    let again = here.delivery_claim(&lanes, after(62), after(120)).await.unwrap();
    assert_eq!(again[0].attempts, 3);
    assert!(here.delivery_end(id, 3, &sent, after(63)).await.unwrap());
    let stored = here.delivery_find(event.account_id, id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.reference.as_deref()), (DeliveryState::Sent, Some("x")));
}

async fn what_failed_waits_is_given_up_and_is_sent_anew(place: Place) {
    let (store, event) = untold(&place, "here").await;
    store.event_fan_out(&event, &[delivery(&event, "a"), delivery(&event, "b")]).await.unwrap();
    assert_eq!(store.delivery_lanes(now()).await.unwrap().0, ["a", "b"]);
    let claimed = store.delivery_claim(&[lane("a", 1)], now(), after(60)).await.unwrap();
    let id = claimed[0].id;
    let again = DeliveryEnd::Again { at: after(10), error: "busy".to_owned() };
    assert!(store.delivery_end(id, 1, &again, after(1)).await.unwrap());
    assert_eq!(store.delivery_lanes(now()).await.unwrap(), (vec!["b".to_owned()], Some(after(10))));
    store.delivery_claim(&[lane("a", 1)], after(10), after(60)).await.unwrap();
    let dead = DeliveryEnd::Dead { error: "no\0 more".to_owned() };
    assert!(store.delivery_end(id, 2, &dead, after(11)).await.unwrap());
    let filter = DeliveryFilter {
        state: Some(DeliveryState::Dead),
        approval_id: None,
        before: None,
        limit: 10,
    };
    let listed = store.delivery_list(event.account_id, filter).await.unwrap();
    assert_eq!((listed[0].id, listed[0].error.as_deref()), (id, Some("no\u{fffd} more")));
    assert!(
        !store.delivery_replay(Uuid::max(), id, after(12)).await.unwrap(),
        "of another account"
    );
    assert!(store.delivery_replay(event.account_id, id, after(12)).await.unwrap());
    assert!(!store.delivery_replay(event.account_id, id, after(12)).await.unwrap());
    assert_eq!(store.delivery_lanes(after(12)).await.unwrap().0, ["b", "a"]);
    store.delivery_prune(after(1_000)).await.unwrap();
    assert_eq!(store.delivery_list_of(event.approval_id).await.unwrap().len(), 2, "none ended");
}

async fn a_code_is_spent_once(place: Place) {
    let (here, _) = untold(&place, "here").await;
    let there = place.open("there").await.unwrap();
    let (first, second) = tokio::join!(
        here.code_spend("h", after(120), now()),
        there.code_spend("h", after(120), now()),
    );
    assert!(first.unwrap() ^ second.unwrap());
    // Its note goes once the code has ended by itself.
    assert!(here.code_spend("other", after(500), after(121)).await.unwrap());
    assert!(here.code_spend("h", after(300), after(121)).await.unwrap());
}

on_both_engines! {
    changes_of_preferences_at_once_are_all_kept,
    an_event_is_fanned_out_once_whoever_comes_first,
    two_servers_never_send_the_same,
    what_a_dead_server_left_is_taken_once_its_lease_is_over_or_it_is_back,
    what_failed_waits_is_given_up_and_is_sent_anew,
    a_code_is_spent_once,
}
