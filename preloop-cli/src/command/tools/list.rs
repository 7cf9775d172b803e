//! `preloop tools list`: what MCP servers offer, and what of it is accepted.

use clap::Args;
use preloop_api::{McpServerState, Page as ListPage, ToolInfo, ToolState};

use crate::command::policy;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output, Style, visible};
use crate::remote::{self, Remote};

/// Options of `tools list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only tools of this server
    #[arg(long)]
    server: Option<String>,

    #[command(flatten)]
    remote: Remote,
}

/// Lists.
pub(crate) fn run(list: &List, output: Output) -> Result<Exit, Failure> {
    let client = list.remote.client()?;
    let (mut tools, mut servers) = remote::block_on(async {
        let tools = remote::all(async |cursor| client.tools(cursor.as_deref()).await).await?;
        let servers =
            remote::all(async |cursor| client.mcp_servers(cursor.as_deref()).await).await?;
        Ok((tools, servers))
    })?;
    if let Some(server) = &list.server {
        tools.retain(|tool| tool.server == *server);
        servers.retain(|known| known.name == *server);
    }
    let list = ListPage { items: tools, next_cursor: None };
    output.result(&list, |page| {
        if list.items.is_empty() {
            page.line("no tools");
        } else {
            let rows: Vec<Vec<Cell>> = list.items.iter().map(row).collect();
            page.table(&["SERVER", "TOOL", "AGENTS CALL IT", "STATE", "ANSWER"], &rows);
        }
    })?;
    // Tools that are missed are mostly those of a server that cannot be reached.
    output.message(|page| {
        for server in servers.iter().filter(|server| server.state == McpServerState::Failed) {
            let label = page.styled(Style::Yellow, "not connected:");
            let cause = server.last_error.as_deref().unwrap_or("no cause is known");
            page.line(format!("{label} {}: {}", visible(&server.name), visible(cause)));
        }
    });
    Ok(Exit::Done)
}

fn row(tool: &ToolInfo) -> Vec<Cell> {
    let state = match tool.state {
        _ if !tool.is_offered => Cell::styled(Style::Dim, "gone"),
        ToolState::Accepted => Cell::plain("accepted"),
        ToolState::Changed | ToolState::New => Cell::styled(Style::Yellow, tool.state.as_str()),
    };
    let answer = match tool.decision {
        Some(action) => policy::action_cell(action),
        None => Cell::styled(Style::Dim, "depends on the arguments"),
    };
    let called =
        if tool.is_visible { tool.exposed_name.clone() } else { "(hidden from agents)".to_owned() };
    vec![Cell::plain(&tool.server), Cell::plain(&tool.name), Cell::plain(called), state, answer]
}
