//! Keys in the order of the manual and in their own spelling.

use super::sheet::{Body, Entry, Id, Key, Sheet};
use crate::parse::{DOCUMENT, Shape};

/// What may be changed besides blanks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freedom {
    /// The order of keys.
    pub(super) order: bool,
    /// The spelling of keys and words.
    pub(super) spelling: bool,
}

/// Values with an older spelling: the field and both spellings.
const WORDS: [(&str, &str, &str); 3] = [
    ("transport", "http-streaming", "streamable-http"),
    ("version", "1.0", "\"1.0\""),
    ("version", "'1.0'", "\"1.0\""),
];

/// Arranges a whole document.
pub(super) fn arrange(sheet: &mut Sheet, freedom: Freedom) {
    collection(sheet, sheet.root, Shape::One(&DOCUMENT), freedom);
}

/// Recursion is bounded by the nesting of documents.
fn collection(sheet: &mut Sheet, id: Id, shape: Shape, freedom: Freedom) {
    let Some(found) = sheet.collection_mut(id) else { return };
    if !found.is_mapping {
        let items: Vec<Id> = found.entries.iter().map(|entry| entry.value).collect();
        for item in items {
            collection(sheet, item, shape.item(), freedom);
        }
        return;
    }
    let Shape::One(section) = shape else {
        let values: Vec<Id> = found.entries.iter().map(|entry| entry.value).collect();
        for value in values {
            collection(sheet, value, shape.named(), freedom);
        }
        return;
    };
    if freedom.order {
        let place = |key: &Option<Key>| {
            let name = key.as_ref().map(|key| key.name.as_str());
            name.and_then(|name| section.position(name)).map(|(place, _)| place)
        };
        let rank = |entry: &Entry| place(&entry.key).unwrap_or(usize::MAX);
        if !found.entries.is_sorted_by_key(rank) {
            found.entries.sort_by_key(rank);
            // Blank lines grouped the keys in their old order.
            found.entries.iter_mut().for_each(|entry| entry.is_set_off &= !entry.lead.is_empty());
        }
    }
    let mut inside: Vec<(Id, &'static str)> = Vec::new();
    for entry in &mut found.entries {
        let Some(key) = &mut entry.key else { continue };
        let Some((_, field)) = section.position(&key.name) else { continue };
        if freedom.spelling {
            field.name.clone_into(&mut key.raw);
            field.name.clone_into(&mut key.name);
        }
        inside.push((entry.value, field.name));
    }
    for (value, name) in inside {
        if freedom.spelling {
            word(sheet, value, name);
        }
        collection(sheet, value, Shape::under(section, name), freedom);
    }
}

fn word(sheet: &mut Sheet, id: Id, field: &str) {
    let Some(node) = sheet.nodes.get_mut(id).filter(|node| node.properties.is_empty()) else {
        return;
    };
    let Body::Scalar(raw) = &mut node.body else { return };
    let known = WORDS.iter().find(|(name, older, _)| *name == field && *older == raw);
    if let Some((_, _, own)) = known {
        (*own).clone_into(raw);
    }
}
