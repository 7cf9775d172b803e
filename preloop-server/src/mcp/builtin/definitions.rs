//! How the firewall's own tools present themselves to agents.

use serde_json::{Value, json};

use super::{ASK_USER, GET_APPROVAL_STATUS, REQUEST_APPROVAL};

/// The definitions, as `tools/list` shows them.
pub(super) fn all() -> [Value; 3] {
    [ask_user(), get_approval_status(), request_approval()]
}

fn ask_user() -> Value {
    json!({
        "name": ASK_USER,
        "title": "Ask a person",
        "description": "Asks the people responsible for this agent a question and answers with what they say. Use it \
            where you need a fact or a choice that only they can give. It waits until somebody answers; a refusal to \
            answer is an error.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "question": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 4000,
                    "description": "The question, with what is needed to understand it."
                },
                "options": {
                    "type": "array",
                    "items": {"type": "string", "minLength": 1, "maxLength": 200},
                    "minItems": 1,
                    "maxItems": 20,
                    "description": "The answers to choose from; leave out for an answer in free text."
                },
                "allow_other": {
                    "type": "boolean",
                    "description": "Whether an answer other than the options may be given."
                },
                "context": {
                    "type": "string",
                    "maxLength": 20000,
                    "description": "What the person should know before answering."
                },
                "workflow": workflow()
            },
            "required": ["question"]
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false}
    })
}

fn get_approval_status() -> Value {
    json!({
        "name": GET_APPROVAL_STATUS,
        "title": "Come back for a call that waits for approval",
        "description": "Tells how an approval request of yours stands: its state, the votes and the time that is left. \
            Once it is approved, this makes the call that waited, once, and answers with that tool's result. Call it \
            with the `request_id` that you were given, about every `poll_interval_seconds`, until the status is no \
            longer `pending` or `running`.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "request_id": {"type": "string", "description": "The id of the approval request."},
                "wait_seconds": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 50,
                    "description": "How long to wait for a change before the state is told; 4 unless given."
                }
            },
            "required": ["request_id"]
        }
    })
}

fn request_approval() -> Value {
    json!({
        "name": REQUEST_APPROVAL,
        "title": "Ask for approval",
        "description": "Asks people to approve something before you do it. Use it before an action that is risky, \
            costly or cannot be undone and that no rule has stopped. It waits for the decision: go on only where the \
            answer says that it is approved. It approves what you describe and nothing else, and no rule is lifted by it.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "title": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 200,
                    "description": "What you want to do, in one sentence."
                },
                "description": {
                    "type": "string",
                    "maxLength": 20000,
                    "description": "Why, what exactly will happen, and what could go wrong."
                },
                "details": {
                    "type": "object",
                    "description": "The values that matter, such as paths, amounts or addresses."
                },
                "workflow": workflow()
            },
            "required": ["title"]
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false}
    })
}

fn workflow() -> Value {
    json!({
        "type": "string",
        "description": "The approval workflow that says who is asked; leave out for the default one."
    })
}
