//! The tools of all servers as one list, swapped whole whenever a server lists anew.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use preloop_api::ToolState;
use preloop_core::document::McpServer;
use preloop_core::schema::ToolSchema;
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::names::exposed_name;
use crate::service::{OfferedTool, Services, definition_hash};

/// All tools, by server and by the name at `/mcp`.
#[derive(Debug)]
pub(crate) struct Catalog {
    services: Services,
    listing: ArcSwap<Listing>,
    changes: watch::Sender<u64>,
}

/// The tools at one moment.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    servers: BTreeMap<String, Vec<Arc<Tool>>>,
    merged: BTreeMap<String, Vec<Arc<Tool>>>,
}

/// One tool of one server.
#[derive(Debug)]
pub(crate) struct Tool {
    /// The server that offers it.
    pub(crate) server: String,
    /// Its own name there.
    pub(crate) name: String,
    /// Its name at `/mcp`.
    pub(crate) exposed_name: String,
    /// Its definition as the server wrote it.
    pub(crate) definition: Bytes,
    /// Its canonical hash, which approvals are bound to.
    pub(crate) definition_hash: String,
    /// MCP annotations.
    pub(crate) annotations: Map<String, Value>,
    /// What its arguments must look like, where it says so.
    pub(crate) schema: Option<Arc<ToolSchema>>,
    /// The names of the parameters that it declares.
    pub(crate) parameters: Vec<String>,
    /// Whether it has a parameter of its own called `justification`.
    pub(crate) has_own_justification: bool,
    /// Whether the store could not say that this definition is the accepted one.
    pub(crate) is_unverified: bool,
}

// === impl Catalog ===

impl Catalog {
    pub(crate) fn new(services: Services) -> Self {
        Self { services, listing: ArcSwap::default(), changes: watch::Sender::new(0) }
    }

    /// The tools of now.
    pub(crate) fn listing(&self) -> Arc<Listing> {
        self.listing.load_full()
    }

    /// Changes whenever the tools do.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether a tool is new or changed, by the pins in the store.
    pub(crate) fn is_new(&self, tool: &Tool) -> bool {
        tool.is_unverified
            || self.services.tool_state(&tool.server, &tool.name) != ToolState::Accepted
    }

    /// Takes in a complete listing of one server.
    pub(crate) async fn take_in(&self, server: &McpServer, definitions: &[Bytes]) {
        let mut seen = HashSet::new();
        let mut offered = Vec::with_capacity(definitions.len());
        let mut tools = Vec::with_capacity(definitions.len());
        for definition in definitions {
            let Some((offer, tool)) = read(server, definition) else {
                tracing::warn!(
                    server = server.name,
                    "a tool without a usable definition is left out"
                );
                continue;
            };
            if seen.insert(offer.name.clone()) {
                offered.push(offer);
                tools.push(tool);
            } else {
                tracing::warn!(
                    server = server.name,
                    tool = offer.name,
                    "a tool is listed twice; the first definition counts"
                );
            }
        }
        let pinned = self.services.tools_offered(&server.name, offered).await;
        if let Err(error) = &pinned {
            tracing::error!(server = server.name, %error, "its tools are treated as new");
            for tool in &mut tools {
                tool.is_unverified = true;
            }
        }
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        let tools: Vec<Arc<Tool>> = tools.into_iter().map(Arc::new).collect();
        self.replace(&server.name, Some(&tools));
    }

    /// Drops a server's tools.
    pub(crate) fn forget(&self, server: &str) {
        self.replace(server, None);
    }

    fn replace(&self, server: &str, tools: Option<&Vec<Arc<Tool>>>) {
        let old = self.listing.rcu(|listing| listing.with(server, tools.cloned()));
        if old.servers.get(server) != tools {
            self.changes.send_modify(|version| *version = version.wrapping_add(1));
        }
    }
}

// === impl Listing ===

impl Listing {
    /// The tools of one server, by their own name.
    pub(crate) fn tools_of(&self, server: &str) -> &[Arc<Tool>] {
        self.servers.get(server).map(Vec::as_slice).unwrap_or_default()
    }

