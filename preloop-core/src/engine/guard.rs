//! What a guard in front of a tool does with a decision, and with the answer of whoever was asked: one meaning for
//! every language.

use std::fmt;

use crate::decision::{Action, Decision};

/// What a guard does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuardStep {
    /// The tool may run.
    Run,
    /// Somebody has to be asked first.
    Ask,
    /// The tool does not run.
    Refuse(Refusal),
}

/// Why a guard does not run a tool: what its error says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Which error it is.
    pub kind: RefusalKind,
    /// What the agent is told.
    pub message: String,
}

/// Which error a guard raises. The latter two are kinds of the first: the tool did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// Policy denies the call, or there is nobody who could be asked.
    Denied,
    /// Whoever was asked said no.
    ApprovalDeclined,
    /// Nobody answered in time.
    ApprovalTimeout,
}

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Yes, to exactly this call.
    Approved,
    /// No.
    Declined,
    /// No answer in time.
    TimedOut,
    /// Asking failed, or the answer was neither yes nor no.
    Failed,
    /// The arguments are not those any more that were shown to whoever answered.
    Changed,
    /// There is nobody to ask.
    Nobody,
}

impl RefusalKind {
    /// The stable name, the same in every language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::ApprovalDeclined => "approval_declined",
            Self::ApprovalTimeout => "approval_timeout",
        }
    }
}

impl fmt::Display for RefusalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a guard does with a decision.
pub fn after_decision(decision: &Decision) -> GuardStep {
    match decision.action {
        Action::Allow => GuardStep::Run,
        Action::RequireApproval => GuardStep::Ask,
        Action::Deny => refuse(RefusalKind::Denied, decision.message.clone()),
    }
}

/// What a guard does once there is an answer. `asked` is the decision that was asked about, and `now` what the
/// policy says of the call by the time of the answer: a deny wins, and an approval of another workflow's is none.
pub fn after_answer(asked: &Decision, answer: Answer, now: &Decision) -> GuardStep {
    let (kind, message) = match answer {
        Answer::Approved => return after_approval(asked, now),
        Answer::Declined => (RefusalKind::ApprovalDeclined, "the approval was declined"),
        Answer::TimedOut => (RefusalKind::ApprovalTimeout, "nobody approved the call in time"),
        Answer::Failed => (RefusalKind::Denied, "asking for the approval failed"),
        Answer::Changed => {
            (RefusalKind::Denied, "the arguments changed while the approval was waited for")
        }
        Answer::Nobody => {
            (RefusalKind::Denied, "the call needs an approval and nobody can be asked")
        }
    };
    refuse(kind, format!("{message}: {}", asked.message))
}

fn after_approval(asked: &Decision, now: &Decision) -> GuardStep {
    match after_decision(now) {
        GuardStep::Ask if now.approval_workflow == asked.approval_workflow => GuardStep::Run,
        step => step,
    }
}

fn refuse(kind: RefusalKind, message: String) -> GuardStep {
    GuardStep::Refuse(Refusal { kind, message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Engine;

    fn decision(defaults: &str) -> Decision {
        let text = format!("version: '1.0'\nmetadata: {{name: p}}\ndefaults: {{{defaults}}}\n");
        let engine = Engine::from_yaml(&text).unwrap();
        (*engine.decide("t", &serde_json::json!({}))).clone()
    }

    #[test]
    fn an_approval_holds_only_for_what_was_asked() {
        let allowed = decision("unknown_tools: allow");
        let asked = decision("unknown_tools: require_approval");
        let denied = decision("unknown_tools: deny");
        let other = Decision { approval_workflow: Some("other".to_owned()), ..asked.clone() };
        assert_eq!(after_decision(&allowed), GuardStep::Run);
        assert_eq!(after_decision(&asked), GuardStep::Ask);
        assert_eq!(after_answer(&asked, Answer::Approved, &asked), GuardStep::Run);
        assert_eq!(after_answer(&asked, Answer::Approved, &allowed), GuardStep::Run);
        assert_eq!(after_answer(&asked, Answer::Approved, &other), GuardStep::Ask);
        let refused = |step: GuardStep| match step {
            GuardStep::Refuse(refusal) => refusal.kind.as_str(),
            GuardStep::Run | GuardStep::Ask => "not refused",
        };
        assert_eq!(refused(after_decision(&denied)), "denied");
        assert_eq!(refused(after_answer(&asked, Answer::Approved, &denied)), "denied");
        assert_eq!(refused(after_answer(&asked, Answer::Declined, &allowed)), "approval_declined");
        assert_eq!(refused(after_answer(&asked, Answer::TimedOut, &allowed)), "approval_timeout");
        for answer in [Answer::Failed, Answer::Changed, Answer::Nobody] {
            assert_eq!(refused(after_answer(&asked, answer, &allowed)), "denied");
        }
    }
}
