//! Tests of text against constants, the same in both languages: each has all it needs in it.

use std::sync::Arc;

use crate::cel::lib::regex::Pattern;
use crate::cel::lib::text::Needle;

/// What is asked of a text.
#[derive(Clone, Debug)]
pub(crate) enum TextTest {
    Contains(Box<Needle>),
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Equals(Box<str>),
    Differs(Box<str>),
    /// Membership in a list of nothing but text, sorted.
    OneOf(Box<[Box<str>]>),
    /// Shared by clones, since a pattern keeps what it built for its searches.
    Matches(Arc<Pattern>),
}

impl TextTest {
    pub(crate) fn contains(text: &str) -> Self {
        Self::Contains(Box::new(Needle::new(text)))
    }

    /// Whether the text is what the test asks for.
    #[inline]
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.paid(text, |_| true) == Some(true)
    }

    /// The same, if the bytes that CEL looks at for it are paid for.
    #[expect(
        clippy::inline_always,
        reason = "most questions are of text, and a call costs as much as asking"
    )]
    #[inline(always)]
    pub(crate) fn paid(&self, text: &str, pay: impl FnOnce(usize) -> bool) -> Option<bool> {
        match self {
            Self::Contains(needle) => pay(text.len()).then(|| needle.is_in(text)),
            Self::StartsWith(part) => pay(part.len()).then(|| text.starts_with(&**part)),
            Self::EndsWith(part) => pay(part.len()).then(|| text.ends_with(&**part)),
            Self::Equals(other) => pay(text.len().min(other.len())).then(|| *text == **other),
            Self::Differs(other) => pay(text.len().min(other.len())).then(|| *text != **other),
            Self::OneOf(texts) => pay(text.len()).then(|| is_one_of(text, texts)),
            Self::Matches(pattern) => pay(pattern.scanned(text)).then(|| pattern.is_match(text)),
        }
    }
}

/// Whether a text is one of some sorted ones.
fn is_one_of(text: &str, texts: &[Box<str>]) -> bool {
    if texts.len() <= 8 {
        return texts.iter().any(|known| **known == *text);
    }
    texts.binary_search_by(|known| (**known).cmp(text)).is_ok()
}
