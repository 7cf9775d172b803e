//! From subject, action, resource and context to a call: docs/authzen.md has the table.

use preloop_api::{AccessEvaluation, AccessSubject};
use preloop_core::Timestamp;
use preloop_core::audit::EnforcementPoint;
use preloop_core::call::{CallRecord, Principal};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use crate::http::ApiError;
use crate::service::{Asks, Attempt};

/// The action that means a call of the tool that the resource names.
const TOOL_CALL: &str = "tools/call";
/// What a resource is called that is itself the tool, whatever the action is called then.
const TOOL: &str = "tool";

/// What is asked, as a call.
pub(super) struct Asked {
    pub(super) principal: Principal,
    tool: String,
    server: Option<String>,
    arguments: Map<String, Value>,
    justification: Option<String>,
    approval_id: Option<String>,
    context: Map<String, Value>,
}

// === impl Asked ===

impl Asked {
    pub(super) fn of(evaluation: AccessEvaluation) -> Result<Self, ApiError> {
        let AccessEvaluation { subject, action, resource, context } = evaluation;
        let mut properties = action.properties.unwrap_or_default();
        let mut of_resource = resource.properties.unwrap_or_default();
        let mut context = context.unwrap_or_default();
        let is_tool_call = action.name == TOOL_CALL || resource.kind == TOOL;
        let tool = if is_tool_call { resource.id.clone() } else { action.name };
        if tool.is_empty() {
            let path = if is_tool_call { "resource.id" } else { "action.name" };
            return Err(ApiError::invalid_field(path, "the tool's name is empty".to_owned(), None));
        }
        let given = [&mut properties, &mut of_resource, &mut context]
            .into_iter()
            .find_map(|place| take_object(place, "arguments"));
        let arguments = match given {
            Some(arguments) => arguments,
            None if is_tool_call => Map::new(),
            None => std::mem::take(&mut properties),
        };
        let server = is_tool_call.then(|| take_text(&mut of_resource, "server")).flatten();
        let justification = text_of(&mut context, "justification")?;
        let approval_id = text_of(&mut context, "approval_id")?;
        let described = |kind: &str, id: &str, properties: &Map<String, Value>| json!({"type": kind, "id": id, "properties": properties});
        let of_subject = subject.properties.clone().unwrap_or_default();
        // Always there and always the request's own, so that rules can rely on them.
        context.insert("subject".to_owned(), described(&subject.kind, &subject.id, &of_subject));
        context
            .insert("resource".to_owned(), described(&resource.kind, &resource.id, &of_resource));
        let principal = principal(subject);
        Ok(Self { principal, tool, server, arguments, justification, approval_id, context })
    }
}

/// The subject as policies see whoever acts.
fn principal(subject: AccessSubject) -> Principal {
    let properties = subject.properties.unwrap_or_default();
    let texts = |name: &str| {
        let items = properties.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let name = properties.get("name").and_then(Value::as_str).unwrap_or(&subject.id).to_owned();
    // The protocol's mapping of MCP calls whoever an agent acts for an identity.
    let kind = if subject.kind == "identity" { "user".to_owned() } else { subject.kind };
    let (roles, teams) = (texts("roles"), texts("teams"));
    Principal { id: subject.id, kind, name, roles, teams }
}

/// The call of somebody whom the caller may ask for.
pub(super) fn record(asked: Asked, now: Timestamp) -> CallRecord {
    let mut record = CallRecord::new(asked.tool, asked.arguments);
    record.tool.server = asked.server;
    record.principal = asked.principal;
    record.context = asked.context;
    record.justification = asked.justification;
    record.now = Some(now);
    record
}

/// The call of the caller's own.
pub(super) fn attempt(asked: Asked) -> Result<Attempt, ApiError> {
    let approval_id = match asked.approval_id {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            let message = "`context.approval_id` is no id".to_owned();
            ApiError::invalid_field("context.approval_id", message, None)
        })?),
    };
    let arguments = to_raw_value(&asked.arguments)
        .map_err(|error| ApiError::invalid_body(format!("the arguments do not fit: {error}")))?;
    Ok(Attempt {
        tool: asked.tool,
        server: asked.server,
        source: None,
        annotations: Map::new(),
        is_new: false,
        definition_hash: None,
        schema: None,
        arguments,
        justification: asked.justification,
        fault: None,
        context: asked.context,
        session_id: String::new(),
        enforcement_point: EnforcementPoint::Http,
        approval_id,
        asks: Asks::ByPolicy,
    })
}

fn take_object(map: &mut Map<String, Value>, name: &str) -> Option<Map<String, Value>> {
    map.get(name)?.as_object()?;
    match map.remove(name)? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// What we ourselves look for in the context: anything else there than text is a mistake of the caller's.
fn text_of(context: &mut Map<String, Value>, name: &str) -> Result<Option<String>, ApiError> {
    match context.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => {
            let path = format!("context.{name}");
            Err(ApiError::invalid_field(&path, format!("`{path}` must be text"), None))
        }
    }
}

fn take_text(map: &mut Map<String, Value>, name: &str) -> Option<String> {
    map.get(name)?.as_str()?;
    match map.remove(name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}
