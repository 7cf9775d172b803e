//! Text to document: YAML 1.2 or JSON to a located tree, and the tree to a [`PolicyDocument`],
//! every problem collected with its path, line and column.

mod alignment;
mod builder;
mod decoder;
mod fields;
mod input;
mod json;
mod merge;
mod optional;
mod path;
mod places;
mod scalar;
mod section;
mod tree;
mod yaml;

#[cfg(test)]
mod tests;

use crate::diagnostic::{Code, Diagnostic, Findings, Lines, Report};
use crate::document::{Condition, PolicyDocument};
use crate::limits::DOCUMENT_BYTES_MAX;

pub(crate) use decoder::{Decoder, Keyword};
pub(crate) use fields::{Fields, Section, field};
pub use merge::PolicyFile;
pub(crate) use merge::read_files;
pub(crate) use path::Path;
pub use places::Places;
pub(crate) use scalar::is_ambiguous;
pub(crate) use section::{DOCUMENT, Shape};
pub(crate) use tree::{Kind, NodeId, Style, Tree};
pub(crate) use yaml::Offsets;

/// Reads a document without asking whether it makes sense; [`crate::validate()`] does that as well.
///
/// The format is JSON where the first character that is no blank is `{` or `[`, else YAML.
pub fn parse(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<PolicyDocument, Report> {
    let mut findings = Findings::default();
    match read(text.as_ref(), &mut findings) {
        Some((document, _)) if !findings.has_errors() => Ok(document),
        _ => Err(findings.into_report()),
    }
}

/// Reads a document that may be one file of several, which need not say what another one says.
pub(crate) fn parse_part(text: &[u8]) -> Result<PolicyDocument, Report> {
    let mut findings = Findings::default();
    let read = read(text, &mut findings);
    let mut report = findings.into_report();
    report.errors.retain(|error| {
        let is_elsewhere = matches!(&*error.path, "version" | "metadata" | "metadata.name");
        !(is_elsewhere && error.code == Code::MissingField)
    });
    report.is_valid = report.errors.is_empty();
    match read {
        Some((document, _)) if report.is_valid => Ok(document),
        _ => Err(report),
    }
}

/// Reads any YAML or JSON text as strictly as a document, and makes a JSON value of it.
pub fn parse_value(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<serde_json::Value, Report> {
    let mut findings = Findings::default();
    match located(text.as_ref(), &mut findings) {
        Some((_, _, tree)) if !findings.has_errors() => Ok(tree.value(tree.root())),
        _ => Err(findings.into_report()),
    }
}

/// Reads a document as far as it can be read; whether all of it could be, the findings tell.
pub(crate) fn read(bytes: &[u8], findings: &mut Findings) -> Option<(PolicyDocument, Places)> {
    let (text, lines, tree) = located(bytes, findings)?;
    read_tree(text, lines, tree, findings)
}

/// The same of a tree.
pub(crate) fn read_tree(
    text: &str,
    lines: Lines,
    tree: Tree,
    findings: &mut Findings,
) -> Option<(PolicyDocument, Places)> {
    let document = section::policy(&mut Decoder::new(&tree, text, &lines, findings))?;
    Some((document, Places::new(text, lines, tree)))
}

/// Reads the tree's root as one rule.
pub(crate) fn rule(decoder: &mut Decoder<'_>) -> Condition {
    section::rule(decoder, &Path::Root, decoder.tree.root())
}

/// How a text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// As JSON where it begins with `{` or `[`, else as YAML.
    Guessed,
    Json,
    /// Also what begins with `{` and is not quite JSON.
    Yaml,
}

/// Bytes to text and tree.
pub(crate) fn located<'b>(
    bytes: &'b [u8],
    findings: &mut Findings,
) -> Option<(&'b str, Lines, Tree)> {
    located_as(bytes, Syntax::Guessed, findings)
}

/// The same, where it is known how the text is to be read.
pub(crate) fn located_as<'b>(
    bytes: &'b [u8],
    syntax: Syntax,
    findings: &mut Findings,
) -> Option<(&'b str, Lines, Tree)> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        let count = bytes.len();
        let message =
            format!("the document has {count} bytes, at most {DOCUMENT_BYTES_MAX} may be");
        findings.error(Diagnostic::new(Code::DocumentTooLarge, "", message));
        return None;
    }
    let text = decode(bytes, findings)?;
    let content = text.trim_start_matches(['\u{feff}', ' ', '\t', '\n', '\r']);
    let is_json = match syntax {
        Syntax::Guessed => content.starts_with(['{', '[']),
        Syntax::Json => true,
        Syntax::Yaml => content.starts_with(['{', '[']) && json_tree(text).is_some(),
    };
    // Editors put a byte order mark before YAML; before JSON it is refused with the rest.
    let text = if is_json { text } else { text.strip_prefix('\u{feff}').unwrap_or(text) };
    let lines = Lines::new(text);
    let tree = if is_json {
        json::tree(text, &lines, findings)
    } else {
        yaml::tree(text, &lines, findings)
    };
    let tree = tree.filter(|tree| tree.node(tree.root()).kind != Kind::Null);
    if tree.is_none() && !findings.has_errors() {
        let help = "begin with `version: \"1.0\"` and `metadata:`";
        let empty = Diagnostic::new(Code::EmptyDocument, "", "the document is empty");
        findings.error(empty.at(lines.place(text, 0)).help(help));
    }
    Some((text, lines, tree?))
}

/// The tree of a JSON text without a problem; none past the bounds of a document.
pub(crate) fn json_tree(text: &str) -> Option<Tree> {
    json::tree(text, &Lines::new(text), &mut Findings::default())
}

fn decode<'b>(bytes: &'b [u8], findings: &mut Findings) -> Option<&'b str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let text = std::str::from_utf8(valid).unwrap_or_default();
            let place = Lines::new(text).place(text, text.len());
            findings.error(
                Diagnostic::new(Code::InvalidUtf8, "", "the text is not UTF-8")
                    .at(place)
                    .help("save the file as UTF-8"),
            );
            None
        }
    }
}
