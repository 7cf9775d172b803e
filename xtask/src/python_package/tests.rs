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

#[test]
fn stubs_have_no_truth_value_and_nothing_of_benchmarks() {
    let made = "from typing import Any, Final, final\n\nclass A:\n    def __bool__(self, /) -> bool:\n        \"\"\"\n        No.\n        \"\"\"\n    def _empty(self, /) -> None:\n        \"\"\"\n        x\n        \"\"\"\n    def b(self) -> int: ...\n";
    let kept = stubs::finished(made).unwrap();
    assert!(kept.contains("-> NoReturn:\n        \"\"\"\n        No.\n"), "{kept}");
    assert!(kept.ends_with("        \"\"\"\n    def b(self) -> int: ...\n"), "{kept}");
    assert!(!kept.contains("_empty") && !kept.contains("        x\n"), "{kept}");
    assert!(stubs::finished("class A: ...").is_err());
}
