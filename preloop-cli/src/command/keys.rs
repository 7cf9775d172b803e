//! `preloop keys`: make, list and revoke API keys.

use clap::{Args, Subcommand, ValueEnum};
use preloop_api::{ApiKey, Page as ListPage, Role};
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
    /// Revoke a key; it stops working at once
    Revoke(Revoke),
}

/// Options of `keys create`.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Name of the key, and of the principal that it stands for
    name: String,

    /// What its holder may do
    #[arg(long, value_enum, default_value = "agent")]
    role: KeyRole,

    #[command(flatten)]
    remote: Remote,
}

/// Options of `keys list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    remote: Remote,
}

/// Options of `keys revoke`.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// Id of the key
    id: Uuid,

    #[command(flatten)]
    remote: Remote,
}

/// Roles as the command line spells them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum KeyRole {
    /// Ask for decisions and call tools; never approve, never administer
    Agent,
    /// Everything
    Owner,
}

/// Runs one of them.
pub(crate) fn run(keys: Keys, output: Output) -> Result<Exit, Failure> {
    match keys {
        Keys::Create(create) => run_create(&create, output),
        Keys::List(list) => run_list(&list, output),
        Keys::Revoke(revoke) => run_revoke(&revoke, output),
    }
}

fn run_create(create: &Create, output: Output) -> Result<Exit, Failure> {
    let client = create.remote.client()?;
    let role = match create.role {
        KeyRole::Agent => Role::Agent,
        KeyRole::Owner => Role::Owner,
    };
    let created = remote::block_on(async { Ok(client.key_create(&create.name, role).await?) })?;
    output.message(|page| {
        let note = page.styled(Style::Dim, "the key is shown only now; Preloop keeps its hash");
        page.line(format!("made {} ({})", visible(&created.api_key.name), created.api_key.id));
        page.line(note);
    });
    // The key alone is the result, so that it can be piped into a file.
    output.result(&created, |page| {
        page.line(&created.key);
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
    remote::block_on(async { Ok(client.key_revoke(revoke.id).await?) })?;
    output.result(&json!({ "id": revoke.id, "revoked": true }), |page| {
        page.line(format!("revoked {}", revoke.id));
    })?;
    Ok(Exit::Done)
}

fn row(key: &ApiKey) -> Vec<Cell> {
    let state = match key.revoked_at {
        Some(at) => Cell::styled(Style::Dim, format!("revoked {at:.0}")),
        None => Cell::styled(Style::Green, "good"),
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
