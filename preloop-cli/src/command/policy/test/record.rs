//! `policy test --record`: recorded decisions written as tests.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use clap::Args;
use preloop_core::CompiledPolicy;
use preloop_core::policy_test::{Noted, Recorder};
use serde::Serialize;

use super::super::lines::{self, BadLine, Lines};
use super::super::{report, source};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style, print, visible};

/// Most bad lines that are named; the rest are counted.
const BAD_LINES_SHOWN: usize = 20;

/// Options of `policy test --record`.
#[derive(Debug, Args)]
pub(crate) struct FromLog {
    /// Write tests from recorded decisions instead, one JSON object a line; `-` is standard input
    #[arg(long, value_name = "LOG", conflicts_with_all = ["paths", "filter", "verbose", "junit"])]
    pub(super) record: Option<PathBuf>,

    /// Where to write them; a file that is there already stays [default: standard output]
    #[arg(long, value_name = "FILE", requires = "record")]
    output: Option<PathBuf>,

    /// Most cases for each outcome of a tool
    #[arg(long, value_name = "N", default_value_t = 10, requires = "record")]
    cases: usize,
}

/// What was written, as scripts get it.
#[derive(Default, Serialize)]
struct Recorded {
    /// Lines that were read.
    calls: u64,
    /// Cases that they became.
    cases: usize,
    /// Calls that are like others.
    alike: u64,
    /// Calls that cannot be cases, by why.
    left_out: BTreeMap<&'static str, u64>,
    /// Lines that could not be read.
    bad_lines: Vec<Bad>,
    /// Where the tests are.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The tests, where no file is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    tests: Option<String>,
}

/// A line that could not be read.
#[derive(Serialize)]
struct Bad {
    line: u64,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// Writes tests.
pub(super) fn run(
    options: &FromLog,
    log: &Path,
    policy: Option<&Path>,
    output: Output,
) -> Result<Exit, Failure> {
    let compiled = match policy.map(|policy| source::valid(policy, output)).transpose()? {
        None => None,
        Some(Ok(valid)) => Some(CompiledPolicy::compile(valid)),
        Some(Err(exit)) => return Ok(exit),
    };
    let mut recorder = Recorder::new(compiled.as_ref(), options.cases);
    let mut written = read(log, &mut recorder, output)?;
    if written.cases == 0 {
        show(&written, log, output);
        return Err(Failure::new(
            "no_cases",
            format!("no case was found in `{}`", source::name(log)),
        )
        .help("a line is a recorded call: {\"tool\": ..., \"args\": {...}, \"decision\": {...}}"));
    }
    let folder = options.output.as_deref().and_then(Path::parent);
    let named = policy.map(|policy| relative(folder, policy));
    let text = recorder.to_yaml(named.as_deref(), &source::name(log));
    match &options.output {
        Some(file) => {
            write(file, &text)?;
            written.file = Some(source::name(file));
        }
        None if output.is_json() => written.tests = Some(text),
        None => print(&text)?,
    }
    show(&written, log, output);
    if output.is_json() {
        output.result(&written, |_| {})?;
    }
    Ok(if written.bad_lines.is_empty() { Exit::Done } else { Exit::Failure })
}

/// Notes every line of the log; a bad one does not stop the rest.
fn read(log: &Path, recorder: &mut Recorder<'_>, output: Output) -> Result<Recorded, Failure> {
    let mut written = Recorded::default();
    let mut lines = Lines::open(log)?;
    while let Some(line) = lines.next()? {
        if line.as_ref().is_ok_and(|line| line.trim_ascii().is_empty()) {
            continue;
        }
        written.calls += 1;
        match line.and_then(lines::record).map(|record| recorder.note(&record)) {
            Ok(Noted::Case) => written.cases += 1,
            Ok(Noted::Enough) => written.alike += 1,
            Ok(Noted::LeftOut(why)) => *written.left_out.entry(why).or_default() += 1,
            Err(BadLine { message, help, .. }) => {
                let bad = Bad { line: lines.number(), message, help };
                if written.bad_lines.len() < BAD_LINES_SHOWN {
                    show_bad(&bad, log, output);
                }
                written.bad_lines.push(bad);
            }
        }
    }
    Ok(written)
}

fn show_bad(bad: &Bad, log: &Path, output: Output) {
    output.message(|page| {
        let label = page.styled(Style::Red, "error:");
        let name = source::name(log);
        page.line(format!("{}:{}: {label} {}", visible(&name), bad.line, visible(&bad.message)));
        if let Some(help) = &bad.help {
            let label = page.styled(Style::Cyan, "help:");
            page.line(format!("  {label} {}", visible(help)));
        }
    });
}

/// Says what became of the log, on standard error: the tests may be on standard output.
fn show(written: &Recorded, log: &Path, output: Output) {
    let Recorded { calls, cases, alike, left_out, bad_lines, file, .. } = written;
    output.message(|page| {
        let count = |count: usize, noun: &str| report::counted(count, noun);
        let calls = usize::try_from(*calls).unwrap_or(usize::MAX);
        let to = file.as_ref().map(|file| format!(" in {}", visible(file))).unwrap_or_default();
        let from = visible(&source::name(log)).into_owned();
        page.line(format!("{}{to} from {} of {from}", count(*cases, "case"), count(calls, "line")));
        if *alike > 0 {
            page.line(format!("  {alike} more are like them, or there are enough of their kind"));
        }
        for (why, count) in left_out {
            page.line(format!("  {count} left out: {why}"));
        }
        if bad_lines.len() > BAD_LINES_SHOWN {
            page.line(format!("  {} more lines cannot be read", bad_lines.len() - BAD_LINES_SHOWN));
        }
    });
}

/// Writes a new file; one that is there may hold tests that a person wrote.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let opened = File::options().write(true).create_new(true).open(file);
    opened.and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(|cause| {
        let failure = |message: String| Failure::new("unwritable_file", message);
        if cause.kind() == io::ErrorKind::AlreadyExists {
            return failure(format!("`{}` is there already", file.display()))
                .help("choose another name, or remove it first");
        }
        failure(format!("cannot write `{}`: {cause}", file.display()))
    })
}

/// The path of the policy as it is seen from the folder of the tests.
fn relative(folder: Option<&Path>, policy: &Path) -> String {
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let seen = || {
        let (folder, target) = (folder.canonicalize().ok()?, policy.canonicalize().ok()?);
        let shared = folder.components().zip(target.components()).take_while(|(a, b)| a == b);
        let shared = shared.count();
        let up = folder.components().skip(shared).map(|_| Component::ParentDir);
        let path: PathBuf = up.chain(target.components().skip(shared)).collect();
        Some(if path.as_os_str().is_empty() { PathBuf::from(".") } else { path })
    };
    seen().unwrap_or_else(|| policy.to_owned()).display().to_string()
}
