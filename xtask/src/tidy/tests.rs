//! The tree is tidy, and each rule finds what it is for.

use super::{check, layers, map, size, text, workflows};
use crate::tree::{self, File, Finding};

#[test]
fn this_tree_is_tidy() {
    let findings = check(&tree::root()).unwrap();
    assert!(findings.is_empty(), "the tree is not tidy:\n{}", shown(&findings).join("\n"));
}

#[test]
fn a_file_without_its_sentence_is_found() {
    let files = [file("a.rs", "use std::fmt;\n"), file("b.rs", "//! Here.\n")];
    assert_eq!(
        shown(&text::headers(&files)),
        ["a.rs: opens without a `//!` sentence on its place"]
    );
}

#[test]
fn blanks_at_the_end_are_found() {
    let files = [file("a.md", "one \ntwo\n\n"), file("b.md", "one"), file("c.png", "one ")];
    assert_eq!(
        shown(&text::blanks(&files)),
        [
            "a.md:1: blanks at the end of the line",
            "a.md: must end with exactly one newline",
            "b.md: must end with exactly one newline",
        ]
    );
}

#[test]
fn work_put_off_is_found() {
    let mark = concat!("TO", "DO");
    let files = [
        file("a.rs", &format!("//! Here.\n// {mark}: later\n    {}]\n", concat!("#[", "ignore"))),
        file("conformance/a.md", mark),
    ];
    assert_eq!(
        shown(&text::crumbs(&files)),
        [
            format!("a.rs:2: `{mark}`: do it now or write an issue"),
            "a.rs:3: a test that does not run is not a test: make it run or remove it".to_owned(),
        ]
    );
}

#[test]
fn names_of_one_machine_are_found() {
    let host = concat!("registry.", "npmjs.org");
    let files = [file("package-lock.json", &format!("{{}}\n\"https://{host}/x\"\n"))];
    assert_eq!(
        shown(&text::places_of_one_machine(&files)),
        [format!("package-lock.json:2: names `{host}`, which only one machine knows")]
    );
}

#[test]
fn the_ratchet_only_turns_one_way() {
    let long = |lines: usize| file("long.rs", &"x\n".repeat(lines));
    let check = |lines, ratchet: &[(&str, usize)]| shown(&size::check(&[long(lines)], ratchet));
    assert!(check(500, &[]).is_empty());
    assert_eq!(check(501, &[]), ["long.rs: has 501 lines of code, the limit is 500: split it"]);
    assert!(check(600, &[("long.rs", 600)]).is_empty());
    assert_eq!(
        check(601, &[("long.rs", 600)]),
        ["long.rs: grew from 600 to 601 lines of code: it may only shrink"]
    );
    assert_eq!(
        check(599, &[("long.rs", 600)]),
        ["long.rs: shrank from 600 to 599 lines of code: lower its ratchet"]
    );
    assert_eq!(check(1, &[("gone.rs", 600)]), ["gone.rs: is gone: remove its ratchet"]);
}

#[test]
fn tests_do_not_count_as_code() {
    let inline = format!("x\n\n#[cfg(test)]\nmod tests {{\n{}}}\n", "y\n".repeat(600));
    let files = [file("a.rs", &inline), file("a/tests.rs", &"y\n".repeat(600))];
    assert!(size::check(&files, &[]).is_empty());
}

#[test]
fn a_layer_that_reaches_across_is_found() {
    let files = [
        file("preloop-server/src/http/audit.rs", "//! Here.\nlet all = \"SELECT * FROM audit\";\n"),
        file("preloop-server/src/service/keys.rs", "use axum::Json;\n// axum::Json in words\n"),
        file("preloop-server/src/app.rs", "use sqlx::Pool;\n"),
        file("preloop-server/src/store/keys.rs", "use sqlx::Pool;\n\"select 1\"\n"),
        file("preloop-server/src/mcp/enforce.rs", "Permit { tool }\n"),
    ];
    assert_eq!(
        shown(&layers::check(&files)),
        [
            "preloop-server/src/http/audit.rs:2: SQL belongs in store/: call the service",
            "preloop-server/src/service/keys.rs:1: service, store and worker know nothing of HTTP: map it in http/ or mcp/",
            "preloop-server/src/app.rs:1: only store/ talks to the database",
            "preloop-server/src/mcp/enforce.rs:1: no permit, no call: only service/ makes a `Permit`",
        ]
    );
}

