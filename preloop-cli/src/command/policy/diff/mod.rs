//! `preloop policy diff`: what changed between two policies, and what the change lets through.

mod human;
mod markdown;
mod words;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use preloop_core::diff::{BUDGET_DEFAULT, Options, PolicyDiff, ToolSchemas, Verdict, diff_with};

use super::source;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, print};

/// Options of `policy diff`.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The policy before: a file or a folder; `-` is standard input
    before: PathBuf,

    /// The policy after
    after: PathBuf,

    /// End with exit code 6 only for these verdicts, not for every change
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VERDICT")]
    fail_on: Vec<FailOn>,

    /// Tools with their input schemas, as an MCP server lists them: examples are then calls that the tools take
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,

    /// The most calls to try for one kind of tool
    #[arg(long, value_name = "CALLS", default_value_t = BUDGET_DEFAULT)]
    budget: u64,
}

/// What `--fail-on` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// More gets through, whatever else
    Loosened,
    /// Less gets through, whatever else
    Tightened,
    /// Something changed and nothing was found that shows what it does, whatever else was found
    Unknown,
}

/// Compares.
pub(crate) fn run(options: &Diff, output: Output) -> Result<Exit, Failure> {
    if [&options.before, &options.after].into_iter().all(|path| source::is_stdin(path)) {
        return Err(Failure::usage("`-` is standard input, and it is named more than once")
            .help("put one of the policies into a file"));
    }
    let before = match source::valid(&options.before, output)? {
        Ok(policy) => policy,
        Err(exit) => return Ok(exit),
    };
    let after = match source::valid(&options.after, output)? {
        Ok(policy) => policy,
        Err(exit) => return Ok(exit),
    };
    let schemas = options.tools.as_deref().map(schemas).transpose()?;
    let how = Options { budget: options.budget, schemas: schemas.as_ref() };
    let report = diff_with(&before, &after, how);
    if output.is_markdown() {
        print(&markdown::comment(&report))?;
    } else {
        let names = [&options.before, &options.after].map(|path| source::name(path));
        output.result(&report, |page| human::describe(page, &report, &names))?;
    }
    Ok(if fails(&report, &options.fail_on) { Exit::Differs } else { Exit::Done })
}

/// The schemas of a file with a list of tools.
fn schemas(path: &Path) -> Result<ToolSchemas, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(
            "unreadable_tools",
            format!("cannot read the tools of `{}`: {error}", path.display()),
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    let listing = preloop_core::json::parse(&text).map_err(|error| unreadable(&error))?;
    ToolSchemas::read(&listing).map_err(|error| unreadable(&error))
}

fn fails(report: &PolicyDiff, fail_on: &[FailOn]) -> bool {
    if fail_on.is_empty() {
        return report.changed;
    }
    fail_on.iter().any(|named| match named {
        FailOn::Loosened => matches!(report.verdict, Verdict::Loosened | Verdict::Both),
        FailOn::Tightened => matches!(report.verdict, Verdict::Tightened | Verdict::Both),
        FailOn::Unknown => {
            // A verdict on the whole tells what was found; a part of which nothing is known stays so beside it.
            let tools = report.tools.iter().map(|tool| tool.verdict);
            let effects = report.effects.iter().map(|effect| effect.verdict);
            tools.chain(effects).chain([report.verdict]).any(|verdict| verdict == Verdict::Unknown)
        }
    })
}
