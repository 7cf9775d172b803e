//! `initialize`: the revision is agreed on and a session opened.

use axum::response::Response;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;

use super::Exchange;
use super::era;
use super::post::Asked;
use super::refusal::Refused;
use super::stream;
use crate::ids::new_id;
use crate::mcp::wire::outgoing::{self, code};

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const INSTRUCTIONS: &str = "Every call is decided by a policy. A call that needs approval waits \
    until people have decided; a call that is denied says why in its result. Do not try to reach \
    the same end by another way when a call is denied.";

#[derive(Deserialize)]
struct InitializeParams {
    #[serde(rename = "protocolVersion")]
    protocol_version: String,
}

impl Exchange {
    pub(super) fn initialize(&self, asked: Asked<'_>) -> Result<Response, Refused> {
        let params = asked.params.unwrap_or("{}");
        let params: InitializeParams = serde_json::from_str(params).map_err(|_| {
            Refused::malformed(
                code::INVALID_PARAMS,
                "`params.protocolVersion` is missing or not a text",
            )
        })?;
        let revision = era::negotiate(&params.protocol_version);
        let now = self.firewall.services().clock().now();
        let id = new_id(now).to_string();
        let session = self.firewall.sessions().open(id, &self.caller, self.endpoint.clone(), now);
        let result = serde_json::json!({
            "protocolVersion": revision,
            "capabilities": { "tools": { "listChanged": true } },
            "serverInfo": {
                "name": "preloop",
                "title": "Preloop",
                "version": env!("CARGO_PKG_VERSION"),
            },
            "instructions": INSTRUCTIONS,
        });
        let message = outgoing::result(asked.id, &result.to_string());
        let mut response = stream::message(self.accepts, message);
        if let Ok(id) = HeaderValue::from_str(&session.id) {
            response.headers_mut().insert(SESSION_ID, id);
        }
        Ok(response)
    }
}
