//! `preloop policy lint`: rules that are valid and stop less than they seem to.

use std::path::PathBuf;

use clap::Args;
use preloop_core::diagnostic::Report;
use preloop_core::lint::lint;
use serde::Serialize;

use super::report::{counted, show};
use super::source;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style, visible};

/// Options of `policy lint`.
#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// The policies: files, or folders each of whose files are merged to one policy; `-` is standard input
    #[arg(required = true, value_name = "POLICY")]
    files: Vec<PathBuf>,
}

/// One policy.
#[derive(Serialize)]
struct Linted {
    file: String,
    #[serde(flatten)]
    report: Report,
}

/// The answer.
#[derive(Serialize)]
struct LintedFiles {
    files: Vec<Linted>,
}

/// Looks for what a reviewer would stop at.
pub(crate) fn run(options: &Lint, output: Output) -> Result<Exit, Failure> {
    let mut files = Vec::new();
    for file in &options.files {
        let name = source::name(file);
        let report = match source::policy(file)?.any_dialect() {
            Ok((policy, _)) => {
                Report { is_valid: true, errors: Vec::new(), warnings: lint(&policy) }
            }
            Err(report) => report,
        };
        let report = report.of_local_file();
        show(&name, &report, output);
        if report.is_valid {
            output.show(|page| {
                let found = match report.warnings.len() {
                    0 => page.styled(Style::Green, "nothing found"),
                    some => page.styled(Style::Yellow, &counted(some, "finding")),
                };
                page.line(format!("{}: {found}", visible(&name)));
            })?;
        }
        files.push(Linted { file: name, report });
    }
    let is_valid = files.iter().all(|linted| linted.report.is_valid);
    let has_findings = files.iter().any(|linted| !linted.report.warnings.is_empty());
    if output.is_json() {
        output.result(&LintedFiles { files }, |_| {})?;
    }
    Ok(match (is_valid, has_findings) {
        (false, _) => Exit::InvalidDocument,
        (true, true) => Exit::Differs,
        (true, false) => Exit::Done,
    })
}
