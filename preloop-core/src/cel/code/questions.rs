//! What a condition asks of arguments as questions that stand on their own, for whoever asks those of several
//! conditions in a row.

use super::{Ask, Code, Next, Question, Test, TextTest};
use crate::cel::ast::Relation;

/// The questions of one condition, first to last.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    pub(crate) links: Vec<Link>,
    /// The most fuel that they cost together, but for looking at texts.
    pub(crate) cost: u64,
    /// How often a text is looked at, if each of them looks at the same one.
    pub(crate) looks: u64,
}

/// One question and what follows from its answers.
#[derive(Debug)]
pub(crate) struct Link {
    /// The slot of the argument.
    pub(crate) slot: u32,
    pub(crate) asked: Asked,
    pub(crate) then: Next,
    pub(crate) otherwise: Next,
}

/// What is asked of an argument, with all that it needs.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Of text; of anything else there is no answer here.
    Text(TextTest),
    /// How a whole number stands to another; of anything else there is no answer here.
    Int {
        relation: Relation,
        value: i64,
    },
    /// Whether it is there.
    Has,
    Other(Box<Test>),
}

impl Questions {
    /// One question that is the whole condition.
    pub(crate) fn one(slot: u32, asked: Asked, cost: u64) -> Self {
        let mut questions = Self { cost, ..Self::default() };
        questions.add(Link { slot, asked, then: Next::HOLDS, otherwise: Next::FAILS });
        questions
    }

    /// Those of lowered code; none where it does anything but ask.
    pub(crate) fn of(code: &Code) -> Option<Self> {
        let mut questions = Self::default();
        for step in &code.inquiry.as_ref()?.steps {
            let (path, asked) = match step.ask {
                Ask::Has(path) => (path, Asked::Has),
                Ask::Test(number) => {
                    let test = code.tests.get(number as usize)?;
                    (test.path, Asked::of(test))
                }
            };
            let slot = code.paths.get(path as usize)?.slot();
            questions.cost = questions.cost.saturating_add(u64::from(step.cost));
            questions.add(Link { slot, asked, then: step.then, otherwise: step.otherwise });
        }
        Some(questions)
    }

    fn add(&mut self, link: Link) {
        self.cost = self.cost.saturating_add(link.asked.cost());
        self.looks = self.looks.saturating_add(link.asked.looks());
        self.links.push(link);
    }
}

impl Asked {
    fn of(test: &Test) -> Self {
        match &test.question {
            Question::Text(test) => Self::Text(test.clone()),
            _ => Self::Other(Box::new(test.clone())),
        }
    }

    /// What the question costs beside its operation, whatever the argument is.
    fn cost(&self) -> u64 {
        match self {
            // CEL pays for the part, which may be longer than the text.
            Self::Text(TextTest::StartsWith(part) | TextTest::EndsWith(part)) => {
                u64::try_from(part.len()).unwrap_or(u64::MAX)
            }
            Self::Other(test) => match test.question {
                Question::Size { cost, .. } => u64::from(cost),
                _ => 0,
            },
            Self::Text(_) | Self::Int { .. } | Self::Has => 0,
        }
    }

    /// How many times its length a text costs at most.
    fn looks(&self) -> u64 {
        match self {
            Self::Text(TextTest::Matches(pattern)) => {
                u64::try_from(pattern.price()).unwrap_or(u64::MAX)
            }
            Self::Text(_) | Self::Other(_) => 1,
            Self::Int { .. } | Self::Has => 0,
        }
    }
}
