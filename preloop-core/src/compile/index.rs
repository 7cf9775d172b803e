//! Finds a tool's entries: exact names by hash, then globs in document order.

use super::glob::Glob;
use super::globs::Globs;
use super::names::Names;
use super::source::{CallSource, Class, EntrySource, Fit};

/// Position of an entry in the document's `tools`.
pub(crate) type EntryId = usize;

/// Every entry by the names it fits.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToolIndex {
    exact: Names<SameName>,
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
        self.exact.names()
    }

    /// Adds the next entry of the document; of two with one name and source the first one stays.
    pub(crate) fn add(&mut self, name: &str, source: Option<&str>, entry: EntryId) {
        let source = EntrySource::of(source);
        if Glob::is_glob(name) {
            self.globs.add(name, source, entry);
            return;
        }
        self.exact.change(name, |same| same.add(source, entry));
    }

    /// Prepares what makes finding quick; nothing is added afterwards.
    pub(crate) fn finish(&mut self) {
        self.globs.finish();
    }

    /// The entries for a call, by the order of precedence: server, class, any, globs.
    #[expect(clippy::inline_always, reason = "each call goes through it, and its answer is large")]
    #[inline(always)]
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
    fn add(&mut self, source: EntrySource, entry: EntryId) {
        match source {
            EntrySource::Any => {
                self.any.get_or_insert(entry);
            }
            EntrySource::Class(class) => {
                if let Some(slot) = self.classes.get_mut(class.slot()) {
                    slot.get_or_insert(entry);
                }
            }
            EntrySource::Server(_) => self.servers.push((source, entry)),
        }
        self.is_plain = self.servers.is_empty() && self.classes.iter().all(Option::is_none);
    }

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
