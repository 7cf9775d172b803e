//! `preloop teams`: groups of users and agents that policies name.

use clap::{Args, Subcommand};
use preloop_api::{CreateTeam, Page as ListPage, Team};
use preloop_client::Client;
use serde_json::json;
use uuid::Uuid;

use super::users;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output, visible};
use crate::remote::{self, Remote};

/// What to do with teams.
#[derive(Debug, Subcommand)]
pub(crate) enum Teams {
    /// List the teams and who is in them
    List(List),
    /// Make a team
    Create(Create),
    /// Delete a team; its members stay
    Delete(Delete),
    /// Put a user or agent into a team
    Add(Member),
    /// Take a user or agent out of a team
    Remove(Member),
}

/// Options of `teams list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    remote: Remote,
}

/// Options of `teams create`.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Its name, as policies spell it
    name: String,

    /// What it is for
    #[arg(long)]
    description: Option<String>,

    #[command(flatten)]
    remote: Remote,
}

/// Options of `teams delete`.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Name or id of the team
    team: String,

    #[command(flatten)]
    remote: Remote,
}

/// Options of `teams add` and `teams remove`.
#[derive(Debug, Args)]
pub(crate) struct Member {
    /// Name or id of the team
    team: String,

    /// Name or id of the user or agent
    #[arg(value_name = "MEMBER")]
    who: String,

    #[command(flatten)]
    remote: Remote,
}

/// Runs one of them.
pub(crate) fn run(teams: Teams, output: Output) -> Result<Exit, Failure> {
    match teams {
        Teams::List(list) => run_list(&list, output),
        Teams::Create(create) => run_create(create, output),
        Teams::Delete(delete) => run_delete(&delete, output),
        Teams::Add(member) => run_member(&member, true, output),
        Teams::Remove(member) => run_member(&member, false, output),
    }
}

fn run_list(list: &List, output: Output) -> Result<Exit, Failure> {
    let client = list.remote.client()?;
    let list = ListPage { items: remote::block_on(all(&client))?, next_cursor: None };
    output.result(&list, |page| {
        if list.items.is_empty() {
            page.line("no teams");
        } else {
            let rows: Vec<Vec<Cell>> = list.items.iter().map(row).collect();
            page.table(&["NAME", "MEMBERS", "DESCRIPTION"], &rows);
        }
    })?;
    Ok(Exit::Done)
}

fn run_create(create: Create, output: Output) -> Result<Exit, Failure> {
    let client = create.remote.client()?;
    let body = CreateTeam { name: create.name, description: create.description };
    let team = remote::block_on(async { Ok(client.team_create(&body).await?) })?;
    output.result(&team, |page| {
        page.line(format!("made {} ({})", visible(&team.name), team.id));
    })?;
    Ok(Exit::Done)
}

fn run_delete(delete: &Delete, output: Output) -> Result<Exit, Failure> {
    let client = delete.remote.client()?;
    let team = remote::block_on(async {
        let team = find(&client, &delete.team).await?;
        client.team_delete(team.id).await?;
        Ok(team)
    })?;
    output.result(&json!({ "id": team.id, "name": team.name, "deleted": true }), |page| {
        page.line(format!("deleted {}", visible(&team.name)));
    })?;
    Ok(Exit::Done)
}

fn run_member(member: &Member, is_in: bool, output: Output) -> Result<Exit, Failure> {
    let client = member.remote.client()?;
    let team = remote::block_on(async {
        let team = find(&client, &member.team).await?;
        let id = find_member(&client, &team, &member.who, is_in).await?;
        let team = if is_in {
            client.team_join(team.id, id).await?
        } else {
            client.team_leave(team.id, id).await?
        };
        Ok(team)
    })?;
    output.result(&team, |page| {
        let verb = if is_in { "is in" } else { "is no longer in" };
        page.line(format!("{} {verb} {}", visible(&member.who), visible(&team.name)));
    })?;
    Ok(Exit::Done)
}

async fn all(client: &Client) -> Result<Vec<Team>, Failure> {
    remote::all(async |cursor| client.teams(cursor.as_deref()).await).await
}

/// The team of that name or id.
async fn find(client: &Client, wanted: &str) -> Result<Team, Failure> {
    let id = wanted.parse::<Uuid>().ok();
    let teams = all(client).await?;
    teams.into_iter().find(|team| team.name == wanted || Some(team.id) == id).ok_or_else(|| {
        Failure::new("team_not_found", format!("there is no team `{wanted}`"))
            .help("`preloop teams list` shows every team")
    })
}

/// The id of the user or agent of that name, which no two of them share.
async fn find_member(
    client: &Client,
    team: &Team,
    wanted: &str,
    is_new: bool,
) -> Result<Uuid, Failure> {
    if let Ok(id) = wanted.parse() {
        return Ok(id);
    }
    let not_found =
        |message: String, help: &str| Failure::new("member_not_found", message).help(help);
    if !is_new {
        let member = team.members.iter().find(|member| is_named(&member.name, wanted));
        return member.map(|member| member.id).ok_or_else(|| {
            let message = format!("`{wanted}` is not in the team `{}`", team.name);
            not_found(message, "`preloop teams list` shows who is in it")
        });
    }
    let users = users::all(client).await?;
    if let Some(user) = users.iter().find(|user| is_named(&user.name, wanted)) {
        return Ok(user.id);
    }
    let agents = remote::all(async |cursor| client.agents(cursor.as_deref()).await).await?;
    agents.iter().find(|agent| agent.name == wanted).map(|agent| agent.id).ok_or_else(|| {
        let message = format!("there is no user or agent `{wanted}`");
        not_found(message, "`preloop users list` shows users, `preloop keys list` agents with keys")
    })
}

fn is_named(name: &str, wanted: &str) -> bool {
    name == wanted || name.to_lowercase() == wanted.to_lowercase()
}

fn row(team: &Team) -> Vec<Cell> {
    let members: Vec<&str> = team.members.iter().map(|member| member.name.as_str()).collect();
    vec![
        Cell::plain(&team.name),
        Cell::plain(members.join(", ")),
        Cell::plain(team.description.as_deref().unwrap_or_default()),
    ]
}
