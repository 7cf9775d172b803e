//! One recorded call: the same line for `--calls`, replay, decision export and test recording.

use std::fmt;

use crate::time::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::read::Fields;
use super::{Call, Principal, Session, ToolFacts};
use crate::cel::Tool;
use crate::decision::Decision;
use crate::json;

/// A call as it is written down, and where it was decided also its decision.
///
/// On the wire `tool` is the tool's name with `source`, `server`, `annotations` and `is_new` beside it;
/// an object that holds the five is read too.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub struct CallRecord {
    /// The tool that is called.
    pub tool: ToolFacts,
    /// Its arguments: always an object.
    pub args: Value,
    /// Who acts.
    pub principal: Principal,
    /// What the principal did so far.
    pub session: Session,
    /// Facts that the caller adds.
    pub context: Map<String, Value>,
    /// When the call is made; none when the caller does not say.
    pub now: Option<Timestamp>,
    /// Why the agent makes the call.
    pub justification: Option<String>,
    /// Id of the recorded decision.
    pub id: Option<String>,
    /// When it was decided.
    pub at: Option<Timestamp>,
    /// What was decided.
    pub decision: Option<Decision>,
}

/// What is wrong with a recorded call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The field, such as `session.calls[0].at`; empty for the whole.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

const FIELDS: &[&str] = &[
    "tool",
    "args",
    "source",
    "server",
    "annotations",
    "is_new",
    "principal",
    "session",
    "context",
    "now",
    "justification",
    "id",
    "at",
    "decision",
];

// === impl CallRecord ===

impl CallRecord {
    /// A call of `tool` with `args` and nothing else.
    pub fn new(tool: impl Into<String>, args: Map<String, Value>) -> Self {
        Self {
            tool: ToolFacts { name: tool.into(), ..ToolFacts::default() },
            args: Value::Object(args),
            principal: Principal::default(),
            session: Session::default(),
            context: Map::new(),
            now: None,
            justification: None,
            id: None,
            at: None,
            decision: None,
        }
    }

    /// The call to evaluate.
    pub fn call(&self) -> Call<'_> {
        Call {
            tool: Tool {
                name: &self.tool.name,
                source: self.tool.source.as_deref().unwrap_or(""),
                server: self.tool.server.as_deref().unwrap_or(""),
                annotations: Some(&self.tool.annotations),
                is_new: self.tool.is_new,
            },
            args: &self.args,
            schema: None,
            principal: Some(&self.principal),
            session: Some(&self.session),
            context: Some(&self.context),
            now: self.now,
            justification: self.justification.as_deref().unwrap_or(""),
        }
    }

    /// Reads one line: JSON text without duplicate keys, nested no deeper than arguments may be.
    pub fn parse(line: &str) -> Result<Self, CallError> {
        let value = json::parse(line).map_err(|error| CallError {
            path: String::new(),
            message: error.to_string(),
            help: None,
        })?;
        Self::from_value(value)
    }

    /// Reads a call from JSON that is parsed already.
    pub fn from_value(value: Value) -> Result<Self, CallError> {
        let mut fields = Fields::of("a call", "", value, FIELDS)?;
        let tool = tool(&mut fields)?;
        let args = match fields.take("args") {
            None => Map::new(),
            Some(value) => fields.object("args", value)?,
        };
        Ok(Self {
            tool,
            args: Value::Object(args),
            principal: Principal::from_field(&mut fields)?,
            session: Session::from_field(&mut fields)?,
            context: fields.map("context")?,
            now: fields.instant("now")?,
            justification: fields.text("justification")?,
            id: fields.text("id")?,
            at: fields.instant("at")?,
            decision: decision(&mut fields)?,
        })
    }
}

/// `tool` is a name, or an object that holds what else is known of the tool.
pub(super) fn tool(fields: &mut Fields) -> Result<ToolFacts, CallError> {
    let value = fields.take("tool").ok_or_else(|| {
        fields.error("tool", "a call needs `tool`").help("name the tool that is called")
    })?;
    let mut facts = match value {
        Value::String(name) => ToolFacts {
            name,
            source: fields.text("source")?,
            server: fields.text("server")?,
            annotations: fields.map("annotations")?,
            is_new: fields.flag("is_new")?,
        },
        value => {
            let beside = ["source", "server", "annotations", "is_new"];
            if let Some(twice) = beside.iter().find(|name| fields.has(name)) {
                return Err(fields
                    .error(twice, format!("`{twice}` stands beside a `tool` that is an object"))
                    .help(format!("write `tool.{twice}`")));
            }
            if !value.is_object() {
                return Err(fields.wanted("tool", "text or an object", &value));
            }
            let known = &["name", "source", "server", "annotations", "is_new"];
            let mut fields = Fields::of("`tool`", "tool", value, known)?;
            ToolFacts {
                name: fields.text("name")?.unwrap_or_default(),
                source: fields.text("source")?,
                server: fields.text("server")?,
                annotations: fields.map("annotations")?,
                is_new: fields.flag("is_new")?,
            }
        }
    };
    if facts.name.is_empty() {
        return Err(fields.error("tool", "the tool's name is empty"));
    }
    // Absent and empty are the same.
    facts.source = facts.source.filter(|source| !source.is_empty());
    facts.server = facts.server.filter(|server| !server.is_empty());
    Ok(facts)
}

fn decision(fields: &mut Fields) -> Result<Option<Decision>, CallError> {
    let Some(value) = fields.take("decision").filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    serde_json::from_value(value)
        .map(Some)
        .map_err(|error| fields.error("decision", format!("this is no decision: {error}")))
}

impl TryFrom<Value> for CallRecord {
    type Error = CallError;

    fn try_from(value: Value) -> Result<Self, CallError> {
        Self::from_value(value)
    }
}

impl Serialize for CallRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Line::of(self).serialize(serializer)
    }
}

/// The fields in the order in which they are written; what is empty is left out.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    tool: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    args: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_new: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a Principal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a Session>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'a Decision>,
}

impl<'a> Line<'a> {
    fn of(record: &'a CallRecord) -> Self {
        let CallRecord { tool, args, principal, session, context, .. } = record;
        Self {
            id: record.id.as_deref(),
            at: record.at,
            tool: &tool.name,
            source: tool.source.as_deref(),
            server: tool.server.as_deref(),
            args,
            annotations: Some(&tool.annotations).filter(|map| !map.is_empty()),
            is_new: Some(true).filter(|_| tool.is_new),
            principal: Some(principal).filter(|principal| **principal != Principal::default()),
            session: Some(session).filter(|session| **session != Session::default()),
            context: Some(context).filter(|map| !map.is_empty()),
            now: record.now,
            justification: record.justification.as_deref(),
            decision: record.decision.as_ref(),
        }
    }
}

// === impl CallError ===

impl CallError {
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CallError {}
