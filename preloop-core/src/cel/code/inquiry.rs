//! A condition that only asks things of arguments, as questions in turn: each answer says which question comes next.
//!
//! `a && !(b || c)` is three questions then: after a "yes" to `a` comes `b`, after a "no" to `b` comes `c`, and every
//! other answer ends it. What the operators cost is paid with the first question below them, so the price of each way
//! through is the same as that of the walk over the operations.

use super::{Code, NEVER, NO_PATH, Op, OpId};

/// The questions, first to last.
#[derive(Debug)]
pub(crate) struct Inquiry {
    pub(crate) steps: Box<[Step]>,
}

/// One question and what follows from its answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) ask: Ask,
    /// Fuel for the question, and for the operators that are entered with it.
    pub(crate) cost: u32,
    pub(crate) then: Next,
    pub(crate) otherwise: Next,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    /// A test of an argument, by number in [`Code::tests`].
    Test(u32),
    /// Whether an argument is there, by number in [`Code::paths`].
    Has(u32),
}

/// Where to go on: a later question by its number, or an answer of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Next(pub(crate) u32);

impl Next {
    pub(crate) const HOLDS: Self = Self(u32::MAX);
    pub(crate) const FAILS: Self = Self(u32::MAX.saturating_sub(1));
}

impl Inquiry {
    /// The questions of lowered code; none where it does anything but ask.
    pub(crate) fn of(code: &Code) -> Option<Self> {
        code.nodes.get(code.root as usize).filter(|root| root.quick)?;
        let mut writer = Writer { code, steps: Vec::new() };
        writer.write(code.root, Next::HOLDS, Next::FAILS)?;
        let last = u32::try_from(writer.steps.len()).ok()?.checked_sub(1)?;
        let forward = |next: Next| match next {
            Next::HOLDS | Next::FAILS => next,
            Next(number) => Next(last.saturating_sub(number)),
        };
        let steps = writer.steps.into_iter().rev();
        let steps = steps.map(|step| Step {
            then: forward(step.then),
            otherwise: forward(step.otherwise),
            ..step
        });
        Some(Self { steps: steps.collect() })
    }
}

/// Writes from the last question to the first, so that it is known what comes after each; numbers count from the end.
struct Writer<'c> {
    code: &'c Code,
    steps: Vec<Step>,
}

impl Writer<'_> {
    /// Writes what an operation asks, and gives its first question. Nesting of code, and so of this recursion, is
    /// bounded by the parser.
    fn write(&mut self, id: OpId, then: Next, otherwise: Next) -> Option<Next> {
        let node = self.code.nodes.get(id as usize)?;
        let first = match node.op {
            Op::Not(operand) => self.write(operand, otherwise, then)?,
            Op::And(run) => {
                let operands = self.code.run(run).iter().rev();
                operands.copied().try_fold(then, |next, part| self.write(part, next, otherwise))?
            }
            Op::Or(run) => {
                let operands = self.code.run(run).iter().rev();
                operands.copied().try_fold(otherwise, |next, part| self.write(part, then, next))?
            }
            op => {
                let ask = self.ask(op)?;
                self.steps.push(Step { ask, cost: 0, then, otherwise });
                Next(u32::try_from(self.steps.len()).ok()?.checked_sub(1)?)
            }
        };
        let step = self.steps.get_mut(first.0 as usize)?;
        step.cost = step.cost.saturating_add(node.cost);
        Some(first)
    }

    fn ask(&self, op: Op) -> Option<Ask> {
        match op {
            Op::Test(number) => {
                let test = self.code.tests.get(number as usize)?;
                (test.path != NO_PATH).then_some(Ask::Test(number))
            }
            Op::HasPath { path, optional: NEVER } => Some(Ask::Has(path)),
            _ => None,
        }
    }
}
