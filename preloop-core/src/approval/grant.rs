//! Calls that an approver had remembered: which further calls a grant covers, and which it never can.
//!
//! A grant only ever turns a question to people into an allow: who applies it asks it for nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Workflow;
use crate::canonical::{canonical_value, sha256};
use crate::decision::{Action, Decision, Reason};
use crate::document::StepUp;
use crate::redact::{LEFT_OUT, MASK};
use crate::time::Timestamp;

/// Whole numbers up to here are exact as doubles.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// Which arguments a grant covers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// Those that fit, argument by argument; a call with an argument that is not named here is not covered.
    Arguments(BTreeMap<String, ArgumentPattern>),
    /// Those of the identical call alone.
    CallHash(String),
}

/// What one argument may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ArgumentPattern {
    /// Anything, or absent.
    Any,
    /// This value.
    Is(Value),
}

/// What an approver had remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// Identity of the principal whose calls it covers.
    pub principal_id: String,
    /// The tool's own name.
    pub tool: String,
    /// The server, or the class of the source.
    pub source: String,
    /// The session that it ends with; none: it is for a time.
    pub session_id: Option<String>,
    /// Which arguments.
    pub pattern: Pattern,
    /// The rule and the workflow that asked, see [`fingerprint`].
    pub fingerprint: String,
    /// From then on it covers nothing.
    pub expires_at: Timestamp,
}

/// A call that people would be asked about.
#[derive(Clone, Copy, Debug)]
pub struct GrantedCall<'a> {
    /// Identity of who calls.
    pub principal_id: &'a str,
    /// The tool's own name.
    pub tool: &'a str,
    /// The server, or the class of the source.
    pub source: &'a str,
    /// The session; empty where there is none.
    pub session_id: &'a str,
    /// The arguments.
    pub args: &'a Value,
    /// Canonical hash of the call.
    pub call_hash: &'a str,
    /// The rule and the workflow that ask.
    pub fingerprint: &'a str,
}

/// Why nothing like a call can be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// A model decides first.
    #[error("a model decides such calls first, so nobody remembers them for it")]
    AskedOfModel,
    /// Something else than a rule asks: an error, a new tool.
    #[error("people are asked for another reason than a rule, so each call is looked at")]
    NotByRule,
    /// A vote must prove something, each time.
    #[error("each approval must prove something, so each call is looked at")]
    StepUp,
    /// Several people must agree.
    #[error("several people must agree, and one cannot remember for the others")]
    SeveralPeople,
    /// The pattern does not cover the call that was looked at.
    #[error("the pattern does not cover the call that was looked at")]
    OtherCall,
    /// A value that is not shown, or not exact, cannot be compared.
    #[error("a value is masked or not exact, so it cannot be compared; say `any` for its argument")]
    Incomparable,
}

/// Tells the rule and the workflow that asked from every other, and from themselves once they are edited.
pub fn fingerprint(decision: &Decision, workflow: &Workflow) -> String {
    let told = (
        decision.reason,
        &decision.rule,
        &decision.scope,
        &decision.policy.name,
        &decision.approval_workflow,
        workflow,
    );
    // What cannot be written has a fingerprint that nothing else has: it covers nothing.
    serde_json::to_string(&told).map_or_else(|_| String::new(), |text| sha256(&text))
}

/// Whether calls like one that was asked so can be remembered at all.
///
/// # Errors
/// Where each of them is to be looked at.
pub fn may_be_remembered(decision: &Decision, workflow: &Workflow) -> Result<(), GrantError> {
    let by_rule =
        matches!(decision.reason, Reason::RuleMatched | Reason::ToolDefault | Reason::UnknownTool);
    let asked = decision.action == Action::RequireApproval && decision.errors.is_empty();
    if !asked || !by_rule {
        return Err(GrantError::NotByRule);
    }
    if workflow.ai.is_some() || workflow.escalation_workflow.is_some() {
        return Err(GrantError::AskedOfModel);
    }
    if workflow.step_up != StepUp::None {
        return Err(GrantError::StepUp);
    }
    if workflow.required_approvals > 1 {
        return Err(GrantError::SeveralPeople);
    }
    Ok(())
}

// === impl Pattern ===

impl Pattern {
    /// What is remembered of a call where the approver says no other: its arguments as they are, or the identical call
    /// where some are masked.
    pub fn of(redacted: &Value, call_hash: &str) -> Self {
        match redacted {
            Value::Object(args) if args.values().all(is_as_given) => {
                let is = |value: &Value| ArgumentPattern::Is(value.clone());
                Self::Arguments(
                    args.iter().map(|(name, value)| (name.clone(), is(value))).collect(),
                )
            }
            _ => Self::CallHash(call_hash.to_owned()),
        }
    }

    /// Whether it covers the call that the approver looked at, as it was shown.
    ///
    /// # Errors
    /// Where it does not, or compares what was not shown.
    pub fn check(&self, redacted: &Value, call_hash: &str) -> Result<(), GrantError> {
        if let Self::Arguments(arguments) = self {
            let incomparable = arguments
                .values()
                .any(|part| matches!(part, ArgumentPattern::Is(value) if !is_as_given(value)));
            if incomparable {
                return Err(GrantError::Incomparable);
            }
        }
        if self.covers(redacted, call_hash) { Ok(()) } else { Err(GrantError::OtherCall) }
    }

