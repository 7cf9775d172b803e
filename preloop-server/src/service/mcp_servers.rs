//! MCP servers one by one: shown with what is known of them, and edited as a part of the account's
//! policy, so that each change is a version.

use std::collections::HashMap;

use preloop_api::{
    McpServerDetail, McpServerEntry, McpServerInfo, McpServerScan, McpServerState, McpServerTool,
    Page, Permission, PolicyApplied, PolicyScope, ScannedTool,
};
use preloop_core::ValidPolicy;
use preloop_core::canonical::{export, export_server, to_json};
use preloop_core::document::{McpServer, PolicyDocument, Transport};
use serde_json::{Map, Value};

use super::{Caller, Expected, NamedPart, ServiceError, Services};
use crate::store::StoredTool;

/// How an entry is changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ServerEdit {
    /// A new entry, at the end.
    Add(McpServerEntry),
    /// Another entry in the place of the one of that name.
    Replace(String, McpServerEntry),
    /// Some fields of the entry of that name; null takes a field out (RFC 7396).
    Merge(String, McpServerEntry),
    /// The entry of that name is taken out.
    Remove(String),
}

/// The tools of a server as they were before a scan, by name.
pub(crate) type KnownTools = HashMap<String, StoredTool>;

impl Services {
    /// A server with its entry and what is stored for it.
    pub(crate) async fn server_show(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<McpServerDetail, ServiceError> {
        caller.must(Permission::ServersRead)?;
        let server = self.server_named(name)?;
        Ok(McpServerDetail {
            info: self.server_info(&server),
            entry: entry_of(server.clone()),
            credentials: self.credentials_stored(&server).await?,
            is_read_only: self.has_policy_file(),
        })
    }

    /// The tools of a server by name, gone ones among them.
    pub(crate) async fn server_tools(
        &self,
        caller: &Caller,
        name: &str,
        part: &NamedPart,
    ) -> Result<Page<McpServerTool>, ServiceError> {
        caller.must(Permission::ServersRead)?;
        let server = self.server_named(name)?;
        let tools = self.known_tools(&server.name).await?;
        let name = |tool: &StoredTool| tool.name.clone();
        Ok(part.page(tools.into_values(), name, |tool| {
            Some(McpServerTool {
                input_schema: tool.input_schema.clone(),
                definition_hash: tool.definition_hash.clone(),
                accepted_hash: tool.accepted_hash.clone(),
                tool: self.tool_shown(caller, tool),
            })
        }))
    }

    /// What is known of the tools of a server.
    pub(crate) async fn known_tools(&self, server: &str) -> Result<KnownTools, ServiceError> {
        let tools = self.inner.store.tool_list(self.inner.account_id).await?;
        let own = tools.into_iter().filter(|tool| tool.server == server);
        Ok(own.map(|tool| (tool.name.clone(), tool)).collect())
    }

    /// What a listing changed, against what was known before it.
    pub(crate) async fn server_scanned(
        &self,
        server: &McpServer,
        before: &KnownTools,
    ) -> Result<McpServerScan, ServiceError> {
        let info = self.server_info(server);
        let mut scan = McpServerScan { info, new: vec![], changed: vec![], gone: vec![] };
        let after = self.known_tools(&server.name).await?;
        let mut after: Vec<StoredTool> = after.into_values().collect();
        after.sort_by(|a, b| a.name.cmp(&b.name));
        for tool in after {
            let known = before.get(&tool.name);
            let was_offered = known.is_some_and(|known| known.is_offered);
            let previous = known.map(|known| known.definition_hash.clone());
            let is_changed = previous.as_ref().is_some_and(|hash| *hash != tool.definition_hash);
            let scanned = ScannedTool {
                state: tool.state(),
                name: tool.name,
                definition_hash: tool.definition_hash,
                previous_hash: previous.filter(|_| is_changed),
            };
            match (was_offered, tool.is_offered) {
                (false, true) => scan.new.push(scanned),
                (true, false) => scan.gone.push(scanned),
                (true, true) if is_changed => scan.changed.push(scanned),
                _ => {}
            }
        }
        Ok(scan)
    }

    /// Edits the account's policy; literal secrets of the entry are stored and stay out of it.
    pub(crate) async fn server_edit(
        &self,
        caller: &Caller,
        edit: ServerEdit,
        message: Option<String>,
        expected: Expected,
    ) -> Result<PolicyApplied, ServiceError> {
        caller.must(Permission::ServersWrite)?;
        let change = |document: &PolicyDocument| edited(document, edit);
        self.policy_edit(caller, PolicyScope::account(), message, expected, change).await
    }

    pub(super) fn server_info(&self, server: &McpServer) -> McpServerInfo {
        self.server_report(&server.name).unwrap_or_else(|| McpServerInfo {
            name: server.name.clone(),
            transport: server.transport.unwrap_or(Transport::StreamableHttp).as_str().to_owned(),
            state: McpServerState::Connecting,
            tools: 0,
            last_error: None,
        })
    }
}

/// The entry as a document has it, without secrets.
fn entry_of(server: McpServer) -> Map<String, Value> {
    match serde_json::to_value(export_server(server)) {
        Ok(Value::Object(entry)) => entry,
        _ => Map::new(),
    }
}

fn edited(document: &PolicyDocument, edit: ServerEdit) -> Result<ValidPolicy, ServiceError> {
    // What is stored has no literal secrets; should one be there, it does not go through here.
    let text = to_json(&export(document.clone()));
    let mut whole: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
        tracing::error!(%error, "the live policy cannot be written as JSON");
        ServiceError::Unavailable { message: "the live policy cannot be edited".to_owned() }
    })?;
    let servers = whole.entry("mcp_servers").or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(servers) = servers {
        edit_entries(servers, edit)?;
    }
    ValidPolicy::parse(&Value::Object(whole).to_string()).map_err(|mut report| {
        // Lines of a text that nobody wrote help nobody.
        for problem in report.errors.iter_mut().chain(&mut report.warnings) {
            problem.line = None;
            problem.column = None;
        }
        ServiceError::InvalidPolicy { report: Box::new(report) }
    })
}

