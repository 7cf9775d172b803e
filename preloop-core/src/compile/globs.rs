//! Entries whose names are globs, found in document order: a few by trying each, many by one search of the name.

use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;

use super::glob::Glob;
use super::index::{EntryId, Found};
use super::source::{CallSource, EntrySource, Fit};

/// So many globs that begin with text are tried one after the other: most are passed over by their first byte. One that
/// begins with a wildcard takes more time than a search for all of them.
const FEW: usize = 16;

/// The globs of a document.
#[derive(Clone, Debug, Default)]
pub(super) struct Globs {
    entries: Vec<GlobEntry>,
    search: Option<Search>,
}

#[derive(Clone, Debug)]
struct GlobEntry {
    first_byte: Option<u8>,
    glob: Glob,
    source: EntrySource,
    entry: EntryId,
}

/// Finds the globs that may match a name by a text that each of their names must have.
#[derive(Clone, Debug)]
struct Search {
    texts: AhoCorasick,
    /// For each text, the positions of the globs that want it.
    wanted_by: Vec<Vec<usize>>,
    /// The positions of those that want none, such as `*` and `???`.
    anything: Vec<usize>,
}

// === impl Globs ===

impl Globs {
    /// Adds the next glob of the document.
    pub(super) fn add(&mut self, name: &str, source: EntrySource, entry: EntryId) {
        let glob = Glob::new(name);
        self.entries.push(GlobEntry { first_byte: glob.first_byte(), glob, source, entry });
    }

    /// Prepares the search where that is quicker than trying each; nothing is added afterwards.
    pub(super) fn finish(&mut self) {
        if self.entries.len() > FEW || self.entries.iter().any(|entry| entry.first_byte.is_none()) {
            self.search = Search::of(&self.entries);
        }
    }

    /// Whether no name is a glob, as in most documents.
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds the entries for a call to what was found so far.
    #[inline]
    pub(super) fn find(&self, name: &str, source: CallSource<'_>, found: &mut Found) {
        match &self.search {
            Some(search) => self.searched(search, name, source, found),
            None => self.tried(name, source, found),
        }
    }

    /// By trying one after the other, up to the first that fits for certain.
    fn tried(&self, name: &str, source: CallSource<'_>, found: &mut Found) {
        let first_byte = name.bytes().next();
        for candidate in &self.entries {
            if candidate.first_byte.is_some() && candidate.first_byte != first_byte {
                continue;
            }
            if found.add(candidate.entry, candidate.fit(name, source)) {
                return;
            }
        }
    }

    /// The same by a search, whose candidates come in no order.
    fn searched(&self, search: &Search, name: &str, source: CallSource<'_>, found: &mut Found) {
        let mut certain = usize::MAX;
        let mut possible: Vec<usize> = Vec::new();
        search.candidates(name, |position| {
            if position >= certain {
                return;
            }
            match self.entries.get(position).map_or(Fit::No, |entry| entry.fit(name, source)) {
                Fit::No => {}
                Fit::Possible => possible.push(position),
                Fit::Certain => certain = position,
            }
        });
        possible.retain(|position| *position < certain);
        possible.sort_unstable();
        possible.dedup();
        for entry in possible.into_iter().filter_map(|position| self.entries.get(position)) {
            found.add(entry.entry, Fit::Possible);
        }
        if let Some(entry) = self.entries.get(certain) {
            found.add(entry.entry, Fit::Certain);
        }
    }
}

// === impl GlobEntry ===

impl GlobEntry {
    fn fit(&self, name: &str, source: CallSource<'_>) -> Fit {
        let fit = self.source.fit(source);
        if fit != Fit::No && self.glob.matches(name) { fit } else { Fit::No }
    }
}

// === impl Search ===

impl Search {
    fn of(entries: &[GlobEntry]) -> Option<Self> {
        let mut by_text: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut anything = Vec::new();
        for (position, entry) in entries.iter().enumerate() {
            match entry.glob.longest_text() {
                "" => anything.push(position),
                text => by_text.entry(text).or_default().push(position),
            }
        }
        let (texts, wanted_by): (Vec<&str>, Vec<Vec<usize>>) = by_text.into_iter().unzip();
        // Where it cannot be built, each glob is tried.
        let texts = AhoCorasick::new(texts).ok()?;
        Some(Self { texts, wanted_by, anything })
    }

    /// Calls `take` with the position of each glob that may match, some more than once.
    fn candidates(&self, name: &str, mut take: impl FnMut(usize)) {
        for position in &self.anything {
            take(*position);
        }
        for text in self.texts.find_overlapping_iter(name) {
            let positions = self.wanted_by.get(text.pattern().as_usize());
            positions.into_iter().flatten().for_each(|position| take(*position));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::Fits;
    use super::*;

    use proptest::prelude::*;

    fn find(globs: &Globs, name: &str, source: CallSource<'_>) -> Fits {
        let mut found = Found::default();
        globs.find(name, source, &mut found);
        found.fits
    }

    fn pattern() -> impl Strategy<Value = String> {
        prop_oneof!["[abé*?]{1,5}", "[ab]{1,3}\\*", "\\*[ab]{1,3}", "\\*[ab]{1,3}\\*",]
    }

    proptest! {
        #[test]
        fn a_search_finds_what_trying_each_finds(
            patterns in proptest::collection::vec((pattern(), 0..4_usize), 1..80),
            names in proptest::collection::vec("[abé]{0,6}", 12),
        ) {
            let sources = [None, Some("mcp"), Some("http"), Some("files")];
            let mut tried = Globs::default();
            for (entry, (pattern, source)) in patterns.iter().enumerate() {
                tried.add(pattern, EntrySource::of(sources[*source]), entry);
            }
            let mut searched = tried.clone();
            searched.finish();
            prop_assume!(searched.search.is_some());
            for name in &names {
                for call in [("", ""), ("mcp", ""), ("http", ""), ("", "files"), ("", "other")] {
                    let source = CallSource::of(call.0, call.1).unwrap();
                    prop_assert_eq!(
                        find(&searched, name, source), find(&tried, name, source), "{} {:?}", name, call
                    );
                }
            }
        }
    }

    #[test]
    fn a_few_are_tried_and_many_are_searched() {
        let mut globs = Globs::default();
        for number in 0..1_000 {
            if number == FEW {
                globs.finish();
                assert!(globs.search.is_none());
            }
            globs.add(&format!("get_{number}_*"), EntrySource::Any, number);
        }
        globs.finish();
        let search = globs.search.as_ref().unwrap();
        let mut candidates = Vec::new();
        search.candidates("get_7_and_get_12_", |position| candidates.push(position));
        assert_eq!(candidates, [7, 12]);
        assert_eq!(find(&globs, "get_999_get_7_", CallSource::Unknown), Fits::One(999));
        assert_eq!(find(&globs, "get", CallSource::Unknown), Fits::None);
    }

    #[test]
    fn one_that_begins_with_a_wildcard_is_searched() {
        let mut globs = Globs::default();
        globs.add("*_delete", EntrySource::Any, 0);
        globs.finish();
        assert!(globs.search.is_some());
        assert_eq!(find(&globs, "user_delete", CallSource::Unknown), Fits::One(0));
        assert_eq!(find(&globs, "user_deleted", CallSource::Unknown), Fits::None);
        let mut catch_all = Globs::default();
        catch_all.add("*", EntrySource::Any, 0);
        catch_all.finish();
        assert_eq!(find(&catch_all, "anything", CallSource::Unknown), Fits::One(0));
    }
}
