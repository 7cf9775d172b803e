//! The canonical style of a document's text, comments kept: every result is proven before it is given.
//!
//! Comments and spelling are kept by reading the text twice: the parser of documents says what the
//! values are and where, and the gaps between them are read for comments. There is no second YAML
//! parser that could see another document. A result counts only where it reads as the same document,
//! has the same comments, and is what formatting it once more gives.

mod attach;
mod block;
mod gap;
mod json;
mod order;
mod read;
mod sheet;
mod write;

#[cfg(test)]
mod tests;

use crate::diagnostic::{Code, Diagnostic, Findings, Report};
use crate::dialect::{Dialect, told};
use crate::document::PolicyDocument;
use crate::parse::parse_part;
use order::Freedom;
use sheet::{Comment, Sheet};

/// Where the JSON Schema of documents is published.
pub const SCHEMA_ADDRESS: &str =
    "https://raw.githubusercontent.com/preloop/preloop/main/docs/policy.schema.json";

/// What names a schema to editors.
const MODELINE: &str = "yaml-language-server:";

/// Each way in which a document may be written, the best first.
const WAYS: [Freedom; 4] = [
    Freedom { order: true, spelling: true },
    Freedom { order: true, spelling: false },
    Freedom { order: false, spelling: true },
    Freedom { order: false, spelling: false },
];

/// The text in canonical style: keys in the order of the manual, two blanks a level, every comment
/// kept. YAML gets the line that names the schema to editors, where it has none.
///
/// The file may be one of several that make a policy. The report says why there is no text: the
/// document cannot be read, no way of writing it could be proven to mean the same, or it is a flat
/// policy, which has no style.
///
/// ```
/// let text = "tools: [{name: bash}]\nversion: 1.0 # the only one\nmetadata: {name: quick}\n";
/// let formatted = preloop_core::format(text).unwrap();
/// assert_eq!(
///     formatted.split_once('\n').unwrap().1,
///     "version: 1.0  # the only one\nmetadata: {name: quick}\ntools: [{name: bash}]\n"
/// );
/// assert_eq!(preloop_core::format(&formatted).unwrap(), formatted);
/// ```
pub fn format(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<String, Report> {
    let bytes = text.as_ref();
    let document = parse_part(bytes)
        .map_err(|report| if told(bytes) == Some(Dialect::Flat) { flat() } else { report })?;
    let proven = std::str::from_utf8(bytes).ok().and_then(|text| {
        let once = written(text, &document)?;
        (written(&once, &document)? == once).then_some(once)
    });
    proven.ok_or_else(|| {
        not_formattable(
            "the document is written in a way that cannot be formatted without risk",
            "write keys on one line, without anchors on them, and each alias behind its anchor",
        )
    })
}

fn flat() -> Report {
    not_formattable(
        "this is a flat policy, and only policy documents are formatted",
        "leave it as it is, and check it with `preloop policy validate`; a policy document has `version`, `metadata` \
         and `tools`",
    )
}

fn not_formattable(message: &str, help: &str) -> Report {
    let mut findings = Findings::default();
    findings.error(Diagnostic::new(Code::NotFormattable, "", message).help(help));
    findings.into_report()
}

/// The first way of writing that is proven to be the same document with the same comments.
fn written(text: &str, document: &PolicyDocument) -> Option<String> {
    let is_json =
        text.trim_start_matches(['\u{feff}', ' ', '\t', '\n', '\r']).starts_with(['{', '[']);
    if is_json {
        let is_same = |text: &String| parse_part(text.as_bytes()).as_ref() == Ok(document);
        return WAYS.iter().filter_map(|way| json::write(text, *way)).find(is_same);
    }
    let dress = Dress::of(text);
    let plain = Dress::take_off(text);
    let mut sheet = read::read(&plain)?;
    add_modeline(&mut sheet);
    let comments = sheet.comments();
    WAYS.iter().find_map(|way| {
        let mut sheet = sheet.clone();
        order::arrange(&mut sheet, *way);
        let plain = write::write(&sheet);
        let is_kept = read::read(&plain).is_some_and(|again| again.comments() == comments);
        let text = dress.put_on(&plain);
        (is_kept && parse_part(text.as_bytes()).as_ref() == Ok(document)).then_some(text)
    })
}

fn is_modeline(comment: &str) -> bool {
    comment.contains(MODELINE)
}

fn add_modeline(sheet: &mut Sheet) {
    if sheet.comments().iter().any(|comment| is_modeline(comment)) {
        return;
    }
    let top = if sheet.has_marker { &mut sheet.prefix } else { &mut sheet.header };
    if let Some(first) = top.first_mut() {
        first.is_set_off = !first.text.starts_with('%');
    }
    let text = format!("# {MODELINE} $schema={SCHEMA_ADDRESS}");
    top.insert(0, Comment { text, is_set_off: false });
}

/// What a whole file wears: a byte order mark, and how its lines end.
struct Dress {
    has_mark: bool,
    has_carriage_returns: bool,
}

impl Dress {
    fn of(text: &str) -> Self {
        let first = text.find('\n').and_then(|at| text.get(..at));
        Self {
            has_mark: text.starts_with('\u{feff}'),
            has_carriage_returns: first.is_some_and(|line| line.ends_with('\r')),
        }
    }

    fn take_off(text: &str) -> String {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        text.replace("\r\n", "\n").replace('\r', "\n")
    }

    fn put_on(&self, text: &str) -> String {
        let mark = if self.has_mark { "\u{feff}" } else { "" };
        let text = if self.has_carriage_returns { &text.replace('\n', "\r\n") } else { text };
        format!("{mark}{text}")
    }
}
