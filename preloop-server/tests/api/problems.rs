//! The table of problem codes against the source: each code that is written there has its row, and each row its code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use preloop_api::ProblemCode;

/// What a code follows in the source.
const BEFORE: [&str; 8] = [
    "code: \"",
    "StatusCode::",
    "conflict(\"",
    "conflict( \"",
    "invalid(\"",
    "invalid( \"",
    "not_found(\"",
    "not_found( \"",
];

/// Shipped code of http and service, spaces and line breaks taken together.
fn source(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_name().unwrap() != "tests.rs"
        {
            let file = fs::read_to_string(&path).unwrap();
            let shipped = file.split("#[cfg(test)]\nmod tests {").next().unwrap();
            text.extend(shipped.split_whitespace().flat_map(|word| [word, " "]));
        }
    }
}

/// The texts in quotes that stand right behind `code: ` or behind a status.
fn written(source: &str) -> BTreeSet<&str> {
    let mut codes = BTreeSet::new();
    for before in BEFORE {
        for (_, rest) in
            source.match_indices(before).map(|(at, _)| source.split_at(at + before.len()))
        {
            let rest = match before {
                "StatusCode::" => match rest.split_once(", \"") {
                    Some((status, rest))
                        if status.chars().all(|c| c.is_ascii_uppercase() || c == '_') =>
                    {
                        rest
                    }
                    _ => continue,
                },
                _ => rest,
            };
            codes.insert(rest.split('"').next().unwrap());
        }
    }
    // Titles of pages stand beside a status, too.
    codes.into_iter().filter(|code| !code.contains(['/', '{', ' '])).collect()
}

#[test]
fn every_code_has_its_row_and_every_row_its_code() {
    let mut text = String::new();
    for folder in ["http", "service"] {
        source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder), &mut text);
    }
    let written = written(&text);
    assert!(written.len() > 20, "{written:?}");
    let unlisted: Vec<&&str> =
        written.iter().filter(|code| ProblemCode::named(code).is_none()).collect();
    assert!(unlisted.is_empty(), "not in preloop-api/src/problem_code.rs: {unlisted:?}");
    let unwritten: Vec<&str> = preloop_api::PROBLEM_CODES
        .iter()
        .map(|problem| problem.code)
        .filter(|code| !text.contains(&format!("\"{code}\"")))
        .collect();
    assert!(unwritten.is_empty(), "no code says: {unwritten:?}");
}
