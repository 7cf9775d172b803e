//! From a document that can be read to one that makes sense: every check, every problem, with places.
//!
//! One file per kind of check. A check looks at the whole document and reports all it finds.

mod approval_workflows;
mod evidence;
mod expressions;
mod globs;
mod mcp_servers;
mod names;
mod notifications;
mod reachability;
mod references;
mod tools;
mod urls;
mod variables;

use std::collections::HashSet;

use crate::canonical::policy_digest;
use crate::diagnostic::{Code, Diagnostic, Findings, Report};
use crate::document::{McpServer, PolicyDocument};
use crate::parse::{Places, PolicyFile, read, read_files};
use expressions::Conditions;

/// Checks a document: JSON or YAML text, or its bytes.
///
/// ```
/// let report = preloop_core::validate("version: '1.0'\nmetadata: {name: p}\ntols: []\n");
/// assert!(!report.is_valid);
/// assert_eq!(report.errors[0].message, "unknown key `tols` in the document");
/// assert_eq!(report.errors[0].help.as_deref(), Some("did you mean `tools`?"));
/// assert_eq!((report.errors[0].line, report.errors[0].column), (Some(3), Some(1)));
/// ```
pub fn validate(text: &(impl AsRef<[u8]> + ?Sized)) -> Report {
    let mut findings = Findings::default();
    if let Some((document, places)) = read(text.as_ref(), &mut findings) {
        check(&document, &places, &mut findings);
    }
    findings.into_report()
}

