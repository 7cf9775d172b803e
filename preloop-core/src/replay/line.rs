//! One line of a log: a recorded call, or a record of the audit trail.

use serde::de::value::{Error, StrDeserializer};
use serde_json::{Map, Value};

use super::report::Side;
use crate::call::CallRecord;
use crate::decision::{Action, Reason};
use crate::json;

/// What a line tells.
pub(super) enum Told {
    Decision(Box<Recorded>),
    /// Something else that a trail tells: a vote, an approval.
    Other,
}

/// A call and what was decided about it; no more of the decision is read than is compared.
pub(super) struct Recorded {
    pub(super) record: CallRecord,
    pub(super) action: Action,
    /// None where no decision is recorded.
    pub(super) reason: Option<Reason>,
    rule: Option<String>,
    path: Option<String>,
    pub(super) approval_workflow: Option<String>,
    /// The audit trail does not keep context, session, annotations and justification.
    pub(super) is_from_trail: bool,
}

/// Reads a line; the error says what is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Told, String> {
    let value = json::parse(bytes).map_err(|error| error.to_string())?;
    let Value::Object(mut map) = value else {
        return Err("a recorded call must be an object".to_owned());
    };
    let is_from_trail = map.contains_key("seq") && map.contains_key("kind");
    if is_from_trail {
        if map.get("kind").and_then(Value::as_str) != Some("decision") {
            return Ok(Told::Other);
        }
        map = of_trail(map);
    }
    let decision = map.remove("decision").filter(|value| !value.is_null());
    let mut record =
        CallRecord::from_value(Value::Object(map)).map_err(|error| error.to_string())?;
    // The time of a call that names none is when it was decided.
    record.now = record.now.or(record.at);
    let mut recorded = Recorded {
        record,
        action: Action::Deny,
        reason: None,
        rule: None,
        path: None,
        approval_workflow: None,
        is_from_trail,
    };
    if let Some(decision) = decision {
        recorded.decided(decision)?;
    }
    Ok(Told::Decision(Box::new(recorded)))
}

/// The fields of a call from those of a record of the trail.
fn of_trail(mut map: Map<String, Value>) -> Map<String, Value> {
    let mut call = Map::new();
    for (name, known_as) in [
        ("tool", "tool"),
        ("source", "source"),
        ("server", "server"),
        ("arguments", "args"),
        ("principal", "principal"),
        ("at", "at"),
        ("decision_id", "id"),
        ("decision", "decision"),
    ] {
        if let Some(value) = map.remove(name).filter(|value| !value.is_null()) {
            call.insert(known_as.to_owned(), value);
        }
    }
    call
}

impl Recorded {
    fn decided(&mut self, decision: Value) -> Result<(), String> {
        let Value::Object(mut map) = decision else {
            return Err("`decision` must be an object".to_owned());
        };
        let text = |value: Option<Value>| match value {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let action = map.get("action").and_then(Value::as_str).unwrap_or_default();
        self.action = named(action).ok_or_else(|| {
            "`decision.action` must be `allow`, `deny` or `require_approval`".to_owned()
        })?;
        let reason = map.get("reason").and_then(Value::as_str).unwrap_or_default();
        self.reason = Some(named(reason).ok_or_else(|| {
            let shown: String = reason.chars().take(40).collect();
            format!("`decision.reason` is none that is known: `{shown}`")
        })?);
        self.approval_workflow = text(map.remove("approval_workflow"));
        if let Some(Value::Object(mut rule)) = map.remove("rule") {
            self.path = text(rule.remove("path"));
            self.rule = text(rule.remove("name")).or_else(|| self.path.clone());
        }
        Ok(())
    }

    /// What decided.
    pub(super) fn side(&self) -> Side {
        Side {
            action: self.action,
            reason: self.reason.map_or("", Reason::as_str),
            rule: self.rule.clone(),
            path: self.path.clone(),
            approval_workflow: self.approval_workflow.clone(),
        }
    }
}

/// The value whose name on the wire this is.
fn named<'de, T: serde::Deserialize<'de>>(name: &'de str) -> Option<T> {
    let name: StrDeserializer<'de, Error> = StrDeserializer::new(name);
    T::deserialize(name).ok()
}
