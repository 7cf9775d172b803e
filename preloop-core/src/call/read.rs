//! Reads the fields of a call from JSON, so that each error names the field and what is wanted there.

use crate::time::Timestamp;
use serde_json::{Map, Value};

use super::record::CallError;
use super::{Principal, Session, SessionCall};

/// Longest piece of input in a message, in characters.
const SHOWN_CHARS: usize = 80;

/// The fields of one object, taken one after the other; `null` is the same as absent.
pub(super) struct Fields {
    path: String,
    map: Map<String, Value>,
}

impl Fields {
    /// The fields of `value`, all of which must be `known`.
    pub(super) fn of(
        what: &str,
        path: &str,
        value: Value,
        known: &[&str],
    ) -> Result<Self, CallError> {
        let mut fields = Self { path: path.to_owned(), map: Map::new() };
        let Value::Object(map) = value else {
            let message = format!("{what} must be an object, not {}", named(&value));
            return Err(fields.error("", message));
        };
        if let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) {
            let key: String = key.chars().take(SHOWN_CHARS).collect();
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            return Err(fields
                .error(&key, format!("{what} has no field `{key}`"))
                .help(format!("its fields are {}", known.join(", "))));
        }
        fields.map = map;
        Ok(fields)
    }

    pub(super) fn error(&self, name: &str, message: impl Into<String>) -> CallError {
        CallError { path: self.path_of(name), message: message.into(), help: None }
    }

    fn path_of(&self, name: &str) -> String {
        match (self.path.is_empty(), name.is_empty()) {
            (true, _) => name.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{name}", self.path),
        }
    }

    pub(super) fn wanted(&self, name: &str, wanted: &str, found: &Value) -> CallError {
        let path = self.path_of(name);
        self.error(name, format!("`{path}` must be {wanted}, not {}", named(found)))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name)
    }

    pub(super) fn object(&self, name: &str, value: Value) -> Result<Map<String, Value>, CallError> {
        match value {
            Value::Object(map) => Ok(map),
            other => Err(self.wanted(name, "an object", &other)),
        }
    }

    pub(super) fn map(&mut self, name: &str) -> Result<Map<String, Value>, CallError> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(value) => self.object(name, value),
        }
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, CallError> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wanted(name, "text", &other)),
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<bool, CallError> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(self.wanted(name, "true or false", &other)),
        }
    }

    pub(super) fn instant(&mut self, name: &str) -> Result<Option<Timestamp>, CallError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let path = self.path_of(name);
            let text: String = text.chars().take(SHOWN_CHARS).collect();
            self.error(name, format!("`{path}` is no instant: `{text}`"))
                .help("write it with its zone, as in `2026-01-31T12:00:00Z`")
        })
    }

    fn list(&mut self, name: &str) -> Result<Vec<Value>, CallError> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(list)) => Ok(list),
            Some(other) => Err(self.wanted(name, "a list", &other)),
        }
    }

    fn texts(&mut self, name: &str) -> Result<Vec<String>, CallError> {
        let list = self.list(name)?;
        list.into_iter()
            .enumerate()
            .map(|(index, value)| match value {
                Value::String(text) => Ok(text),
                other => Err(self.wanted(&format!("{name}[{index}]"), "text", &other)),
            })
            .collect()
    }

    /// The object under `name`, if there is one.
    fn below(&mut self, name: &str, known: &[&str]) -> Result<Option<Self>, CallError> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let path = self.path_of(name);
                Self::of(&format!("`{path}`"), &path, value, known).map(Some)
            }
        }
    }
}

impl Principal {
    pub(super) fn from_field(fields: &mut Fields) -> Result<Self, CallError> {
        let known = &["id", "kind", "name", "roles", "teams"];
        let Some(mut fields) = fields.below("principal", known)? else {
            return Ok(Self::default());
        };
        Ok(Self {
            id: fields.text("id")?.unwrap_or_default(),
            kind: fields.text("kind")?.unwrap_or_default(),
            name: fields.text("name")?.unwrap_or_default(),
            roles: fields.texts("roles")?,
            teams: fields.texts("teams")?,
        })
    }
}

impl Session {
    pub(super) fn from_field(fields: &mut Fields) -> Result<Self, CallError> {
        let Some(mut fields) = fields.below("session", &["id", "calls"])? else {
            return Ok(Self::default());
        };
        let id = fields.text("id")?.unwrap_or_default();
        let calls = fields.list("calls")?;
        let calls: Result<_, CallError> = calls
            .into_iter()
            .enumerate()
            .map(|(index, call)| SessionCall::from_item(index, call))
            .collect();
        Ok(Self { id, calls: calls? })
    }
}

impl SessionCall {
    fn from_item(index: usize, call: Value) -> Result<Self, CallError> {
        let path = format!("session.calls[{index}]");
        let known = &["tool", "source", "args", "action", "at"];
        let mut fields = Fields::of(&format!("`{path}`"), &path, call, known)?;
        Ok(Self {
            tool: fields.text("tool")?.unwrap_or_default(),
            source: fields.text("source")?.unwrap_or_default(),
            args: Value::Object(fields.map("args")?),
            action: fields.text("action")?.unwrap_or_default(),
            at: fields.instant("at")?,
        })
    }
}

fn named(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
