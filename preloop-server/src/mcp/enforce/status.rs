//! `get_approval_status`: an agent comes back for its request, and the call is made once it is approved.

use std::sync::Arc;
use std::time::Duration;

use preloop_core::audit::EnforcementPoint;
use serde::Deserialize;
use serde_json::Map;
use serde_json::value::RawValue;
use tokio::time::Instant;
use uuid::Uuid;

use super::answers::Reply;
use super::wanted::Wanted;
use super::{Call, PATIENCE};
use crate::mcp::builtin;
use crate::mcp::catalog::Tool;
use crate::mcp::wire::object::RawObject;
use crate::service::{Attempt, KeptCall, Poll, PollStep, ServiceError};

/// How long a poll waits for a change unless it says: agents that cannot sleep would ask in a rush.
const WAIT_SECONDS: u64 = 4;
const WAIT_SECONDS_MAX: u64 = 50;
/// How often a poll looks again where another one is quicker.
const LOOKS_MAX: usize = 3;

#[derive(Deserialize)]
struct Asked {
    request_id: String,
    #[serde(default)]
    wait_seconds: Option<u64>,
}

impl Call {
    pub(super) async fn status(&self, wanted: &Wanted<'_>) -> Reply {
        let (id, wait) = match read(wanted.arguments) {
            Ok(asked) => asked,
            Err(words) => return Reply::error_result(&words),
        };
        let deadline = Instant::now() + wait;
        for _ in 0..LOOKS_MAX {
            let wait = deadline.saturating_duration_since(Instant::now());
            let services = self.firewall.services();
            let poll = tokio::select! {
                biased;
                () = self.in_flight.cancelled.cancelled() => return Reply::Nothing,
                () = self.frames.closed() => return Reply::Nothing,
                poll = services.approval_poll(&self.caller, id, wait) => poll,
            };
            let poll = match poll {
                Ok(poll) => poll,
                Err(error) => return Reply::error_result(&error.to_string()),
            };
            let Poll { approval, step, match_code } = &poll;
            match step {
                PollStep::Run(kept) => {
                    // Where there is no reply another poll, or the call made again, has it.
                    if let Some(reply) = self.run_kept(&poll, kept, wanted).await {
                        return reply;
                    }
                }
                PollStep::Ended(answer) => {
                    services.answer_told(id).await;
                    return Reply::ended(approval, answer);
                }
                PollStep::CallAgain | PollStep::Refused | PollStep::Runs | PollStep::Waits => {
                    return Reply::status(approval, step, match_code.as_deref());
                }
            }
        }
        Reply::error_result("the request changes too fast to be told; ask again")
    }

    /// Makes the call that was kept; none where it is used in this moment.
    async fn run_kept(&self, poll: &Poll, kept: &KeptCall, asked: &Wanted<'_>) -> Option<Reply> {
        let approval = &poll.approval;
        let Ok(mut wanted) = Wanted::read(&kept.params) else {
            return Some(Reply::error_result(
                "what was kept of the call cannot be read; make it again",
            ));
        };
        wanted.progress_token.clone_from(&asked.progress_token);
        if wanted.progress_token.is_some() && wanted.meta.is_none() {
            // The server's progress needs a place for its token.
            wanted.meta = Some(RawObject::default());
        }
        let tool = match self.tool_of(approval.server.as_deref(), &approval.tool).await {
            Some(tool) if tool.definition_hash == kept.definition => tool,
            Some(_) | None => {
                return Some(Reply::error_result(&format!(
                    "the call was not run: its tool `{}` is gone or was changed since people were asked; look at \
                     `tools/list` and make the call again",
                    approval.tool
                )));
            }
        };
        let arguments = RawValue::from_string(kept.arguments.clone()).ok()?;
        let attempt = Attempt {
            tool: approval.tool.clone(),
            server: approval.server.clone(),
            source: approval.source.clone(),
            annotations: tool.annotations.clone(),
            is_new: !builtin::is_builtin(&tool) && self.firewall.catalog().is_new(&tool),
            definition_hash: (!builtin::is_builtin(&tool)).then(|| tool.definition_hash.clone()),
            schema: tool.schema.clone(),
            asks: builtin::asks(&tool, &kept.arguments),
            arguments,
            justification: approval.justification.clone(),
            fault: None,
            context: Map::new(),
            session_id: approval.session_id.clone(),
            enforcement_point: EnforcementPoint::Mcp,
            approval_id: Some(approval.id),
        };
        match self.firewall.services().decide(&self.caller, attempt).await {
            Ok(ruling) => Some(Box::pin(self.ruled(ruling, &wanted, &tool)).await),
            Err(ServiceError::Conflict { code: "approval_used", .. }) => None,
            Err(error) => Some(Reply::error_result(&format!("the call was not run: {error}"))),
        }
    }

    async fn tool_of(&self, server: Option<&str>, name: &str) -> Option<Arc<Tool>> {
        let Some(server) = server else {
            return self.firewall.builtins().any(name).map(Arc::clone);
        };
        self.firewall.upstreams().tried(Some(server), PATIENCE).await;
        self.firewall.catalog().listing().tool_of(server, name).map(Arc::clone)
    }
}

fn read(arguments: &str) -> Result<(Uuid, Duration), String> {
    let asked: Asked = serde_json::from_str(arguments).map_err(|_| {
        "`request_id` must be the id that you were given, and `wait_seconds` a whole number"
            .to_owned()
    })?;
    let id = asked
        .request_id
        .parse()
        .map_err(|_| format!("`{}` is not the id of an approval request", asked.request_id))?;
    let wait = asked.wait_seconds.unwrap_or(WAIT_SECONDS).min(WAIT_SECONDS_MAX);
    Ok((id, Duration::from_secs(wait)))
}
