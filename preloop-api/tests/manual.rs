//! docs/ERRORS.md lists the problems of the HTTP API as the table has them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use preloop_api::PROBLEM_CODES;

const HEADING: &str = "\n# Problems of the HTTP API\n";

fn manual() -> String {
    let mut page = HEADING.to_owned();
    page.push_str(
        "\nEvery error answer is `application/problem+json` with one of these codes ([http-api.md](http-api.md)).\n\
         This part is generated from `preloop-api/src/problem_code.rs`.\n\n\
         | status | code | meaning |\n|---|---|---|\n",
    );
    for problem in PROBLEM_CODES {
        writeln!(page, "| {} | `{}` | {} |", problem.status, problem.code, problem.about).unwrap();
    }
    page
}

#[test]
fn the_manual_lists_every_problem() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ERRORS.md");
    let page = fs::read_to_string(&path).unwrap();
    let documents = page.find(HEADING).map_or(page.as_str(), |at| page.split_at(at).0);
    let wanted = documents.to_owned() + &manual();
    if std::env::var_os("PRELOOP_GENERATE").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap();
    assert!(page == wanted, "docs/ERRORS.md is stale: run this test with PRELOOP_GENERATE=1");
}

#[test]
fn each_code_has_one_meaning() {
    let codes: BTreeSet<&str> = PROBLEM_CODES.iter().map(|problem| problem.code).collect();
    assert_eq!(codes.len(), PROBLEM_CODES.len());
    assert!(PROBLEM_CODES.iter().all(|problem| problem.about.ends_with('.')));
    assert!(PROBLEM_CODES.is_sorted_by_key(|problem| (problem.status, problem.code)));
}
