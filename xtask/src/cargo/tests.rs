//! The workspace is formatted and free of warnings.

use super::{CLIPPY, FORMAT, GUIDE, run};
use crate::tree;

#[test]
fn every_file_is_formatted() {
    if let Err(printed) = run(&tree::root(), FORMAT) {
        panic!("run `cargo fmt --all`\n{printed}");
    }
}

#[test]
fn every_target_is_free_of_warnings() {
    if let Err(printed) = run(&tree::root(), CLIPPY) {
        panic!("{printed}");
    }
}

#[test]
fn the_engines_guide_has_no_loose_ends() {
    if let Err(printed) = run(&tree::root(), GUIDE) {
        panic!("{printed}");
    }
}
