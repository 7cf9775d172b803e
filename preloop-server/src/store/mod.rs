//! The only SQL of the server: one text for SQLite inside and for PostgreSQL beside it.
//!
//! Ids and times are made above; the store writes as told. Methods are named noun first.

mod accounts;
mod agents;
mod ai_reviews;
mod approval_arguments;
mod approval_calls;
mod approval_links;
mod approvals;
mod audit;
mod bounds;
mod changes;
mod dialect;
mod error;
mod grants;
mod held_calls;
mod idempotency;
mod invitations;
mod keys;
mod location;
mod migrate;
mod notifications;
mod part;
mod passkeys;
mod policies;
mod replicas;
mod row;
mod secrets;
mod sign_ins;
mod teams;
mod timed;
mod tools;
mod users;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use ai_reviews::TakenReview;
pub(crate) use approval_arguments::StoredArguments;
pub(crate) use approval_calls::{SealedText, StoredCall};
pub(crate) use approval_links::ApprovalLink;
pub(crate) use approvals::{ApprovalFilter, ApprovalInsert, Beside, StoredApproval};
pub(crate) use audit::{AuditFilter, AuditOrder, JournalPosition};
pub(crate) use changes::{Change, Changes};
pub(crate) use error::StoreError;
pub(crate) use grants::StoredGrant;
pub(crate) use held_calls::HeldCall;
pub(crate) use idempotency::{IdempotencyClaim, IdempotencyEntry, RepeatedAnswer};
pub(crate) use invitations::{Accepted, StoredInvitation};
pub(crate) use keys::{KeyHolder, StoredKey};
pub(crate) use location::Location;
pub(crate) use notifications::{
    ChatIds, ChatKind, DeliveryEnd, DeliveryFilter, Lane, StoredDelivery, StoredDevice,
    StoredPreferences, UntoldEvent,
};
pub(crate) use part::Part;
pub(crate) use passkeys::{PasskeyChallenge, StoredPasskey};
pub(crate) use policies::{
    ChangeRecord, ExpectedLive, PolicyRemoval, PolicyWrite, PolicyWritten, Prune, Snapshot,
    StoredPolicy, VersionFilter, VersionRemoval,
};
pub(crate) use replicas::{LeftBy, LeftOpen};
pub(crate) use secrets::{Sealing, SecretSlot, StoredSecret, owner_name};
pub(crate) use sign_ins::{FoundSignIn, NewToken, Refreshed, SignInRow, TokenKind};
pub(crate) use tools::StoredTool;
pub(crate) use users::{EndedSignIns, StoredUser, UserSaved, name_key};

use dialect::{Connections, WriteTransaction};

/// How long a server that starts waits for its database. Requests are answered far sooner that it is away.
const START_PATIENCE: Duration = Duration::from_secs(30);
const START_PAUSE: Duration = Duration::from_millis(500);

/// The database of one server.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    connections: Connections,
    location: Location,
    /// Which of the servers on this database this one is.
    replica: Arc<str>,
}

impl Store {
    /// Opens the database, a file that is there or one that PostgreSQL serves, and brings its tables up to date. `replica`
    /// tells this server from others on the same database, in every run.
    ///
    /// # Errors
    /// Where the database cannot be used or was written by a later version.
    pub(crate) async fn open(location: Location, replica: &str) -> Result<Self, StoreError> {
        let deadline = Instant::now() + START_PATIENCE;
        let mut is_told = false;
        loop {
            let error = match Self::try_open(&location, replica).await {
                // One that starts beside us, or is busy, is waited for.
                Err(error)
                    if error.may_pass() && location.is_shared() && Instant::now() < deadline =>
                {
                    error
                }
                opened => return opened,
            };
            if !is_told {
                let seconds = START_PATIENCE.as_secs();
                tracing::warn!(%error, database = %location, "the start waits for the database, {seconds} seconds at most");
                is_told = true;
            }
            tokio::time::sleep(START_PAUSE).await;
        }
    }

    async fn try_open(location: &Location, replica: &str) -> Result<Self, StoreError> {
        let connections = Connections::open(location).await?;
        let store = Self { connections, location: location.clone(), replica: replica.into() };
        migrate::run(&store).await?;
        Ok(store)
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.connections.ping().await
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