/// Checks a document that is spread over several files; each problem says in which it is.
///
/// Lists are put together in the order of the files; a field of `metadata` or `defaults` may stand in
/// several where they agree.
///
/// ```
/// use preloop_core::{PolicyFile, validate_files};
///
/// let base = PolicyFile { name: "base.yaml", text: b"version: '1.0'\nmetadata: {name: p}\n" };
/// let tools = PolicyFile { name: "tools.yaml", text: b"tools: [{name: bash}, {nam: x}]\n" };
/// let report = validate_files(&[base, tools]);
/// assert_eq!(report.errors[0].file.as_deref(), Some("tools.yaml"));
/// assert_eq!((report.errors[0].line, report.errors[0].column), (Some(1), Some(24)));
/// ```
pub fn validate_files(files: &[PolicyFile<'_>]) -> Report {
    let mut findings = Findings::default();
    if let Some((document, places)) = read_files(files, &mut findings) {
        check(&document, &places, &mut findings);
    }
    findings.into_report()
}

/// A document without errors; only validation makes one.
#[derive(Debug)]
pub struct ValidPolicy {
    document: PolicyDocument,
    places: Places,
    digest: String,
    conditions: Conditions,
    warnings: Vec<Diagnostic>,
}

impl ValidPolicy {
    /// Reads and checks a document; the report of one that is refused has every error.
    pub fn parse(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<Self, Report> {
        let mut findings = Findings::default();
        let read = read(text.as_ref(), &mut findings);
        Self::check(read, findings)
    }

    /// Reads and checks a document that is spread over several files, see [`validate_files`].
    pub fn parse_files(files: &[PolicyFile<'_>]) -> Result<Self, Report> {
        let mut findings = Findings::default();
        let read = read_files(files, &mut findings);
        Self::check(read, findings)
    }

    /// Checks a document that was made, not read. Its problems have paths and no lines, and literal secrets
    /// in it stay as they are.
    pub fn from_document(document: &PolicyDocument) -> Result<Self, Report> {
        let text = serde_json::to_string(document).unwrap_or_default();
        let mut policy = Self::parse(&text).map_err(Report::without_places)?;
        for warning in &mut policy.warnings {
            (warning.line, warning.column) = (None, None);
        }
        Ok(policy)
    }

    /// What is to be said of this document's names of tools beside the servers of the document that it belongs under: a
    /// team's policy names the tools of servers that stand in the account's.
    pub fn beside(&self, servers: &[McpServer]) -> Vec<Diagnostic> {
        let mut document = self.document.clone();
        let is_own = |server: &McpServer| {
            self.document.mcp_servers.iter().any(|own| own.name == server.name)
        };
        document.mcp_servers.extend(servers.iter().filter(|server| !is_own(server)).cloned());
        let mut findings = Findings::default();
        let check =
            &mut Check { document: &document, places: &self.places, findings: &mut findings };
        tools::spellings(check);
        evidence::spellings(check);
        let said: HashSet<&str> = self.warnings.iter().map(|warning| &*warning.path).collect();
        let Report { errors, mut warnings, .. } = findings.into_report();
        warnings.retain(|warning| !said.contains(&*warning.path));
        errors.into_iter().chain(warnings).collect()
    }

    /// The same policy with what is to be said of it instead.
    pub(crate) fn with_warnings(self, warnings: Vec<Diagnostic>) -> Self {
        Self { warnings, ..self }
    }

    /// Checks what was read, as far as it could be.
    pub(crate) fn check(
        read: Option<(PolicyDocument, Places)>,
        mut findings: Findings,
    ) -> Result<Self, Report> {
        let Some((document, places)) = read else {
            return Err(findings.into_report());
        };
        let conditions = check(&document, &places, &mut findings);
        let report = findings.into_report();
        if !report.is_valid {
            return Err(report);
        }
        let digest = policy_digest(&document);
        Ok(Self { document, places, digest, conditions, warnings: report.warnings })
    }

    /// What the author wrote, in canonical form.
    pub fn document(&self) -> &PolicyDocument {
        &self.document
    }

    /// Where each value stands in the text.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// `sha256:` and the digest of the canonical document without secrets.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The same policy once more, its conditions compiled anew.
    pub(crate) fn again(&self) -> Self {
        let conditions = expressions::compile_all(&self.document);
        let Self { document, places, digest, warnings, .. } = self;
        let (document, places) = (document.clone(), places.clone());
        Self { document, places, digest: digest.clone(), conditions, warnings: warnings.clone() }
    }

    /// The document, its places, its digest and its compiled conditions.
    pub(crate) fn into_parts(self) -> (PolicyDocument, Places, String, Conditions) {
        (self.document, self.places, self.digest, self.conditions)
    }

    /// Problems worth a look.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

/// Runs every check.
fn check(document: &PolicyDocument, places: &Places, findings: &mut Findings) -> Conditions {
    let check = &mut Check { document, places, findings };
    names::check(check);
    mcp_servers::check(check);
    urls::check(check);
    variables::check(check);
    approval_workflows::check(check);
    notifications::check(check);
    references::check(check);
    tools::check(check);
    evidence::check(check);
    globs::check(check);
    let conditions = expressions::check(check);
    reachability::check(check, &conditions);
    conditions
}

/// What a check sees, and where it reports.
struct Check<'c> {
    document: &'c PolicyDocument,
    places: &'c Places,
    findings: &'c mut Findings,
}

impl Check<'_> {
    /// Reports a problem at a value; the code says whether it is an error.
    fn report(
        &mut self,
        code: Code,
        path: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let path = path.into();
        let place = self.places.nearest_place(&path);
        let help = help.into();
        let diagnostic = Diagnostic::new(code, path, message).at(place);
        let diagnostic = if help.is_empty() { diagnostic } else { diagnostic.help(help) };
        self.report_placed(diagnostic);
    }

    /// Where the value at a path stands, for the help of a problem that is about two places: in
    /// which file, and nothing where the document is one text.
    fn elsewhere(&self, path: &str) -> String {
        let Some(file) = self.places.file(path) else { return String::new() };
        let place = self.places.nearest_place(path);
        format!(", at {file}:{}:{}", place.line, place.column)
    }

    /// Reports a problem that knows its place.
    fn report_placed(&mut self, diagnostic: Diagnostic) {
        let file = self.places.file(&diagnostic.path);
        let diagnostic = diagnostic.in_file(file);
        if diagnostic.code.is_error() {
            self.findings.error(diagnostic);
        } else {
            self.findings.warning(diagnostic);
        }
    }
}
