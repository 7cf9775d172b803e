//! Finds a tool's entries: exact names by hash, then globs in document order.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::glob::Glob;
use super::globs::Globs;
use super::source::{CallSource, Class, EntrySource, Fit};

/// Position of an entry in the document's `tools`.
pub(crate) type EntryId = usize;

/// Every entry by the names it fits.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToolIndex {
    exact: HashMap<Box<str>, SameName, BuildHasherDefault<NameHasher>>,
    globs: Globs,
}

/// The entries of one exact name.
#[derive(Clone, Debug, Default)]
struct SameName {
    servers: Vec<(EntrySource, EntryId)>,
    classes: [Option<EntryId>; 4],
    any: Option<EntryId>,
    /// No entry names a source, so that whatever a call says of its own, `any` speaks.
    is_plain: bool,
}

/// The entries that a call fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fits {
    /// No entry speaks for the tool.
    #[default]
    None,
    /// One entry does.
    One(EntryId),
    /// The call does not say enough: it could be any of these, best fit first.
    Several(Vec<EntryId>),
}

impl ToolIndex {
    /// The names of the entries for one tool each.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.exact.keys().map(AsRef::as_ref)
    }

    /// Adds the next entry of the document; of two with one name and source the first one stays.
    pub(crate) fn add(&mut self, name: &str, source: Option<&str>, entry: EntryId) {
        let source = EntrySource::of(source);
        if Glob::is_glob(name) {
            self.globs.add(name, source, entry);
            return;
        }
        let same = self.exact.entry(name.into()).or_default();
        match source {
            EntrySource::Any => {
                same.any.get_or_insert(entry);
            }
            EntrySource::Class(class) => {
                if let Some(slot) = same.classes.get_mut(class.slot()) {
                    slot.get_or_insert(entry);
                }
            }
            EntrySource::Server(_) => same.servers.push((source, entry)),
        }
        same.is_plain = same.servers.is_empty() && same.classes.iter().all(Option::is_none);
    }

    /// Prepares what makes finding quick; nothing is added afterwards.
    pub(crate) fn finish(&mut self) {
        self.globs.finish();
    }

    /// The entries for a call, by the order of precedence: server, class, any, globs.
    #[inline]
    pub(crate) fn find(&self, name: &str, source: CallSource<'_>) -> Fits {
        match self.exact.get(name) {
            // Nearly every entry: it is for its tool wherever the tool lives.
            Some(&SameName { any: Some(entry), is_plain: true, .. }) => Fits::One(entry),
            None if self.globs.is_empty() => Fits::None,
            same => self.find_among(same, name, source),
        }
    }

    /// The same where sources have to be compared, or names with globs.
    #[inline(never)]
    fn find_among(&self, same: Option<&SameName>, name: &str, source: CallSource<'_>) -> Fits {
        let mut found = Found::default();
        if same.is_some_and(|same| same.find(source, &mut found)) {
            return found.fits;
        }
        self.globs.find(name, source, &mut found);
        found.fits
    }
}

impl SameName {
    /// True when an entry fits for certain, so that nothing after it can speak.
    fn find(&self, source: CallSource<'_>, found: &mut Found) -> bool {
        for (server, entry) in &self.servers {
            if found.add(*entry, server.fit(source)) {
                return true;
            }
        }
        for (class, entry) in Class::ALL.into_iter().zip(&self.classes) {
            if let Some(entry) = entry
                && found.add(*entry, EntrySource::Class(class).fit(source))
            {
                return true;
            }
        }
        self.any.is_some_and(|entry| found.add(entry, Fit::Certain))
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) fits: Fits,
}

impl Found {
    /// Takes a candidate; true when it ends the search.
    pub(super) fn add(&mut self, entry: EntryId, fit: Fit) -> bool {
        if fit == Fit::No {
            return false;
        }
        match &mut self.fits {
            Fits::None => self.fits = Fits::One(entry),
            Fits::One(first) => self.fits = Fits::Several(vec![*first, entry]),
            Fits::Several(entries) => entries.push(entry),
        }
        fit == Fit::Certain
    }
}

/// A quick hash for the names of a policy. The table holds only names that the policy's author chose,
/// so a caller cannot fill it with colliding ones.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NameHasher(u64);

const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
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
        self.add(last ^ (bytes.len() as u64).rotate_left(56));
    }

    fn write_u8(&mut self, _: u8) {
        // The end mark of text; `write` mixes the length in already.
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl NameHasher {
    fn add(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(MIX);
        self.0 = mixed ^ (mixed >> 32);
    }
}
