//! The canonical document as text that people read: YAML in block style, JSON with indentation.

use super::yaml;
use crate::document::PolicyDocument;
use crate::parse::json_tree;

/// The line by which editors find the schema of the document.
const SCHEMA_LINE: &str =
    "# yaml-language-server: $schema=https://preloop.ai/schema/policy-1.0.json\n";

/// How YAML is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct YamlOptions {
    /// Begin with the comment by which editors find the schema.
    pub schema_line: bool,
}

/// The document as YAML: block style, keys in the order of the manual, only what was said.
///
/// Secrets are written as they are; [`super::export`] the document first where it leaves the
/// process.
pub fn to_yaml(document: &PolicyDocument, options: YamlOptions) -> String {
    let mut out = String::new();
    if options.schema_line {
        out.push_str(SCHEMA_LINE);
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
