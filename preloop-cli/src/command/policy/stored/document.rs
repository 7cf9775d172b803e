//! A policy on its way to a server: checked here first, so that problems are told with their files and lines.

use std::path::Path;

use preloop_api::{PolicyInput, Problem, ProblemItem};
use preloop_client::ClientError;
use preloop_core::ValidPolicy;
use preloop_core::canonical::export;
use preloop_core::diagnostic::Diagnostic;
use preloop_core::dialect::Dialect;
use preloop_files::PolicySource;
use serde::Serialize;
use serde_json::json;

use super::super::{report, source};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style};

/// A policy without errors, as far as this program can tell.
#[derive(Debug)]
pub(in crate::command::policy) struct Document {
    name: String,
    policy: ValidPolicy,
    /// The text, where the policy is one file.
    text: Option<String>,
    /// It is written in the flat dialect, so that the document that it comes to has no places in it.
    is_flat: bool,
}

/// A problem that the server found, with the file that it is in where there are several.
#[derive(Debug, Serialize)]
struct Placed {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(flatten)]
    item: ProblemItem,
}

// === impl Document ===

impl Document {
    /// The policy, or the exit code after its errors were shown.
    pub(in crate::command::policy) fn read(
        path: &Path,
        output: Output,
    ) -> Result<Result<Self, Exit>, Failure> {
        let source = source::policy(path)?;
        let parsed = source.any_dialect();
        let is_flat = matches!(&parsed, Ok((_, Dialect::Flat)));
        let policy = match source::checked(path, parsed.map(|(policy, _)| policy), output)? {
            Ok(policy) => policy,
            Err(exit) => return Ok(Err(exit)),
        };
        let text = match source {
            PolicySource::File(text) => String::from_utf8(text).ok(),
            PolicySource::Folder(_) => None,
        };
        Ok(Ok(Self { name: source::name(path), policy, text, is_flat }))
    }

    /// What it is called in messages.
    pub(in crate::command::policy) fn name(&self) -> &str {
        &self.name
    }

    /// The policy itself.
    pub(in crate::command::policy) fn policy(&self) -> &ValidPolicy {
        &self.policy
    }

    /// As it is sent: the text, or what the files of a folder come to.
    pub(in crate::command::policy) fn input(&self) -> PolicyInput {
        match &self.text {
            Some(text) => PolicyInput::Text(text.clone()),
            // A document writes itself as JSON, whatever is in it.
            None => {
                PolicyInput::Text(serde_json::to_string(self.policy.document()).unwrap_or_default())
            }
        }
    }

    /// Whether a credential stands in it, not behind a `${VARIABLE}`.
    pub(super) fn has_secrets(&self) -> bool {
        let document = self.policy.document();
        export(document.clone()) != *document
    }

    /// Shows what the server found worth a look, in its places.
    pub(super) fn warn(&self, warnings: &[Diagnostic], output: Output) {
        output.message(|page| {
            for warning in warnings {
                let warning = self.placed(warning.clone());
                report::line(page, &self.name, &warning, "warning", Style::Yellow);
            }
        });
    }

    /// Why the server did not take it; problems of the document are shown in their places.
    pub(in crate::command::policy) fn refused(
        &self,
        error: ClientError,
        output: Output,
    ) -> Failure {
        let ClientError::Refused(problem) = &error else { return error.into() };
        if !is_about_the_document(problem) {
            return error.into();
        }
        let errors: Vec<Placed> = problem.errors.iter().map(|item| self.place_item(item)).collect();
        output.message(|page| {
            for Placed { file, item } in &errors {
                let name = file.as_deref().unwrap_or(&self.name);
                report::problem(page, name, item);
            }
        });
        Failure::with_exit(Exit::InvalidDocument, error.code(), &error)
            .detail("status", problem.status)
            .detail("errors", json!(errors))
    }

    fn placed(&self, mut found: Diagnostic) -> Diagnostic {
        if let Some((file, line, column)) = self.place(found.line, &found.path) {
            (found.file, found.line, found.column) = (file, Some(line), Some(column));
        }
        found
    }

    fn place_item(&self, item: &ProblemItem) -> Placed {
        let mut item = item.clone();
        let mut in_file = None;
        if let Some((file, line, column)) = self.place(item.line, &item.path) {
            (in_file, item.line, item.column) = (file, Some(line), Some(column));
        }
        Placed { file: in_file, item }
    }

    /// File, line and column of a path, where the server cannot know them: of a folder it got no text that anybody
    /// wrote, and some problems are not of the text.
    fn place(&self, known: Option<u32>, path: &str) -> Option<(Option<String>, u32, u32)> {
        if self.is_flat || (known.is_some() && self.text.is_some()) {
            return None;
        }
        let places = self.policy.places();
        let place = places.nearest_place(path);
        Some((places.file(path).map(str::to_owned), place.line, place.column))
    }
}

fn is_about_the_document(problem: &Problem) -> bool {
    problem.status == 422 && !problem.errors.is_empty()
}
