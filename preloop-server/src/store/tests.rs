//! The store on a real file and on a real PostgreSQL.

use std::collections::BTreeMap;

use preloop_api::ToolState;
use preloop_core::Timestamp;
use preloop_testbed::Database;
use serde_json::Map;
use uuid::Uuid;

use super::testing::{Place, on_both_engines};
use super::*;
use crate::ids::new_id;

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000).unwrap()
}

async fn open(place: &Place) -> (Store, Uuid) {
    let store = place.open("main").await.unwrap();
    let account_id = store.account_ensure(new_id(now()), now()).await.unwrap();
    (store, account_id)
}

fn tool(name: &str, definition: &str) -> StoredTool {
    StoredTool {
        server: "files".to_owned(),
        name: name.to_owned(),
        exposed_name: format!("files__{name}"),
        description: None,
        annotations: Map::new(),
        input_schema: Some(serde_json::json!({"type": "object"})),
        definition_hash: definition.to_owned(),
        accepted_hash: None,
        is_offered: true,
    }
}

async fn the_account_and_the_tables_are_made_once(place: Place) {
    let (store, first) = open(&place).await;
    store.close().await;
    let (_, second) = open(&place).await;
    assert_eq!(first, second);
}

async fn a_database_of_another_version_is_refused(place: Place) {
    let (store, _) = open(&place).await;
    sqlx::query("insert into schema_migration (version, name, checksum) values (99, 'later', '')")
        .execute(store.connections.reader())
        .await
        .unwrap();
    store.close().await;
    let error = place.open("main").await.unwrap_err().to_string();
    assert!(error.contains("later version of preloop (step 99)"), "{error}");
}

async fn a_database_with_an_edited_history_is_refused(place: Place) {
    let (store, _) = open(&place).await;
    sqlx::query("update schema_migration set checksum = 'x'")
        .execute(store.connections.reader())
        .await
        .unwrap();
    store.close().await;
    let error = place.open("main").await.unwrap_err().to_string();
    assert!(error.contains("another text"), "{error}");
}

async fn the_first_listing_is_the_baseline_and_later_ones_are_compared_with_it(place: Place) {
    use ToolState::{Accepted, Changed, New};
    let (store, account_id) = open(&place).await;
    let listing = async |tools: Vec<StoredTool>| {
        let (tools, news) = store.tool_listing(account_id, "files", tools, now()).await.unwrap();
        let states: Vec<ToolState> = tools.iter().map(StoredTool::state).collect();
        (states, news.into_iter().map(|tool| tool.name).collect::<Vec<_>>())
    };
    assert_eq!(
        listing(vec![tool("read", "1"), tool("write", "1")]).await,
        (vec![Accepted; 2], vec![])
    );
    let second = listing(vec![tool("read", "2"), tool("write", "1"), tool("drop", "1")]).await;
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(second, (vec![Changed, Accepted, New], names(&["read", "drop"])));
    let third = listing(vec![tool("read", "2"), tool("drop", "1")]).await;
    assert_eq!(third, (vec![Changed, New], vec![]), "news are told once");
    let stored = store.tool_list(account_id).await.unwrap();
    let gone = stored.iter().find(|tool| tool.name == "write").unwrap();
    assert!(!gone.is_offered && gone.state() == Accepted);
    assert_eq!(gone.input_schema, tool("write", "1").input_schema);
    let accepted = store.tool_accept(account_id, "files", "read", now()).await.unwrap();
    assert_eq!(accepted.map(|tool| tool.state()), Some(Accepted));
    assert_eq!(store.tool_accept(account_id, "files", "none", now()).await.unwrap(), None);
    assert_eq!(listing(vec![tool("read", "2")]).await.0, [Accepted]);
    assert_eq!(
        listing(vec![tool("read", "1")]).await.0,
        [Changed],
        "an old definition is a change"
    );
}

