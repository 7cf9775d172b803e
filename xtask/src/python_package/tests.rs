//! The Python package is part of the gate.

use super::*;

#[test]
fn the_wheel_is_built_installed_and_tested() {
    let told = run(&crate::tree::root()).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{told}");
}

#[test]
fn examples_are_taken_from_pages() {
    let page = "text\n```python\na = 1\n```\nmore\n```sh\nls\n```\n```python\nb = 2\n```\n";
    assert_eq!(code(page, "python"), "a = 1\nb = 2\n");
}
