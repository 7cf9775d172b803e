//! Tests against constants: needles and patterns are built once, and patterns that only spell text become searches.

use std::sync::Arc;

use super::Compiler;
use crate::cel::ast::Relation;
use crate::cel::code::{NEVER, NO_PATH, Near, Op, OpId, Question, Test, TextTest};
use crate::cel::function::Function;
use crate::cel::input::Input;
use crate::cel::lib::regex::{Pattern, compile};
use crate::cel::problem::{Problem, ProblemKind};
use crate::cel::program::{Arena, Machine, Notes, explain};
use crate::cel::span::Span;
use crate::cel::value::Value;

impl Compiler<'_, '_> {
    /// An operation that asks this of an operand.
    fn test(&mut self, operand: OpId, question: Question) -> Op {
        let asked = match (&question, self.op(operand)) {
            (Question::Size { .. }, Some(Op::Size(sized))) => self.op(sized),
            (_, op) => op,
        };
        let (path, near) = match asked {
            Some(Op::Path { path, optional: NEVER }) => (path, Near::Nowhere),
            Some(Op::ItemField { name }) => (NO_PATH, Near::ItemField(name)),
            Some(Op::Local { hops: 0, second: false }) => (NO_PATH, Near::Item),
            _ => (NO_PATH, Near::Nowhere),
        };
        let number = u32::try_from(self.code.tests.len()).unwrap_or(u32::MAX);
        self.code.tests.push(Test { operand, path, near, question });
        Op::Test(number)
    }

    fn op(&self, id: OpId) -> Option<Op> {
        self.code.nodes.get(id as usize).map(|node| node.op)
    }

    /// The operation for a text function with a constant, where there is one.
    pub(super) fn text_test(
        &mut self,
        function: Function,
        operand: OpId,
        constant: u32,
        span: Span,
    ) -> Option<Op> {
        let Value::Text(text) = self.code.constants.get(constant as usize)? else { return None };
        let asked = match function {
            Function::Contains => TextTest::contains(text),
            Function::StartsWith => TextTest::StartsWith(text.clone()),
            Function::EndsWith => TextTest::EndsWith(text.clone()),
            Function::Matches => match plain(text) {
                Some(Plain::Anywhere(text)) => TextTest::contains(&text),
                Some(Plain::Start(text)) => TextTest::StartsWith(text.into()),
                None => {
                    let text = text.clone();
                    TextTest::Matches(Arc::new(self.check_pattern(&text, span)?))
                }
            },
            _ => return None,
        };
        Some(self.test(operand, Question::Text(asked)))
    }

    /// The operation for a comparison with a constant on the right, where there is one. `mirrored` tells that the
    /// constant was written on the left.
    pub(super) fn constant_test(
        &mut self,
        relation: Relation,
        operand: OpId,
        constant: OpId,
        mirrored: bool,
    ) -> Option<Op> {
        let question = match (relation, self.code.constant(constant)?) {
            (Relation::In, Value::List(items)) => {
                Question::Text(TextTest::OneOf(sorted_texts(items)?))
            }
            (Relation::In, _) | (_, Value::List(_) | Value::Map(_)) => return None,
            (_, Value::Int(value)) => match self.op(operand) {
                Some(Op::Size(_)) => {
                    let cost = self.code.nodes.get(operand as usize)?.cost;
                    Question::Size { relation, value: *value, cost }
                }
                _ => Question::Int { relation, value: *value },
            },
            (Relation::Equal, Value::Text(text)) => Question::Text(TextTest::Equals(text.clone())),
            (Relation::NotEqual, Value::Text(text)) => {
                Question::Text(TextTest::Differs(text.clone()))
            }
            // What is wrong with other operands is told in the order in which they were written.
            _ if mirrored => return None,
            (_, value) => Question::Compare { relation, value: Box::new(value.clone()) },
        };
        Some(self.test(operand, question))
    }

    /// The pattern, if it is one; else a problem, where literals are checked.
    pub(super) fn check_pattern(&mut self, text: &str, span: Span) -> Option<Pattern> {
        match compile(text) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                if !self.environment.unchecked {
                    let message = error.to_string();
                    self.problem(Problem::new(ProblemKind::InvalidLiteral, span, message));
                }
                None
            }
        }
    }

    /// Why an operation without input fails, if it does.
    pub(super) fn explain(&self, id: OpId) -> Option<String> {
        let arena = Arena::new();
        let nothing = serde_json::Value::Null;
        let input = Input::new(&nothing);
        let notes = Notes::new(self.source);
        let machine = Machine::new(&self.code, &input, &arena, 10_000).with_notes(&notes);
        let trouble = machine.value(id, None).err()?;
        Some(explain(&machine, trouble).message)
    }
}

/// The texts of a list of nothing else, sorted, each once.
fn sorted_texts(items: &[Value]) -> Option<Box<[Box<str>]>> {
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        let Value::Text(text) = item else { return None };
        texts.push(text.clone());
    }
    texts.sort_unstable();
    texts.dedup();
    Some(texts.into_boxed_slice())
}

/// A pattern that only spells text.
#[derive(Debug, PartialEq, Eq)]
enum Plain {
    Anywhere(String),
    Start(String),
}

/// Reads patterns such as `rm`, `^/etc/`, `^/etc/.*`, `a\.b.*`; anything else is left to the pattern engine.
fn plain(pattern: &str) -> Option<Plain> {
    let (anchored, rest) = match pattern.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    // What may follow anything, or nothing, does not narrow the search.
    let rest = rest.strip_suffix(".*").filter(|rest| !rest.ends_with('\\')).unwrap_or(rest);
    let mut text = String::with_capacity(rest.len());
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let escaped = characters.next()?;
                if !escaped.is_ascii_punctuation() || matches!(escaped, '<' | '>') {
                    return None;
                }
                text.push(escaped);
            }
            '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => {
                return None;
            }
            _ => text.push(character),
        }
    }
    Some(if anchored { Plain::Start(text) } else { Plain::Anywhere(text) })
}

#[cfg(test)]
mod tests {
    use super::{Plain, plain};

    #[test]
    fn patterns_that_spell_text_are_read_as_text() {
        assert_eq!(plain("^/etc/.*"), Some(Plain::Start("/etc/".to_owned())));
        assert_eq!(plain("^/etc/"), Some(Plain::Start("/etc/".to_owned())));
        assert_eq!(plain(r"rm\.sh.*"), Some(Plain::Anywhere("rm.sh".to_owned())));
        assert_eq!(plain(""), Some(Plain::Anywhere(String::new())));
        for pattern in ["a|b", "a+", "rm$", r"\bfoo", r"\d", "(rm)", r"a\.*", r"x\", "^*"] {
            assert_eq!(plain(pattern), None, "{pattern}");
        }
    }
}
