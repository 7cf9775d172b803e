//! The canonical document as text that people read: YAML in block style, JSON with indentation.

use super::yaml;
use crate::document::PolicyDocument;
use crate::parse::json_tree;

/// The document as YAML: block style, keys in the order of the manual, only what was said.
///
/// `schema` is the address of the document's JSON Schema, written as the comment by which editors
/// find it. Secrets are written as they are; [`super::export`] the document first where it leaves
/// the process.
pub fn to_yaml(document: &PolicyDocument, schema: Option<&str>) -> String {
    let mut out = String::new();
    if let Some(address) = schema {
        out.push_str("# yaml-language-server: $schema=");
        out.extend(address.chars().filter(|c| !c.is_control()));
        out.push('\n');
    }
    let json = compact(document);
    match json_tree(&json) {
        Some(tree) => yaml::write(&mut out, &tree, &json),
        // Beyond the bounds of a document, which only one made by hand can be; JSON is YAML too.
        None => out.push_str(&json),
    }
    out
}

/// The document as JSON with indentation, keys in the order of the manual, only what was said.
pub fn to_json(document: &PolicyDocument) -> String {
    // Serialization of a document to JSON text has nothing that can fail.
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

fn compact(document: &PolicyDocument) -> String {
    serde_json::to_string(document).unwrap_or_default()
}
