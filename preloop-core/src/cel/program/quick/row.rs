//! Questions that stand on their own, asked of what is neither text nor usual.

use super::{Found, Place, Quick, Reader};
use crate::cel::code::Asked;
use crate::cel::program::arithmetic::Plain;
use crate::cel::source::ArgPath;

impl Asked {
    /// The answer for an argument that is no text of at most `length` bytes; none where there is none at once, and for
    /// a longer text.
    #[inline(never)]
    pub(crate) fn of_other<'e, P: Place<'e>>(
        &self,
        reader: &mut Reader<'e, P>,
        path: &ArgPath,
        length: usize,
    ) -> Option<bool> {
        if matches!(self, Self::Has) {
            return reader.has(path);
        }
        let found = reader.find(path)?;
        match self {
            Self::Int { relation, value } => match found.number()? {
                Plain::Int(found) => Some(relation.holds(found.cmp(value))),
                Plain::Double(_) => None,
            },
            Self::Other(test) => {
                if found.text().is_some_and(|text| text.len() > length) {
                    return None;
                }
                // INVARIANT: whoever gives the length has seen to it that the budget is enough.
                let mut fuel = u64::MAX;
                match found.answer(test, &mut fuel) {
                    Quick::True => Some(true),
                    Quick::False => Some(false),
                    Quick::Unsure => None,
                }
            }
            Self::Text(_) | Self::Has => None,
        }
    }
}
