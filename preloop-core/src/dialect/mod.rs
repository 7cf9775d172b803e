//! Sources in any dialect to our document: documents as they are, flat policies by what they mean.
//!
//! ```
//! use preloop_core::dialect::{Dialect, SourceFormat, compile};
//!
//! let source = "name: refunds\nrequire_approval: true\napproval_actions: [refund]\napproval_threshold_usd: 200\n";
//! let compiled = compile(source, SourceFormat::Yaml);
//! assert!(compiled.ok);
//! assert_eq!(compiled.dialect, Some(Dialect::Flat));
//! assert_eq!(compiled.document.unwrap()["tools"][0]["name"], "refund");
//! ```

mod flat;
mod tell;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use flat::FlatPolicy;

use crate::diagnostic::{Code, Diagnostic, Findings, Lines, Report};
use crate::parse::{
    DOCUMENT, Decoder, Places, PolicyFile, Section, Syntax, Tree, located_as, read_tree,
};
use crate::validate::ValidPolicy;

/// How a source is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SourceFormat {
    /// YAML; JSON is YAML too.
    Yaml,
    /// The same as `yaml`.
    Yml,
    /// JSON.
    Json,
    /// Sentences in a natural language.
    Prose,
    /// Sentences with headings and lists.
    Markdown,
    /// The same as `markdown`.
    Md,
}

/// Which kind of policy a source is, told apart by its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// A policy document, version "1.0".
    Document,
    /// A flat policy: lists of actions, see [`FlatPolicy`].
    Flat,
}

/// What came of compiling a source; a source that cannot be compiled has errors, and nothing is raised.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Compilation {
    /// True where there is no error.
    pub ok: bool,
    /// The policy in the source's own dialect, in canonical form.
    pub policy: Option<Value>,
    /// The policy document that means the same.
    pub document: Option<Value>,
    /// Which dialect the source is in, where that could be told.
    pub dialect: Option<Dialect>,
    /// Problems worth a look.
    pub warnings: Vec<Diagnostic>,
    /// Problems that keep the source from being used.
    pub errors: Vec<Diagnostic>,
}

/// Every problem of a policy in any dialect.
pub fn validate(source: &(impl AsRef<[u8]> + ?Sized)) -> Report {
    match any_dialect(source) {
        Ok((policy, _)) => {
            Report { is_valid: true, errors: Vec::new(), warnings: policy.warnings().to_vec() }
        }
        Err(report) => report,
    }
}

/// Compiles a source for an editor: keys at the top that no dialect has are left out with a warning, so that a part
/// of a larger file can be compiled.
pub fn compile(source: &(impl AsRef<[u8]> + ?Sized), format: SourceFormat) -> Compilation {
    let syntax = match format {
        SourceFormat::Yaml | SourceFormat::Yml => Syntax::Yaml,
        SourceFormat::Json => Syntax::Json,
        SourceFormat::Prose | SourceFormat::Markdown | SourceFormat::Md => {
            return Compilation { errors: vec![no_model(format)], ..Compilation::default() };
        }
    };
    let mut read = read(source.as_ref(), syntax, Strangers::LeftOut);
    match read.outcome {
        Ok(compiled) => {
            read.warnings.extend(compiled.policy.warnings().iter().cloned());
            Compilation {
                ok: true,
                policy: Some(compiled.written),
                document: Some(value(compiled.policy.document())),
                dialect: read.dialect,
                warnings: read.warnings,
                errors: Vec::new(),
            }
        }
        Err(report) => {
            read.warnings.extend(report.warnings);
            Compilation {
                dialect: read.dialect,
                warnings: read.warnings,
                errors: report.errors,
                ..Compilation::default()
            }
        }
    }
}

/// Reads a policy in any dialect, as strictly as a document; its warnings are those of its own dialect.
///
/// The format is JSON where the first character that is no blank is `{` or `[`, else YAML.
///
/// ```
/// use preloop_core::dialect::{Dialect, any_dialect};
///
/// let (policy, dialect) = any_dialect("name: p\ndenied_actions: [drop_table]\n").unwrap();
/// assert_eq!(dialect, Dialect::Flat);
/// assert_eq!(policy.document().tools[0].name, "drop_table");
///
/// let report = any_dialect("name: p\ndenied_action: [drop_table]\n").unwrap_err();
/// assert_eq!(report.errors[0].help.as_deref(), Some("did you mean `denied_actions`?"));
/// ```
pub fn any_dialect(source: &(impl AsRef<[u8]> + ?Sized)) -> Result<(ValidPolicy, Dialect), Report> {
    let read = read(source.as_ref(), Syntax::Guessed, Strangers::Refused);
    let compiled = read.outcome?;
    Ok((compiled.policy, read.dialect.unwrap_or(Dialect::Document)))
}

