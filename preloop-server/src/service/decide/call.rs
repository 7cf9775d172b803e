//! An attempt made ready to be decided: read, hashed, redacted.

use preloop_core::audit::{AuditKind, AuditRecord};
use preloop_core::decision::Decision;
use preloop_core::json;
use preloop_core::redact::redact;
use serde_json::Value;
use uuid::Uuid;

use super::super::{Caller, Services};
use super::Attempt;

/// A call that can be decided.
#[derive(Clone, Debug)]
pub(super) struct PreparedCall {
    pub(super) caller: Caller,
    pub(super) attempt: Attempt,
    pub(super) args: Value,
    /// Values of secret-looking keys masked.
    pub(super) redacted: Value,
    /// Canonical hash of tool, server or source, and arguments.
    pub(super) hash: String,
}

impl PreparedCall {
    /// Reads the arguments. Where they are no JSON object or say a key twice, or something else is wrong with the call, the
    /// second part is what the agent is told; the call can be recorded all the same.
    pub(super) fn new(caller: &Caller, attempt: Attempt) -> (Self, Result<(), String>) {
        let read = read(&attempt);
        let (args, hash, readable) = match read {
            Ok((args, hash)) => (args, hash, attempt.fault.clone().map_or(Ok(()), Err)),
            Err(message) => (Value::Null, String::new(), Err(message)),
        };
        let redacted = redact(&args);
        (Self { caller: caller.clone(), attempt, args, redacted, hash }, readable)
    }

    /// The class of the tool's source or the server's name, whichever says more.
    pub(super) fn source(&self) -> &str {
        self.attempt.server.as_deref().or(self.attempt.source.as_deref()).unwrap_or("")
    }
}

fn read(attempt: &Attempt) -> Result<(Value, String), String> {
    let text = attempt.arguments.get();
    let refused = |error: json::JsonError| format!("the arguments cannot be read: {error}");
    let args = json::parse(text).map_err(refused)?;
    if !args.is_object() {
        return Err("the arguments must be a JSON object".to_owned());
    }
    let canonical = json::canonicalize(text).map_err(refused)?;
    let source = attempt.server.as_deref().or(attempt.source.as_deref());
    Ok((args, preloop_core::call_hash(&attempt.tool, source, &canonical)))
}

impl Services {
    /// A record about the call.
    pub(super) fn call_record(
        &self,
        kind: AuditKind,
        call: &PreparedCall,
        decision_id: Uuid,
    ) -> AuditRecord {
        let mut record = self.new_record(kind);
        record.principal = Some(call.caller.principal.clone());
        record.enforcement_point = Some(call.attempt.enforcement_point);
        record.tool = Some(call.attempt.tool.clone());
        record.server.clone_from(&call.attempt.server);
        record.source.clone_from(&call.attempt.source);
        record.call_hash = Some(call.hash.clone()).filter(|hash| !hash.is_empty());
        record.decision_id = Some(decision_id.to_string());
        record
    }

    /// The record of a caller who came back with an approval that is not good for the call.
    pub(super) fn refused_return(&self, call: &PreparedCall, approval_id: Uuid) -> AuditRecord {
        let mut record = self.new_record(AuditKind::RequestRefused);
        record.principal = Some(call.caller.principal.clone());
        record.enforcement_point = Some(call.attempt.enforcement_point);
        record.tool = Some(call.attempt.tool.clone());
        record.server.clone_from(&call.attempt.server);
        record.source.clone_from(&call.attempt.source);
        record.call_hash = Some(call.hash.clone());
        record.approval_id = Some(approval_id.to_string());
        record
    }

    /// The record of a decision: the one that carries the arguments and the decision itself.
    pub(super) fn decision_record(
        &self,
        call: &PreparedCall,
        decision_id: Uuid,
        decision: &Decision,
        approval_id: Option<Uuid>,
    ) -> AuditRecord {
        let mut record = self.call_record(AuditKind::Decision, call, decision_id);
        record.arguments = Some(call.redacted.clone());
        record.decision = Some(decision.clone());
        record.approval_id = approval_id.map(|id| id.to_string());
        record.message.clone_from(&call.attempt.justification);
        record
    }
}
