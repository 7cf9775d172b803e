//! Constant needles and patterns: built once; patterns that only spell text become text searches.

use bumpalo::Bump;
use memchr::memmem::Finder;

use super::Compiler;
use crate::cel::code::{Op, OpId};
use crate::cel::input::Input;
use crate::cel::lib::regex::{Pattern, compile};
use crate::cel::problem::{Problem, ProblemKind};
use crate::cel::program::{Machine, Notes, explain};
use crate::cel::span::Span;
use crate::cel::value::Value;

impl Compiler<'_, '_> {
    pub(super) fn contains(&mut self, left: OpId, finder: Finder<'static>) -> Op {
        let number = u32::try_from(self.code.finders.len()).unwrap_or(u32::MAX);
        self.code.finders.push(finder);
        Op::ContainsText { left, finder: number }
    }

    pub(super) fn matches(&mut self, left: OpId, text: &str, span: Span) -> Option<Op> {
        match plain(text) {
            Some(Plain::Anywhere(text)) => {
                Some(self.contains(left, Finder::new(text.as_bytes()).into_owned()))
            }
            Some(Plain::Start(text)) => {
                let constant = self.constant(Value::Text(text.into()));
                Some(Op::StartsWith { left, constant })
            }
            None => {
                let pattern = self.check_pattern(text, span)?;
                let number = u32::try_from(self.code.patterns.len()).unwrap_or(u32::MAX);
                self.code.patterns.push(pattern);
                Some(Op::MatchesPattern { left, pattern: number })
            }
        }
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
        let arena = Bump::new();
        let nothing = serde_json::Value::Null;
        let input = Input::new(&nothing);
        let notes = Notes::new(self.source);
        let machine = Machine::new(&self.code, &input, &arena, 10_000).with_notes(&notes);
        let trouble = machine.value(id, None).err()?;
        Some(explain(&machine, trouble).message)
    }
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
