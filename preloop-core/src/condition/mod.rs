//! One door to both languages of conditions: the small `simple` grammar and CEL.
//!
//! `simple` is one comparison or one text test of one field, with rules of its own for what is missing or of
//! another type; everything else is CEL. Which of the two a text is follows from the text alone, unless the
//! policy says `condition_type`.

mod grammar;
mod simple;
mod spelling;
mod story;
mod subject;

use std::fmt;

use crate::cel::{
    self, ArgPath, AskedFor, Environment, Failure, Fuel, InObject, Input, PathTable, Place,
    Problem, ProblemKind, Program, Questions, Reader, Reading, Span, Step, Tri, Truths,
};
use crate::decision::Action;
use crate::document::ConditionType;
use grammar::Read;
use simple::Simple;

/// A compiled condition: immutable, shared freely.
pub struct Condition {
    source: Box<str>,
    program: Either,
}

enum Either {
    Simple(Box<Simple>),
    Cel(Box<Program>),
}

/// Compiles the text of a condition; fails with every problem found.
///
/// Without a type the text is `simple` where it is in that grammar, else CEL.
pub fn compile(
    text: &str,
    condition_type: Option<ConditionType>,
    environment: &Environment,
) -> Result<Condition, Vec<Problem>> {
    let read = match condition_type {
        Some(ConditionType::Cel) => Read::Other(None),
        Some(ConditionType::Simple) | None => {
            grammar::read(text).map_err(|problem| vec![problem])?
        }
    };
    let program = match read {
        Read::Simple(simple) => {
            simple.check(environment)?;
            Either::Simple(Box::new(simple))
        }
        Read::Other(tree) => {
            let program = match tree {
                Some(tree) => cel::compile_tree(text, &tree, environment),
                None => cel::compile(text, environment),
            };
            let program = program.map_err(|problems| spelling::corrected(text, problems));
            if condition_type == Some(ConditionType::Simple) {
                return Err(outside_of_simple(text, program.err().unwrap_or_default()));
            }
            Either::Cel(Box::new(program?))
        }
    };
    Ok(Condition { source: text.into(), program })
}

/// That a text is CEL and no `simple` condition comes first: what its names mean depends on that. A text that is not
/// CEL either is told as it is written.
fn outside_of_simple(text: &str, mut problems: Vec<Problem>) -> Vec<Problem> {
    let is_cel = problems.iter().all(|problem| problem.kind != ProblemKind::Syntax);
    if is_cel {
        problems.insert(0, not_simple(text));
    }
    problems
}

fn not_simple(text: &str) -> Problem {
    Problem {
        kind: ProblemKind::Syntax,
        message: "this is no `simple` condition".to_owned(),
        help: Some(
            "write one comparison (`args.amount > 300`) or one text test \
             (`args.command.contains('rm')`), or set `condition_type: cel`"
                .to_owned(),
        ),
        span: Span::new(0, u32::try_from(text.len()).unwrap_or(u32::MAX)),
    }
}

// === impl Condition ===

impl Condition {
    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The language of the text.
    pub const fn condition_type(&self) -> ConditionType {
        match self.program {
            Either::Simple(_) => ConditionType::Simple,
            Either::Cel(_) => ConditionType::Cel,
        }
    }

    /// The answer, where it is the same for every call.
    pub fn constant(&self) -> Option<bool> {
        match &self.program {
            Either::Simple(simple) => simple.constant(),
            Either::Cel(program) => program.constant(),
        }
    }

    /// What is odd about the condition though nothing is wrong with it.
    pub fn warnings(&self) -> &[Problem] {
        match &self.program {
            Either::Simple(_) => &[],
            Either::Cel(program) => program.warnings(),
        }
    }

    /// The most that an evaluation can cost, where that does not grow with the arguments and is more than a few units.
    pub(crate) fn cost_bound(&self) -> Option<u64> {
        match &self.program {
            // Only a list that is written out makes much of little.
            Either::Cel(program) if self.source.contains('[') => program.cost_bound(),
            Either::Cel(_) | Either::Simple(_) => None,
        }
    }

