//! What is wrong with a document, where, and what to do about it: the result of parsing and validation.

mod code;
mod findings;
mod lines;
mod look_alike;
mod nearest;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use code::Code;
pub(crate) use findings::Findings;
pub(crate) use lines::Lines;
pub(crate) use look_alike::{did_you_mean, look_alike, odd};
pub use nearest::nearest;

/// A position in a text, counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One problem of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Diagnostic {
    /// Where in the document, as `tools[0].conditions[1].expression`, in the canonical spelling of
    /// the keys; empty for the whole.
    pub path: String,
    /// What is wrong: lower case, the input in backticks (except messages fixed by the format).
    pub message: String,
    /// Stable machine-readable code, such as `unknown_key`.
    pub code: Code,
    /// The file that it is in, where the document is spread over several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// Line in the text, from 1, where known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
    /// Column in characters, from 1, where known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<u32>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub help: Option<String>,
}

/// The outcome of validating a document: every problem, never only the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Report {
    /// True when there is no error; warnings do not count.
    pub is_valid: bool,
    /// Problems that keep the document from being used.
    pub errors: Vec<Diagnostic>,
    /// Problems worth a look.
    pub warnings: Vec<Diagnostic>,
}

// === impl Diagnostic ===

/// `file:line:column: path: message (help)`, as much of it as is known.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
        }
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, "{line}:{column}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, " ({help})"))
    }
}

// === impl Report ===

/// Every error, each on a line of its own.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_valid {
            return f.write_str("the policy document is valid");
        }
        f.write_str("the policy document is not valid:")?;
        self.errors.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl std::error::Error for Report {}

impl Report {
    /// The same for a document that is a file of the operator's own: what it starts is meant to be started.
    #[must_use]
    pub fn of_local_file(mut self) -> Self {
        self.warnings.retain(|warning| warning.code != Code::LocalProgram);
        self
    }

    /// The same for a document that no one has written as text: paths without lines.
    pub(crate) fn without_places(mut self) -> Self {
        for problem in self.errors.iter_mut().chain(&mut self.warnings) {
            (problem.line, problem.column) = (None, None);
        }
        self
    }
}
