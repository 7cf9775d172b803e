//! What upstream servers offer, and whether their definitions are accepted.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use preloop_api::{McpServerInfo, McpServerState, Page, Permission, Role, ToolInfo, ToolState};
use preloop_core::approval::{Familiarity, Risk};
use preloop_core::audit::AuditKind;
use preloop_core::canonical_value;
use preloop_core::decision::Decision;
use serde_json::{Map, Value};

use super::{Caller, NamedPart, PreviewTool, ServiceError, Services, Visibility};
use crate::digest::sha256_hex;
use crate::store::StoredTool;

/// Server and own name of a tool.
pub(super) type ToolKey = (String, String);

/// What is known of a tool by the last listing of its server.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KnownTool {
    pub(super) state: ToolState,
    pub(super) annotations: Map<String, Value>,
}

/// A tool as a server lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferedTool {
    /// Its own name at the server.
    pub name: String,
    /// Its name at `/mcp`.
    pub exposed_name: String,
    /// What the server says that it does.
    pub description: Option<String>,
    /// MCP annotations.
    pub annotations: Map<String, Value>,
    /// The whole definition as listed; its canonical hash is what is pinned.
    pub definition: Value,
}

impl Services {
    /// Takes in a complete listing of one server and says how each tool stands, in the order given.
    ///
    /// The first listing of a server is its baseline; later new or changed definitions wait to be accepted.
    ///
    /// # Errors
    /// Where the store does not answer: treat every tool as new then.
    pub async fn tools_offered(
        &self,
        server: &str,
        tools: Vec<OfferedTool>,
    ) -> Result<Vec<ToolState>, ServiceError> {
        let listed = tools.into_iter().map(|tool| stored(server, tool)).collect();
        let now = self.now();
        let account_id = self.inner.account_id;
        let (tools, news) = self.inner.store.tool_listing(account_id, server, listed, now).await?;
        let states = tools.iter().map(StoredTool::state).collect();
        self.tools_reload().await?;
        for tool in news {
            let (kind, what) = match tool.state() {
                ToolState::Changed => (AuditKind::ToolChanged, "its definition changed"),
                ToolState::New | ToolState::Accepted => {
                    (AuditKind::ToolNew, "the server began to offer it")
                }
            };
            let mut record = self.new_record(kind);
            record.server = Some(tool.server);
            record.tool = Some(tool.name);
            record.message = Some(format!("{what}; calls need approval until it is accepted"));
            self.record_or_log(&record);
        }
        Ok(states)
    }

    /// How a tool stands by the last listing of its server; new where it was never listed.
    pub fn tool_state(&self, server: &str, tool: &str) -> ToolState {
        let key = (server.to_owned(), tool.to_owned());
        self.inner.tools.load().get(&key).map_or(ToolState::New, |tool| tool.state)
    }

    /// How much harm a call of a tool may do that was decided so.
    pub(super) fn risk_of(
        &self,
        tool: &str,
        (server, source): (Option<&str>, Option<&str>),
        decision: &Decision,
    ) -> Risk {
        let own = source == Some("builtin") && server.is_none();
        let Some(server) = server.filter(|_| !own) else {
            let familiarity = if own { Familiarity::Own } else { Familiarity::Unlisted };
            return Risk::of(decision, &Map::new(), familiarity);
        };
        let tools = self.inner.tools.load();
        let Some(known) = tools.get(&(server.to_owned(), tool.to_owned())) else {
            return Risk::of(decision, &Map::new(), Familiarity::Unlisted);
        };
        let familiarity = match known.state {
            ToolState::Accepted => Familiarity::Accepted,
            ToolState::Changed => Familiarity::Changed,
            ToolState::New => Familiarity::New,
        };
        Risk::of(decision, &known.annotations, familiarity)
    }

    /// Tells how the connection to a server stands; changes of state go into the trail.
    pub fn server_reported(&self, server: McpServerInfo) {
        let before = {
            let mut servers = self.inner.servers.lock().unwrap_or_else(PoisonError::into_inner);
            servers.insert(server.name.clone(), server.clone()).map(|before| before.state)
        };
        if before == Some(server.state) {
            return;
        }
        let kind = match server.state {
            McpServerState::Connected => AuditKind::UpstreamConnected,
            McpServerState::Failed => AuditKind::UpstreamLost,
            McpServerState::Connecting | McpServerState::Disabled => return,
        };
        let mut record = self.new_record(kind);
        record.server = Some(server.name);
        record.message = server.last_error;
        self.record_or_log(&record);
    }

