//! `cargo xtask tidy`: what a reviewer would otherwise have to watch for by eye.
//!
//! Each rule is a function from files to findings, and each has a test that shows it firing.

mod layers;
mod map;
mod size;
mod text;
mod workflows;

#[cfg(test)]
mod tests;

use std::path::Path;

use crate::tree::{self, Finding};

/// Every finding in the tree under `root`; none means it is tidy.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let files = tree::files(root)?;
    let mut findings = Vec::new();
    findings.extend(text::headers(&files));
    findings.extend(text::blanks(&files));
    findings.extend(text::crumbs(&files));
    findings.extend(text::places_of_one_machine(&files));
    findings.extend(size::check(&files, size::RATCHET));
    findings.extend(layers::check(&files));
    findings.extend(layers::manifests(&files));
    findings.extend(layers::no_unsafe_code(&files));
    findings.extend(layers::core_lints(&files));
    findings.extend(map::links(&files));
    findings.extend(map::code_map(&files));
    findings.extend(workflows::pinned(&files));
    findings.extend(workflows::platforms(&files));
    Ok(findings)
}
