//! `preloop policy fmt`: documents in the one style, comments kept, nothing written that is not proven
//! to mean the same.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use preloop_core::Diagnostic;
use preloop_files::PolicySource;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::{report, source};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Page, Style, print, visible};

/// Lines shown around a change.
const CONTEXT: usize = 2;

/// Options of `policy fmt`.
#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// Files, or folders whose policy files are formatted; `-` is standard input, written to standard output
    #[arg(required = true, value_name = "POLICY")]
    files: Vec<PathBuf>,

    /// Write nothing: list the files that are not in the style, and end with 6 if there are any
    #[arg(long)]
    check: bool,

    /// Show what is changed
    #[arg(long)]
    diff: bool,
}

/// What became of the files.
#[derive(Default, Serialize)]
struct Formatted {
    files: Vec<FileResult>,
}

/// What became of one file.
#[derive(Serialize)]
struct FileResult {
    file: String,
    /// Whether the text is other than it was; nothing is known of a file that cannot be formatted.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
    /// The new text, where it was not written to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Diagnostic>,
}

/// Formats the documents.
pub(crate) fn run(fmt: &Fmt, output: Output) -> Result<Exit, Failure> {
    if fmt.files.iter().filter(|file| source::is_stdin(file)).count() > 1 {
        return Err(Failure::usage("standard input can be read once: give `-` once"));
    }
    let mut results = Formatted::default();
    for path in &fmt.files {
        match source::policy(path)? {
            PolicySource::File(bytes) => results.files.push(one(fmt, path, &bytes, output)?),
            PolicySource::Folder(files) => {
                for (file, bytes) in files {
                    results.files.push(one(fmt, Path::new(&file), &bytes, output)?);
                }
            }
        }
    }
    if output.is_json() {
        output.result(&results, |_| {})?;
    }
    let has_errors = results.files.iter().any(|result| !result.errors.is_empty());
    let has_changes = results.files.iter().any(|result| result.changed == Some(true));
    Ok(if has_errors {
        Exit::InvalidDocument
    } else if fmt.check && has_changes {
        Exit::Differs
    } else {
        Exit::Done
    })
}

fn one(fmt: &Fmt, path: &Path, bytes: &[u8], output: Output) -> Result<FileResult, Failure> {
    let name = source::name(path);
    let text = match preloop_core::format(bytes) {
        Ok(text) => text,
        Err(problems) => {
            report::show(&name, &problems, output);
            let errors = problems.errors;
            return Ok(FileResult { file: name, changed: None, text: None, errors });
        }
    };
    let is_changed = text.as_bytes() != bytes;
    if is_changed && fmt.diff {
        output.show(|page| show_diff(page, &name, bytes, &text))?;
    }
    let is_stdin = source::is_stdin(path);
    let is_printed = is_stdin && !fmt.check;
    if is_printed && !fmt.diff && !output.is_json() {
        print(&text)?;
    } else if is_changed && !fmt.check && !is_stdin {
        replace(path, &text).map_err(|cause| {
            let message = format!("cannot write `{}`: {cause}", visible(&name));
            Failure::new("unwritable_file", message).help("the file is as it was")
        })?;
    }
    if is_changed && !is_printed && !fmt.diff {
        output.show(|page| {
            page.line(visible(&name));
        })?;
    }
    let text = is_printed.then_some(text);
    Ok(FileResult { file: name, changed: Some(is_changed), text, errors: Vec::new() })
}

/// Puts a text in a file's place at once, so that no reader ever meets half of it; a link stays a link
/// and the file keeps its mode.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let permissions = fs::metadata(&path)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".preloop-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

fn show_diff(page: &mut Page, name: &str, before: &[u8], after: &str) {
    let before = String::from_utf8_lossy(before);
    let diff = TextDiff::from_lines(before.as_ref(), after);
    let name = visible(name);
    page.line(page.styled(Style::Bold, &format!("--- {name}")));
    page.line(page.styled(Style::Bold, &format!("+++ {name}")));
    for group in diff.grouped_ops(CONTEXT) {
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let line = visible(change.value().trim_end_matches(['\r', '\n']));
            let line = match change.tag() {
                ChangeTag::Equal => format!(" {line}"),
                ChangeTag::Delete => page.styled(Style::Red, &format!("-{line}")),
                ChangeTag::Insert => page.styled(Style::Green, &format!("+{line}")),
            };
            page.line(line);
        }
    }
}
