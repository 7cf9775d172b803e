//! The rules of one entry, asked as one row of questions.

use std::ops::ControlFlow;

use super::Verdict;
use crate::cel::{Asked, Input, Place, Reader, Tri};
use crate::compile::{CompiledPolicy, Entry, Goal, Row, Step};

impl CompiledPolicy {
    /// Walks the row. Where a question has no answer at once, its rule is asked as a whole, from its beginning.
    #[inline]
    pub(super) fn walk_row<'p: 'e, 'e, P: Place<'e>>(
        &'p self,
        entry: &'p Entry,
        row: &'p Row,
        reader: &mut Reader<'e, P>,
        input: &impl Fn() -> &'e Input<'e>,
    ) -> Verdict<'p> {
        let mut next = row.first;
        while let Some(step) = row.step(next) {
            next = match self.text_for(step, row, reader) {
                Some(text) => row.of_text(next, step.slot, text),
                None => match self.ask_other(entry, row, step, reader, input) {
                    ControlFlow::Continue(next) => next,
                    ControlFlow::Break(verdict) => return verdict,
                },
            };
        }
        Verdict::Known(match entry.rules.get(next.rule()) {
            Some(rule) => &rule.answer.decision,
            None => &entry.otherwise,
        })
    }

    /// The text that is asked for, where that is what the step asks for and what is there.
    #[inline]
    fn text_for<'e, P: Place<'e>>(
        &self,
        step: &Step,
        row: &Row,
        reader: &Reader<'e, P>,
    ) -> Option<&'e str> {
        let Some(Asked::Text(_)) = step.asked else { return None };
        let text = reader.text(self.path(step.slot)?)?;
        (text.len() <= row.length_max).then_some(text)
    }

    /// Asks anything else than text: the question, else the whole rule.
    #[inline(never)]
    fn ask_other<'p: 'e, 'e, P: Place<'e>>(
        &'p self,
        entry: &'p Entry,
        row: &'p Row,
        step: &'p Step,
        reader: &mut Reader<'e, P>,
        input: &impl Fn() -> &'e Input<'e>,
    ) -> ControlFlow<Verdict<'p>, Goal> {
        if let (Some(asked), Some(path)) = (&step.asked, self.path(step.slot))
            && let Some(holds) = asked.of_other(reader, path, row.length_max)
        {
            return ControlFlow::Continue(if holds { step.then } else { step.otherwise });
        }
        let number = step.rule as usize;
        let Some(rule) = entry.rules.get(number) else {
            return ControlFlow::Break(self.match_one_by_one(entry, reader, input));
        };
        match self.test_in(rule, reader, input) {
            Tri::True => ControlFlow::Break(Verdict::Known(&rule.answer.decision)),
            Tri::False => ControlFlow::Continue(row.start(number.saturating_add(1))),
            Tri::Error => ControlFlow::Break(self.match_with_errors(entry, number, input())),
        }
    }
}

#[cfg(test)]
mod tests;
