//! `preloop servers`: the MCP servers of the account's policy.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use preloop_api::{
    McpServerEntry, McpServerInfo, McpServerState, Page as ListPage, PolicyApplied, ScannedTool,
};
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output, Page, Style, visible};
use crate::remote::{self, Remote};

/// What to do with MCP servers.
#[derive(Debug, Subcommand)]
pub(crate) enum Servers {
    /// List the MCP servers and how they are
    List(List),
    /// Add a server to the account's policy
    Add(Box<Add>),
    /// Take a server out of the account's policy; its credentials stay for a rollback
    Remove(One),
    /// Dial a server now and show which of its tools are new, changed and gone
    Scan(One),
}

/// Options of `servers list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    remote: Remote,
}

/// Options of `servers add`.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Its name, by which rules and agents know it
    name: String,

    /// Its http or https address
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "command",
        required_unless_present = "command"
    )]
    address: Option<String>,

    /// Show it the value of this environment variable of the server as a bearer token
    #[arg(long, value_name = "NAME", conflicts_with = "bearer_file")]
    bearer_variable: Option<String>,

    /// Show it the token in this file, `-` for standard input; it is sealed and stored
    #[arg(long, value_name = "FILE")]
    bearer_file: Option<PathBuf>,

    /// What the names of its tools begin with where agents see them
    #[arg(long, value_name = "PREFIX")]
    tool_prefix: Option<String>,

    /// Why, for the version that this makes
    #[arg(long, short)]
    message: Option<String>,

    /// The program to start, with its arguments, after `--`; the operator must have listed it
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,

    #[command(flatten)]
    remote: Remote,
}

/// Options of what is done with one server.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// Its name in the policy
    name: String,

    #[command(flatten)]
    remote: Remote,
}

/// Runs one of them.
pub(crate) fn run(servers: Servers, output: Output) -> Result<Exit, Failure> {
    match servers {
        Servers::List(list) => run_list(&list, output),
        Servers::Add(add) => run_add(&add, output),
        Servers::Remove(one) => run_remove(&one, output),
        Servers::Scan(one) => run_scan(&one, output),
    }
}

fn run_list(list: &List, output: Output) -> Result<Exit, Failure> {
    let client = list.remote.client()?;
    let servers = remote::block_on(async {
        remote::all(async |cursor| client.mcp_servers(cursor.as_deref()).await).await
    })?;
    let list = ListPage { items: servers, next_cursor: None };
    output.result(&list, |page| {
        if list.items.is_empty() {
            page.line("no servers");
        } else {
            let rows: Vec<Vec<Cell>> = list.items.iter().map(row).collect();
            page.table(&["SERVER", "TRANSPORT", "STATE", "TOOLS", "WHY"], &rows);
        }
    })?;
    Ok(Exit::Done)
}

fn row(server: &McpServerInfo) -> Vec<Cell> {
    vec![
        Cell::plain(&server.name),
        Cell::plain(&server.transport),
        state(server.state),
        Cell::plain(server.tools.to_string()),
        Cell::plain(server.last_error.as_deref().unwrap_or_default()),
    ]
}

fn state(state: McpServerState) -> Cell {
    match state {
        McpServerState::Connected => Cell::styled(Style::Green, "connected"),
        McpServerState::Connecting => Cell::plain("connecting"),
        McpServerState::Disabled => Cell::styled(Style::Dim, "disabled"),
        McpServerState::Failed => Cell::styled(Style::Red, "failed"),
    }
}

fn run_add(add: &Add, output: Output) -> Result<Exit, Failure> {
    let entry = entry(add)?;
    let client = add.remote.client()?;
    let applied = remote::block_on(async {
        Ok(client.mcp_server_add(&entry, add.message.as_deref()).await?)
    })?;
    show(&applied, &format!("added {}", visible(&add.name)), output)
}

fn entry(add: &Add) -> Result<McpServerEntry, Failure> {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), json!(add.name));
    if let Some(url) = &add.address {
        entry.insert("url".to_owned(), json!(url));
    }
    if let Some((command, args)) = add.command.split_first() {
        entry.insert("transport".to_owned(), json!("stdio"));
        entry.insert("command".to_owned(), json!(command));
        entry.insert("args".to_owned(), json!(args));
    }
    let token = match (&add.bearer_variable, &add.bearer_file) {
        (Some(name), _) => Some(format!("${{{name}}}")),
        (None, Some(file)) => Some(token_in(file)?),
        (None, None) => None,
    };
    if let Some(token) = token {
        entry.insert("auth_type".to_owned(), json!("bearer"));
        entry.insert("auth_config".to_owned(), json!({ "token": token }));
    }
    if let Some(prefix) = &add.tool_prefix {
        entry.insert("tool_prefix".to_owned(), Value::from(prefix.as_str()));
    }
    Ok(McpServerEntry(entry))
}

/// A token is never an argument: those are seen by everybody on the machine.
fn token_in(file: &Path) -> Result<String, Failure> {
    let read = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    let text = read.map_err(|cause| {
        Failure::new("unreadable", format!("cannot read `{}`: {cause}", file.display()))
    })?;
    Ok(text.trim().to_owned())
}

fn run_remove(one: &One, output: Output) -> Result<Exit, Failure> {
    let client = one.remote.client()?;
    let applied = remote::block_on(async { Ok(client.mcp_server_remove(&one.name, None).await?) })?;
    show(&applied, &format!("removed {}", visible(&one.name)), output)
}

fn show(applied: &PolicyApplied, what: &str, output: Output) -> Result<Exit, Failure> {
    output.result(applied, |page| {
        let version = applied.version.as_ref();
        let number = version.map(|version| format!(", version {}", version.number));
        page.line(format!("{what}{}", number.unwrap_or_default()));
    })?;
    Ok(Exit::Done)
}

fn run_scan(one: &One, output: Output) -> Result<Exit, Failure> {
    let client = one.remote.client()?;
    let scan = remote::block_on(async { Ok(client.mcp_server_scan(&one.name).await?) })?;
    let is_read = scan.info.state == McpServerState::Connected && scan.info.last_error.is_none();
    output.result(&scan, |page| {
        if let Some(cause) = &scan.info.last_error {
            let label = page.styled(Style::Red, "not read:");
            page.line(format!("{label} {}", visible(cause)));
        }
        for (word, tools) in [("new", &scan.new), ("changed", &scan.changed), ("gone", &scan.gone)]
        {
            list_tools(page, word, tools);
        }
        if is_read {
            page.line(format!("{} tools", scan.info.tools));
        }
    })?;
    Ok(if is_read { Exit::Done } else { Exit::Failure })
}

fn list_tools(page: &mut Page, word: &str, tools: &[ScannedTool]) {
    for tool in tools {
        let label = page.styled(Style::Yellow, &format!("{word:<8}"));
        page.line(format!("{label} {} ({})", visible(&tool.name), tool.state.as_str()));
    }
}
