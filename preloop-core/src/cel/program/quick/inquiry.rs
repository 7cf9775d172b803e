//! Asking the questions of an [`Inquiry`], one after the other.

use super::{Found, Place, Quick, Reader, pay};
use crate::cel::code::{Ask, Code, Inquiry, Next};

impl Inquiry {
    /// The answer of the whole and the fuel that is left; unsure where a question has no answer.
    #[inline]
    pub(in crate::cel::program) fn answer<'e, P: Place<'e>>(
        &self,
        code: &Code,
        reader: &mut Reader<'e, P>,
        fuel: u64,
    ) -> (Quick, u64) {
        let mut left = fuel;
        let mut next = Next(0);
        while let Some(step) = self.steps.get(next.0 as usize) {
            if !pay(&mut left, step.cost) {
                return (Quick::Unsure, left);
            }
            next = match ask(step.ask, code, reader, &mut left) {
                Some(Quick::True) => step.then,
                Some(Quick::False) => step.otherwise,
                Some(Quick::Unsure) | None => return (Quick::Unsure, left),
            };
        }
        // INVARIANT: what is no question is one of the two answers.
        (Quick::from(next == Next::HOLDS), left)
    }
}

#[inline]
fn ask<'e, P: Place<'e>>(
    ask: Ask,
    code: &Code,
    reader: &mut Reader<'e, P>,
    fuel: &mut u64,
) -> Option<Quick> {
    match ask {
        Ask::Test(number) => {
            let asked = code.tests.get(number as usize)?;
            let found = reader.find(code.paths.get(asked.path as usize)?)?;
            Some(found.answer(asked, fuel))
        }
        Ask::Has(path) => reader.has(code.paths.get(path as usize)?).map(Quick::from),
    }
}
