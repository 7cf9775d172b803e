//! Policies and versions on both engines.

use preloop_api::ScopeKind;
use preloop_core::audit::{AuditKind, AuditRecord};

use super::*;
use crate::ids::new_id;
use crate::store::testing::{Place, on_both_engines};

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000).unwrap()
}

async fn open(place: &Place) -> (Store, Uuid) {
    let store = place.open("main").await.unwrap();
    let account_id = store.account_ensure(new_id(now()), now()).await.unwrap();
    (store, account_id)
}

fn team(name: &str) -> PolicyScope {
    PolicyScope::new(ScopeKind::Team, name).unwrap()
}

fn author() -> PolicyAuthor {
    PolicyAuthor { id: "u1".to_owned(), name: "ada".to_owned() }
}

fn write(account_id: Uuid, scope: &PolicyScope, name: &str, digest: &str) -> PolicyWrite {
    PolicyWrite {
        account_id,
        scope: scope.clone(),
        expected: ExpectedLive::Whatever,
        policy_id: new_id(now()),
        version_id: new_id(now()),
        name: name.to_owned(),
        description: None,
        digest: digest.to_owned(),
        document: format!("{{\"digest\":\"{digest}\"}}"),
        cause: VersionCause::Import,
        author: author(),
        message: Some("why".to_owned()),
        now: now(),
        record: None,
    }
}

fn record() -> AuditRecord {
    AuditRecord::new(new_id(now()).to_string(), now(), AuditKind::PolicyRemoved)
}

async fn applied(store: &Store, write: &PolicyWrite) -> PolicyVersion {
    match store.policy_apply(write, None).await.unwrap() {
        PolicyWritten::Live(version) => *version,
        other => panic!("{other:?}"),
    }
}

fn numbers(versions: &[StoredVersion]) -> Vec<u64> {
    versions.iter().map(|stored| stored.version.number).collect()
}

async fn each_apply_is_a_version_and_the_last_is_live(place: Place) {
    let (store, account_id) = open(&place).await;
    let account = PolicyScope::account();
    let first = applied(&store, &write(account_id, &account, "p", "a")).await;
    let second = applied(&store, &write(account_id, &account, "p", "b")).await;
    assert_eq!((first.number, first.parent_id), (1, None));
    assert_eq!((second.number, second.parent_id), (2, Some(first.id)));
    assert_eq!(first.policy_id, second.policy_id);
    let live = store.policy_of_scope(account_id, &account).await.unwrap().unwrap();
    assert_eq!((live.version_id, live.digest.as_str(), live.number), (second.id, "b", 2));
    assert_eq!((live.author, live.cause), (author(), VersionCause::Import));
    assert_eq!(store.policy_find(account_id, live.id).await.unwrap().unwrap().name, "p");
    let (stored, document) = store.version_find(account_id, first.id).await.unwrap().unwrap();
    assert_eq!(document, "{\"digest\":\"a\"}");
    assert_eq!(stored.version, PolicyVersion { is_live: false, ..first });
    let filter = VersionFilter { limit: 10, ..VersionFilter::default() };
    let all = store.version_list(account_id, &filter).await.unwrap();
    assert_eq!(numbers(&all), [2, 1]);
}

