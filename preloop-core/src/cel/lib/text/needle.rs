//! One text that is looked for in many others.

use memchr::memmem::Finder;

/// In so few places a look at each is quicker than any search.
const PLACES_FEW: usize = 16;

/// A text, prepared for being looked for.
#[derive(Clone, Debug)]
pub(crate) struct Needle(Finder<'static>);

impl Needle {
    /// Prepares a text.
    pub(crate) fn new(text: &str) -> Self {
        Self(Finder::new(text).into_owned())
    }

    /// The text, which is always there.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.0.needle()).ok()
    }

    /// Whether it stands anywhere in another text.
    #[inline]
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let (text, needle) = (text.as_bytes(), self.0.needle());
        match text.len().checked_sub(needle.len()) {
            None => false,
            Some(spare) if spare < PLACES_FEW => stands_in(text, needle),
            Some(_) => self.0.find(text).is_some(),
        }
    }
}

/// The same, with a look at each place; on its own, since whoever asks has other things to keep at hand.
#[inline(never)]
fn stands_in(text: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return true };
    text.windows(needle.len()).any(|place| place.first() == Some(first) && place == needle)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_found_where_the_standard_library_finds_it(
            text in "[abc]{0,24}",
            needle in "[abc]{0,4}",
        ) {
            prop_assert_eq!(Needle::new(&needle).is_in(&text), text.contains(&needle));
        }
    }
}
