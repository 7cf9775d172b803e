//! `tools/list`: the tools that this agent can ever call, as the policy shows them.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use preloop_core::decision::Action;
use serde::Deserialize;

use super::post::Asked;
use super::{Endpoint, Exchange};
use crate::mcp::builtin::{is_builtin, preview};
use crate::mcp::catalog::Tool;
use crate::mcp::face::Answers;
use crate::mcp::wire::outgoing::{self, code};
use crate::service::Visibility;

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
        let builtins =
            self.firewall.builtins().visible(&self.firewall, &self.caller, &self.endpoint);
        let mut tools: Vec<(&str, &Arc<Tool>)> =
            builtins.into_iter().map(|tool| (tool.name.as_str(), tool)).collect();
        match only {
            None => {
                let of_servers = listing.merged().filter(|tool| self.is_visible(tool));
                // Names of our own tools stand for nothing else.
                let is_free = |name: &str| {
                    self.firewall.builtins().named(&self.endpoint, &listing, name).is_none()
                };
                let named = of_servers.map(|tool| (tool.exposed_name.as_str(), tool));
                tools.extend(named.filter(|(name, _)| is_free(name)));
            }
            Some(server) => {
                let of_server =
                    listing.tools_of(server).iter().filter(|tool| self.is_visible(tool));
                tools.extend(of_server.map(|tool| (tool.name.as_str(), tool)));
            }
        }
        tools.sort_by_key(|(name, _)| *name);
        outgoing::result(asked.id, &self.page(&tools, &after))
    }

    /// Tools in the order of their names, which is what the cursor counts on.
    fn page(&self, tools: &[(&str, &Arc<Tool>)], after: &str) -> String {
        let may_answer_later = self.firewall.may_answer_later(&self.caller);
        let mut rest = tools.iter().filter(|(name, _)| after.is_empty() || *name > after);
        let mut text = String::from(r#"{"tools":["#);
        let mut last = None;
        for (index, (name, tool)) in rest.by_ref().take(PAGE_TOOLS).enumerate() {
            if index > 0 {
                text.push(',');
            }
            let face = self.firewall.face(&self.caller, tool);
            text.push_str(&face.definition(tool, name, self.answers(tool, may_answer_later)));
            last = Some(name);
        }
        text.push(']');
        if let Some(last) = last
            && rest.next().is_some()
        {
            text.push_str(r#","nextCursor":""#);
            text.push_str(&URL_SAFE_NO_PAD.encode(last));
            text.push('"');
        }
        text.push('}');
        text
    }

    fn is_visible(&self, tool: &Tool) -> bool {
        let preview = preview(tool, self.firewall.catalog().is_new(tool));
        self.firewall.services().preview(&self.caller, preview) == Visibility::Visible
    }

    fn answers(&self, tool: &Tool, may_answer_later: bool) -> Answers {
        let is_always_allowed = || {
            let is_new = !is_builtin(tool) && self.firewall.catalog().is_new(tool);
            let preview = preview(tool, is_new);
            let settled = self.firewall.services().settled_action(&self.caller, preview);
            settled == Some(Action::Allow)
        };
        if may_answer_later && !is_always_allowed() {
            Answers::MayBeHandles
        } else {
            Answers::OfTheTool
        }
    }
}

fn decode(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}
