//! What the cases are worth: how much of a policy they exercise, and how many changes of it they notice.

use std::path::PathBuf;

use clap::Args;

use super::outcome::Outcome;
use super::share::Percent;
use super::tested::Tested;
use super::{coverage, mutation};
use crate::failure::Failure;
use crate::output::Output;

/// Options for a closer look at the cases.
#[derive(Debug, Args)]
pub(super) struct Worth {
    /// Say which rules and which branches of their conditions the cases exercise
    #[arg(long, conflicts_with = "record")]
    coverage: bool,

    /// Also write the coverage as a page: to a file, or as `index.html` into a folder
    #[arg(long, value_name = "FILE|FOLDER", requires = "coverage")]
    html: Option<PathBuf>,

    /// Exit with 6 where less than this share of a policy is exercised
    #[arg(long, value_name = "PERCENT", requires = "coverage")]
    threshold: Option<Percent>,

    /// Change the policy in small ways, one at a time, and say which changes no case notices
    #[arg(long, conflicts_with = "record")]
    mutate: bool,

    /// Exit with 6 where less than this share of the changes is noticed
    #[arg(long, value_name = "PERCENT", requires = "mutate")]
    mutate_threshold: Option<Percent>,
}

impl Worth {
    /// Looks closer where that is asked for.
    pub(super) fn look(
        &self,
        tested: &[Tested<'_>],
        outcome: &mut Outcome,
        output: Output,
    ) -> Result<(), Failure> {
        if self.coverage {
            let coverage = coverage::measure(tested, self.threshold)?;
            if let Some(target) = &self.html {
                let written = coverage.write(target)?;
                output.message(|page| {
                    page.line(format!("the page is in `{}`", written.display()));
                });
            }
            outcome.coverage = Some(coverage);
        }
        if !self.mutate {
            return Ok(());
        }
        // A case that fails as it is notices nothing more.
        if outcome.failed == 0 && outcome.broken == 0 {
            let mutation = mutation::try_changes(tested, self.mutate_threshold, output)?;
            outcome.mutation = Some(mutation);
        } else {
            output.message(|page| {
                page.line("no changes are tried: first every case has to pass");
            });
        }
        Ok(())
    }
}
