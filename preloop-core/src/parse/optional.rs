//! Fields of a mapping that may be left out, and entries of its lists.

use std::ops::RangeInclusive;

use super::decoder::{Decoder, Keyword};
use super::fields::Fields;
use super::path::Path;
use super::tree::NodeId;
use crate::limits::TEXT_CHARS_MAX;

impl Decoder<'_> {
    /// The field's text, where it is there.
    pub(crate) fn optional_text(&mut self, fields: &Fields<'_>, name: &str) -> Option<String> {
        let node = fields.value(name).filter(|node| !self.is_null(*node))?;
        self.text(&fields.at.key(name), node, TEXT_CHARS_MAX)
    }

    /// The field's name of something, where it is there.
    pub(crate) fn optional_name(&mut self, fields: &Fields<'_>, name: &str) -> Option<String> {
        let node = fields.value(name).filter(|node| !self.is_null(*node))?;
        self.name(&fields.at.key(name), node)
    }

    /// A name that must be there. Where it cannot be read the error is reported and the name is
    /// empty, so that the entry keeps its index; a document with errors is never used.
    pub(crate) fn required_name(
        &mut self,
        fields: &Fields<'_>,
        name: &'static str,
        noun: &str,
    ) -> String {
        let Some(node) = fields.value(name) else {
            self.missing(fields, name, noun);
            return String::new();
        };
        self.name(&fields.at.key(name), node).unwrap_or_default()
    }

    pub(crate) fn optional_boolean(&mut self, fields: &Fields<'_>, name: &str) -> Option<bool> {
        let node = fields.value(name)?;
        self.boolean(&fields.at.key(name), node)
    }

    pub(crate) fn optional_integer(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let node = fields.value(name)?;
        self.integer(&fields.at.key(name), node, range)
    }

    pub(crate) fn optional_keyword<K: Keyword>(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
    ) -> Option<K> {
        let node = fields.value(name)?;
        self.keyword(&fields.at.key(name), node)
    }

    pub(crate) fn optional_names(&mut self, fields: &Fields<'_>, name: &str) -> Vec<String> {
        match fields.value(name) {
            Some(node) => self.names(&fields.at.key(name), node),
            None => Vec::new(),
        }
    }

    /// The entries of a list of mappings; an entry that cannot be read keeps its place.
    pub(crate) fn entries<T>(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        max: usize,
        mut read: impl FnMut(&mut Self, &Path<'_>, NodeId) -> T,
    ) -> Vec<T> {
        let Some(node) = fields.value(name) else { return Vec::new() };
        let at = fields.at.key(name);
        let items = self.items(&at, node, max);
        items.iter().enumerate().map(|(index, item)| read(self, &at.item(index), *item)).collect()
    }
}
