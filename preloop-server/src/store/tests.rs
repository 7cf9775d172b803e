//! The store on a real file.

use jiff::Timestamp;
use preloop_api::ToolState;
use serde_json::Map;
use uuid::Uuid;

use super::*;
use crate::ids::new_id;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

async fn open(folder: &tempfile::TempDir) -> (Store, Uuid) {
    let store = Store::open(&folder.path().join("test.db")).await.unwrap();
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
        definition_hash: definition.to_owned(),
        accepted_hash: None,
        is_offered: true,
    }
}

#[tokio::test]
async fn the_account_and_the_tables_are_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, first) = open(&folder).await;
    store.close().await;
    let (_, second) = open(&folder).await;
    assert_eq!(first, second);
}

#[tokio::test]
async fn a_database_of_another_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder).await;
    sqlx::query("insert into schema_migration (version, name, checksum) values (99, 'later', '')")
        .execute(store.connections.reader())
        .await
        .unwrap();
    store.close().await;
    let error = Store::open(&folder.path().join("test.db")).await.unwrap_err().to_string();
    assert!(error.contains("later version of preloop (step 99)"), "{error}");
}

#[tokio::test]
async fn a_database_with_an_edited_history_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder).await;
    sqlx::query("update schema_migration set checksum = 'x'")
        .execute(store.connections.reader())
        .await
        .unwrap();
    store.close().await;
    let error = Store::open(&folder.path().join("test.db")).await.unwrap_err().to_string();
    assert!(error.contains("another text"), "{error}");
}

#[tokio::test]
async fn the_first_listing_is_the_baseline_and_later_ones_are_compared_with_it() {
    use ToolState::{Accepted, Changed, New};
    let folder = tempfile::tempdir().unwrap();
    let (store, account_id) = open(&folder).await;
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
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder).await;
    let mut tx = store.write().await.unwrap();
    sqlx::raw_sql("rollback").execute(&mut *tx).await.unwrap();
    assert!(tx.commit().await.is_err());
    store.write().await.unwrap().commit().await.unwrap();
}
