//! The comparison says what grew, and reads what valgrind prints.

use std::collections::BTreeMap;

use super::{collected, compare};

fn counts(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
    of.iter().map(|(case, count)| ((*case).to_owned(), *count)).collect()
}

#[test]
fn only_growth_beyond_the_tolerance_is_a_regression() {
    let baseline = counts(&[("a", 100), ("b", 100), ("c", 100), ("gone", 1)]);
    let found = compare(&counts(&[("a", 102), ("b", 103), ("c", 50), ("new", 7)]), &baseline);
    assert_eq!(found.regressions, 1);
    let lines: Vec<&str> = found.table.lines().collect();
    assert!(lines[1].starts_with('b') && lines[1].ends_with("more than before"), "{}", lines[1]);
    assert!(lines[2].contains("-50.0 %"), "{}", lines[2]);
    assert!(lines[3].ends_with("(new)") && lines[4].starts_with("gone"), "{}", found.table);
}

#[test]
fn the_count_is_found_in_what_valgrind_prints() {
    let printed = "==7== Events    : Ir\n==7== Collected : 1234567\n==7== \n";
    assert_eq!(collected(printed), Some(1_234_567));
    assert_eq!(collected("==7== no events\n"), None);
}
