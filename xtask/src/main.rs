//! Repository chores, run as `cargo xtask <verb>`; the checks are tests too, so `cargo test --workspace` is the gate.

#![forbid(unsafe_code)]

mod bench_firewall;
mod cargo;
mod crate_graph;
mod instructions;
mod public_api;
mod python_package;
mod tidy;
mod tree;

use std::process::ExitCode;

use crate::tree::Finding;

const HELP: &str = "\
usage: cargo xtask VERB

verbs:
  ci              format, lints, tidy, crate graph, public API: the quick part of the gate
  tidy            what a reviewer would have to watch for by eye
  crate-graph     who may depend on whom
  instructions    what the hot cases of benches/ cost, against the baseline; --save makes a new one
  public-api      whose types the engine names where others see it
  python          builds the wheel of preloop-py, installs it afresh and tests it
  packages        builds the packages for Python and Node as they are published, installs and tests them
  stubs           writes the stubs of the Python module from its Rust source
  bench-firewall  what the firewall adds to a call, p50 and p99 (release build)";

fn main() -> ExitCode {
    let root = tree::root();
    let verb = std::env::args().nth(1).unwrap_or_default();
    let outcome = match verb.as_str() {
        "tidy" => tidy::check(&root).and_then(|findings| verdict("tidy", &findings)),
        "crate-graph" => crate_graph::check(&root).and_then(|found| verdict("crate graph", &found)),
        "public-api" => public_api::check(&root).and_then(|found| verdict("public API", &found)),
        "bench-firewall" => bench_firewall::run(&root).map(|table| say(&table)),
        "python" => python_package::run(&root).map(|told| say(&told)),
        "packages" => python_package::release(&root)
            .map(|told| say(&told))
            .and_then(|()| cargo::test_npm_package(&root))
            .map(|()| say("the npm packages: built, installed in fresh projects, tested")),
        "stubs" => python_package::write_stubs(&root).map(|told| say(&told)),
        "instructions" => {
            let save = std::env::args().nth(2).is_some_and(|option| option == "--save");
            instructions::run(&root, save).map(|told| say(told.trim_end()))
        }
        "ci" => cargo::run(&root, cargo::FORMAT)
            .and_then(|()| tidy::check(&root))
            .and_then(|findings| verdict("tidy", &findings))
            .and_then(|()| crate_graph::check(&root))
            .and_then(|findings| verdict("crate graph", &findings))
            .and_then(|()| cargo::run(&root, cargo::CLIPPY))
            .and_then(|()| cargo::run(&root, cargo::GUIDE))
            .and_then(|()| public_api::check(&root))
            .and_then(|findings| verdict("public API", &findings)),
        _ => Err(HELP.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&message);
            ExitCode::FAILURE
        }
    }
}

fn verdict(check: &str, findings: &[Finding]) -> Result<(), String> {
    if findings.is_empty() {
        say(&format!("{check}: clean"));
        return Ok(());
    }
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    Err(format!("{check}: {} findings\n{}", lines.len(), lines.join("\n")))
}

#[expect(clippy::print_stderr, reason = "a chore talks to the person who runs it")]
fn say(line: &str) {
    eprintln!("{line}");
}
