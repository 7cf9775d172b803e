//! The policy of each scope and its versions. Every change is one transaction: whole or not at all.

mod apply;
mod read;
mod untold;
mod versions;

#[cfg(test)]
mod tests;

use preloop_api::{PolicyAuthor, PolicyScope, PolicyVersion, VersionCause};
use preloop_core::Timestamp;
use uuid::Uuid;

pub(crate) use apply::{ExpectedLive, PolicyRemoval, PolicyWrite, PolicyWritten};
pub(crate) use untold::ChangeRecord;
pub(crate) use versions::{Prune, Snapshot, VersionFilter, VersionRemoval};

use super::dialect::WriteTransaction;
use super::{Change, Store, StoreError};

const TABLE: &str = "policy";
const VERSION_TABLE: &str = "policy_version";

/// What is live in a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredPolicy {
    pub(crate) id: Uuid,
    pub(crate) scope: PolicyScope,
    /// `metadata.name` of the live document.
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) digest: String,
    pub(crate) version_id: Uuid,
    pub(crate) number: u64,
    pub(crate) cause: VersionCause,
    pub(crate) author: PolicyAuthor,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A version and its place in the order of the account's versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredVersion {
    pub(crate) version: PolicyVersion,
    pub(crate) description: Option<String>,
    pub(crate) seq: i64,
}

/// A transaction that alone changes the policies of the account.
async fn begin(store: &Store, account_id: Uuid) -> Result<WriteTransaction, StoreError> {
    let mut tx = store.write().await?;
    tx.hold(&format!("policies of {account_id}")).await?;
    Ok(tx)
}

/// Tells every server, and makes the change true.
async fn finish(mut tx: WriteTransaction, account_id: Uuid) -> Result<(), StoreError> {
    tx.announce(&Change::of_policies(account_id)).await?;
    tx.commit().await
}
