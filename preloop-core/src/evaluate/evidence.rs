//! Step 3, its last question: were the calls made that must come before this one?

use super::message;
use crate::call::Session;
use crate::compile::Evidence;
use crate::decision::{Action, Decision};

impl Evidence {
    /// The tools that must come first and were not called and allowed in the session, in the order of the
    /// document. Without a session that is all of them.
    pub(crate) fn missing(&self, session: Option<&Session>) -> Vec<&str> {
        let calls = session.map_or(&[][..], |session| session.calls.as_slice());
        let was_called = |tool: &str| {
            calls.iter().any(|call| call.tool == tool && call.action == Action::Allow.as_str())
        };
        self.tools.iter().map(String::as_str).filter(|tool| !was_called(tool)).collect()
    }

    /// The answer to a call before which something is missing.
    pub(super) fn denial(&self, missing: &[&str]) -> Decision {
        Decision { message: message::evidence_missing(missing), ..self.denial.clone() }
    }
}
