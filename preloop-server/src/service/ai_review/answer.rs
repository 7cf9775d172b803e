//! What a model may answer: exactly a decision, how sure it is, and why. Anything else is a failure.

use preloop_core::approval::AiDecision;
use serde_json::{Value, json};

/// Longest reasoning, in characters.
const REASONING_CHARS_MAX: usize = 2_000;
/// Name of the answer's form, and of the tool that a model answers by.
pub(super) const NAME: &str = "decide";

/// A valid answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) decision: AiDecision,
    pub(super) confidence: f64,
    pub(super) reasoning: String,
}

/// The form that a model is held to.
pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "decision": {"type": "string", "enum": ["approve", "decline", "unsure"]},
            "confidence": {"type": "number", "description": "From 0 to 1."},
            "reasoning": {"type": "string"}
        },
        "required": ["decision", "confidence", "reasoning"],
        "additionalProperties": false
    })
}

impl Answer {
    /// Reads an answer that came as text: one JSON object and nothing around it.
    pub(super) fn from_text(text: &str) -> Result<Self, String> {
        let value = preloop_core::json::parse(text.trim().as_bytes())
            .map_err(|_| "its answer is not the JSON that was asked for".to_owned())?;
        Self::from_value(&value)
    }

    /// Reads an answer; nothing is guessed, and nothing of another form is taken.
    pub(super) fn from_value(value: &Value) -> Result<Self, String> {
        let wrong = |what: &str| Err(format!("its answer has {what}"));
        let Some(members) = value.as_object() else { return wrong("not the form asked for") };
        if members.len() != 3 {
            return wrong("other members than were asked for");
        }
        let decision = match members.get("decision").and_then(Value::as_str) {
            Some("approve") => AiDecision::Approve,
            Some("decline") => AiDecision::Decline,
            Some("unsure") => AiDecision::Unsure,
            Some(_) | None => return wrong("no decision that was asked for"),
        };
        let confidence = members.get("confidence").and_then(Value::as_f64);
        let Some(confidence) = confidence.filter(|sure| (0.0..=1.0).contains(sure)) else {
            return wrong("no confidence from 0 to 1");
        };
        let reasoning = members.get("reasoning").and_then(Value::as_str).map_or("", str::trim);
        if reasoning.is_empty() {
            return wrong("no reasoning");
        }
        if reasoning.chars().count() > REASONING_CHARS_MAX {
            return wrong("a reasoning without end");
        }
        Ok(Self { decision, confidence, reasoning: reasoning.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_one_form() {
        let answer = Answer::from_text(
            " {\"decision\": \"approve\", \"confidence\": 0.9, \"reasoning\": \"Fits.\"}\n",
        );
        let answer = answer.unwrap();
        assert_eq!((answer.decision, answer.confidence), (AiDecision::Approve, 0.9));
        assert_eq!(answer.reasoning, "Fits.");
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "I do NOT approve this.",
            "APPROVE",
            "```json\n{\"decision\":\"approve\",\"confidence\":1,\"reasoning\":\"x\"}\n```",
            "{\"decision\":\"approve\",\"confidence\":1,\"reasoning\":\"x\"} and more",
            "[]",
            "{\"decision\":\"APPROVE\",\"confidence\":1,\"reasoning\":\"x\"}",
            "{\"decision\":\"approve\",\"confidence\":1.01,\"reasoning\":\"x\"}",
            "{\"decision\":\"approve\",\"confidence\":-1,\"reasoning\":\"x\"}",
            "{\"decision\":\"approve\",\"confidence\":\"1\",\"reasoning\":\"x\"}",
            "{\"decision\":\"approve\",\"confidence\":1,\"reasoning\":\" \"}",
            "{\"decision\":\"approve\",\"confidence\":1}",
            "{\"decision\":\"approve\",\"confidence\":1,\"reasoning\":\"x\",\"more\":1}",
            "{\"decision\":\"decline\",\"decision\":\"approve\",\"confidence\":1,\"reasoning\":\"x\"}",
        ] {
            assert!(Answer::from_text(text).is_err(), "{text}");
        }
        let long = "x".repeat(REASONING_CHARS_MAX + 1);
        let long = json!({"decision": "approve", "confidence": 1, "reasoning": long});
        assert!(Answer::from_value(&long).is_err());
    }
}
