//! `preloop policy test`: runs the tests beside policies and says what is not as expected.

mod coverage;
mod find;
mod junit;
mod mutation;
mod outcome;
mod record;
mod share;
mod show;
mod suite;
mod tested;
mod worth;

use std::path::PathBuf;

use clap::Args;
use preloop_core::policy_test::{self, Case};

use self::outcome::{CaseOutcome, FileOutcome, Outcome};
use self::suite::{Loader, Ready, Suite};
use self::worth::Worth;
use super::watch;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Options of `policy test`.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Test files (`*_test.yaml`), policies with tests beside them, or folders to look for tests in
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// Test this policy, whatever the test files say; `-` is standard input
    #[arg(long, value_name = "POLICY")]
    policy: Option<PathBuf>,

    /// Run only cases whose file or title holds this text, in any case; may be given more than once
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,

    /// Name every case, and trace the rules of those that failed with the values that they saw
    #[arg(long, short)]
    verbose: bool,

    /// Also write the results to a file in the form of `JUnit`
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Test again whenever a file is saved
    #[arg(long, conflicts_with = "record")]
    watch: bool,

    #[command(flatten)]
    worth: Worth,

    #[command(flatten)]
    record: record::FromLog,
}

/// Tests.
pub(crate) fn run(test: &Test, output: Output) -> Result<Exit, Failure> {
    if let Some(log) = &test.record.record {
        return record::run(&test.record, log, test.policy.as_deref(), output);
    }
    if test.watch {
        let paths: Vec<PathBuf> = test.paths.iter().chain(&test.policy).cloned().collect();
        return watch::watch(output, watch::Screen::Wiped, &paths, |seen| once(test, output, seen));
    }
    once(test, output, &mut Vec::new())
}

/// Tests once, and notes the files and folders that counted.
fn once(test: &Test, output: Output, seen: &mut Vec<PathBuf>) -> Result<Exit, Failure> {
    let files = find::test_files(&test.paths)?;
    let mut loader = Loader::new(test.policy.as_deref())?;
    let suites: Vec<Suite> = files.iter().map(|file| loader.load(file)).collect();
    seen.extend(files.into_iter().chain(loader.paths()));
    let mut outcome = test.run_all(&suites)?;
    test.worth.look(&tested::by_policy(test, &suites), &mut outcome, output)?;
    if let Some(file) = &test.junit {
        std::fs::write(file, junit::text(&outcome)).map_err(|cause| {
            Failure::new("unwritable_file", format!("cannot write `{}`: {cause}", file.display()))
        })?;
    }
    show::broken(&outcome, output);
    output.result(&outcome, |page| show::outcome(page, &outcome, test.verbose))?;
    Ok(outcome.exit())
}

impl Test {
    /// Runs the cases that were asked for.
    fn run_all(&self, suites: &[Suite]) -> Result<Outcome, Failure> {
        let mut files = Vec::with_capacity(suites.len());
        for suite in suites {
            match suite {
                Suite::Broken(broken) => files.push(FileOutcome::broken(broken)),
                Suite::Ready(ready) => {
                    let run = |case| {
                        CaseOutcome::new(case, policy_test::run(case, &ready.policy.compiled))
                    };
                    let cases: Vec<CaseOutcome> = self.wanted(ready).map(run).collect();
                    if self.filter.is_empty() || !cases.is_empty() {
                        files.push(FileOutcome::ran(ready, cases));
                    }
                }
            }
        }
        if files.is_empty() {
            // A slip in a filter would else look like success.
            let filters = self.filter.join("`, `");
            return Err(Failure::new("no_tests", format!("no case has `{filters}` in its title"))
                .help("`--verbose` without `--filter` names every case"));
        }
        Ok(Outcome::of(files))
    }

    /// The cases of a file that were asked for.
    fn wanted<'r>(&self, ready: &'r Ready) -> impl Iterator<Item = &'r Case> {
        let is_wanted = |case: &&Case| self.is_wanted(&format!("{}: {case}", ready.name));
        ready.tests.cases.iter().filter(is_wanted)
    }

    fn is_wanted(&self, title: &str) -> bool {
        let title = title.to_lowercase();
        self.filter.is_empty()
            || self.filter.iter().any(|wanted| title.contains(&wanted.to_lowercase()))
    }
}
