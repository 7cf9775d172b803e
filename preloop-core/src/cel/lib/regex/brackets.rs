//! What RE2 reads otherwise than the `regex` crate: text between `\Q` and `\E`, braces that hold no count, and classes in brackets: `&&`, `--`, `~~` and `[` are characters there, not set operations.
//!
//! `[;&&|]` is what someone writes who looks for the signs of a shell. Read as an intersection it holds nothing,
//! so that a deny rule would never match.

use std::borrow::Cow;
use std::fmt::Write as _;

use regex_syntax::is_meta_character;

/// The names of `[:name:]`.
const NAMES: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];
/// What begins text that means itself, and what ends it.
const QUOTE: &str = "\\Q";
const UNQUOTE: &str = "\\E";
/// Longer than any of them; what is longer is no name.
const NAME_BYTES: usize = 16;

/// The same pattern with quoted text and the characters of each class escaped where the parser would see an operation;
/// an error is the `[:name:]` that there is not.
pub(super) fn plain(pattern: &str) -> Result<Cow<'_, str>, &str> {
    if !pattern.contains(['[', '{']) && !pattern.contains(QUOTE) {
        return Ok(Cow::Borrowed(pattern));
    }
    let has_comments = is_verbose(pattern);
    let mut scanner = Scanner { rest: pattern, out: String::with_capacity(pattern.len()) };
    while let Some(character) = scanner.rest.chars().next() {
        match character {
            '\\' if scanner.rest.starts_with(QUOTE) => scanner.quoted(has_comments),
            '\\' => scanner.escape(),
            '[' => scanner.class()?,
            '{' => scanner.brace(),
            '#' if has_comments => {
                scanner.take(scanner.rest.find('\n').unwrap_or(scanner.rest.len()));
            }
            other => scanner.take(other.len_utf8()),
        }
    }
    Ok(Cow::Owned(scanner.out))
}

/// Whether `(?x)` or `(?x:…)` stands in the pattern, so that it may hold comments.
fn is_verbose(pattern: &str) -> bool {
    pattern.split("(?").skip(1).any(|flags| {
        let on = flags.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
        on.contains('x')
    })
}

/// Whether the brace begins `{2}`, `{2,}` or `{2,3}`.
fn begins_count(rest: &str) -> bool {
    let Some(count) = rest.strip_prefix('{') else { return false };
    let is_digit = |character: char| character.is_ascii_digit();
    let after = count.trim_start_matches(is_digit);
    let end = after.strip_prefix(',').map_or(after, |most| most.trim_start_matches(is_digit));
    after.len() < count.len() && end.starts_with('}')
}

struct Scanner<'p> {
    rest: &'p str,
    out: String,
}

impl<'p> Scanner<'p> {
    /// Copies this many bytes.
    fn take(&mut self, bytes: usize) {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.out.push_str(taken);
        self.rest = rest;
    }

    fn take_if(&mut self, sign: &str) -> bool {
        let is_there = self.rest.starts_with(sign);
        if is_there {
            self.take(sign.len());
        }
        is_there
    }

    /// Copies what stands between `\Q` and `\E`, or the end of the pattern, as text.
    fn quoted(&mut self, has_comments: bool) {
        let quoted = self.rest.get(QUOTE.len()..).unwrap_or("");
        let (text, rest) = quoted.split_once(UNQUOTE).unwrap_or((quoted, ""));
        for character in text.chars() {
            if has_comments && character.is_whitespace() {
                // A pattern with comments takes no blanks for itself.
                let _ = write!(self.out, "\\x{{{:X}}}", u32::from(character));
                continue;
            }
            if is_meta_character(character) {
                self.out.push('\\');
            }
            self.out.push(character);
        }
        self.rest = rest;
    }

    /// Copies a brace, which is a character where it begins no count.
    fn brace(&mut self) {
        if !begins_count(self.rest) {
            self.out.push('\\');
        }
        self.take(1);
    }

    /// Copies a backslash and what belongs to it.
    fn escape(&mut self) {
        let after = self.rest.get(1..).unwrap_or("");
        let Some(letter) = after.chars().next() else { return self.take(1) };
        let is_braced = matches!(letter, 'x' | 'u' | 'U' | 'p' | 'P')
            && after.get(1..).is_some_and(|rest| rest.starts_with('{'));
        let length = match after.find('}') {
            Some(end) if is_braced => end.saturating_add(2),
            _ => match letter {
                'x' => 4,
                'u' => 6,
                'U' => 10,
                'p' | 'P' => 3,
                other => other.len_utf8().saturating_add(1),
            },
        };
        // `\p{^Greek}` is `\P{Greek}`.
        if matches!(letter, 'p' | 'P')
            && let Some(name) = after.get(1..).and_then(|rest| rest.strip_prefix("{^"))
        {
            self.out.push_str(if letter == 'p' { "\\P{" } else { "\\p{" });
            self.rest = name;
            return self.take(name.find('}').map_or(name.len(), |end| end.saturating_add(1)));
        }
        // What is too short for its letter is left to the compiler, which says so.
        self.take(length.min(self.rest.len()));
    }

    /// Copies a class from its bracket to its end, or to the end of the pattern.
    fn class(&mut self) -> Result<(), &'p str> {
        self.take(1);
        self.take_if("^");
        let mut is_first = true;
        while !self.rest.is_empty() {
            if !is_first && self.take_if("]") {
                return Ok(());
            }
            is_first = false;
            if let Some(named) = named_class(self.rest) {
                let name = named.trim_matches(['[', ']', ':', '^']);
                if !NAMES.contains(&name) {
                    return Err(named);
                }
                self.take(named.len());
                continue;
            }
            let may_begin_range = self.member();
            // A `-` before the end of the class is a character.
            if may_begin_range && self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.take(1);
                self.member();
            }
        }
        Ok(())
    }

    /// Copies one member of a class; false for one that is a class itself.
    fn member(&mut self) -> bool {
        let mut characters = self.rest.chars();
        match (characters.next(), characters.next()) {
            // Escaped signs are themselves; the parser would see the edge of a word.
            (Some('\\'), Some('<' | '>')) => {
                self.rest = self.rest.get(1..).unwrap_or("");
                self.take(1);
            }
            (Some('\\'), letter) => {
                self.escape();
                return !matches!(letter, Some('d' | 'D' | 's' | 'S' | 'w' | 'W' | 'p' | 'P'));
            }
            (Some(character), _) => {
                if matches!(character, '[' | ']' | '&' | '-' | '~') {
                    self.out.push('\\');
                }
                self.take(character.len_utf8());
            }
            (None, _) => {}
        }
        true
    }
}

/// `[:name:]` at the start of the text.
fn named_class(text: &str) -> Option<&str> {
    let name = text.strip_prefix("[:")?;
    let end = name
        .bytes()
        .take(NAME_BYTES)
        .position(|byte| !byte.is_ascii_lowercase() && byte != b'^')?;
    if !name.get(end..)?.starts_with(":]") {
        return None;
    }
    text.get(..end.checked_add(4)?)
}
