//! What differs between engines: how to connect, how a writing transaction begins, which type a row has.

use std::path::Path;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

use super::StoreError;

/// The engine in use.
pub(super) type Engine = sqlx::Sqlite;
/// A row of the engine in use.
pub(super) type EngineRow = sqlx::sqlite::SqliteRow;
/// A transaction that writes.
pub(super) type WriteTransaction = sqlx::Transaction<'static, Engine>;

/// How long to wait for another process that holds the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a request waits for its turn to write.
const TURN_TIMEOUT: Duration = Duration::from_secs(3);

/// Readers beside one writer: SQLite writes one at a time, and queueing here is fair where its own waiting is not.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    reader: SqlitePool,
    writer: SqlitePool,
}

impl Connections {
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A vote or a claim that was answered must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = || SqlitePoolOptions::new().acquire_timeout(TURN_TIMEOUT);
        // Where the disk is full, SQLite itself rolls back, which the driver does not notice: such a connection never
        // begins another transaction, so it makes room for a new one.
        let usable = |connection: &mut SqliteConnection| !connection.is_in_transaction();
        let writer = pool()
            .max_connections(1)
            .before_acquire(move |connection, _| Box::pin(async move { Ok(usable(connection)) }))
            .connect_with(options.clone())
            .await?;
        let reader = pool().max_connections(4).connect_with(options).await?;
        Ok(Self { reader, writer })
    }

    pub(super) fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    pub(super) async fn write(&self) -> Result<WriteTransaction, StoreError> {
        // Taking the lock at once, so that two transactions that read and then write cannot deadlock.
        Ok(self.writer.begin_with("begin immediate").await?)
    }

    pub(super) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}
