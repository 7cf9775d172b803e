//! `preloop keys`: make, list, rotate and revoke API keys.

use clap::{Args, Subcommand, ValueEnum};
use preloop_api::{
    ApiKey, CreateApiKey, CreatedApiKey, Page as ListPage, Permission, Role, Timestamp,
};
use preloop_client::Client;
use serde_json::json;
use uuid::Uuid;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output, Style, visible};
use crate::remote::{self, Remote};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key and print it; it is shown only this once
    Create(Create),
    /// List keys, without their text
    List(List),
    /// Give a key another text and print it; it is shown only this once
    Rotate(Rotate),
    /// Revoke a key; it stops working at once
    Revoke(Revoke),
}

/// Options of `keys create`.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Name of the key; the agent or user is the one of this name, and made where there is none
    name: String,

    /// What its holder may do
    #[arg(long, value_enum, default_value = "agent")]
    role: KeyRole,

    /// Make it for the agent of this name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["role", "user", "own"])]
    agent: Option<String>,

    /// Make it for the user of this name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["role", "own"])]
    user: Option<String>,

    /// Make it for yourself
    #[arg(long, conflicts_with = "role")]
    own: bool,

    /// Narrow it to these permissions, such as `decisions:make,tools:call`
    #[arg(long, value_name = "PERMISSION", value_delimiter = ',', value_parser = permission)]
    scopes: Vec<Permission>,

    /// Until when it is good, such as `2027-01-31T00:00:00Z` [default: until it is revoked]
    #[arg(long, value_name = "TIME")]
    expires: Option<Timestamp>,

    /// The flow whose policy applies to calls with this key
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,

    #[command(flatten)]
    remote: Remote,
}

/// Options of `keys list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    remote: Remote,
}

/// Options of `keys rotate`.
#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// Id of the key, or its name where one good key has it
    key: String,

    /// For how many seconds the text so far stays good
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    grace: u64,

    #[command(flatten)]
    remote: Remote,
}

/// Options of `keys revoke`.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// Id of the key, or its name where one good key has it
    key: String,

    #[command(flatten)]
    remote: Remote,
}

/// Roles as the command line spells them.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum KeyRole {
    /// Everything but the account itself and its owners
    Admin,
    /// Ask for decisions and call tools; never approve, never administer
    Agent,
    /// Read, and vote on approval requests
    Approver,
    /// Write policies and MCP servers, accept tools
    Editor,
    /// Everything
    Owner,
    /// Read
    Viewer,
}

impl From<KeyRole> for Role {
    fn from(role: KeyRole) -> Self {
        match role {
            KeyRole::Admin => Self::Admin,
            KeyRole::Agent => Self::Agent,
            KeyRole::Approver => Self::Approver,
            KeyRole::Editor => Self::Editor,
            KeyRole::Owner => Self::Owner,
            KeyRole::Viewer => Self::Viewer,
        }
    }
}

/// Runs one of them.
pub(crate) fn run(keys: Keys, output: Output) -> Result<Exit, Failure> {
    match keys {
        Keys::Create(create) => run_create(create, output),
        Keys::List(list) => run_list(&list, output),
        Keys::Rotate(rotate) => run_rotate(&rotate, output),
        Keys::Revoke(revoke) => run_revoke(&revoke, output),
    }
}

fn run_create(create: Create, output: Output) -> Result<Exit, Failure> {
    let client = create.remote.client()?;
    let names_holder = create.agent.is_some() || create.user.is_some() || create.own;
    let body = CreateApiKey {
        name: create.name,
        role: (!names_holder).then_some(create.role.into()),
        agent: create.agent,
        user: create.user,
        scopes: create.scopes,
        flow: create.flow,
        expires_at: create.expires,
    };
    let created = remote::block_on(async { Ok(client.key_make(&body).await?) })?;
    show(&created, "made", output)
}

fn run_rotate(rotate: &Rotate, output: Output) -> Result<Exit, Failure> {
    let client = rotate.remote.client()?;
    let rotated = remote::block_on(async {
        let id = find(&client, &rotate.key).await?;
        Ok(client.key_rotate(id, rotate.grace).await?)
    })?;
    show(&rotated, "rotated", output)
}

fn show(created: &CreatedApiKey, what: &str, output: Output) -> Result<Exit, Failure> {
    output.message(|page| {
        let note = page.styled(Style::Dim, "the key is shown only now; Preloop keeps its hash");
        page.line(format!("{what} {} ({})", visible(&created.api_key.name), created.api_key.id));
        page.line(note);
    });
    // The key alone is the result, so that it can be piped into a file.
    output.result(created, |page| {
        page.line(created.key.reveal());
    })?;
    Ok(Exit::Done)
}

fn run_list(list: &List, output: Output) -> Result<Exit, Failure> {
    let client = list.remote.client()?;
    let keys = remote::block_on(async {
        remote::all(async |cursor| client.keys(cursor.as_deref()).await).await
    })?;
    let list = ListPage { items: keys, next_cursor: None };
    output.result(&list, |page| {
        let rows: Vec<Vec<Cell>> = list.items.iter().map(row).collect();
        page.table(&["ID", "NAME", "ROLE", "KEY", "MADE", "STATE"], &rows);
    })?;
    Ok(Exit::Done)
}

fn run_revoke(revoke: &Revoke, output: Output) -> Result<Exit, Failure> {
    let client = revoke.remote.client()?;
    let id = remote::block_on(async {
        let id = find(&client, &revoke.key).await?;
        client.key_revoke(id).await?;
        Ok(id)
    })?;
    output.result(&json!({ "id": id, "revoked": true }), |page| {
        page.line(format!("revoked {id}"));
    })?;
    Ok(Exit::Done)
}

/// The key of that id, or the one good key of that name: holders name theirs, so several may have one name.
async fn find(client: &Client, key: &str) -> Result<Uuid, Failure> {
    if let Ok(id) = key.parse() {
        return Ok(id);
    }
    let keys = remote::all(async |cursor| client.keys(cursor.as_deref()).await).await?;
    let mut named = keys.iter().filter(|one| one.name == key && one.revoked_at.is_none());
    let shown = visible(key);
    match (named.next(), named.next()) {
        (Some(one), None) => Ok(one.id),
        (Some(_), Some(_)) => Err(Failure::usage(format!("several good keys are named `{shown}`"))
            .help("name it by its id, as `preloop keys list` shows it")),
        (None, _) => Err(Failure::new("key_not_found", format!("no good key is named `{shown}`"))
            .help("`preloop keys list` shows names and ids")),
    }
}

fn row(key: &ApiKey) -> Vec<Cell> {
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => Cell::styled(Style::Dim, format!("revoked {at:.0}")),
        (None, Some(at)) => Cell::plain(format!("until {at:.0}")),
        (None, None) => Cell::styled(Style::Green, "good"),
    };
    vec![
        Cell::plain(key.id.to_string()),
        Cell::plain(&key.name),
        Cell::plain(key.role.as_str()),
        Cell::plain(format!("{}…", key.hint)),
        Cell::plain(format!("{:.0}", key.created_at)),
        state,
    ]
}

fn permission(text: &str) -> Result<Permission, String> {
    Permission::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = Permission::ALL.iter().map(|it| it.as_str()).collect();
        format!("one of {}", names.join(", "))
    })
}