    /// One tool of one server.
    pub(crate) fn tool_of(&self, server: &str, name: &str) -> Option<&Arc<Tool>> {
        let tools = self.tools_of(server);
        let index = tools.binary_search_by(|tool| tool.name.as_str().cmp(name)).ok()?;
        tools.get(index)
    }

    /// The tools at `/mcp`, by the names there; names that two tools share are left out.
    pub(crate) fn merged(&self) -> impl Iterator<Item = &Arc<Tool>> {
        self.merged.values().filter_map(|tools| match tools.as_slice() {
            [tool] => Some(tool),
            _ => None,
        })
    }

    /// The tools that share a name at `/mcp`; more than one means that the name is refused.
    pub(crate) fn named(&self, exposed_name: &str) -> &[Arc<Tool>] {
        self.merged.get(exposed_name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the server still offers the tool with this very definition.
    pub(crate) fn is_current(&self, tool: &Arc<Tool>) -> bool {
        self.tool_of(&tool.server, &tool.name)
            .is_some_and(|now| Arc::ptr_eq(now, tool) || now == tool)
    }

    fn with(&self, server: &str, tools: Option<Vec<Arc<Tool>>>) -> Self {
        let mut servers = self.servers.clone();
        match tools {
            Some(tools) => servers.insert(server.to_owned(), tools),
            None => servers.remove(server),
        };
        let mut merged: BTreeMap<String, Vec<Arc<Tool>>> = BTreeMap::new();
        for tool in servers.values().flatten() {
            merged.entry(tool.exposed_name.clone()).or_default().push(Arc::clone(tool));
        }
        for (name, tools) in merged.iter().filter(|(_, tools)| tools.len() > 1) {
            let servers: Vec<&str> = tools.iter().map(|tool| tool.server.as_str()).collect();
            tracing::warn!(
                name,
                ?servers,
                "two tools share a name at /mcp; neither is offered there"
            );
        }
        Self { servers, merged }
    }
}

/// The schema made ready; one that cannot be read checks nothing, as no schema does.
fn schema_of(tool: &str, schema: &Value) -> Option<Arc<ToolSchema>> {
    match ToolSchema::compile(schema) {
        Ok(schema) => Some(Arc::new(schema)),
        Err(error) => {
            tracing::warn!(tool, %error, "the input schema cannot be read; arguments are not checked");
            None
        }
    }
}

impl PartialEq for Tool {
    /// A definition says everything that follows from it.
    fn eq(&self, other: &Self) -> bool {
        self.server == other.server
            && self.exposed_name == other.exposed_name
            && self.definition == other.definition
            && self.is_unverified == other.is_unverified
    }
}

fn read(server: &McpServer, definition: &Bytes) -> Option<(OfferedTool, Tool)> {
    // Of a key that stands there twice, clients would see the one that was not accepted.
    preloop_core::json::check(definition).ok()?;
    let value: Value = serde_json::from_slice(definition).ok()?;
    let name = value.get("name")?.as_str().filter(|name| !name.is_empty())?.to_owned();
    let exposed_name = exposed_name(&server.name, server.tool_prefix.as_deref(), &name);
    let annotations = value.get("annotations").and_then(Value::as_object).cloned();
    let annotations = annotations.unwrap_or_default();
    let parameters = value.pointer("/inputSchema/properties").and_then(Value::as_object);
    let parameters = parameters.map(|known| known.keys().cloned().collect()).unwrap_or_default();
    let tool = Tool {
        server: server.name.clone(),
        name: name.clone(),
        exposed_name: exposed_name.clone(),
        definition: definition.clone(),
        definition_hash: definition_hash(&value),
        annotations: annotations.clone(),
        schema: value.get("inputSchema").and_then(|schema| schema_of(&name, schema)),
        parameters,
        has_own_justification: value.pointer("/inputSchema/properties/justification").is_some(),
        is_unverified: false,
    };
    let description = value.get("description").and_then(Value::as_str).map(str::to_owned);
    Some((OfferedTool { name, exposed_name, description, annotations, definition: value }, tool))
}
