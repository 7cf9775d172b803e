//! `cargo xtask instructions [--save]`: how many instructions the hot cases take, against the committed baseline.
//!
//! Time differs from run to run on a busy machine; the number of instructions does not.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// Where the baseline is kept.
const BASELINE: &str = "benches/baseline.json";

/// How often a case runs in the short run.
const FEW: u64 = 20;

/// How much more often in the long one. Hash maps draw their keys, so setting a case up takes some thousand instructions
/// more or less each time, and few turns of a cheap case would not outweigh that.
const MORE: u64 = 5_000;

/// The same of a case whose turn takes so many instructions that a few will do.
const MORE_OF_DEAR: u64 = 50;

/// A turn of so many instructions is dear.
const DEAR: u64 = 100_000;

/// Growth up to this share of the baseline is not a regression.
const TOLERANCE: f64 = 0.02;

/// Counts every case; tells what changed, or saves the counts as the new baseline.
pub(crate) fn run(root: &Path, save: bool) -> Result<String, String> {
    let hot = build(root)?;
    let listed = output(Command::new(&hot).arg("list"))?;
    let mut counts = BTreeMap::new();
    for case in String::from_utf8_lossy(&listed.stdout).lines() {
        let each = each(&hot, case)?;
        // A busy machine takes minutes over them all, and whoever waits wants to see that it goes on.
        crate::say(&format!("{case:<20} {each:>12}"));
        counts.insert(case.to_owned(), each);
    }
    let path = root.join(BASELINE);
    if save {
        let text = serde_json::to_string_pretty(&counts).map_err(|error| error.to_string())?;
        std::fs::write(&path, text + "\n").map_err(|error| format!("{BASELINE}: {error}"))?;
        return Ok(format!("{} counts saved to {BASELINE}", counts.len()));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{BASELINE}: {error}"))?;
    let baseline = read(&text)?;
    let comparison = compare(&counts, &baseline);
    if comparison.regressions > 0 {
        return Err(format!("{}{} regressions", comparison.table, comparison.regressions));
    }
    Ok(comparison.table)
}

/// Builds the runner without the peers, which it does not need.
fn build(root: &Path) -> Result<PathBuf, String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--release", "--no-default-features", "--bin", "hot", "--locked"])
        .arg("--message-format=json")
        .current_dir(root.join("benches"))
        // A release build takes minutes: cargo says how far it is, and what is wrong.
        .stderr(Stdio::inherit());
    let built = cargo.stdout(Stdio::piped()).spawn().and_then(Child::wait_with_output);
    let built = built.map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !built.status.success() {
        return Err("`hot` does not build".to_owned());
    }
    let lines = String::from_utf8_lossy(&built.stdout);
    lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .ok_or_else(|| "cargo names no executable of `hot`".to_owned())
}

/// Instructions of one turn.
fn each(hot: &Path, case: &str) -> Result<u64, String> {
    let short = count(hot, case, FEW)?;
    let of = |turns: u64| -> Result<u64, String> {
        Ok(count(hot, case, FEW + turns)?.saturating_sub(short) / turns)
    };
    match of(MORE_OF_DEAR)? {
        dear if dear > DEAR => Ok(dear),
        _ => of(MORE),
    }
}

/// Instructions of a whole run.
fn count(hot: &Path, case: &str, times: u64) -> Result<u64, String> {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(hot)
        .args([case, &times.to_string()]);
    let counted = output(&mut valgrind)?;
    collected(&String::from_utf8_lossy(&counted.stderr))
        .ok_or_else(|| format!("valgrind tells no count of `{case}`"))
}

/// The count in what valgrind prints at the end: `==1== Collected : 123`.
fn collected(printed: &str) -> Option<u64> {
    let line = printed.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// Runs a program to its end; what it printed, when it fails.
fn output(command: &mut Command) -> Result<std::process::Output, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("{name} failed:\n{}", String::from_utf8_lossy(&output.stderr)))
}

fn read(text: &str) -> Result<BTreeMap<String, u64>, String> {
    serde_json::from_str::<BTreeMap<String, u64>>(text)
        .map_err(|error| format!("{BASELINE}: {error}"))
}

/// Counts beside those of the baseline.
#[derive(Debug, PartialEq, Eq)]
struct Comparison {
    table: String,
    regressions: usize,
}

fn compare(counts: &BTreeMap<String, u64>, baseline: &BTreeMap<String, u64>) -> Comparison {
    let mut table = String::new();
    let mut regressions = 0;
    for (case, count) in counts {
        let Some(before) = baseline.get(case) else {
            let _ = writeln!(table, "{case:<20} {count:>12} (new)");
            continue;
        };
        let change = share(*count, *before);
        let grew = change > TOLERANCE;
        regressions += usize::from(grew);
        let mark = if grew { "  more than before" } else { "" };
        let percent = change * 100.0;
        let _ = writeln!(table, "{case:<20} {count:>12} {before:>12} {percent:>+8.1} %{mark}");
    }
    for case in baseline.keys().filter(|case| !counts.contains_key(*case)) {
        let _ = writeln!(table, "{case:<20} is in the baseline only");
    }
    Comparison { table, regressions }
}

/// By how much of `before` the count has grown.
#[expect(clippy::cast_precision_loss, reason = "no count here is near 2^52")]
fn share(count: u64, before: u64) -> f64 {
    (count as f64 - before as f64) / before.max(1) as f64
}
