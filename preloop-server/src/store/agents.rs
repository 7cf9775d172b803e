//! Agents, by account.

use preloop_api::{Agent, Page};
use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::{EngineRow, Statement};
use super::part::{Order, Part};
use super::row::{Columns, findable, micros};
use super::{Change, Store, StoreError, bounds, users};

impl Store {
    /// Agents of the account, oldest first.
    pub(crate) async fn agent_list(
        &self,
        account_id: Uuid,
        part: &Part<i64>,
    ) -> Result<Page<Agent>, StoreError> {
        let mut statement = Statement::new(
            "select agent_id, name, description, created_at, disabled_at from agent
             where account_id = ",
        );
        statement.bind(account_id.to_string())?;
        part.narrow(&mut statement, Order::Ascending("created_at", "agent_id"))?;
        let rows = statement.query().fetch_all(self.connections.reader()).await?;
        let teams = self.team_names(Some(account_id)).await?;
        let agents = rows.iter().map(|row| {
            let mut agent = read(row)?;
            agent.teams = teams.get(&agent.id).cloned().unwrap_or_default();
            Ok(agent)
        });
        let agents = agents.collect::<Result<_, StoreError>>()?;
        Ok(part.page(agents, |agent: &Agent| (micros(agent.created_at), agent.id)))
    }

    /// Adds an agent; false where an agent has the name or a user the identity.
    pub(crate) async fn agent_insert(
        &self,
        account_id: Uuid,
        agent: &Agent,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        users::hold(&mut tx, account_id).await?;
        let taken = sqlx::query(
            "select user_id from app_user where account_id = $1 and (principal_id = $2 or name = $2)
             union select agent_id from agent where account_id = $1 and name = $2",
        )
        .bind(account_id.to_string())
        .bind(findable(&agent.name))
        .fetch_optional(&mut *tx)
        .await?;
        if taken.is_some() {
            return Ok(false);
        }
        bounds::check_agents(&mut tx, account_id).await?;
        sqlx::query(
            "insert into agent (agent_id, account_id, name, description, created_at)
             values ($1, $2, $3, $4, $5)",
        )
        .bind(agent.id.to_string())
        .bind(account_id.to_string())
        .bind(&agent.name)
        .bind(&agent.description)
        .bind(micros(agent.created_at))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Disables an agent, or enables it with none; false where there is none of that id.
    pub(crate) async fn agent_disable(
        &self,
        account_id: Uuid,
        id: Uuid,
        disabled_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let changed = sqlx::query(
            "update agent set disabled_at = $3 where account_id = $1 and agent_id = $2",
        )
        .bind(account_id.to_string())
        .bind(id.to_string())
        .bind(disabled_at.map(micros))
        .execute(&mut *tx)
        .await?;
        tx.announce(Change::KEYS).await?;
        tx.commit().await?;
        Ok(changed.rows_affected() == 1)
    }
}

fn read(row: &EngineRow) -> Result<Agent, StoreError> {
    let columns = Columns::of("agent", "agent_id", row);
    Ok(Agent {
        id: columns.id("agent_id")?,
        name: columns.text("name")?,
        description: columns.text_opt("description")?,
        teams: Vec::new(),
        created_at: columns.time("created_at")?,
        disabled_at: columns.time_opt("disabled_at")?,
    })
}
