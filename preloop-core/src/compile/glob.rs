//! Tool names with `*` (any run of characters) and `?` (one character), matched whole and with case.

use memchr::memmem::Finder;

/// A compiled pattern. Matching is linear in the name: a pattern's own length is bounded.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    /// What the name begins with, up to the first `*` or `?`.
    prefix: Box<str>,
    /// What follows the prefix.
    rest: Rest,
}

#[derive(Clone, Debug)]
enum Rest {
    /// `*`: anything.
    Anything,
    /// Pieces with a `*` before each; the last one ends the name when `open_end` is false.
    Pieces { first_is_fixed: bool, pieces: Box<[Piece]>, open_end: bool },
}

/// Text and `?`.
#[derive(Clone, Debug)]
struct Piece {
    text: Box<str>,
    /// Finds the text, where it has no `?`.
    finder: Option<Finder<'static>>,
}

impl Glob {
    /// True when the name holds a wildcard.
    pub(crate) fn is_glob(name: &str) -> bool {
        name.contains(['*', '?'])
    }

    pub(crate) fn new(pattern: &str) -> Self {
        let at = pattern.find(['*', '?']).unwrap_or(pattern.len());
        let (prefix, rest) = pattern.split_at_checked(at).unwrap_or((pattern, ""));
        let rest = if rest == "*" {
            Rest::Anything
        } else {
            let mut pieces: Vec<Piece> = rest.split('*').map(Piece::new).collect();
            let first_is_fixed = pieces.first().is_some_and(|piece| !piece.text.is_empty());
            if !first_is_fixed {
                // The text before the first `*` is the prefix, already taken.
                pieces.drain(..pieces.len().min(1));
            }
            let open_end = rest.ends_with('*');
            pieces.retain(|piece| !piece.text.is_empty());
            Rest::Pieces { first_is_fixed, pieces: pieces.into(), open_end }
        };
        Self { prefix: prefix.into(), rest }
    }

    /// The first byte that a name must have to match, where there is one.
    pub(crate) fn first_byte(&self) -> Option<u8> {
        self.prefix.bytes().next()
    }

    /// The longest text without a wildcard, which a name must hold to match; empty where there is none.
    pub(crate) fn longest_text(&self) -> &str {
        let pieces = match &self.rest {
            Rest::Anything => &[][..],
            Rest::Pieces { pieces, .. } => pieces,
        };
        let between = pieces.iter().flat_map(|piece| piece.text.split('?'));
        between.chain([&*self.prefix]).max_by_key(|text| text.len()).unwrap_or("")
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        let Some(mut name) = name.strip_prefix(&*self.prefix) else { return false };
        let (first_is_fixed, pieces, open_end) = match &self.rest {
            Rest::Anything => return true,
            Rest::Pieces { first_is_fixed, pieces, open_end } => {
                (*first_is_fixed, pieces, *open_end)
            }
        };
        let mut pieces = &**pieces;
        if first_is_fixed {
            let Some((first, others)) = pieces.split_first() else { return name.is_empty() };
            let Some(length) = length_at_start(&first.text, name) else { return false };
            name = name.get(length..).unwrap_or("");
            if others.is_empty() && !open_end {
                return name.is_empty();
            }
            pieces = others;
        }
        let last = if open_end { None } else { pieces.split_last() };
        let (between, last) = match last {
            Some((last, between)) => (between, Some(last)),
            None => (pieces, None),
        };
        // The leftmost place for each piece leaves the most room for the next ones.
        for piece in between {
            let Some(end) = piece.find(name) else { return false };
            name = name.get(end..).unwrap_or("");
        }
        match last {
            // Nothing but `*` is left, or the pattern has ended.
            None => open_end || name.is_empty(),
            Some(last) => last.ends(name),
        }
    }
}

impl Piece {
    fn new(text: &str) -> Self {
        let is_plain = !text.contains('?');
        Self { text: text.into(), finder: is_plain.then(|| Finder::new(text).into_owned()) }
    }

    /// Where the leftmost match in `name` ends.
    fn find(&self, name: &str) -> Option<usize> {
        if let Some(finder) = &self.finder {
            return finder.find(name.as_bytes())?.checked_add(self.text.len());
        }
        name.char_indices().find_map(|(start, _)| {
            length_at_start(&self.text, name.get(start..)?)?.checked_add(start)
        })
    }

    /// Whether `name` ends with it.
    fn ends(&self, name: &str) -> bool {
        if self.finder.is_some() {
            return name.ends_with(&*self.text);
        }
        let mut name = name.chars().rev();
        let mut wanted = self.text.chars().rev();
        wanted.all(|wanted| name.next().is_some_and(|found| wanted == '?' || wanted == found))
    }
}

/// Length in bytes of the match of `piece` (text and `?`) at the start of `name`.
fn length_at_start(piece: &str, name: &str) -> Option<usize> {
    let mut rest = name.chars();
    for wanted in piece.chars() {
        let found = rest.next()?;
        if wanted != '?' && wanted != found {
            return None;
        }
    }
    name.len().checked_sub(rest.as_str().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The obviously right matcher: by definition, exponential.
    fn by_definition(pattern: &[char], name: &[char]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), None) => by_definition(rest, name),
            (Some(('*', rest)), Some((_, tail))) => {
                by_definition(rest, name) || by_definition(pattern, tail)
            }
            (None, Some(_)) | (Some(_), None) => false,
            (Some((wanted, rest)), Some((found, tail))) => {
                (*wanted == '?' || wanted == found) && by_definition(rest, tail)
            }
        }
    }

    #[test]
    fn answers_as_the_definition_does() {
        // Every pattern and every name over a small alphabet, a character of two bytes among them.
        let pattern_letters = ['a', 'é', '*', '?'];
        let name_letters = ['a', 'é', 'b'];
        let patterns = words(&pattern_letters, 5);
        let names = words(&name_letters, 5);
        for pattern in &patterns {
            let text: String = pattern.iter().collect();
            let glob = Glob::new(&text);
            for name in &names {
                let name_text: String = name.iter().collect();
                assert_eq!(
                    glob.matches(&name_text),
                    by_definition(pattern, name),
                    "`{text}` on `{name_text}`"
                );
            }
        }
    }

    fn words(letters: &[char], longest: usize) -> Vec<Vec<char>> {
        let mut all = vec![Vec::new()];
        let mut last = all.clone();
        for _ in 0..longest {
            last = last
                .iter()
                .flat_map(|word: &Vec<char>| {
                    letters.iter().map(|letter| [word.as_slice(), &[*letter]].concat())
                })
                .collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    #[test]
    fn case_counts_and_long_names_are_quick() {
        assert!(!Glob::new("Read*").matches("read_file"));
        assert!(Glob::new("read_*").matches("read_file"));
        let long = "a".repeat(100_000);
        assert!(!Glob::new(&"a*".repeat(100)).matches(&format!("b{long}")));
        assert!(Glob::new(&"*a".repeat(100)).matches(&long));
    }
}
