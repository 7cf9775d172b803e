//! Teams and who is in them.

use std::collections::HashMap;

use preloop_api::{Page, Team, TeamMember};
use uuid::Uuid;

use super::dialect::{EngineRow, Statement, WriteTransaction};
use super::part::{Order, Part};
use super::row::{Columns, micros};
use super::{Change, Store, StoreError, bounds};

const TABLE: &str = "team";

impl Store {
    /// Teams of the account with their members, by name.
    pub(crate) async fn team_list(
        &self,
        account_id: Uuid,
        part: &Part<String>,
    ) -> Result<Page<Team>, StoreError> {
        let mut statement = Statement::new(
            "select team_id, name, description, created_at from team where account_id = ",
        );
        statement.bind(account_id.to_string())?;
        part.narrow(&mut statement, Order::Ascending("name", "team_id"))?;
        let rows = statement.query().fetch_all(self.connections.reader()).await?;
        let mut members = self.team_members(account_id).await?;
        let teams = rows.iter().map(|row| {
            let mut team = read(row)?;
            team.members = members.remove(&team.id).unwrap_or_default();
            Ok(team)
        });
        let teams = teams.collect::<Result<_, StoreError>>()?;
        Ok(part.page(teams, |team: &Team| (team.name.clone(), team.id)))
    }

    /// Adds a team; false where the name is taken.
    pub(crate) async fn team_insert(
        &self,
        account_id: Uuid,
        team: &Team,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        bounds::check_teams(&mut tx, account_id).await?;
        let inserted = sqlx::query(
            "insert into team (team_id, account_id, name, description, created_at)
             values ($1, $2, $3, $4, $5)",
        )
        .bind(team.id.to_string())
        .bind(account_id.to_string())
        .bind(&team.name)
        .bind(&team.description)
        .bind(micros(team.created_at))
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from);
        match inserted {
            Err(error) if error.is_duplicate() => return Ok(false),
            other => other?,
        };
        tx.commit().await?;
        Ok(true)
    }

    /// Changes name and description of a team; false where the name is taken.
    pub(crate) async fn team_update(
        &self,
        account_id: Uuid,
        team: &Team,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let updated = sqlx::query(
            "update team set name = $3, description = $4 where account_id = $1 and team_id = $2",
        )
        .bind(account_id.to_string())
        .bind(team.id.to_string())
        .bind(&team.name)
        .bind(&team.description)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from);
        match updated {
            Err(error) if error.is_duplicate() => return Ok(false),
            other => other?,
        };
        tx.announce(Change::KEYS).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a team; false where there is none of that id.
    pub(crate) async fn team_delete(&self, account_id: Uuid, id: Uuid) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "delete from team_member where team_id in
                (select team_id from team where account_id = $1 and team_id = $2)",
        )
        .bind(account_id.to_string())
        .bind(id.to_string())
        .execute(&mut *tx)
        .await?;
        let deleted = sqlx::query("delete from team where account_id = $1 and team_id = $2")
            .bind(account_id.to_string())
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.announce(Change::KEYS).await?;
        tx.commit().await?;
        Ok(deleted.rows_affected() == 1)
    }

    /// Puts a user or agent into a team; false where the account has not both.
    pub(crate) async fn team_join(
        &self,
        account_id: Uuid,
        team: Uuid,
        member: Uuid,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let is_there = insert_member(&mut tx, account_id, team, member).await?;
        tx.announce(Change::KEYS).await?;
        tx.commit().await?;
        Ok(is_there)
    }

    /// Takes a user or agent out of a team; false where it is not in it.
    pub(crate) async fn team_leave(
        &self,
        account_id: Uuid,
        team: Uuid,
        member: Uuid,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let deleted = sqlx::query(
            "delete from team_member where member_id = $3 and team_id in
                (select team_id from team where account_id = $1 and team_id = $2)",
        )
        .bind(account_id.to_string())
        .bind(team.to_string())
        .bind(member.to_string())
        .execute(&mut *tx)
        .await?;
        tx.announce(Change::KEYS).await?;
        tx.commit().await?;
        Ok(deleted.rows_affected() == 1)
    }

    /// The names of the teams of users and agents, of one account or of all.
    pub(crate) async fn team_names(
        &self,
        account_id: Option<Uuid>,
    ) -> Result<HashMap<Uuid, Vec<String>>, StoreError> {
        let mut statement = Statement::new(
            "select m.member_id, t.name from team_member m join team t on t.team_id = m.team_id",
        );
        if let Some(account_id) = account_id {
            statement.push(" where t.account_id = ").bind(account_id.to_string())?;
        }
        statement.push(" order by t.name");
        let rows = statement.query().fetch_all(self.connections.reader()).await?;
        let mut names: HashMap<Uuid, Vec<String>> = HashMap::new();
        for row in &rows {
            let columns = Columns::of("team_member", "member_id", row);
            names.entry(columns.id("member_id")?).or_default().push(columns.text("name")?);
        }
        Ok(names)
    }

    async fn team_members(
        &self,
        account_id: Uuid,
    ) -> Result<HashMap<Uuid, Vec<TeamMember>>, StoreError> {
        let rows = sqlx::query(
            "select m.team_id, m.member_id, u.name, 'user' as kind
             from team_member m join app_user u on u.user_id = m.member_id
             where u.account_id = $1
             union all
             select m.team_id, m.member_id, a.name, 'agent' as kind
             from team_member m join agent a on a.agent_id = m.member_id
             where a.account_id = $1
             order by 3",
        )
        .bind(account_id.to_string())
        .fetch_all(self.connections.reader())
        .await?;
        let mut members: HashMap<Uuid, Vec<TeamMember>> = HashMap::new();
        for row in &rows {
            let columns = Columns::of("team_member", "member_id", row);
            members.entry(columns.id("team_id")?).or_default().push(TeamMember {
                id: columns.id("member_id")?,
                kind: columns.text("kind")?,
                name: columns.text("name")?,
            });
        }
        Ok(members)
    }
}

/// Puts somebody into a team inside a transaction of somebody else; false where the account has not both.
pub(super) async fn insert_member(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    team: Uuid,
    member: Uuid,
) -> Result<bool, StoreError> {
    let both = sqlx::query(
        "select team_id from team where account_id = $1 and team_id = $2
           and exists (select user_id from app_user where account_id = $1 and user_id = $3
             union all select agent_id from agent where account_id = $1 and agent_id = $3)",
    )
    .bind(account_id.to_string())
    .bind(team.to_string())
    .bind(member.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    if both.is_none() {
        return Ok(false);
    }
    sqlx::query(
        "insert into team_member (team_id, member_id) values ($1, $2) on conflict do nothing",
    )
    .bind(team.to_string())
    .bind(member.to_string())
    .execute(&mut **tx)
    .await?;
    Ok(true)
}

fn read(row: &EngineRow) -> Result<Team, StoreError> {
    let columns = Columns::of(TABLE, "team_id", row);
    Ok(Team {
        id: columns.id("team_id")?,
        name: columns.text("name")?,
        description: columns.text_opt("description")?,
        members: Vec::new(),
        created_at: columns.time("created_at")?,
    })
}
