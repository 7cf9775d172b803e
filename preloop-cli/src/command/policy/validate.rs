//! `preloop policy validate`: everything that is wrong with documents.

use std::path::{Path, PathBuf};

use clap::Args;
use preloop_core::diagnostic::Report;
use serde::Serialize;

use super::report::{counted, show};
use super::{source, watch};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style, visible};

/// Options of `policy validate`.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The policies: files, or folders each of whose files are merged to one policy; `-` is standard input
    #[arg(required = true, value_name = "POLICY")]
    files: Vec<PathBuf>,

    /// Check again whenever a file is saved
    #[arg(long)]
    watch: bool,
}

/// One document of several.
#[derive(Serialize)]
struct Checked {
    file: String,
    #[serde(flatten)]
    report: Report,
}

/// The answer for several documents.
#[derive(Serialize)]
struct CheckedFiles {
    is_valid: bool,
    files: Vec<Checked>,
}

/// Checks the documents.
pub(crate) fn run(validate: &Validate, output: Output) -> Result<Exit, Failure> {
    if validate.watch {
        return watch::watch(output, watch::Screen::Wiped, &validate.files, |_| {
            once(validate, output)
        });
    }
    once(validate, output)
}

fn once(validate: &Validate, output: Output) -> Result<Exit, Failure> {
    let mut files = Vec::new();
    for file in &validate.files {
        let report = report(file)?;
        let name = source::name(file);
        show(&name, &report, output);
        if report.is_valid {
            output.show(|page| {
                let verdict = page.styled(Style::Green, "valid");
                let warnings = match report.warnings.len() {
                    0 => String::new(),
                    some => format!(", {}", counted(some, "warning")),
                };
                page.line(format!("{}: {verdict}{warnings}", visible(&name)));
            })?;
        } else {
            output.message(|page| {
                let verdict = page.styled(Style::Red, "invalid");
                let errors = counted(report.errors.len(), "error");
                page.line(format!("{}: {verdict}, {errors}", visible(&name)));
            });
        }
        files.push(Checked { file: name, report });
    }
    let is_valid = files.iter().all(|checked| checked.report.is_valid);
    if output.is_json() {
        match files.as_slice() {
            [only] => output.result(&only.report, |_| {})?,
            _ => output.result(&CheckedFiles { is_valid, files }, |_| {})?,
        }
    }
    Ok(if is_valid { Exit::Done } else { Exit::InvalidDocument })
}

fn report(file: &Path) -> Result<Report, Failure> {
    let report = match source::policy(file)?.any_dialect() {
        Ok((policy, _)) => {
            Report { is_valid: true, errors: Vec::new(), warnings: policy.warnings().to_vec() }
        }
        Err(report) => report,
    };
    Ok(report.of_local_file())
}
