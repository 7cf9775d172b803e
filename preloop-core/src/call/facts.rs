//! What a caller knows beside the tool and its arguments, given once and used for many calls.

use crate::time::Timestamp;
use serde_json::{Map, Value};

use super::read::Fields;
use super::record::CallError;
use super::{Principal, Session, ToolFacts};

/// Who acts, what was called before, what else is known, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFacts {
    /// Who acts.
    pub principal: Principal,
    /// What the principal did so far.
    pub session: Session,
    /// Facts that the caller adds.
    pub context: Map<String, Value>,
    /// When the calls are made; none for the moment of each call.
    pub now: Option<Timestamp>,
}

impl CallFacts {
    /// Reads the facts from an object of `principal`, `session`, `context` and `now`, each of which may be absent.
    ///
    /// ```
    /// let facts = serde_json::json!({"principal": {"id": "ci"}, "now": "2026-01-31T12:00:00Z"});
    /// let facts = preloop_core::call::CallFacts::from_value(facts).unwrap();
    /// assert_eq!(facts.principal.id, "ci");
    ///
    /// let wrong = serde_json::json!({"principal": {"role": "admin"}});
    /// let error = preloop_core::call::CallFacts::from_value(wrong).unwrap_err();
    /// assert_eq!(error.message, "`principal` has no field `role`");
    /// ```
    pub fn from_value(value: Value) -> Result<Self, CallError> {
        let known = &["principal", "session", "context", "now"];
        let mut fields = Fields::of("what is bound", "", value, known)?;
        Ok(Self {
            principal: Principal::from_field(&mut fields)?,
            session: Session::from_field(&mut fields)?,
            context: fields.map("context")?,
            now: fields.instant("now")?,
        })
    }
}

impl ToolFacts {
    /// Reads what is known of a tool from an object of `name`, `source`, `server`, `annotations` and `is_new`.
    pub fn from_value(value: Value) -> Result<Self, CallError> {
        let mut call = Map::new();
        call.insert("tool".to_owned(), value);
        super::record::tool(&mut Fields::of("a call", "", Value::Object(call), &["tool"])?)
    }
}
