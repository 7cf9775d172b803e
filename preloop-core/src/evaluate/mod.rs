//! One call against one policy: total, without I/O, the same answer every time.

mod errors;
mod evidence;
mod explain;
mod failure_table;
mod first_match;
pub(crate) mod message;
mod reach;
mod row;
pub mod scopes;
mod walk;

use std::borrow::Cow;

use serde_json::Value;

pub use explain::FIRST_FALSE;
pub use failure_table::{FAILURE_TABLE, FailureOutcome, RULE_ACTIONS, outcome_of};
pub(crate) use first_match::Arguments;
pub use reach::Reach;
pub(crate) use walk::WalkEnd;

use crate::call::Call;
use crate::cel::{ArgPath, Argument, Input, Lookup};
use crate::compile::{CallSource, CompiledPolicy, EntryId, Fits, Numbered, is_same_server};
use crate::decision::{Action, ConditionError, Decision, Reason};

impl CompiledPolicy {
    /// Decides a call. The usual answers are borrowed from the policy; one that has to speak of this very call
    /// (an error, arguments that break the schema) is made for it.
    pub fn evaluate<'p>(&'p self, call: &Call<'_>) -> Cow<'p, Decision> {
        self.verdict(call).into()
    }

    /// The same decision, by its number where it was made beforehand.
    #[inline]
    pub(crate) fn verdict<'p>(&'p self, call: &Call<'_>) -> Verdict<'p> {
        self.verdict_on(call, call.args)
    }

    /// The same where the type of the call's arguments is known, which are then read without asking for it.
    #[inline]
    pub(crate) fn verdict_on<'p, A: Arguments + ?Sized>(
        &'p self,
        call: &Call<'_>,
        args: &A,
    ) -> Verdict<'p> {
        let stated;
        let source = if says_no_source(call) {
            &CallSource::Unknown
        } else {
            stated = self.stated_source(call);
            match &stated {
                Ok(source) => source,
                Err(problem) => return self.refused(problem),
            }
        };
        let answer = self.entry_answer(call, args, source);
        answer.unwrap_or_else(|| Verdict::Known(self.unknown_answer(call)))
    }

    #[cold]
    fn refused(&self, problem: &ConditionError) -> Verdict<'static> {
        Verdict::Made(Box::new(self.invalid_call(problem.clone())))
    }

    /// Step 0: what the call says of its source, once its arguments are seen to fit the tool's schema.
    #[inline]
    pub(crate) fn source<'c>(
        &self,
        call: &Call<'c>,
    ) -> Result<CallSource<'c>, Box<ConditionError>> {
        if says_no_source(call) { Ok(CallSource::Unknown) } else { self.stated_source(call) }
    }

    #[inline(never)]
    fn stated_source<'c>(&self, call: &Call<'c>) -> Result<CallSource<'c>, Box<ConditionError>> {
        let Some(source) = CallSource::of(call.tool.source, call.tool.server) else {
            return Err(contradiction(call));
        };
        if call.schema.is_some() && self.checks_arguments(source) {
            check_arguments(call)?;
        }
        Ok(source)
    }

    /// What conditions see of a call: made where there is a condition to ask, since it is large.
    #[inline]
    pub(crate) fn input<'c>(&'c self, call: &Call<'c>, source: CallSource<'c>) -> Input<'c> {
        let mut tool = call.tool;
        tool.source = source.class_name();
        tool.server = self.spelled_server(source.server_name());
        Input {
            tool,
            principal: call.principal,
            session: call.session,
            context: call.context,
            now: call.now,
            justification: call.justification,
            ..Input::new(call.args)
        }
    }

    /// `validate_arguments` of the server; on where nothing is said.
    fn checks_arguments(&self, source: CallSource<'_>) -> bool {
        let server = source.server_name();
        server.is_empty() || !self.unchecked_servers.iter().any(|name| is_same_server(name, server))
    }

    /// Steps 1 and 3 to 6: the strictest answer of the entries that the call fits, if there is any.
    #[inline]
    pub(crate) fn entry_answer<'p, A: Arguments + ?Sized>(
        &'p self,
        call: &Call<'_>,
        args: &A,
        source: &CallSource<'_>,
    ) -> Option<Verdict<'p>> {
        match self.index.find(call.tool.name, *source) {
            Fits::None => None,
            Fits::One(entry) => Some(self.answer_of(entry, call, args, source)),
            Fits::Several(entries) => self.strictest_answer(entries, call, args, source),
        }
    }

    #[cold]
    fn strictest_answer<'p, A: Arguments + ?Sized>(
        &'p self,
        entries: Vec<EntryId>,
        call: &Call<'_>,
        args: &A,
        source: &CallSource<'_>,
    ) -> Option<Verdict<'p>> {
        let answers = entries.into_iter().map(|entry| self.answer_of(entry, call, args, source));
        answers.reduce(Verdict::or_stricter)
    }

    #[expect(
        clippy::inline_always,
        reason = "each call goes through it, and a call costs as much as what it does"
    )]
    #[inline(always)]
    fn answer_of<'p, A: Arguments + ?Sized>(
        &'p self,
        entry: EntryId,
        call: &Call<'_>,
        args: &A,
        source: &CallSource<'_>,
    ) -> Verdict<'p> {
        let Some(entry) = self.entries.get(entry) else {
            return self.unreadable();
        };
        let verdict = self.first_match(entry, call, args, source);
        if call.tool.is_new && self.asks_for_new_tools && verdict.action() == Action::Allow {
            return Verdict::Known(&entry.new_tool);
        }
        verdict
    }

    /// The index names only entries that are there; if not, nothing is known of the tool.
    #[cold]
    fn unreadable(&self) -> Verdict<'static> {
        let error = ConditionError::of_call("the policy cannot be read", None);
        Verdict::Made(Box::new(self.invalid_call(error)))
    }

    /// No entry names the tool.
    pub(crate) fn unknown_answer(&self, call: &Call<'_>) -> &Numbered {
        let is_raised = call.tool.is_new && self.asks_for_new_tools;
        if is_raised && self.unknown.action == Action::Allow {
            return &self.new_tool;
        }
        &self.unknown
    }

    /// The answer to a call that cannot be judged.
    pub(crate) fn invalid_call(&self, error: ConditionError) -> Decision {
        Decision {
            action: Action::Deny,
            reason: Reason::InvalidCall,
            message: message::invalid_call(&error.message),
            rule: None,
            approval_workflow: None,
            policy: self.policy.clone(),
            errors: vec![error],
            scope: None,
            trace: None,
        }
    }
}

