//! Which servers on the database live, by the database's own clock, and what those left open that do not.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::dialect::{EngineRow, Statement};
use super::held_calls::HeldCall;
use super::row::Columns;
use super::{Store, StoreError};

/// Whose work was left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeftBy {
    /// Other servers, which have not been seen for a minute.
    DeadServers,
    /// The run before of this server.
    ThisServer,
}

/// What was left open in one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOpen {
    /// Calls that waited on a connection.
    pub(crate) held: Vec<HeldCall>,
    /// Uses of approvals that were not ended: the request, and the number of the use.
    pub(crate) uses: Vec<(Uuid, u32)>,
}

impl Store {
    /// Says that this server lives.
    pub(crate) async fn replica_beat(&self) -> Result<(), StoreError> {
        let now = self.connections.now();
        let mut statement =
            Statement::new("insert into replica (name, seen_at, steady_since) values (");
        statement.bind(self.replica.to_string())?;
        statement.push(", ").push(now).push(", ").push(now);
        // After half a minute without a word, or where the clock went back, it is as one that just came.
        statement.push(
            ") on conflict (name) do update set
                steady_since = case when excluded.seen_at - replica.seen_at between 0 and 30000000
                    then replica.steady_since else excluded.seen_at end,
                seen_at = excluded.seen_at",
        );
        let mut tx = self.write().await?;
        statement.query().execute(&mut *tx).await?;
        tx.commit().await
    }

    /// Names of the servers that are dead.
    pub(crate) async fn replica_dead(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = Statement::new("select name from replica where name in ");
        self.push_replicas(&mut statement, LeftBy::DeadServers)?;
        let rows = statement.query().fetch_all(self.connections.reader()).await?;
        rows.iter().map(|row| Columns::of("replica", "name", row).text("name")).collect()
    }

    /// Forgets those servers, where they still are dead; one that was not comes back with its next word. Another that died
    /// meanwhile has its work looked at first.
    pub(crate) async fn replica_forget(&self, settled: &[String]) -> Result<(), StoreError> {
        let mut statement = Statement::new("delete from replica where name in (");
        for (index, name) in settled.iter().enumerate() {
            statement.push(if index == 0 { "" } else { ", " }).bind(name.clone())?;
        }
        statement.push(") and name in ");
        self.push_replicas(&mut statement, LeftBy::DeadServers)?;
        let mut tx = self.write().await?;
        statement.query().execute(&mut *tx).await?;
        tx.commit().await
    }

    /// What servers left open, by account. That they are dead is looked at in the same statement as their work: what one
    /// begins that comes back meanwhile is not among it.
    pub(crate) async fn left_open(
        &self,
        by: LeftBy,
    ) -> Result<BTreeMap<Uuid, LeftOpen>, StoreError> {
        let mut left: BTreeMap<Uuid, LeftOpen> = BTreeMap::new();
        let mut held = Statement::new(
            "select decision_id, approval_id, account_id from held_call where replica in ",
        );
        self.push_replicas(&mut held, by)?.push(" order by created_at, decision_id");
        for row in &held.query().fetch_all(self.connections.reader()).await? {
            let columns = Columns::of("held_call", "decision_id", row);
            let (decision_id, approval_id) =
                (columns.id("decision_id")?, columns.id("approval_id")?);
            let open = left.entry(columns.id("account_id")?).or_default();
            open.held.push(HeldCall { decision_id, approval_id });
        }
        let mut uses = Statement::new(
            "select approval_id, account_id, uses from approval
             where outcome in ('claimed', 'running') and used_by in ",
        );
        self.push_replicas(&mut uses, by)?.push(" order by used_at, approval_id");
        for row in &uses.query().fetch_all(self.connections.reader()).await? {
            let columns = Columns::of("approval", "approval_id", row);
            let number = u32::try_from(columns.integer("uses")?).unwrap_or(u32::MAX);
            let open = left.entry(columns.id("account_id")?).or_default();
            open.uses.push((columns.id("approval_id")?, number));
        }
        Ok(left)
    }

    /// Accounts in which the run before of this server changed a policy and may not have told of it.
    pub(crate) async fn account_untold(&self) -> Result<Vec<Uuid>, StoreError> {
        let rows = sqlx::query(
            "select distinct account_id from untold_change where replica = $1 order by account_id",
        )
        .bind(self.replica())
        .fetch_all(self.connections.reader())
        .await?;
        let id = |row: &EngineRow| Columns::of("untold_change", "account_id", row).id("account_id");
        rows.iter().map(id).collect()
    }

    /// Adds the names of the servers to a statement, in brackets. A server that was not heard of steadily for a minute
    /// itself takes nobody for dead: where the database was away, nobody could say that he lives, and where its clock
    /// jumped, all look dead for a moment.
    pub(super) fn push_replicas<'s>(
        &self,
        statement: &'s mut Statement,
        by: LeftBy,
    ) -> Result<&'s mut Statement, StoreError> {
        let (now, own) = (self.connections.now(), self.replica.to_string());
        match by {
            LeftBy::ThisServer => statement.push("(").bind(own)?.push(")"),
            LeftBy::DeadServers => statement
                .push("(select dead.name from replica dead, replica own where own.name = ")
                .bind(own)?
                .push(" and dead.name <> own.name and ")
                .push(now)
                .push(" - own.steady_since > 60000000 and ")
                // What stood still between the word and this question may have stopped everybody.
                .push(now)
                .push(" - own.seen_at between 0 and 30000000 and abs(")
                .push(now)
                .push(" - dead.seen_at) > 60000000)"),
        };
        Ok(statement)
    }
}