/// On a full disk SQLite rolls back by itself, behind the driver's back.
#[tokio::test]
async fn writing_goes_on_after_a_transaction_was_lost() {
    let place = Place::sqlite();
    let (store, _) = open(&place).await;
    let mut tx = store.write().await.unwrap();
    sqlx::raw_sql("rollback").execute(&mut *tx).await.unwrap();
    assert!(tx.commit().await.is_err());
    store.write().await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_start_waits_for_its_database() {
    let database = Database::create();
    database.take_away();
    let (begun, absence) = (Instant::now(), Duration::from_secs(4));
    let returning = database.clone();
    let back = std::thread::spawn(move || {
        std::thread::sleep(absence);
        returning.bring_back();
    });
    let store = Store::open(Location::Postgres(database.url()), "main").await.unwrap();
    assert!(begun.elapsed() >= absence, "it was not there sooner");
    store.ping().await.unwrap();
    back.join().unwrap();
    let begun = Instant::now();
    let nowhere = Location::Postgres(database.url().replace("preloop_test", "preloop_none"));
    assert!(Store::open(nowhere, "main").await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(20), "what stays wrong is not waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_ends_though_the_database_hangs_over_it() {
    let database = Database::create();
    let store = Store::open(Location::Postgres(database.url()), "main").await.unwrap();
    let locking = database.clone();
    let locked = std::thread::spawn(move || {
        locking.run("begin; lock table approval in access exclusive mode; select pg_sleep(2)");
    });
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    let asking = {
        let store = store.clone();
        tokio::spawn(
            async move { while store.approval_find(Uuid::nil(), Uuid::nil()).await.is_ok() {} },
        )
    };
    while database.answer(waiting) == "0" && !asking.is_finished() {}
    let frost = database.freeze();
    let answered = tokio::time::timeout(Duration::from_secs(40), asking).await;
    assert!(answered.is_ok(), "whoever asked waits still");
    assert!(store.ping().await.is_err(), "and is not taken for one that answers");
    drop(frost);
    locked.join().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while store.write().await.is_err() {
        assert!(Instant::now() < deadline, "it goes on by itself");
    }
}

#[tokio::test]
async fn another_server_is_told_of_what_changed() {
    let place = Place::postgres();
    let (store, account_id) = open(&place).await;
    let other = place.open("other").await.unwrap();
    let mut changes = other.changes().await.unwrap().unwrap();
    store.tool_listing(account_id, "files", vec![tool("read", "1")], now()).await.unwrap();
    assert_eq!(changes.next().await.unwrap(), Change::Tools(account_id));
    let mut tx = store.write().await.unwrap();
    tx.announce(&Change::of_approval(account_id)).await.unwrap();
    tx.announce("what a later version tells").await.unwrap();
    drop(tx);
    let mut tx = store.write().await.unwrap();
    tx.announce(&Change::of_approval(account_id)).await.unwrap();
    tx.announce("what a later version tells").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(changes.next().await.unwrap(), Change::Approval(account_id), "only what is through");
    assert_eq!(changes.next().await.unwrap(), Change::Unknown);
}

#[tokio::test]
async fn each_server_knows_its_own_journal_and_its_own_calls() {
    let place = Place::postgres();
    let (store, account_id) = open(&place).await;
    let other = place.open("other").await.unwrap();
    let position = JournalPosition { segment: 3, offset: 7 };
    store.audit_append(BTreeMap::new(), position).await.unwrap();
    assert_eq!(store.audit_moved_to().await.unwrap(), position);
    assert_eq!(other.audit_moved_to().await.unwrap(), JournalPosition::default());
    let entry = IdempotencyEntry {
        account_id,
        api_key_id: account_id,
        key: "k".to_owned(),
        request_hash: "h".to_owned(),
    };
    let claim = async |store: &Store| store.idempotency_claim(&entry, now(), now()).await.unwrap();
    assert_eq!(claim(&store).await, IdempotencyClaim::First);
    other.idempotency_reset(LeftBy::ThisServer).await.unwrap();
    assert_eq!(claim(&other).await, IdempotencyClaim::InProgress, "its server answers it");
    store.idempotency_reset(LeftBy::ThisServer).await.unwrap();
    assert_eq!(claim(&other).await, IdempotencyClaim::First);
}

/// A sign-in that ends while it is renewed leaves no token behind, and ending it never fails.
async fn a_sign_in_ends_while_it_is_renewed(place: Place) {
    let (store, account_id) = open(&place).await;
    let user = preloop_api::User {
        id: new_id(now()),
        principal_id: "ann".to_owned(),
        name: "ann".to_owned(),
        email: None,
        role: preloop_api::Role::Viewer,
        teams: Vec::new(),
        has_password: false,
        created_at: now(),
        signed_in_at: None,
        disabled_at: None,
    };
    let user_id = user.id;
    let saved = store.user_insert(&StoredUser { account_id, user, password: None }, &[]).await;
    assert_eq!(saved.unwrap(), UserSaved::Saved);
    let ends = now().saturating_add(Duration::from_mins(1));
    let token = |hash: String| NewToken { hash, kind: TokenKind::Refresh, expires_at: ends };
    for round in 0..16 {
        let sign_in = SignInRow {
            id: new_id(now()),
            account_id,
            user_id,
            is_cookie: false,
            created_at: now(),
            used_at: now(),
            expires_at: ends,
        };
        let (first, next) = (format!("first {round}"), format!("next {round}"));
        assert!(store.sign_in_insert(&sign_in, &[token(first.clone())], "").await.unwrap());
        let next_tokens = [token(next.clone())];
        let end = async {
            match round % 2 {
                0 => store.sign_in_end(sign_in.id).await,
                _ => store.sign_in_end_all(user_id).await,
            }
        };
        let (renewed, ended) =
            tokio::join!(store.sign_in_refresh(&first, now(), &next_tokens), end);
        ended.unwrap();
        assert!(matches!(renewed.unwrap(), Refreshed::Renewed | Refreshed::Unknown));
        assert!(store.sign_in_find(&next).await.unwrap().is_none());
    }
}

/// Whoever signs in while the password is set anew, or the user disabled, is not in afterwards.
async fn a_sign_in_by_a_password_that_is_gone_does_not_begin(place: Place) {
    let (store, account_id) = open(&place).await;
    let user = preloop_api::User {
        id: new_id(now()),
        principal_id: "ann".to_owned(),
        name: "ann".to_owned(),
        email: None,
        role: preloop_api::Role::Viewer,
        teams: Vec::new(),
        has_password: true,
        created_at: now(),
        signed_in_at: None,
        disabled_at: None,
    };
    let user_id = user.id;
    let stored = StoredUser { account_id, user, password: Some("old".to_owned()) };
    assert_eq!(store.user_insert(&stored, &[]).await.unwrap(), UserSaved::Saved);
    let ends = now().saturating_add(Duration::from_mins(1));
    let begin = async |hash: &str, password: &str| {
        let token = NewToken { hash: hash.to_owned(), kind: TokenKind::Access, expires_at: ends };
        let sign_in = SignInRow {
            id: new_id(now()),
            account_id,
            user_id,
            is_cookie: false,
            created_at: now(),
            used_at: now(),
            expires_at: ends,
        };
        store.sign_in_insert(&sign_in, &[token], password).await.unwrap()
    };
    let change = async |password: &str, is_disabled: bool| {
        let rule = |stored: &mut StoredUser, _: bool| {
            stored.password = Some(password.to_owned());
            stored.user.disabled_at = is_disabled.then(now);
            Ok::<_, ()>(EndedSignIns::All)
        };
        store.user_change(account_id, user_id, rule).await.unwrap().unwrap().unwrap()
    };
    assert!(begin("first", "old").await);
    change("new", false).await;
    assert!(!begin("second", "old").await);
    assert!(begin("third", "new").await);
    for round in 0..16 {
        let (before, after) = (format!("new{round}"), format!("new{}", round + 1));
        change(&before, false).await;
        let hash = format!("at once {round}");
        let (_, is_in) = tokio::join!(change(&after, false), begin(&hash, &before));
        let stays = store.sign_in_find(&hash).await.unwrap().is_some();
        assert!(!stays, "{round}: {is_in}");
    }
    change("new", true).await;
    assert!(!begin("fourth", "new").await, "disabled");
}

/// Of two answers of one passkey at once, whose counters were compared with the same one, the first counts.
async fn a_passkey_is_used_from_where_it_stood(place: Place) {
    let (store, account_id) = open(&place).await;
    let user_id = new_id(now());
    sqlx::query(
        "insert into app_user (user_id, account_id, principal_id, name, name_key, role, created_at)
         values ($1, $2, $1, 'ann', 'ann', 'approver', 1)",
    )
    .bind(user_id.to_string())
    .bind(account_id.to_string())
    .execute(store.connections.reader())
    .await
    .unwrap();
    let passkey = StoredPasskey {
        id: new_id(now()),
        account_id,
        user_id,
        name: "key".to_owned(),
        credential_id: "id".to_owned(),
        credential: "counted to 5".to_owned(),
        created_at: now(),
        used_at: None,
    };
    assert!(store.passkey_insert(&passkey, 1).await.unwrap());
    let used = |to| store.passkey_used(user_id, "id", ("counted to 5", to), now());
    let (first, second) = tokio::join!(used("counted to 6"), used("counted to 7"));
    assert!(first.unwrap() ^ second.unwrap(), "one of them");
    store.passkey_remove(user_id, passkey.id).await.unwrap();
    assert!(!used("counted to 8").await.unwrap(), "it was removed");
}

on_both_engines![
    a_passkey_is_used_from_where_it_stood,
    a_sign_in_by_a_password_that_is_gone_does_not_begin,
    a_sign_in_ends_while_it_is_renewed,
    the_account_and_the_tables_are_made_once,
    a_database_of_another_version_is_refused,
    a_database_with_an_edited_history_is_refused,
    the_first_listing_is_the_baseline_and_later_ones_are_compared_with_it,
];