    /// How a server is, as far as that was reported.
    pub(super) fn server_report(&self, name: &str) -> Option<McpServerInfo> {
        self.inner.servers.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Forgets a server that the policy names no more.
    pub fn server_removed(&self, name: &str) {
        self.inner.servers.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// The upstream servers of the live policy, by name.
    pub(crate) fn server_list(
        &self,
        caller: &Caller,
        part: &NamedPart,
    ) -> Result<Page<McpServerInfo>, ServiceError> {
        caller.must(Permission::ServersRead)?;
        let live = self.live_policies();
        let servers = live.account().map_or(&[][..], |account| &account.document().mcp_servers);
        Ok(part.page(
            servers,
            |server| server.name.clone(),
            |server| Some(self.server_info(server)),
        ))
    }

    /// Whether the live policy has the server: what was offered by one that it has no more is not offered.
    fn has_server(&self, name: &str) -> bool {
        let live = self.live();
        let servers = live.account().map_or(&[][..], |account| &account.document().mcp_servers);
        servers.iter().any(|server| server.name == name)
    }

    /// The tools that servers offer or offered, by server and name. An agent sees what it may call; people see all of them, with how an
    /// agent meets them.
    pub(crate) async fn tool_list(
        &self,
        caller: &Caller,
        part: &NamedPart,
    ) -> Result<Page<ToolInfo>, ServiceError> {
        let tools = self.inner.store.tool_list(self.inner.account_id).await?;
        let sees_all = caller.role != Role::Agent;
        // What no name holds keeps servers apart.
        let name = |tool: &StoredTool| format!("{}\0{}", tool.server, tool.name);
        Ok(part.page(tools, name, |tool| {
            let shown = self.tool_shown(caller, tool);
            (sees_all || (shown.is_visible && shown.is_offered)).then_some(shown)
        }))
    }

    pub(super) fn tool_shown(&self, caller: &Caller, tool: StoredTool) -> ToolInfo {
        let state = tool.state();
        let is_new = state != ToolState::Accepted;
        let preview = PreviewTool {
            tool: &tool.name,
            server: &tool.server,
            annotations: &tool.annotations,
            is_new,
        };
        let is_visible = self.preview(caller, preview) == Visibility::Visible;
        let decision = self.settled_action(caller, preview);
        let is_offered = tool.is_offered && self.has_server(&tool.server);
        ToolInfo {
            server: tool.server,
            name: tool.name,
            exposed_name: tool.exposed_name,
            description: tool.description,
            annotations: tool.annotations,
            is_new,
            state,
            is_offered,
            is_visible,
            decision,
        }
    }

    /// Accepts a tool's definition as last listed.
    pub(crate) async fn tool_accept(
        &self,
        caller: &Caller,
        server: &str,
        name: &str,
    ) -> Result<ToolInfo, ServiceError> {
        caller.must(Permission::ToolsAccept)?;
        let account_id = self.inner.account_id;
        let accepted = self.inner.store.tool_accept(account_id, server, name, self.now()).await?;
        let tool = accepted.ok_or_else(|| ServiceError::NotFound {
            code: "tool_not_found",
            message: format!("the server `{server}` never offered a tool `{name}`"),
        })?;
        self.tools_reload().await?;
        let mut record = self.new_record(AuditKind::ToolAccepted);
        record.actor = Some(caller.principal.name.clone());
        record.server = Some(tool.server.clone());
        record.tool = Some(tool.name.clone());
        self.record(&record)?;
        self.policy_changed();
        Ok(self.tool_shown(caller, tool))
    }

    /// Reads how tools stand into memory, where every call looks it up.
    pub(super) async fn tools_reload(&self) -> Result<(), ServiceError> {
        let tools = self.inner.store.tool_list(self.inner.account_id).await?;
        let known: HashMap<ToolKey, KnownTool> = tools
            .into_iter()
            .map(|tool| {
                let known = KnownTool { state: tool.state(), annotations: tool.annotations };
                ((tool.server, tool.name), known)
            })
            .collect();
        self.inner.tools.store(Arc::new(known));
        Ok(())
    }
}

/// The hash of a tool's definition in canonical form: neither spaces nor the order of keys make another one.
pub(crate) fn definition_hash(definition: &Value) -> String {
    format!("sha256:{}", sha256_hex(&[canonical_value(definition).as_bytes()]))
}

fn stored(server: &str, tool: OfferedTool) -> StoredTool {
    let definition_hash = definition_hash(&tool.definition);
    let input_schema =
        tool.definition.get("inputSchema").filter(|schema| !schema.is_null()).cloned();
    StoredTool {
        server: server.to_owned(),
        name: tool.name,
        exposed_name: tool.exposed_name,
        description: tool.description,
        annotations: tool.annotations,
        input_schema,
        definition_hash,
        accepted_hash: None,
        is_offered: true,
    }
}