    /// The arguments that the condition reads.
    pub fn arg_paths(&self) -> impl Iterator<Item = &ArgPath> {
        let (simple, cel) = match &self.program {
            Either::Simple(simple) => (simple.arg_path(), None),
            Either::Cel(program) => (None, Some(program.arg_paths())),
        };
        simple.into_iter().chain(cel.into_iter().flatten())
    }

    /// The arguments that the condition reads, and what it looks at of each.
    pub fn readings(&self) -> impl Iterator<Item = (&ArgPath, Reading)> {
        let (simple, cel) = match &self.program {
            Either::Simple(simple) => (simple.reading(), None),
            Either::Cel(program) => (None, Some(program.readings())),
        };
        simple.into_iter().chain(cel.into_iter().flatten())
    }

    /// The text that the whole condition looks for in one argument, if that is all it does.
    pub(crate) fn text_search(&self) -> Option<(&ArgPath, &str)> {
        match &self.program {
            Either::Simple(simple) => simple.text_search(),
            Either::Cel(program) => program.contains_literal(),
        }
    }

    /// What the condition asks of arguments, if that is all it does.
    pub(crate) fn questions(&self) -> Option<Questions> {
        match &self.program {
            Either::Simple(simple) => simple.questions(),
            Either::Cel(program) => program.questions(),
        }
    }

    /// False for text that a [`Self::text_search`] has no budget to look at, in either language.
    pub(crate) fn can_search(text: &str, fuel: u64) -> bool {
        simple::can_search(text, fuel)
    }

    /// Numbers the arguments that are read, shared with the other conditions of the table.
    pub(crate) fn share(&mut self, paths: &mut PathTable) {
        match &mut self.program {
            Either::Simple(simple) => simple.share(paths),
            Either::Cel(program) => program.share_paths(paths),
        }
    }

    /// Whether the condition holds for a call. `action` is the rule's: an allow rule does not take a missing
    /// argument for an answer.
    pub fn test(&self, action: Action, input: &Input<'_>, fuel: &mut Fuel) -> Tri {
        match input.args.object() {
            Some(object) => {
                self.test_in(action, &mut Reader::new(InObject(object)), &|| input, fuel)
            }
            None => self.test_in(action, &mut Reader::new(AskedFor(input.args)), &|| input, fuel),
        }
    }

    /// The same for one of several conditions that read the same arguments; the whole input is asked for where that is
    /// not enough.
    #[inline]
    pub(crate) fn test_in<'e, P: Place<'e>>(
        &'e self,
        action: Action,
        reader: &mut Reader<'e, P>,
        input: &impl Fn() -> &'e Input<'e>,
        fuel: &mut Fuel,
    ) -> Tri {
        match &self.program {
            Either::Simple(simple) => simple.test(action, reader, input, fuel),
            Either::Cel(program) => program.test_in(reader, input, fuel),
        }
    }

    /// What went wrong where [`Self::test`] gives an error; none where it gives an answer.
    pub fn failure(&self, action: Action, input: &Input<'_>, fuel: u64) -> Option<Failure> {
        match &self.program {
            Either::Simple(simple) => simple.failure(action, input, fuel),
            Either::Cel(program) => program.failure(input, fuel),
        }
    }

    /// Which answers the parts gave that evaluation looked at.
    pub fn truths(&self, action: Action, input: &Input<'_>, fuel: u64) -> Vec<(Span, Truths)> {
        match &self.program {
            Either::Simple(simple) => vec![simple.truths(action, input, fuel)],
            Either::Cel(program) => program.truths(input, fuel),
        }
    }

    /// Each part that evaluation looked at, with its value.
    pub fn trace(&self, action: Action, input: &Input<'_>, fuel: u64) -> Vec<Step> {
        match &self.program {
            Either::Simple(simple) => simple.trace(action, input, fuel),
            Either::Cel(program) => program.trace(input, fuel),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition")
            .field("type", &self.condition_type())
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
