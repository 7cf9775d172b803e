//! What a guard in front of a tool does with a decision, and with the answer of whoever was asked: one meaning for
//! every language.

use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use super::BoundEngine;
use crate::call::Call;
use crate::decision::{Action, Decision};

/// How often one call is asked about, where the policy is replaced by one with another workflow meanwhile.
const ASKS_MAX: usize = 5;

/// Stands in front of an agent's tools: a call runs where the policy allows it, or whoever is asked approves it.
///
/// The approver is asked in the caller's thread, with the call and the decision, and takes the time that it takes; one
/// that waits only so long answers [`Answer::TimedOut`].
///
/// ```
/// use preloop_core::call::Call;
/// use preloop_core::engine::{Answer, Guard, RefusalKind};
/// use preloop_core::{Decision, Engine};
/// use serde_json::json;
///
/// let engine = Engine::from_yaml("
/// version: '1.0'
/// metadata: {name: quick}
/// tools: [{name: bash, conditions: [{expression: args.command.contains('rm'), action: deny}, {action: require_approval}]}]
/// ").unwrap();
/// let approver = |call: &Call<'_>, decision: &Decision| {
///     println!("{}: {}", call.tool.name, decision.message);
///     Answer::Approved
/// };
/// let guard = Guard::new(engine.bind(json!({"principal": {"id": "ci"}})).unwrap(), approver);
/// assert!(guard.authorize(&Call::new("bash", &json!({"command": "ls"}))).is_ok());
/// let refusal = guard.authorize(&Call::new("bash", &json!({"command": "rm -rf /"}))).unwrap_err();
/// assert_eq!(refusal.kind, RefusalKind::Denied);
/// ```
#[derive(Clone, Debug)]
pub struct Guard<A> {
    engine: BoundEngine,
    approver: A,
}

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

// === impl Guard ===

impl<A: Fn(&Call<'_>, &Decision) -> Answer> Guard<A> {
    /// A guard that decides by this engine and asks this approver.
    pub const fn new(engine: BoundEngine, approver: A) -> Self {
        Self { engine, approver }
    }

    /// The decision by which the call may run, or why it must not.
    pub fn authorize(&self, call: &Call<'_>) -> Result<Arc<Decision>, Refusal> {
        let mut decision = self.engine.decide_call(call);
        let mut step = after_decision(&decision);
        for _ in 0..ASKS_MAX {
            if step != GuardStep::Ask {
                break;
            }
            let answer = (self.approver)(call, &decision);
            let now = self.engine.decide_call(call);
            step = after_answer(&decision, answer, &now);
            decision = now;
        }
        match step {
            GuardStep::Run => Ok(decision),
            GuardStep::Refuse(refusal) => Err(refusal),
            GuardStep::Ask => Err(Refusal {
                kind: RefusalKind::Denied,
                message: "the policy changed again and again while the call was asked about"
                    .to_owned(),
            }),
        }
    }

    /// The tool behind the guard: it runs where the call may, with the arguments that were decided about.
    ///
    /// ```
    /// # use preloop_core::engine::{Answer, Guard};
    /// # use serde_json::{Value, json};
    /// # let policy = "version: '1.0'\nmetadata: {name: quick}\ntools: [{name: bash, conditions: [{expression: args.command.contains('rm'), action: deny}]}]";
    /// # let engine = preloop_core::Engine::from_yaml(policy).unwrap();
    /// let guard = Guard::new(engine.bind(json!({})).unwrap(), |_, _| Answer::Nobody);
    /// let bash = guard.tool("bash", |args| format!("ran {}", args["command"]));
    /// assert_eq!(bash(&json!({"command": "ls"})).unwrap(), "ran \"ls\"");
    /// assert!(bash(&json!({"command": "rm -rf build"})).is_err());
    /// ```
    pub fn tool<'a, T>(
        &'a self,
        name: &'a str,
        run: impl Fn(&Json) -> T + 'a,
    ) -> impl Fn(&Json) -> Result<T, Refusal> + 'a {
        move |args| self.authorize(&Call::new(name, args)).map(|_| run(args))
    }
}

// === impl RefusalKind ===

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
    use std::cell::Cell;

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

    #[test]
    fn a_guard_asks_and_decides_again_by_the_policy_of_then() {
        let text = |action: &str, workflow: &str| {
            format!(
                "version: '1.0'\nmetadata: {{name: p}}\napproval_workflows: [{{name: a}}, {{name: b}}]\n\
                 tools: [{{name: t, conditions: [{{action: {action}{workflow}}}]}}]\n"
            )
        };
        let ask =
            |workflow: &str| text("require_approval", &format!(", approval_workflow: {workflow}"));
        let engine = Engine::from_yaml(&text("allow", "")).unwrap();
        let bound = engine.bind(serde_json::json!({})).unwrap();
        let asked = Cell::new(0);
        // What becomes of the policy while somebody is asked for the so-manyth time, and what is answered.
        let authorize = |first: &str, meanwhile: &dyn Fn(usize) -> String, answer| {
            engine.replace(first).unwrap();
            asked.set(0);
            let guard = Guard::new(bound.clone(), |_: &Call<'_>, _: &Decision| {
                asked.set(asked.get() + 1);
                engine.replace(&meanwhile(asked.get())).unwrap();
                answer
            });
            let outcome = guard.authorize(&Call::new("t", &serde_json::json!({})));
            (outcome.map(|decision| decision.action).map_err(|refusal| refusal.kind), asked.get())
        };
        let same = |_: usize| ask("a");
        let yes = Answer::Approved;
        assert_eq!(authorize(&text("allow", ""), &same, yes), (Ok(Action::Allow), 0));
        assert_eq!(authorize(&text("deny", ""), &same, yes), (Err(RefusalKind::Denied), 0));
        assert_eq!(authorize(&ask("a"), &same, yes), (Ok(Action::RequireApproval), 1));
        let declined = authorize(&ask("a"), &same, Answer::Declined);
        assert_eq!(declined, (Err(RefusalKind::ApprovalDeclined), 1));
        let denied = |_: usize| text("deny", "");
        assert_eq!(authorize(&ask("a"), &denied, yes), (Err(RefusalKind::Denied), 1));
        let other = |_: usize| ask("b");
        assert_eq!(authorize(&ask("a"), &other, yes), (Ok(Action::RequireApproval), 2));
        let changing = |turn: usize| ask(if turn.is_multiple_of(2) { "a" } else { "b" });
        assert_eq!(authorize(&ask("a"), &changing, yes), (Err(RefusalKind::Denied), ASKS_MAX));
    }
}
