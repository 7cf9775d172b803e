//! How a `simple` condition came to its answer: the failure in words, and the values that were looked at.

use super::simple::{Fault, Literal, Question, Simple, Test};
use super::subject::{Found, Subject};
use crate::cel::ast::Relation;
use crate::cel::value::Val;
use crate::cel::{Failure, FailureKind, Input, Span, Step, TextTest, Truths, kept_alone};
use crate::decision::Action;

impl Simple {
    /// What went wrong, in words; none where there is an answer.
    pub(super) fn failure(&self, action: Action, input: &Input<'_>, fuel: u64) -> Option<Failure> {
        let mut fuel = fuel;
        let fault = self.answer(action, input, &mut fuel).err()?;
        let Question::Field { subject, test, span } = &self.question else {
            return Some(worded(FailureKind::Budget, budget(), self.span, None));
        };
        let name = subject.shown(usize::MAX);
        let found = subject.read(input);
        let (message, span) = match fault {
            Fault::Missing(key) => {
                (format!("no such key `{}`", subject.shown(key.saturating_add(1))), *span)
            }
            Fault::NotAnObject(key) => {
                let above = subject.shown(key);
                (format!("`{above}` is not an object, so it has no fields"), *span)
            }
            Fault::NotANumber => {
                (format!("`{name}` is no number, so it has no order here"), self.span)
            }
            Fault::PartOfMember => (
                format!("`{name}` is a list; an element contains the text, and none is the text"),
                self.span,
            ),
            Fault::Null | Fault::Compound | Fault::WrongType => {
                (format!("`{name}` is {}, {} is needed", described(found), test.needs()), self.span)
            }
            Fault::Budget => (budget(), self.span),
        };
        Some(worded(fault.kind(), message, span, Some(name)))
    }

    /// The answer of the whole, which has no parts.
    pub(super) fn truths(&self, action: Action, input: &Input<'_>, fuel: u64) -> (Span, Truths) {
        let mut left = fuel;
        let answer = self.answer(action, input, &mut left);
        let truths = Truths {
            held: answer == Ok(true),
            did_not_hold: answer == Ok(false),
            failed: answer.is_err(),
        };
        (self.span, truths)
    }

    /// The field and the whole, with their values.
    pub(super) fn trace(&self, action: Action, input: &Input<'_>, fuel: u64) -> Vec<Step> {
        let mut steps = Vec::with_capacity(2);
        if let Question::Field { subject, span, .. } = &self.question
            && let Found::Value(value) = subject.read(input)
        {
            steps.push(Step { span: *span, outcome: Ok(kept_alone(value)) });
        }
        let mut left = fuel;
        let outcome = match self.answer(action, input, &mut left) {
            Ok(answer) => Ok(answer.into()),
            Err(fault) => Err(fault.kind()),
        };
        steps.push(Step { span: self.span, outcome });
        steps
    }
}

fn worded(kind: FailureKind, message: String, span: Span, path: Option<String>) -> Failure {
    Failure { kind, message, span, path }
}

fn budget() -> String {
    "the condition's budget ran out".to_owned()
}

fn described(found: Found<'_>) -> &'static str {
    match found {
        Found::Missing(_) | Found::NotAnObject(_) => "missing",
        Found::Value(value) if value.items().is_some() => "a list",
        Found::Value(value) if value.map_len().is_some() => "an object",
        Found::Value(Val::Null) => "null",
        Found::Value(Val::Bool(_)) => "a boolean",
        Found::Value(Val::Text(_)) => "text",
        Found::Value(_) => "a number",
    }
}

impl Fault {
    const fn kind(self) -> FailureKind {
        match self {
            Self::Missing(_) => FailureKind::NoSuchKey,
            Self::NotAnObject(_)
            | Self::Null
            | Self::Compound
            | Self::WrongType
            | Self::NotANumber
            | Self::PartOfMember => FailureKind::WrongType,
            Self::Budget => FailureKind::Budget,
        }
    }
}

impl Test {
    /// What the test is for, such as `text`.
    const fn needs(&self) -> &'static str {
        match self {
            Self::Compare { relation: Relation::Equal | Relation::NotEqual, .. } => "one value",
            Self::Compare { literal: Literal::Bool(_), .. } => "a boolean",
            Self::Compare { literal: Literal::Text(_), .. } => "text",
            Self::Compare { .. } => "a number",
            Self::Text(TextTest::Contains(_)) => "text or a list of single values",
            Self::Text(_) => "text",
            Self::HasMember(_) => "a list of single values",
        }
    }
}

impl Subject {
    /// The path as rules write it, down to its `length`th key.
    fn shown(&self, length: usize) -> String {
        let keys = |variable: &str, keys: &[Box<str>]| {
            keys.iter()
                .take(length)
                .fold(variable.to_owned(), |shown, key| format!("{shown}.{key}"))
        };
        match self {
            Self::Argument(path) => path.shown(length),
            Self::ToolAnnotation(path) => keys("tool.annotations", path),
            Self::Context(path) => keys("context", path),
            Self::ToolName => "tool.name".to_owned(),
            Self::ToolSource => "tool.source".to_owned(),
            Self::ToolServer => "tool.server".to_owned(),
            Self::ToolIsNew => "tool.is_new".to_owned(),
            Self::PrincipalId => "principal.id".to_owned(),
            Self::PrincipalKind => "principal.kind".to_owned(),
            Self::PrincipalName => "principal.name".to_owned(),
            Self::PrincipalRoles => "principal.roles".to_owned(),
            Self::PrincipalTeams => "principal.teams".to_owned(),
            Self::SessionId => "session.id".to_owned(),
            Self::Justification => "justification".to_owned(),
        }
    }
}