fn edit_entries(servers: &mut Vec<Value>, edit: ServerEdit) -> Result<(), ServiceError> {
    let position = |servers: &[Value], name: &str| {
        let same = |entry: &Value| named(entry).to_lowercase() == name.to_lowercase();
        servers.iter().position(same)
    };
    let found = |servers: &[Value], name: &str| {
        position(servers, name).ok_or_else(|| ServiceError::NotFound {
            code: "mcp_server_not_found",
            message: format!("the live policy has no MCP server `{name}`"),
        })
    };
    match edit {
        ServerEdit::Add(McpServerEntry(entry)) => {
            let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
            let known = position(servers, name).and_then(|at| servers.get(at)).map(named);
            if let Some(known) = known.filter(|known| !known.is_empty()) {
                return Err(ServiceError::Conflict {
                    code: "mcp_server_taken",
                    message: format!(
                        "there is an MCP server `{known}`, and case makes no other name; replace or change that one"
                    ),
                    state: None,
                });
            }
            servers.push(Value::Object(entry));
        }
        ServerEdit::Replace(name, McpServerEntry(mut entry)) => {
            let at = found(servers, &name)?;
            let slot = servers.get_mut(at);
            let known = slot.as_deref().map(named).unwrap_or_default().to_owned();
            check_name(&known, &entry)?;
            entry.insert("name".to_owned(), Value::from(known));
            if let Some(slot) = slot {
                *slot = Value::Object(entry);
            }
        }
        ServerEdit::Merge(name, McpServerEntry(fields)) => {
            let at = found(servers, &name)?;
            if let Some(slot) = servers.get_mut(at) {
                check_name(named(slot), &fields)?;
                merge(slot, Value::Object(fields));
            }
        }
        ServerEdit::Remove(name) => drop(servers.remove(found(servers, &name)?)),
    }
    Ok(())
}

/// Rules and credentials know a server by its name.
fn check_name(known: &str, given: &Map<String, Value>) -> Result<(), ServiceError> {
    match given.get("name") {
        Some(name) if name.as_str() != Some(known) => Err(ServiceError::Invalid {
            code: "mcp_server_renamed",
            message: format!(
                "an MCP server keeps its name, by which rules and credentials know it; leave \
                 `name` out, or add another server and remove `{known}`"
            ),
        }),
        _ => Ok(()),
    }
}

fn named(entry: &Value) -> &str {
    entry.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// JSON merge patch, RFC 7396. Bodies are read with a bounded nesting.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(&name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), value);
        }
    }
}