#[test]
fn a_manifest_that_goes_its_own_way_is_found() {
    let own = "[package]\nname = \"a\"\n[dependencies]\nserde = \"1\"\nbytes.workspace = true\n";
    assert_eq!(
        shown(&layers::manifests(&[file("a/Cargo.toml", own)])),
        [
            "a/Cargo.toml: must take its lints from the workspace",
            "a/Cargo.toml:4: pin it in the root's [workspace.dependencies], with the reason",
        ]
    );
}

#[test]
fn a_crate_that_leaves_room_for_unsafe_code_is_found() {
    let files = [
        file("a/src/main.rs", "//! Here.\n\n#![forbid(unsafe_code)]\n"),
        file("b/src/lib.rs", "//! Here.\n"),
        file("b/src/part.rs", "//! Here.\n"),
        file("preloop-node/src/lib.rs", "//! Here.\n"),
    ];
    assert_eq!(
        shown(&layers::no_unsafe_code(&files)),
        ["b/src/lib.rs: must say `#![forbid(unsafe_code)]`"]
    );
}

#[test]
fn core_without_a_line_of_the_roots_lints_is_found() {
    let files = [
        file("clippy.toml", "too-many-lines-threshold = 70\nallow-unwrap-in-tests = true\n"),
        file("preloop-core/clippy.toml", "allow-unwrap-in-tests = true\n"),
    ];
    assert_eq!(
        shown(&layers::core_lints(&files)),
        [
            "preloop-core/clippy.toml: lacks a line of the root's clippy.toml: too-many-lines-threshold = 70"
        ]
    );
}

#[test]
fn a_link_to_nowhere_is_found() {
    let page = "[a](../README.md) [b](gone.md#top) [c](https://example.com) [d](#here)\n";
    let files = [file("docs/page.md", page), file("README.md", "")];
    assert_eq!(
        shown(&map::links(&files)),
        ["docs/page.md:1: links to `gone.md`, which is not there"]
    );
}

#[test]
fn a_code_map_that_lags_is_found() {
    let page = "`core/src/a.rs` and `core/src/gone.rs`, `serde`, `docs/`\n";
    let files = [
        file("core/src/a.rs", ""),
        file("server/lib.rs", ""),
        file("docs/ARCHITECTURE.md", page),
        file(".ci/run", ""),
    ];
    assert_eq!(
        shown(&map::code_map(&files)),
        [
            "docs/ARCHITECTURE.md:1: names `core/src/gone.rs`, which is not there",
            "docs/ARCHITECTURE.md: does not name the room `server/`",
        ]
    );
}

#[test]
fn an_action_that_is_not_pinned_is_found() {
    let pinned = format!("  - uses: a/b@{} # v1\n  - uses: ./own\n", "0a".repeat(20));
    let files = [
        file(".github/workflows/a.yml", &format!("{pinned}  - uses: a/b@v1\n")),
        file("docs/page.md", "uses: a/b@v1\n"),
    ];
    assert_eq!(
        shown(&workflows::pinned(&files)),
        [".github/workflows/a.yml:3: `a/b@v1` is not pinned: name a commit, its tag behind it"]
    );
}

#[test]
fn a_platform_that_is_not_built_or_not_named_is_found() {
    let built = "          - {platform: linux-x64-gnu, runner: r}\n          - {platform: odd, runner: r}\n";
    let named =
        "const PLATFORMS = {\n  'linux-x64-gnu': { os: 'linux' },\n  'darwin-x64': {},\n};\n";
    let files = [
        file(".github/workflows/node.yml", built),
        file("preloop-node/scripts/platforms.mjs", named),
    ];
    assert_eq!(
        shown(&workflows::platforms(&files)),
        [
            ".github/workflows/node.yml: lacks the platform `darwin-x64`",
            "preloop-node/scripts/platforms.mjs: lacks the platform `odd`",
        ]
    );
}

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

fn shown(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}
