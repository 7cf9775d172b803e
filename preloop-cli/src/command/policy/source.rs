//! Where policies and calls are read from: files, folders of files, or standard input as `-`.
//!
//! Every command that takes a policy takes it through [`policy`] or [`valid`].

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use preloop_core::ValidPolicy;
use preloop_core::diagnostic::Report;
use preloop_core::limits::DOCUMENT_BYTES_MAX;
use preloop_files::PolicySource;

use super::report;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

const BUFFER_BYTES: usize = 256 * 1024;

/// What a file is called in messages.
pub(super) fn name(file: &Path) -> String {
    if is_stdin(file) { "<stdin>".to_owned() } else { file.display().to_string() }
}

/// A policy: a file, the files of a folder, or standard input.
pub(super) fn policy(path: &Path) -> Result<PolicySource, Failure> {
    if is_stdin(path) {
        return document(path).map(PolicySource::File);
    }
    PolicySource::read(path).map_err(|cause| unreadable(path, &cause))
}

/// A policy without errors, or the exit code after its errors were shown: with JSON they are the
/// result.
pub(super) fn valid(path: &Path, output: Output) -> Result<Result<ValidPolicy, Exit>, Failure> {
    checked(path, policy(path)?.any_dialect().map(|(policy, _)| policy), output)
}

/// The same of a policy that was read.
pub(super) fn checked(
    path: &Path,
    parsed: Result<ValidPolicy, Report>,
    output: Output,
) -> Result<Result<ValidPolicy, Exit>, Failure> {
    match parsed {
        Ok(valid) => Ok(Ok(valid)),
        Err(report) => {
            report::show(&name(path), &report, output);
            if output.is_json() {
                output.result(&report, |_| {})?;
            }
            Ok(Err(Exit::InvalidDocument))
        }
    }
}

/// The bytes of a document; at most one more than a document may have, which is enough to refuse it.
pub(super) fn document(file: &Path) -> Result<Vec<u8>, Failure> {
    let most = u64::try_from(DOCUMENT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    lines(file)?.take(most).read_to_end(&mut bytes).map_err(|cause| unreadable(file, &cause))?;
    Ok(bytes)
}

/// A file to read piece by piece.
pub(super) fn lines(file: &Path) -> Result<BufReader<Box<dyn Read>>, Failure> {
    let source: Box<dyn Read> = if is_stdin(file) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).map_err(|cause| unreadable(file, &cause))?)
    };
    Ok(BufReader::with_capacity(BUFFER_BYTES, source))
}

/// Why a file cannot be read.
pub(super) fn unreadable(file: &Path, cause: &io::Error) -> Failure {
    Failure::new("unreadable_file", format!("cannot read `{}`: {cause}", name(file)))
}

/// Whether a file's name stands for standard input.
pub(super) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}