/// Reads the policy files of a folder: one alone may be in any dialect, several together are one document.
pub fn any_dialect_of_files(files: &[PolicyFile<'_>]) -> Result<(ValidPolicy, Dialect), Report> {
    if let [file] = files {
        let read = read(file.text, Syntax::Guessed, Strangers::Refused);
        if read.dialect == Some(Dialect::Flat) {
            return match read.outcome {
                Ok(Compiled { policy, .. }) => {
                    let warnings = in_file(policy.warnings().to_vec(), file.name);
                    Ok((policy.with_warnings(warnings), Dialect::Flat))
                }
                Err(mut report) => {
                    report.errors = in_file(report.errors, file.name);
                    report.warnings = in_file(report.warnings, file.name);
                    Err(report)
                }
            };
        }
    }
    ValidPolicy::parse_files(files).map(|policy| (policy, Dialect::Document))
}

/// Which dialect the keys of a source are of; none where they are of both or of neither.
pub(crate) fn told(source: &[u8]) -> Option<Dialect> {
    let mut findings = Findings::default();
    let (text, lines, tree) = located_as(source, Syntax::Guessed, &mut findings)?;
    tell::dialect(&mut Decoder::new(&tree, text, &lines, &mut findings))
}

fn in_file(problems: Vec<Diagnostic>, name: &str) -> Vec<Diagnostic> {
    let named = |problem: Diagnostic| Diagnostic { file: Some(name.to_owned()), ..problem };
    problems.into_iter().map(named).collect()
}

/// What is done with keys at the top that the dialect does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strangers {
    LeftOut,
    Refused,
}

/// A source as far as it could be read.
struct Read {
    dialect: Option<Dialect>,
    /// What was left out.
    warnings: Vec<Diagnostic>,
    outcome: Result<Compiled, Report>,
}

struct Compiled {
    /// The policy as its dialect writes it.
    written: Value,
    policy: ValidPolicy,
}

fn read(source: &[u8], syntax: Syntax, strangers: Strangers) -> Read {
    let mut findings = Findings::default();
    let nothing = |dialect, findings: Findings| Read {
        dialect,
        warnings: Vec::new(),
        outcome: Err(findings.into_report()),
    };
    let Some((text, lines, mut tree)) = located_as(source, syntax, &mut findings) else {
        return nothing(None, findings);
    };
    let told = tell::dialect(&mut Decoder::new(&tree, text, &lines, &mut findings));
    let Some(dialect) = told else { return nothing(None, findings) };
    let section = dialect.section();
    let warnings = match strangers {
        Strangers::LeftOut => leave_out(&mut tree, section, text, &lines),
        Strangers::Refused => Vec::new(),
    };
    let outcome = match dialect {
        Dialect::Document => {
            let read = read_tree(text, lines, tree, &mut findings);
            ValidPolicy::check(read, findings)
                .map(|policy| Compiled { written: value(policy.document()), policy })
        }
        Dialect::Flat => flat::compile(text, lines, tree, findings),
    };
    Read { dialect: Some(dialect), warnings, outcome }
}

/// Takes the keys out of the root that the section does not have, and says so.
fn leave_out(tree: &mut Tree, section: &Section, text: &str, lines: &Lines) -> Vec<Diagnostic> {
    let mut findings = Findings::default();
    let mut gone = HashSet::new();
    for (key, _) in tree.members(tree.root()) {
        let written = tree.text(*key).unwrap_or_default();
        if section.position(written).is_some() {
            continue;
        }
        let shown: String = written.chars().take(80).collect();
        let message = format!("the key `{shown}` is not part of {}, and is left out", section.noun);
        let help = match section.nearest(written) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "remove it before the policy is stored: there it is an error".to_owned(),
        };
        let place = lines.place(text, tree.node(*key).start);
        findings.warning(Diagnostic::new(Code::IgnoredKey, shown, message).at(place).help(help));
        gone.insert(*key);
    }
    tree.remove_members(&gone);
    findings.into_report().warnings
}

fn no_model(format: SourceFormat) -> Diagnostic {
    let name = if format == SourceFormat::Prose { "prose" } else { "Markdown" };
    let message = format!("{name} is compiled by a language model, and no model is configured");
    let help =
        "write the policy as YAML or JSON; this version of the server has no setting for a model";
    Diagnostic::new(Code::ModelNotConfigured, "", message).help(help)
}

fn value(part: &impl Serialize) -> Value {
    // Policies hold nothing that cannot be written as JSON.
    serde_json::to_value(part).unwrap_or_default()
}

/// What a policy's text makes of places: paths and where they are.
fn placed(places: &Places, diagnostic: Diagnostic) -> Diagnostic {
    let place = places.nearest_place(&diagnostic.path);
    diagnostic.at(place)
}

// === impl Dialect ===

impl Dialect {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Flat => "flat",
        }
    }

    fn section(self) -> &'static Section {
        match self {
            Self::Document => &DOCUMENT,
            Self::Flat => &flat::FLAT,
        }
    }
}

#[cfg(test)]
mod tests;