async fn what_was_expected_must_be_live(place: Place) {
    let (store, account_id) = open(&place).await;
    let account = PolicyScope::account();
    let expecting = |expected: Option<&str>, digest: &str| PolicyWrite {
        expected: expected
            .map_or(ExpectedLive::Nothing, |digest| ExpectedLive::Digest(digest.to_owned())),
        ..write(account_id, &account, "p", digest)
    };
    let answer = store.policy_apply(&expecting(Some("a"), "b"), None).await.unwrap();
    assert_eq!(answer, PolicyWritten::Unexpected(None));
    applied(&store, &expecting(None, "a")).await;
    let answer = store.policy_apply(&expecting(None, "b"), None).await.unwrap();
    assert_eq!(answer, PolicyWritten::Unexpected(Some("a".to_owned())));
    let heads = store.policy_heads(account_id).await.unwrap();
    assert_eq!(heads.iter().map(|head| head.digest.as_str()).collect::<Vec<_>>(), ["a"]);
    // Ten at once from the same base: one comes through.
    let writes: Vec<PolicyWrite> =
        (0..10).map(|at| expecting(Some("a"), &format!("c{at}"))).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for write in writes {
        let store = store.clone();
        tasks.spawn(async move { store.policy_apply(&write, None).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    let live = |answer: &&PolicyWritten| matches!(answer, PolicyWritten::Live(_));
    assert_eq!(answers.iter().filter(live).count(), 1, "{answers:?}");
    let head = store.policy_of_scope(account_id, &account).await.unwrap().unwrap();
    assert_eq!(head.number, 2);
    let told = PolicyWritten::Unexpected(Some(head.digest));
    assert_eq!(answers.iter().filter(|answer| **answer == told).count(), 9);
}

async fn a_transaction_that_dies_changes_nothing(place: Place) {
    let (store, account_id) = open(&place).await;
    let account = PolicyScope::account();
    let first = applied(&store, &write(account_id, &account, "p", "a")).await;
    let mut tx = begin(&store, account_id).await.unwrap();
    let half = StoredVersion {
        version: PolicyVersion { id: new_id(now()), number: 2, ..first.clone() },
        description: None,
        seq: 0,
    };
    apply::insert_version(&mut tx, account_id, &half, "{}").await.unwrap();
    drop(tx);
    let live = store.policy_of_scope(account_id, &account).await.unwrap().unwrap();
    assert_eq!(live.version_id, first.id);
    let second = applied(&store, &write(account_id, &account, "p", "b")).await;
    assert_eq!(second.number, 2, "nothing is left of the half of it");
}

async fn scopes_and_names_are_taken_once(place: Place) {
    let (store, account_id) = open(&place).await;
    let other_id = new_id(now());
    sqlx::query("insert into account (account_id, name, created_at) values ($1, 'other', 1)")
        .bind(other_id.to_string())
        .execute(store.connections.reader())
        .await
        .unwrap();
    let (one, two) = (team("one"), team("two"));
    let first = applied(&store, &write(account_id, &one, "p", "a")).await;
    let taken = store.policy_apply(&write(account_id, &two, "p", "a"), None).await.unwrap();
    assert_eq!(taken, PolicyWritten::NameTaken(one.clone()));
    applied(&store, &write(other_id, &two, "p", "a")).await;
    assert_eq!(store.policy_find(other_id, first.policy_id).await.unwrap(), None);
    assert_eq!(store.version_find(other_id, first.id).await.unwrap(), None);
    assert_eq!(store.version_tag(other_id, first.id, Some("t")).await.unwrap(), None);
    let removed = store.version_remove(other_id, first.id).await.unwrap();
    assert_eq!(removed, VersionRemoval::NotFound);
    applied(&store, &write(account_id, &two, "q", "b")).await;
    let list = store.policy_list(account_id, None, 10).await.unwrap();
    // Both have an id of the same moment, so either may be first.
    assert!(
        list.len() == 2
            && [&one, &two].iter().all(|scope| list.iter().any(|policy| policy.scope == **scope))
    );
    let rest = store.policy_list(account_id, Some(list[0].id), 10).await.unwrap();
    assert_eq!(rest, [list[1].clone()]);
}

async fn what_was_removed_can_come_back(place: Place) {
    let (store, account_id) = open(&place).await;
    let scope = team("one");
    let first = applied(&store, &write(account_id, &scope, "p", "a")).await;
    let remove = async |expected| {
        store.policy_remove(account_id, &scope, expected, &record()).await.unwrap()
    };
    assert_eq!(remove(Some("b")).await, PolicyRemoval::Unexpected("a".to_owned()));
    assert_eq!(remove(Some("a")).await, PolicyRemoval::Removed);
    assert_eq!(remove(None).await, PolicyRemoval::NotFound);
    assert_eq!(store.policy_heads(account_id).await.unwrap(), []);
    assert!(!store.version_find(account_id, first.id).await.unwrap().unwrap().0.version.is_live);
    applied(&store, &write(account_id, &team("two"), "p", "a")).await;
    let taken = store.policy_apply(&write(account_id, &scope, "p", "a"), None).await.unwrap();
    assert_eq!(taken, PolicyWritten::NameTaken(team("two")));
    let again = applied(&store, &write(account_id, &scope, "q", "c")).await;
    assert_eq!((again.policy_id, again.number, again.parent_id), (first.policy_id, 2, None));
}

async fn a_tag_moves_and_keeps_its_version(place: Place) {
    let (store, account_id) = open(&place).await;
    let account = PolicyScope::account();
    let first = applied(&store, &write(account_id, &account, "p", "a")).await;
    let second = applied(&store, &write(account_id, &account, "p", "b")).await;
    let tag = async |id, tag| store.version_tag(account_id, id, tag).await.unwrap().unwrap().tag;
    let tagged = async |tag: &str| {
        let filter = VersionFilter {
            scope: Some(PolicyScope::account()),
            tag: Some(tag.to_owned()),
            limit: 9,
            ..VersionFilter::default()
        };
        numbers(&store.version_list(account_id, &filter).await.unwrap())
    };
    assert_eq!(tag(first.id, Some("good")).await.as_deref(), Some("good"));
    assert_eq!(tagged("good").await, [1]);
    let removed = store.version_remove(account_id, first.id).await.unwrap();
    assert_eq!(removed, VersionRemoval::Tagged);
    assert_eq!(tag(second.id, Some("good")).await.as_deref(), Some("good"));
    assert_eq!(tagged("good").await, [2]);
    let removed = store.version_remove(account_id, first.id).await.unwrap();
    assert_eq!(removed, VersionRemoval::Removed);
    assert_eq!(tag(second.id, None).await, None);
    let removed = store.version_remove(account_id, second.id).await.unwrap();
    assert_eq!(removed, VersionRemoval::Live);
    let snapshot = Snapshot {
        account_id,
        scope: account,
        version_id: new_id(now()),
        author: author(),
        message: None,
        tag: Some("kept".to_owned()),
        now: now(),
    };
    let kept = store.version_snapshot(&snapshot).await.unwrap().unwrap();
    assert_eq!((kept.number, kept.is_live, kept.digest.as_str()), (3, false, "b"));
    assert_eq!(tagged("kept").await, [3]);
    let none = Snapshot { scope: team("none"), ..snapshot };
    assert_eq!(store.version_snapshot(&none).await.unwrap(), None);
}

async fn pruning_leaves_what_is_live_tagged_new_or_among_the_newest(place: Place) {
    let (store, account_id) = open(&place).await;
    let account = PolicyScope::account();
    let old = |digest: &str, days: i64| PolicyWrite {
        now: Timestamp::from_unix_seconds(1_800_000_000 - days * 86_400).unwrap(),
        ..write(account_id, &account, "p", digest)
    };
    for number in 1..=6 {
        let version = applied(&store, &old(&number.to_string(), 100 - number)).await;
        if number == 2 {
            store.version_tag(account_id, version.id, Some("kept")).await.unwrap();
        }
    }
    let prune = |days: i64, keep_count: u32| Prune {
        account_id,
        scope: None,
        before: Timestamp::from_unix_seconds(1_800_000_000 - days * 86_400).unwrap(),
        keep_count,
    };
    let left = async || {
        let filter = VersionFilter { limit: 10, ..VersionFilter::default() };
        numbers(&store.version_list(account_id, &filter).await.unwrap())
    };
    assert_eq!(store.version_prune(&prune(90, 10)).await.unwrap(), 0, "ten stay");
    assert_eq!(store.version_prune(&prune(97, 0)).await.unwrap(), 1, "only 1 is that old");
    assert_eq!(left().await, [6, 5, 4, 3, 2]);
    assert_eq!(store.version_prune(&prune(1, 2)).await.unwrap(), 2);
    assert_eq!(left().await, [6, 5, 2]);
    assert_eq!(store.version_prune(&prune(1, 0)).await.unwrap(), 1);
    assert_eq!(left().await, [6, 2]);
    let elsewhere = Prune { scope: Some(team("x")), ..prune(1, 0) };
    assert_eq!(store.version_prune(&elsewhere).await.unwrap(), 0);
}

async fn ten_thousand_versions_are_listed_page_by_page(place: Place) {
    let (store, account_id) = open(&place).await;
    let account = PolicyScope::account();
    let first = applied(&store, &write(account_id, &account, "p", "a")).await;
    // One statement instead of ten thousand transactions; what is read is the same.
    sqlx::query(
        "insert into policy_version (policy_version_id, account_id, policy_id, number, seq, name,
            digest, cause, author_id, author_name, created_at, document)
         with recursive n(i) as (select 2 union all select i + 1 from n where i < 10000)
         select substr($1, 1, 24) || cast(100000000000 + i as text), $2, $3, i, i,
            'p', 'd', 'import', '', '', 1, $4 from n",
    )
    .bind(first.id.to_string())
    .bind(account_id.to_string())
    .bind(first.policy_id.to_string())
    .bind("x".repeat(20_000))
    .execute(store.connections.reader())
    .await
    .unwrap();
    let mut filter =
        VersionFilter { scope: Some(account), limit: 1000, ..VersionFilter::default() };
    let mut seen = 0;
    loop {
        let page = store.version_list(account_id, &filter).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some(last.seq);
        seen += page.len();
    }
    assert_eq!(seen, 10_000);
}

on_both_engines![
    each_apply_is_a_version_and_the_last_is_live,
    what_was_expected_must_be_live,
    a_transaction_that_dies_changes_nothing,
    scopes_and_names_are_taken_once,
    what_was_removed_can_come_back,
    a_tag_moves_and_keeps_its_version,
    pruning_leaves_what_is_live_tagged_new_or_among_the_newest,
    ten_thousand_versions_are_listed_page_by_page,
];
