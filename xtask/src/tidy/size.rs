//! Rules about size: a file is read on a few screens, and the exceptions may only shrink.

use crate::tree::{File, Finding};

/// Lines of shipped code a file may have.
const LINES_MAX: usize = 500;

/// Files over the limit with the size they have now. It may only shrink: no entry grows, none is added.
pub(super) const RATCHET: &[(&str, usize)] = &[];

/// Every Rust file is within the limit, or exactly as long as its entry in the ratchet says.
pub(super) fn check(files: &[File], ratchet: &[(&str, usize)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.has_extension("rs")) {
        let lines = file.shipped().lines().count();
        match ratchet.iter().find(|(path, _)| *path == file.path) {
            None if lines > LINES_MAX => findings.push(Finding::file(
                &file.path,
                format!("has {lines} lines of code, the limit is {LINES_MAX}: split it"),
            )),
            Some((_, frozen)) if lines > *frozen => findings.push(Finding::file(
                &file.path,
                format!("grew from {frozen} to {lines} lines of code: it may only shrink"),
            )),
            Some((_, frozen)) if lines < *frozen => findings.push(Finding::file(
                &file.path,
                format!("shrank from {frozen} to {lines} lines of code: lower its ratchet"),
            )),
            _ => {}
        }
    }
    for (path, _) in ratchet {
        if !files.iter().any(|file| file.path == *path) {
            findings.push(Finding::file(path, "is gone: remove its ratchet"));
        }
    }
    findings
}
