//! The only SQL of the server: SQLite inside, written so that another engine can join.
//!
//! Ids and times are made above; the store writes as told. Methods are named noun first.

mod accounts;
mod approvals;
mod audit;
mod dialect;
mod error;
mod held_calls;
mod idempotency;
mod keys;
mod migrate;
mod row;
mod tools;

#[cfg(test)]
mod tests;

use std::path::Path;

pub(crate) use approvals::{ApprovalFilter, ApprovalInsert, StoredApproval};
pub(crate) use audit::{AuditFilter, AuditOrder, JournalPosition};
pub(crate) use error::StoreError;
pub(crate) use held_calls::HeldCall;
pub(crate) use idempotency::{IdempotencyClaim, IdempotencyEntry};
pub(crate) use keys::StoredKey;
pub(crate) use tools::StoredTool;

use dialect::{Connections, WriteTransaction};

/// The database of one server.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    connections: Connections,
}

impl Store {
    /// Opens or makes the database and brings its tables up to date.
    ///
    /// # Errors
    /// Where the file cannot be used or was written by a later version.
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Self { connections: Connections::open(path).await? };
        migrate::run(&store).await?;
        Ok(store)
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(self.connections.reader()).await?;
        Ok(())
    }

    /// Lets go of the database file.
    pub(crate) async fn close(&self) {
        self.connections.close().await;
    }

    /// A transaction that nobody else's writes come between.
    async fn write(&self) -> Result<WriteTransaction, StoreError> {
        self.connections.write().await
    }
}