/// A decision that was made beforehand, or one for this very call.
#[derive(Clone, Debug)]
pub(crate) enum Verdict<'p> {
    Known(&'p Numbered),
    Made(Box<Decision>),
}

impl Verdict<'_> {
    pub(crate) fn action(&self) -> Action {
        match self {
            Self::Known(decision) => decision.action,
            Self::Made(decision) => decision.action,
        }
    }

    /// The stricter of two answers; of equals the first, which is the better fit.
    fn or_stricter(self, second: Self) -> Self {
        if second.action() > self.action() { second } else { self }
    }
}

impl<'p> From<Verdict<'p>> for Cow<'p, Decision> {
    fn from(verdict: Verdict<'p>) -> Self {
        match verdict {
            Verdict::Known(decision) => Cow::Borrowed(decision),
            Verdict::Made(decision) => Cow::Owned(*decision),
        }
    }
}

/// Nearly every call outside of a server: nothing is said, so nothing can contradict or be checked.
#[inline]
fn says_no_source(call: &Call<'_>) -> bool {
    call.tool.source.is_empty() && call.tool.server.is_empty() && call.schema.is_none()
}

/// The call's `source` and `server` name two servers.
#[cold]
fn contradiction(call: &Call<'_>) -> Box<ConditionError> {
    let message = format!(
        "`source` names the server `{}` and `server` the server `{}`",
        message::cut(call.tool.source),
        message::cut(call.tool.server)
    );
    Box::new(ConditionError::of_call(message, None))
}

fn check_arguments(call: &Call<'_>) -> Result<(), Box<ConditionError>> {
    let Some(schema) = call.schema else { return Ok(()) };
    let whole = ArgPath::new([], 0);
    let checked = match call.args.lookup(&whole) {
        Lookup::Found(Argument::Json(args)) => schema.check(args),
        Lookup::Found(Argument::Object(args)) => schema.check(&Value::Object(args.clone())),
        _ => {
            let message = "the arguments cannot be checked as a whole".to_owned();
            return Err(Box::new(ConditionError::of_call(message, None)));
        }
    };
    checked.map_err(|violation| {
        Box::new(ConditionError::of_call(violation.message, Some(violation.path)))
    })
}

#[cfg(test)]
mod tests;
