//! The grammar: tokens to events, with every refusal that does not depend on who listens.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::JsonErrorKind;
use super::error::Fault;
use super::lexer::{Lexer, Token};
use crate::limits::NESTING_MAX;

/// Byte offsets of something in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A value that holds no other.
#[derive(Debug)]
pub(crate) enum Scalar<'t> {
    Null,
    Bool(bool),
    /// As written, its grammar checked.
    Number(&'t str),
    Text(Cow<'t, str>),
}

/// What listens to the reader; values arrive in the order of the text.
pub(crate) trait Sink<'t> {
    fn begin_object(&mut self, offset: usize);
    fn key(&mut self, key: Cow<'t, str>, span: Span);
    /// The second occurrence of a key; an error unless the sink goes on.
    fn duplicate_key(&mut self, key: &str, offset: usize) -> Result<(), Fault> {
        let shown: String = key.chars().take(80).collect();
        let message = format!("duplicate key `{shown}`");
        Err(Fault::new(JsonErrorKind::DuplicateKey, offset, message))
    }
    fn end_object(&mut self, end: usize);
    fn begin_array(&mut self, offset: usize);
    fn end_array(&mut self, end: usize);
    fn scalar(&mut self, scalar: Scalar<'t>, span: Span) -> Result<(), Fault>;
}

/// An open container: its keys so far, or none for an array.
enum Open<'t> {
    Object(Keys<'t>),
    Array,
}

/// The keys of one object: a short list is searched, a long one becomes a tree.
#[derive(Default)]
struct Keys<'t> {
    few: Vec<Cow<'t, str>>,
    many: BTreeSet<Cow<'t, str>>,
}

/// What may stand next.
#[derive(Clone, Copy, PartialEq)]
enum Expect {
    Value,
    FirstKeyOrEnd,
    Key,
    FirstItemOrEnd,
    CommaOrEnd,
    Nothing,
}

impl<'t> Keys<'t> {
    const FEW: usize = 12;

    /// False when the key was there already.
    fn insert(&mut self, key: Cow<'t, str>) -> bool {
        if self.many.is_empty() {
            if self.few.contains(&key) {
                return false;
            }
            self.few.push(key);
            if self.few.len() > Self::FEW {
                self.many.extend(self.few.drain(..));
            }
            return true;
        }
        self.many.insert(key)
    }
}

/// Reads one JSON value that is the whole text.
pub(crate) fn read<'t>(text: &'t str, sink: &mut impl Sink<'t>) -> Result<(), Fault> {
    if text.starts_with('\u{feff}') {
        let message = "a byte order mark stands before the value";
        return Err(Fault::new(JsonErrorKind::ByteOrderMark, 0, message));
    }
    let mut reader =
        Reader { lexer: Lexer::new(text), open: Vec::new(), expect: Expect::Value, sink };
    while reader.step()? {}
    Ok(())
}

struct Reader<'t, 's, S> {
    lexer: Lexer<'t>,
    open: Vec<Open<'t>>,
    expect: Expect,
    sink: &'s mut S,
}

impl<'t, S: Sink<'t>> Reader<'t, '_, S> {
    /// Reads one token; false at the end of the text.
    fn step(&mut self) -> Result<bool, Fault> {
        self.lexer.skip_blanks();
        let start = self.lexer.offset();
        let token = self.lexer.next()?;
        let span = Span { start, end: self.lexer.offset() };
        match (self.expect, token) {
            (Expect::Nothing, Token::End) => return Ok(false),
            (_, Token::End) => return Err(Fault::syntax(start, self.unfinished())),
            (Expect::Value | Expect::FirstItemOrEnd, token) => self.value(token, span)?,
            (Expect::FirstKeyOrEnd | Expect::Key, Token::Text(key)) => self.key(key, span)?,
            (Expect::CommaOrEnd, Token::Comma) => {
                let is_object = matches!(self.open.last(), Some(Open::Object(_)));
                self.expect = if is_object { Expect::Key } else { Expect::Value };
            }
            (Expect::FirstKeyOrEnd | Expect::CommaOrEnd, Token::EndObject) => {
                self.end(true, span)?;
            }
            (Expect::CommaOrEnd, Token::EndArray) => self.end(false, span)?,
            (_, token) => return Err(self.unexpected(&token, start)),
        }
        Ok(true)
    }

