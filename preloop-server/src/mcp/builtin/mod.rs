//! The tools that the firewall itself offers to agents: to ask people, and to come back for what was asked.

mod answer;
mod definitions;

use std::sync::Arc;

use preloop_core::schema::ToolSchema;
use serde_json::Value;

use super::Firewall;
use super::catalog::{Listing, Tool};
use super::downstream::Endpoint;
use crate::service::{Asks, Caller, PreviewTool, Visibility, definition_hash};

pub(crate) use answer::answer;

/// The class of these tools; no server of a policy may be called so.
pub(crate) const SOURCE: &str = "builtin";
/// Comes back for a request.
pub(crate) const GET_APPROVAL_STATUS: &str = "get_approval_status";
/// Asks people whether to go on.
pub(crate) const REQUEST_APPROVAL: &str = "request_approval";
/// Asks people a question.
pub(crate) const ASK_USER: &str = "ask_user";

/// The tools, by name.
#[derive(Debug)]
pub(crate) struct Builtins {
    tools: Vec<Arc<Tool>>,
}

impl Default for Builtins {
    fn default() -> Self {
        let mut tools: Vec<Arc<Tool>> = definitions::all().iter().map(tool).collect();
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        Self { tools }
    }
}

impl Builtins {
    /// The tool that the name stands for at an endpoint; at `/mcp` these names are taken.
    pub(crate) fn named(
        &self,
        endpoint: &Endpoint,
        listing: &Listing,
        name: &str,
    ) -> Option<&Arc<Tool>> {
        let tool = self.tools.iter().find(|tool| tool.name == name)?;
        match endpoint {
            Endpoint::Merged => Some(tool),
            // There the names are the server's own.
            Endpoint::Server(server) => {
                let is_free = listing.tool_of(server, name).is_none();
                (name == GET_APPROVAL_STATUS && is_free).then_some(tool)
            }
        }
    }

    /// The tools that an agent sees at an endpoint, by name.
    pub(crate) fn visible(
        &self,
        firewall: &Firewall,
        caller: &Caller,
        endpoint: &Endpoint,
    ) -> Vec<&Arc<Tool>> {
        let listing = firewall.catalog().listing();
        let is_here = |tool: &&Arc<Tool>| {
            let is_found = self.named(endpoint, &listing, &tool.name).is_some();
            is_found && (*endpoint == Endpoint::Merged || firewall.may_answer_later(caller))
        };
        let is_visible = |tool: &&Arc<Tool>| {
            // To come back for one's own request is a part of asking, which no rule is about.
            tool.name == GET_APPROVAL_STATUS
                || firewall.services().preview(caller, preview(tool, false)) == Visibility::Visible
        };
        self.tools.iter().filter(is_here).filter(is_visible).collect()
    }

    /// The tool of that name, wherever it is.
    pub(crate) fn any(&self, name: &str) -> Option<&Arc<Tool>> {
        self.tools.iter().find(|tool| tool.name == name)
    }
}

/// The tool for a question about its visibility.
pub(crate) fn preview(tool: &Tool, is_new: bool) -> PreviewTool<'_> {
    PreviewTool { tool: &tool.name, server: &tool.server, annotations: &tool.annotations, is_new }
}

/// Whether the tool is one of these.
pub(crate) fn is_builtin(tool: &Tool) -> bool {
    tool.server == SOURCE
}

/// Whether a call of the tool is itself a question to people.
pub(crate) fn asks(tool: &Tool, arguments: &str) -> Asks {
    if !is_builtin(tool) {
        return Asks::ByPolicy;
    }
    let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
    let workflow = arguments.get("workflow").and_then(Value::as_str).map(str::to_owned);
    Asks::Always { workflow }
}

fn tool(definition: &Value) -> Arc<Tool> {
    let text = |key: &str| definition.get(key).and_then(Value::as_str).unwrap_or_default();
    let name = text("name").to_owned();
    let schema = definition.get("inputSchema");
    let parameters = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    Arc::new(Tool {
        server: SOURCE.to_owned(),
        exposed_name: name.clone(),
        name,
        annotations: definition
            .get("annotations")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
        schema: schema.and_then(|schema| ToolSchema::compile(schema).ok()).map(Arc::new),
        parameters: parameters.map(|known| known.keys().cloned().collect()).unwrap_or_default(),
        has_own_justification: false,
        is_unverified: false,
        definition: definition.to_string().into(),
        definition_hash: definition_hash(definition),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_schema_that_is_checked() {
        let builtins = Builtins::default();
        let names: Vec<&str> = builtins.tools.iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!(names, [ASK_USER, GET_APPROVAL_STATUS, REQUEST_APPROVAL]);
        assert!(builtins.tools.iter().all(|tool| tool.schema.is_some()));
    }

    #[test]
    fn they_ask_whatever_the_policy_allows() {
        let builtins = Builtins::default();
        let tool = builtins.any(REQUEST_APPROVAL).unwrap();
        let named = asks(tool, r#"{"title": "x", "workflow": "board"}"#);
        assert_eq!(named, Asks::Always { workflow: Some("board".to_owned()) });
        assert_eq!(asks(tool, r#"{"title": "x"}"#), Asks::Always { workflow: None });
    }
}
