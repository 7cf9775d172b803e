//! The keys that a mapping may have: spellings, strangers, and what this version does not enforce.

use super::decoder::Decoder;
use super::path::Path;
use super::tree::{Kind, NodeId};
use crate::diagnostic::{Code, did_you_mean, nearest};

/// A field of a section.
#[derive(Debug)]
pub(crate) struct Field {
    /// The canonical spelling.
    pub(crate) name: &'static str,
    /// Older and sibling spellings.
    pub(crate) aliases: &'static [&'static str],
    /// What to do instead, where the field is known from elsewhere and not supported here.
    pub(crate) unsupported: Option<&'static str>,
}

/// What a mapping may hold.
#[derive(Debug)]
pub(crate) struct Section {
    /// What the mapping is, as in "a tool".
    pub(crate) noun: &'static str,
    pub(crate) fields: &'static [Field],
}

pub(crate) const fn field(name: &'static str) -> Field {
    Field { name, aliases: &[], unsupported: None }
}

pub(crate) const fn aliased(name: &'static str, aliases: &'static [&'static str]) -> Field {
    Field { name, aliases, unsupported: None }
}

pub(crate) const fn unsupported(name: &'static str, instead: &'static str) -> Field {
    Field { name, aliases: &[], unsupported: Some(instead) }
}

/// The fields found in one mapping, under their canonical names.
#[derive(Debug)]
pub(crate) struct Fields<'p> {
    pub(crate) at: &'p Path<'p>,
    pub(crate) node: NodeId,
    found: Vec<Found>,
}

#[derive(Debug)]
struct Found {
    field: &'static Field,
    key: NodeId,
    value: NodeId,
}

impl Section {
    fn spelled(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == key || field.aliases.contains(&key))
    }

    /// The place of a key, in any spelling, in the order of the manual, and its field.
    pub(crate) fn position(&self, key: &str) -> Option<(usize, &'static Field)> {
        let place = |(_, field): &(usize, &'static Field)| {
            field.name == key || field.aliases.contains(&key)
        };
        self.fields.iter().enumerate().find(place)
    }

    /// The spelling that an unknown key is near to.
    pub(crate) fn nearest(&self, key: &str) -> Option<&'static str> {
        self.meant(key).map(|(_, spelling)| spelling)
    }

    /// The fields that this version enforces.
    pub(crate) fn supported(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().filter(|field| field.unsupported.is_none())
    }

    /// The field that an unknown key probably means, and the spelling that is near.
    fn meant(&self, key: &str) -> Option<(&'static Field, &'static str)> {
        let spellings = self
            .supported()
            .flat_map(|field| [field.name].into_iter().chain(field.aliases.iter().copied()));
        let spelling = nearest(key, spellings)?;
        Some((self.spelled(spelling)?, spelling))
    }

    fn names(&self) -> String {
        let names: Vec<String> =
            self.supported().map(|field| format!("`{}`", field.name)).collect();
        names.join(", ")
    }
}

impl Fields<'_> {
    /// The value of a field, where its key is there.
    pub(crate) fn value(&self, name: &str) -> Option<NodeId> {
        self.found.iter().find(|found| found.field.name == name).map(|found| found.value)
    }

    /// Every field found: its canonical name, its key and its value.
    pub(crate) fn found(&self) -> impl Iterator<Item = (&'static str, NodeId, NodeId)> + use<'_> {
        self.found.iter().map(|found| (found.field.name, found.key, found.value))
    }

    /// The key of a field, where it is there.
    pub(crate) fn key(&self, name: &str) -> Option<NodeId> {
        self.found.iter().find(|found| found.field.name == name).map(|found| found.key)
    }
}

impl Decoder<'_> {
    /// Sorts the members of a mapping into the fields of a section, reporting what does not fit.
    pub(crate) fn fields<'p>(
        &mut self,
        at: &'p Path<'p>,
        node: NodeId,
        section: &'static Section,
    ) -> Option<Fields<'p>> {
        let Kind::Mapping(members) = &self.tree.node(node).kind else {
            let message = format!("{} is a mapping, found {}", section.noun, self.describe(node));
            let help = format!("it has {}", section.names());
            self.error(Code::WrongType, at, node, message, help);
            return None;
        };
        let mut fields = Fields { at, node, found: Vec::with_capacity(members.len()) };
        let mut strangers = Vec::new();
        for (key, value) in members {
            match section.spelled(self.tree.text(*key).unwrap_or_default()) {
                Some(field) => self.take(&mut fields, field, *key, *value),
                None => strangers.push((*key, *value)),
            }
        }
        for (key, value) in strangers {
            self.stranger(&mut fields, section, key, value);
        }
        Some(fields)
    }

    fn take(&mut self, fields: &mut Fields<'_>, field: &'static Field, key: NodeId, value: NodeId) {
        let at = fields.at.key(field.name);
        if let Some(instead) = field.unsupported {
            let message = format!("`{}` is not supported in this version", field.name);
            self.error(Code::UnsupportedSection, &at, key, message, instead);
            return;
        }
        match fields.found.iter().find(|found| found.field.name == field.name) {
            None => fields.found.push(Found { field, key, value }),
            Some(first) => {
                let first = self.tree.text(first.key).unwrap_or_default();
                let second = self.tree.text(key).unwrap_or_default();
                let message = format!("`{second}` is the same field as `{first}` above");
                self.error(
                    Code::ConflictingKeys,
                    &at,
                    key,
                    message,
                    format!("keep one of them, best `{}`", field.name),
                );
            }
        }
    }

    fn stranger(
        &mut self,
        fields: &mut Fields<'_>,
        section: &'static Section,
        key: NodeId,
        value: NodeId,
    ) {
        if self.skip_error() {
            return;
        }
        let written = self.tree.text(key).unwrap_or_default();
        let shown: String = written.chars().take(80).collect();
        let meant = section.meant(written);
        let help = match meant {
            Some((_, spelling)) => did_you_mean(written, spelling),
            None => format!("it has {}", section.names()),
        };
        let message = format!("unknown key `{shown}` in {}", section.noun);
        self.error(Code::UnknownKey, &fields.at.key(&shown), key, message, help);
        // What was probably meant is checked as well, so that one round shows every problem.
        if let Some((field, _)) = meant
            && fields.value(field.name).is_none()
        {
            fields.found.push(Found { field, key, value });
        }
    }
}