    fn key(&mut self, key: Cow<'t, str>, span: Span) -> Result<(), Fault> {
        if let Some(Open::Object(keys)) = self.open.last_mut()
            && !keys.insert(key.clone())
        {
            self.sink.duplicate_key(&key, span.start)?;
        }
        self.sink.key(key, span);
        self.lexer.skip_blanks();
        let start = self.lexer.offset();
        match self.lexer.next()? {
            Token::Colon => {
                self.expect = Expect::Value;
                Ok(())
            }
            Token::End => Err(Fault::syntax(start, self.unfinished())),
            _ => Err(Fault::syntax(start, "`:` is missing after a key")),
        }
    }

    fn value(&mut self, token: Token<'t>, span: Span) -> Result<(), Fault> {
        let scalar = match token {
            Token::BeginObject | Token::BeginArray => return self.begin(&token, span.start),
            Token::EndArray if self.expect == Expect::FirstItemOrEnd => {
                return self.end(false, span);
            }
            Token::Null => Scalar::Null,
            Token::Bool(value) => Scalar::Bool(value),
            Token::Number(literal) => Scalar::Number(literal),
            Token::Text(text) => Scalar::Text(text),
            token => return Err(self.unexpected(&token, span.start)),
        };
        self.sink.scalar(scalar, span)?;
        self.after_value();
        Ok(())
    }

    fn begin(&mut self, token: &Token<'t>, offset: usize) -> Result<(), Fault> {
        if self.open.len() >= NESTING_MAX {
            let message = format!("nesting is deeper than {NESTING_MAX}");
            return Err(Fault::new(JsonErrorKind::NestingTooDeep, offset, message));
        }
        if *token == Token::BeginObject {
            self.open.push(Open::Object(Keys::default()));
            self.expect = Expect::FirstKeyOrEnd;
            self.sink.begin_object(offset);
        } else {
            self.open.push(Open::Array);
            self.expect = Expect::FirstItemOrEnd;
            self.sink.begin_array(offset);
        }
        Ok(())
    }

    fn end(&mut self, is_object: bool, span: Span) -> Result<(), Fault> {
        match (self.open.last(), is_object) {
            (Some(Open::Object(_)), true) => self.sink.end_object(span.end),
            (Some(Open::Array), false) => self.sink.end_array(span.end),
            (Some(Open::Object(_)), false) => {
                return Err(Fault::syntax(span.start, "`}` is missing before `]`"));
            }
            (_, _) => return Err(Fault::syntax(span.start, "`]` is missing before `}`")),
        }
        self.open.pop();
        self.after_value();
        Ok(())
    }

    fn after_value(&mut self) {
        self.expect = if self.open.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd };
    }

    fn unfinished(&self) -> &'static str {
        match self.open.last() {
            Some(Open::Object(_)) => "the text ends before `}`",
            Some(Open::Array) => "the text ends before `]`",
            None => "the text is empty",
        }
    }

    fn unexpected(&self, token: &Token<'t>, offset: usize) -> Fault {
        let found = match token {
            Token::BeginObject => "`{`",
            Token::EndObject => "`}`",
            Token::BeginArray => "`[`",
            Token::EndArray => "`]`",
            Token::Colon => "`:`",
            Token::Comma => "`,`",
            Token::Text(_) => "text",
            Token::Number(_) => "a number",
            Token::Bool(_) => "a boolean",
            Token::Null => "`null`",
            Token::End => "the end",
        };
        let message = match self.expect {
            Expect::Value | Expect::FirstItemOrEnd => format!("a value is wanted, found {found}"),
            Expect::FirstKeyOrEnd | Expect::Key => {
                format!("a key in double quotes is wanted, found {found}")
            }
            Expect::CommaOrEnd => format!("`,` or the end is missing before {found}"),
            Expect::Nothing => format!("{found} stands after the value"),
        };
        Fault::syntax(offset, message)
    }
}
