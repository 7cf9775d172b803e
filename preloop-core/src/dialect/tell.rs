//! Which dialect a source is in, by the keys at its top.

use super::Dialect;
use super::flat::FLAT;
use crate::diagnostic::Code;
use crate::parse::{DOCUMENT, Decoder, Kind, NodeId, Path, Section};

const SHAPES: &str = "a document has `version`, `metadata` and `tools`; a flat policy has `name` and lists such as \
                      `allowed_actions` and `denied_actions`";

/// The dialect; where the keys are of both or of none, that is reported.
pub(super) fn dialect(decoder: &mut Decoder<'_>) -> Option<Dialect> {
    let root = decoder.tree.root();
    if !matches!(decoder.tree.node(root).kind, Kind::Mapping(_)) {
        let found = decoder.describe(root);
        let message = format!("a policy is a mapping, found {found}");
        decoder.error(Code::WrongType, &Path::Root, root, message, SHAPES);
        return None;
    }
    match (first(decoder, &DOCUMENT), first(decoder, &FLAT)) {
        (Some(_), None) => Some(Dialect::Document),
        (None, Some(_)) => Some(Dialect::Flat),
        (Some(document), Some(flat)) => {
            mixed(decoder, document, flat);
            None
        }
        (None, None) => {
            // With one key that is nearly right, its dialect knows best what to say.
            let near = nearest(decoder);
            if near.is_none() {
                let message = "these are the keys of no policy".to_owned();
                decoder.error(Code::UnknownDialect, &Path::Root, root, message, SHAPES);
            }
            near
        }
    }
}

/// The first key that a section has.
fn first(decoder: &Decoder<'_>, section: &Section) -> Option<NodeId> {
    let keys = decoder.tree.members(decoder.tree.root()).iter().map(|(key, _)| *key);
    let mut known = keys
        .filter(|key| decoder.tree.text(*key).is_some_and(|text| section.position(text).is_some()));
    known.next()
}

fn nearest(decoder: &Decoder<'_>) -> Option<Dialect> {
    let keys = decoder.tree.members(decoder.tree.root()).iter();
    let mut keys = keys.filter_map(|(key, _)| decoder.tree.text(*key));
    keys.find_map(|key| {
        let is_near = |section: &Section| section.nearest(key).is_some();
        match (is_near(&DOCUMENT), is_near(&FLAT)) {
            (true, false) => Some(Dialect::Document),
            (false, true) => Some(Dialect::Flat),
            _ => None,
        }
    })
}

fn mixed(decoder: &mut Decoder<'_>, document: NodeId, flat: NodeId) {
    let text = |id: NodeId| decoder.tree.text(id).unwrap_or_default().to_owned();
    let (of_document, of_flat) = (text(document), text(flat));
    let message = format!(
        "`{of_document}` is a key of policy documents and `{of_flat}` one of flat policies"
    );
    let help = if matches!(&*of_flat, "name" | "description") {
        format!("in a document `{of_flat}` stands in `metadata`")
    } else {
        SHAPES.to_owned()
    };
    // The later of the two is the surprise.
    let start = |id: NodeId| decoder.tree.node(id).start;
    let at = if start(document) > start(flat) { document } else { flat };
    let path = text(at);
    decoder.error(Code::MixedDialects, &Path::Root.key(&path), at, message, help);
}
