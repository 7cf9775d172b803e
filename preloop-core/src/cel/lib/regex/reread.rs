//! What searching again and again reads more than once: a search for `a.*z|a` finds an `a` and has looked for a `z` up to
//! the end of the text, so that all searches together take time that is quadratic in the text.

use regex_automata::Span;

use super::Pattern;

/// How many bytes may be read again, beside the one pass that is paid for beforehand.
#[derive(Debug)]
pub(crate) struct Reread {
    /// The longest match, which no search reads further than; none where there is no longest.
    longest: Option<usize>,
    price: usize,
    allowed: usize,
    left: usize,
}

impl Reread {
    pub(crate) fn new(pattern: &Pattern, allowed: usize) -> Self {
        Self { longest: pattern.longest, price: pattern.price, allowed, left: allowed }
    }

    /// Pays for what the search that found this may have read behind it; false where that is too much.
    pub(super) fn after(&mut self, found: Option<Span>, text: &str) -> bool {
        let rest = text.len().saturating_sub(found.map_or(0, |found| found.end));
        let bytes = self.longest.map_or(rest, |longest| longest.min(rest));
        let left = self.left.checked_sub(bytes.saturating_mul(self.price));
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// How many bytes were paid for.
    pub(crate) const fn spent(&self) -> usize {
        self.allowed.saturating_sub(self.left)
    }
}
