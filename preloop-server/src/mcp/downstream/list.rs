//! `tools/list`: the tools that this agent can ever call, as the policy shows them.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::Deserialize;

use super::post::Asked;
use super::{Endpoint, Exchange};
use crate::mcp::catalog::Tool;
use crate::mcp::wire::outgoing::{self, code};
use crate::service::{PreviewTool, Visibility};

/// Tools on one page.
const PAGE_TOOLS: usize = 500;
/// How long a first list waits for servers that are still being dialled.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default, Deserialize)]
struct ListParams {
    #[serde(default)]
    cursor: Option<String>,
}

impl Exchange {
    pub(super) async fn list_tools(&self, asked: Asked<'_>) -> Bytes {
        let params: Result<ListParams, _> = serde_json::from_str(asked.params.unwrap_or("{}"));
        let after = params.ok().map(|params| params.cursor.map(|cursor| decode(&cursor)));
        let after = match after {
            Some(None) => String::new(),
            Some(Some(Some(after))) => after,
            None | Some(Some(None)) => {
                let words = "`params.cursor` is not one that was given out here";
                return outgoing::error(asked.id, code::INVALID_PARAMS, words);
            }
        };
        let only = match &self.endpoint {
            Endpoint::Merged => None,
            Endpoint::Server(server) => Some(server.as_str()),
        };
        self.firewall.upstreams().tried(only, PATIENCE).await;
        let listing = self.firewall.catalog().listing();
        let page: String = match only {
            None => {
                let tools = listing.merged().map(|tool| (tool.exposed_name.as_str(), tool));
                self.page(tools, &after)
            }
            Some(server) => {
                let tools = listing.tools_of(server).iter();
                self.page(tools.map(|tool| (tool.name.as_str(), tool)), &after)
            }
        };
        outgoing::result(asked.id, &page)
    }

    /// Tools in the order of their names, which is what the cursor counts on.
    fn page<'a>(
        &self,
        tools: impl Iterator<Item = (&'a str, &'a Arc<Tool>)>,
        after: &str,
    ) -> String {
        let mut visible = tools
            .filter(|(name, _)| after.is_empty() || *name > after)
            .filter(|(_, tool)| self.is_visible(tool));
        let mut text = String::from(r#"{"tools":["#);
        let mut last = None;
        for (index, (name, tool)) in visible.by_ref().take(PAGE_TOOLS).enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&self.firewall.face(&self.caller, tool).definition(tool, name));
            last = Some(name);
        }
        text.push(']');
        if let Some(last) = last
            && visible.next().is_some()
        {
            text.push_str(r#","nextCursor":""#);
            text.push_str(&URL_SAFE_NO_PAD.encode(last));
            text.push('"');
        }
        text.push('}');
        text
    }

    fn is_visible(&self, tool: &Tool) -> bool {
        let preview = PreviewTool {
            tool: &tool.name,
            server: &tool.server,
            annotations: &tool.annotations,
            is_new: self.firewall.catalog().is_new(tool),
        };
        self.firewall.services().preview(&self.caller, preview) == Visibility::Visible
    }
}

fn decode(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}