    fn covers(&self, args: &Value, call_hash: &str) -> bool {
        match self {
            Self::CallHash(hash) => hash == call_hash,
            Self::Arguments(arguments) => {
                let Value::Object(args) = args else { return false };
                args.keys().all(|name| arguments.contains_key(name))
                    && arguments.iter().all(|(name, part)| match part {
                        ArgumentPattern::Any => true,
                        ArgumentPattern::Is(value) => {
                            args.get(name).is_some_and(|given| is_same(given, value))
                        }
                    })
            }
        }
    }
}

// === impl Grant ===

impl Grant {
    /// Whether it covers the call at `now`.
    pub fn covers(&self, call: &GrantedCall<'_>, now: Timestamp) -> bool {
        let of_session = self.session_id.as_deref().is_none_or(|id| id == call.session_id);
        now < self.expires_at
            && of_session
            && self.principal_id == call.principal_id
            && self.tool == call.tool
            && self.source == call.source
            && !self.fingerprint.is_empty()
            && self.fingerprint == call.fingerprint
            && self.pattern.covers(call.args, call.call_hash)
    }
}

fn is_same(given: &Value, wanted: &Value) -> bool {
    is_as_given(given) && canonical_value(given) == canonical_value(wanted)
}

/// Whether a redacted value is there as it was given: nothing masked or left out, no number that lost digits.
pub fn is_as_given(value: &Value) -> bool {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) if text.contains(MASK) || text.contains(LEFT_OUT) => return false,
            Value::Number(number) if number.is_f64() => {
                if number.as_f64().is_none_or(|number| number.abs() >= EXACT_MAX) {
                    return false;
                }
            }
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::approval::tests::at;

    fn grant(pattern: Pattern) -> Grant {
        Grant {
            principal_id: "agent".to_owned(),
            tool: "pay".to_owned(),
            source: "bank".to_owned(),
            session_id: None,
            pattern,
            fingerprint: "f".to_owned(),
            expires_at: at(100),
        }
    }

    fn call<'a>(args: &'a Value, call_hash: &'a str) -> GrantedCall<'a> {
        GrantedCall {
            principal_id: "agent",
            tool: "pay",
            source: "bank",
            session_id: "s",
            args,
            call_hash,
            fingerprint: "f",
        }
    }

    #[test]
    fn a_pattern_covers_what_was_shown_and_nothing_beside() {
        let asked = json!({"to": "ann", "amount": 3});
        let exact = Pattern::of(&asked, "h");
        assert_eq!(exact.check(&asked, "h"), Ok(()));
        let covers = |pattern: &Pattern, args: Value| {
            grant(pattern.clone()).covers(&call(&args, "other"), at(1))
        };
        assert!(covers(&exact, json!({"amount": 3.0, "to": "ann"})));
        for other in [
            json!({"to": "ann"}),
            json!({"to": "ann", "amount": 4}),
            json!({"to": "ann", "amount": "3"}),
            json!({"to": "ann", "amount": 3, "more": 1}),
            json!(null),
        ] {
            assert!(!covers(&exact, other));
        }
        let any: Pattern =
            serde_json::from_value(json!({"arguments": {"to": {"is": "ann"}, "amount": "any"}}))
                .unwrap();
        assert!(covers(&any, json!({"to": "ann", "amount": 4})));
        assert!(covers(&any, json!({"to": "ann"})));
        assert!(!covers(&any, json!({"to": "bob", "amount": 3})));
        assert_eq!(any.check(&json!({"to": "bob"}), "h"), Err(GrantError::OtherCall));
    }

    #[test]
    fn what_is_masked_or_not_exact_is_never_compared() {
        let masked = json!({"to": "ann", "password": MASK});
        assert_eq!(Pattern::of(&masked, "h"), Pattern::CallHash("h".to_owned()));
        let is = |args: Value| {
            let parts = args.as_object().unwrap().clone().into_iter();
            let parts = parts.map(|(name, value)| (name, ArgumentPattern::Is(value)));
            Pattern::Arguments(parts.collect())
        };
        assert_eq!(is(masked.clone()).check(&masked, "h"), Err(GrantError::Incomparable));
        let huge = json!({"n": 1.0e30});
        assert_eq!(is(huge.clone()).check(&huge, "h"), Err(GrantError::Incomparable));
        assert!(!grant(is(huge.clone())).covers(&call(&huge, "h"), at(1)));
        let exact = grant(Pattern::CallHash("h".to_owned()));
        assert!(exact.covers(&call(&masked, "h"), at(1)));
        assert!(!exact.covers(&call(&masked, "i"), at(1)));
    }

    #[test]
    fn a_grant_is_for_one_principal_tool_session_rule_and_time() {
        let args = json!({});
        let good = grant(Pattern::Arguments(BTreeMap::new()));
        let is_covered = |grant: &Grant, change: fn(&mut GrantedCall<'_>)| {
            let mut call = call(&args, "h");
            change(&mut call);
            grant.covers(&call, at(99))
        };
        assert!(is_covered(&good, |_| ()));
        assert!(!is_covered(&good, |call| call.principal_id = "other"));
        assert!(!is_covered(&good, |call| call.tool = "read"));
        assert!(!is_covered(&good, |call| call.source = "other"));
        assert!(!is_covered(&good, |call| call.fingerprint = "edited"));
        assert!(!good.covers(&call(&args, "h"), at(100)));
        let of_session = Grant { session_id: Some("s".to_owned()), ..good.clone() };
        assert!(is_covered(&of_session, |_| ()));
        assert!(!is_covered(&of_session, |call| call.session_id = "t"));
        let unwritable = Grant { fingerprint: String::new(), ..good };
        assert!(!is_covered(&unwritable, |call| call.fingerprint = ""));
    }
}
