//! An entry of `tools[]`, ready to answer calls.

use std::sync::OnceLock;

use super::decisions::Numbered;
use super::row::Row;
use super::search::{Membership, TextSearch};
use crate::condition::Condition;
use crate::decision::{Action, Decision};

/// One entry with its enabled rules.
#[derive(Debug)]
pub(crate) struct Entry {
    /// `tools[0]`.
    pub(crate) path: String,
    /// The answer to every call, where no argument matters: the entry is disabled.
    pub(crate) closed: Option<Box<Numbered>>,
    /// The answer to a call without a justification, where one is required.
    pub(crate) unjustified: Option<Box<Numbered>>,
    /// The calls that must come before, where some must.
    pub(crate) evidence: Option<Box<Evidence>>,
    /// The enabled rules in document order.
    pub(crate) rules: Vec<Rule>,
    /// What many of the rules look for in one argument.
    pub(crate) searches: Vec<TextSearch>,
    /// The rules as one row of questions: made at the first call, none where they are asked one by one.
    pub(crate) row: OnceLock<Option<Row>>,
    /// No rule matched, or there are none.
    pub(crate) otherwise: Numbered,
    /// The call would be allowed, but the tool is new.
    pub(crate) new_tool: Box<Numbered>,
    /// Rules with `enabled: false`, for explanations.
    pub(crate) skipped: Vec<SkippedRule>,
}

impl Entry {
    /// The rules as one row of questions, where that is quicker; `fuel` is the budget of each condition.
    #[inline]
    pub(crate) fn row(&self, fuel: u64) -> Option<&Row> {
        match self.row.get() {
            Some(row) => row.as_ref(),
            None => self.make_row(fuel),
        }
    }

    #[cold]
    fn make_row(&self, fuel: u64) -> Option<&Row> {
        let make = || if self.searches.is_empty() { Row::of(&self.rules, fuel) } else { None };
        self.row.get_or_init(make).as_ref()
    }
}

/// Calls that must come before a call of the entry.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// The tools that must have been called and allowed.
    pub(crate) tools: Vec<String>,
    /// The answer where one is missing, but for what it tells the agent.
    pub(crate) denial: Decision,
}

/// One enabled rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) action: Action,
    pub(crate) matcher: Matcher,
    /// The search that answers for this rule, if one does.
    pub(crate) membership: Option<Membership>,
    /// Behind a pointer, so that the rules that each call walks stay close together.
    pub(crate) answer: Box<Answer>,
}

/// When a rule matches.
#[derive(Debug)]
pub(crate) enum Matcher {
    /// There is no expression.
    Always,
    When(Condition),
    /// The expression does not compile. Validation refuses such a document, so this is a broken invariant, and
    /// the rule fails at every call.
    Broken,
}

/// What a rule leads to.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The rule matched.
    pub(crate) decision: Numbered,
    /// Workflow of an approval that this rule leads to.
    pub(crate) workflow: String,
}

/// A rule that is switched off.
#[derive(Debug)]
pub(crate) struct SkippedRule {
    pub(crate) path: String,
    /// How many enabled rules stand before it.
    pub(crate) before: usize,
    pub(crate) expression: Option<String>,
}

impl Rule {
    /// The rule's condition, where it has one that can be evaluated.
    pub(crate) const fn condition(&self) -> Option<&Condition> {
        match &self.matcher {
            Matcher::When(condition) => Some(condition),
            Matcher::Always | Matcher::Broken => None,
        }
    }

    /// The rule's place in the document, such as `tools[0].conditions[0]`.
    pub(crate) fn path(&self) -> &str {
        self.answer.decision.rule.as_ref().map_or("", |rule| rule.path.as_str())
    }
}
