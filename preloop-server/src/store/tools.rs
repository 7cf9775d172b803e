//! The tools that servers offer and which of their definitions are accepted.

use std::collections::HashMap;

use preloop_api::ToolState;
use preloop_core::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::dialect::{EngineRow, WriteTransaction};
use super::row::{Columns, micros, to_json};
use super::{Change, Store, StoreError};

const TABLE: &str = "tool";

/// A tool as stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredTool {
    pub(crate) server: String,
    pub(crate) name: String,
    pub(crate) exposed_name: String,
    pub(crate) description: Option<String>,
    pub(crate) annotations: Map<String, Value>,
    /// What its arguments must look like, where its server says so.
    pub(crate) input_schema: Option<Value>,
    /// Canonical hash of the definition as last listed.
    pub(crate) definition_hash: String,
    /// Canonical hash of the accepted definition.
    pub(crate) accepted_hash: Option<String>,
    /// Whether the last listing has it.
    pub(crate) is_offered: bool,
}

// === impl StoredTool ===

impl StoredTool {
    /// Whether the definition is the accepted one.
    pub(crate) fn state(&self) -> ToolState {
        match &self.accepted_hash {
            None => ToolState::New,
            Some(hash) if *hash == self.definition_hash => ToolState::Accepted,
            Some(_) => ToolState::Changed,
        }
    }
}

// === impl Store ===

impl Store {
    /// Every tool of the account, by server and name.
    pub(crate) async fn tool_list(&self, account_id: Uuid) -> Result<Vec<StoredTool>, StoreError> {
        let rows = sqlx::query(
            "select server, name, exposed_name, description, annotations, input_schema,
                definition_hash, accepted_hash, is_offered
             from tool where account_id = $1 order by server, name",
        )
        .bind(account_id.to_string())
        .fetch_all(self.connections.reader())
        .await?;
        rows.iter().map(read).collect()
    }

    /// Takes in a complete listing of one server: the first one is its baseline and accepted as it is.
    /// Answers the tools with what is accepted of them, and those that became new or changed by this listing.
    pub(crate) async fn tool_listing(
        &self,
        account_id: Uuid,
        server: &str,
        listed: Vec<StoredTool>,
        now: Timestamp,
    ) -> Result<(Vec<StoredTool>, Vec<StoredTool>), StoreError> {
        let mut tx = self.write().await?;
        tx.hold(&format!("tools {account_id} {server}")).await?;
        let is_baseline = begin_baseline(&mut tx, account_id, server, now).await?;
        let mut known = known(&mut tx, account_id, server).await?;
        let mut tools = Vec::with_capacity(listed.len());
        let mut news = Vec::new();
        let mut is_changed = false;
        for mut tool in listed {
            let before = known.remove(&tool.name);
            tool.accepted_hash = match &before {
                Some(before) => before.accepted_hash.clone(),
                None => is_baseline.then(|| tool.definition_hash.clone()),
            };
            if before.as_ref() != Some(&tool) {
                is_changed = true;
                upsert(&mut tx, account_id, &tool, now).await?;
            }
            let was = before.map(|before| (before.state(), before.definition_hash));
            let is = (tool.state(), tool.definition_hash.clone());
            if is.0 != ToolState::Accepted && was != Some(is) {
                news.push(tool.clone());
            }
            tools.push(tool);
        }
        for mut gone in known.into_values().filter(|tool| tool.is_offered) {
            gone.is_offered = false;
            is_changed = true;
            upsert(&mut tx, account_id, &gone, now).await?;
        }
        if is_changed {
            tx.announce(&Change::of_tools(account_id)).await?;
        }
        tx.commit().await?;
        Ok((tools, news))
    }

    /// Accepts the definition as last listed; `None` where there is no such tool.
    pub(crate) async fn tool_accept(
        &self,
        account_id: Uuid,
        server: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<StoredTool>, StoreError> {
        let mut tx = self.write().await?;
        tx.hold(&format!("tools {account_id} {server}")).await?;
        let Some(mut tool) = known(&mut tx, account_id, server).await?.remove(name) else {
            return Ok(None);
        };
        tool.accepted_hash = Some(tool.definition_hash.clone());
        upsert(&mut tx, account_id, &tool, now).await?;
        tx.announce(&Change::of_tools(account_id)).await?;
        tx.commit().await?;
        Ok(Some(tool))
    }
}

/// Notes the first listing of a server, and says whether this is it.
async fn begin_baseline(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    server: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "insert into tool_server (account_id, server, baseline_at) values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(account_id.to_string())
    .bind(server)
    .bind(micros(now))
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn known(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    server: &str,
) -> Result<HashMap<String, StoredTool>, StoreError> {
    let rows = sqlx::query(
        "select server, name, exposed_name, description, annotations, input_schema,
            definition_hash, accepted_hash, is_offered
         from tool where account_id = $1 and server = $2",
    )
    .bind(account_id.to_string())
    .bind(server)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| read(row).map(|tool| (tool.name.clone(), tool))).collect()
}

fn read(row: &EngineRow) -> Result<StoredTool, StoreError> {
    let columns = Columns::of(TABLE, "name", row);
    Ok(StoredTool {
        server: columns.text("server")?,
        name: columns.text("name")?,
        exposed_name: columns.text("exposed_name")?,
        description: columns.text_opt("description")?,
        annotations: columns.json("annotations")?,
        input_schema: columns.json_opt("input_schema")?,
        definition_hash: columns.text("definition_hash")?,
        accepted_hash: columns.text_opt("accepted_hash")?,
        is_offered: columns.integer("is_offered")? != 0,
    })
}

async fn upsert(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    tool: &StoredTool,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into tool (account_id, server, name, exposed_name, description, annotations,
            definition_hash, accepted_hash, is_offered, first_seen_at, changed_at, input_schema)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
         on conflict (account_id, server, name) do update set
            exposed_name = excluded.exposed_name, description = excluded.description,
            annotations = excluded.annotations, definition_hash = excluded.definition_hash,
            accepted_hash = excluded.accepted_hash, is_offered = excluded.is_offered,
            changed_at = excluded.changed_at, input_schema = excluded.input_schema",
    )
    .bind(account_id.to_string())
    .bind(&tool.server)
    .bind(&tool.name)
    .bind(&tool.exposed_name)
    .bind(&tool.description)
    .bind(to_json(TABLE, &tool.name, &tool.annotations)?)
    .bind(&tool.definition_hash)
    .bind(&tool.accepted_hash)
    .bind(i64::from(tool.is_offered))
    .bind(micros(now))
    .bind(tool.input_schema.as_ref().map(Value::to_string))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
