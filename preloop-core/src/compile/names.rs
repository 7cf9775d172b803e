//! Names with what is kept for each: a table that is read at every call, and written only while a policy is made ready.

/// A place that nobody has taken.
const NOBODY: u32 = u32::MAX;
/// How many places the smallest table has.
const PLACES_MIN: usize = 16;
/// Names of the same hash and length are the same up to this length.
const LENGTH_HASHED: usize = 8;

/// What is kept by name. It holds only names that the policy's author chose, so a caller cannot fill it with those of
/// one hash.
#[derive(Clone, Debug)]
pub(crate) struct Names<T> {
    /// The number of each name, in the place that its hash asks for or the next free one. The places are a power of
    /// two, and at most half of them are taken.
    places: Vec<u32>,
    /// In the order in which they came.
    named: Vec<Named<T>>,
}

#[derive(Clone, Debug)]
struct Named<T> {
    hash: u64,
    name: Box<str>,
    value: T,
}

impl<T> Names<T> {
    /// What is kept for a name.
    #[expect(clippy::inline_always, reason = "each call goes through it")]
    #[inline(always)]
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        // A policy may have none but globs.
        if self.named.is_empty() {
            return None;
        }
        self.find(hash_of(name.as_bytes()), name).map(|(_, named)| &named.value)
    }

    /// The names in the order in which they came.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|named| &*named.name)
    }

    /// Changes what is kept for a name; for a new one, the default.
    pub(crate) fn change(&mut self, name: &str, change: impl FnOnce(&mut T))
    where
        T: Default,
    {
        let hash = hash_of(name.as_bytes());
        let known = self.find(hash, name).map(|(number, _)| number);
        if let Some(named) = known.and_then(|number| self.named.get_mut(number)) {
            change(&mut named.value);
        } else {
            let mut value = T::default();
            change(&mut value);
            self.add(Named { hash, name: name.into(), value });
        }
    }

    /// A name with its number.
    #[expect(clippy::inline_always, reason = "each call goes through it")]
    #[inline(always)]
    fn find(&self, hash: u64, name: &str) -> Option<(usize, &Named<T>)> {
        let mut place = hash;
        loop {
            let number = *self.places.get(self.within(place))? as usize;
            // None where nobody has taken the place.
            let named = self.named.get(number)?;
            if named.hash == hash && is_same(&named.name, name) {
                return Some((number, named));
            }
            place = place.wrapping_add(1);
        }
    }

    fn add(&mut self, named: Named<T>) {
        let hash = named.hash;
        self.named.push(named);
        if self.named.len() > self.places.len() / 2 {
            let places = self.named.len().saturating_mul(4).next_power_of_two().max(PLACES_MIN);
            self.places = vec![NOBODY; places];
            for number in 0..self.named.len() {
                let hash = self.named.get(number).map_or(0, |named| named.hash);
                self.take(hash, number);
            }
        } else {
            self.take(hash, self.named.len().saturating_sub(1));
        }
    }

    /// Takes the first free place from the one on that a hash asks for.
    fn take(&mut self, hash: u64, number: usize) {
        let mut place = hash;
        // INVARIANT: half of the places are free, so this ends.
        while let within = self.within(place)
            && let Some(taken) = self.places.get_mut(within)
        {
            if *taken == NOBODY {
                *taken = u32::try_from(number).unwrap_or(NOBODY);
                return;
            }
            place = place.wrapping_add(1);
        }
    }

    #[inline]
    fn within(&self, place: u64) -> usize {
        let places = self.places.len() as u64;
        usize::try_from(place & places.wrapping_sub(1)).unwrap_or(usize::MAX)
    }
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { places: Vec::new(), named: Vec::new() }
    }
}

/// Whether names of the same hash are the same.
#[inline]
fn is_same(known: &str, name: &str) -> bool {
    // INVARIANT: of names of one length, short ones have different hashes; see `hash_of`.
    known.len() == name.len() && (name.len() <= LENGTH_HASHED || known == name)
}

/// A quick hash. Each step of it can be undone, so of two names of one length of at most a word no hash is the same.
#[inline]
fn hash_of(name: &[u8]) -> u64 {
    let (words, rest) = name.as_chunks::<8>();
    let hash = words.iter().fold(0, |hash, word| mixed(hash ^ u64::from_le_bytes(*word)));
    // Read in one go or two: bytes that are put together one by one are waited for when they are read as a word.
    let last = match (rest.first_chunk(), rest.last_chunk(), rest) {
        (Some(first), Some(last), _) => {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
        }
        (_, _, [first, middle @ .., last]) => {
            let middle = middle.first().map_or(0, |byte| u64::from(*byte));
            u64::from(*first) | middle << 8 | u64::from(*last) << 16
        }
        (_, _, [only]) => u64::from(*only),
        _ => 0,
    };
    // The length keeps a name and the same name with NULs behind it apart.
    mixed(hash ^ last ^ (name.len() as u64).rotate_left(56))
}

#[inline]
const fn mixed(word: u64) -> u64 {
    let mixed = word.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn names() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("[ab\\x00]{0,10}|[a-z_]{6,24}", 0..120)
    }

    proptest! {
        #[test]
        fn it_keeps_what_a_map_keeps(added in names(), asked in names()) {
            let (mut table, mut map) = (Names::<Vec<usize>>::default(), HashMap::new());
            let mut order: Vec<&str> = Vec::new();
            for (number, name) in added.iter().enumerate() {
                table.change(name, |numbers| numbers.push(number));
                let kept: &mut Vec<usize> = map.entry(name.as_str()).or_default();
                kept.push(number);
                if kept.len() == 1 {
                    order.push(name);
                }
            }
            for name in added.iter().chain(&asked) {
                prop_assert_eq!(table.get(name), map.get(name.as_str()), "{:?}", name);
            }
            prop_assert_eq!(table.names().collect::<Vec<_>>(), order);
        }

        #[test]
        fn short_names_of_one_length_have_hashes_of_their_own(
            one in prop::collection::vec(any::<u8>(), 0..=LENGTH_HASHED),
            place in any::<prop::sample::Index>(),
            change in 1..=u8::MAX,
        ) {
            prop_assume!(!one.is_empty());
            let mut other = one.clone();
            other[place.index(one.len())] ^= change;
            prop_assert_ne!(hash_of(&one), hash_of(&other));
        }
    }
}
