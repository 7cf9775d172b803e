//! The workspace is formatted and free of warnings.

use super::{CLIPPY, FORMAT, run};
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
