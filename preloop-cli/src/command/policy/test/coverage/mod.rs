//! `--coverage`: how much of each policy its cases exercise, in text, as JSON and as a page.

mod gaps;
mod page;
mod source;

use std::path::{Path, PathBuf};

use preloop_core::coverage::{Coverage, CoverageReport, Share};
use serde::Serialize;

use super::share::Percent;
use super::tested::Tested;
use crate::failure::Failure;
use crate::output::{Cell, Page, Style, visible};
use gaps::gaps;

/// Coverage of every policy that was tested.
#[derive(Serialize)]
pub(super) struct CoverageOutcome {
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<Percent>,
    /// Each policy.
    policies: Vec<PolicyCoverage>,
}

/// Coverage of one policy.
#[derive(Serialize)]
struct PolicyCoverage {
    /// What the policy is called in messages.
    file: String,
    #[serde(flatten)]
    report: CoverageReport,
    /// The files of the policy with their text, for the page.
    #[serde(skip)]
    texts: Vec<(Option<String>, String)>,
}

/// Follows every case through its policy.
pub(super) fn measure(
    tested: &[Tested<'_>],
    threshold: Option<Percent>,
) -> Result<CoverageOutcome, Failure> {
    let policies = tested.iter().map(one).collect::<Result<_, Failure>>()?;
    Ok(CoverageOutcome { threshold, policies })
}

fn one(tested: &Tested<'_>) -> Result<PolicyCoverage, Failure> {
    let valid = tested.valid()?;
    let mut coverage = Coverage::new(&tested.policy.compiled, valid.document());
    for (_, case) in &tested.cases {
        coverage.record(&case.call());
    }
    let texts = valid.places().files().into_iter();
    let texts = texts.map(|(name, text)| (name.map(str::to_owned), text.to_owned()));
    Ok(PolicyCoverage {
        file: tested.policy.name.clone(),
        report: coverage.report(),
        texts: texts.collect(),
    })
}

impl CoverageOutcome {
    /// Whether every policy is exercised as far as was asked for.
    pub(super) fn is_enough(&self) -> bool {
        self.policies.iter().all(|policy| self.is_met(policy))
    }

    fn is_met(&self, policy: &PolicyCoverage) -> bool {
        let Share { seen, all } = policy.report.tally.total;
        self.threshold.is_none_or(|threshold| threshold.is_met(seen, all))
    }

    /// Writes the page: into a file, or as `index.html` into a folder.
    pub(super) fn write(&self, target: &Path) -> Result<PathBuf, Failure> {
        let unwritable = |path: &Path, cause: std::io::Error| {
            let message = format!("cannot write `{}`: {cause}", path.display());
            Failure::new("unwritable_file", message)
        };
        let is_folder = target.is_dir() || target.extension().is_none();
        let file = if is_folder { target.join("index.html") } else { target.to_owned() };
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|cause| unwritable(folder, cause))?;
        }
        std::fs::write(&file, page::html(&self.policies))
            .map_err(|cause| unwritable(&file, cause))?;
        Ok(file)
    }

    /// Shows a table and what was not exercised, policy by policy.
    pub(super) fn show(&self, page: &mut Page) {
        for policy in &self.policies {
            page.blank();
            let total = policy.report.tally.total;
            let style = if self.is_met(policy) { Style::Green } else { Style::Red };
            let name = page.styled(Style::Bold, &visible(&policy.file));
            let percent = page.styled(style, &total.percent());
            page.line(format!("{name}: {percent} is exercised ({} of {})", total.seen, total.all));
            if let Some(threshold) = self.threshold.filter(|_| !self.is_met(policy)) {
                let wanted = threshold.shown();
                page.line(page.styled(Style::Red, &format!("  at least {wanted} is asked for")));
            }
            page.table(
                &["TOOL", "CALLS", "RULES", "BRANCHES", "OUTCOMES", "COVERED"],
                &rows(policy),
            );
            show_gaps(page, policy);
        }
    }
}

fn rows(policy: &PolicyCoverage) -> Vec<Vec<Cell>> {
    let report = &policy.report;
    let row = |name: &str, calls: String, [rules, branches, outcomes, total]: [Share; 4]| {
        let style = if total.seen == total.all { Style::Green } else { Style::Yellow };
        let style = if total.seen == 0 && total.all > 0 { Style::Red } else { style };
        let mut cells = vec![Cell::plain(name), Cell::plain(calls)];
        cells.extend([rules, branches, outcomes].map(|share| Cell::plain(counted(share))));
        cells.push(Cell::styled(style, total.percent()));
        cells
    };
    let tools = report.tools.iter().map(|tool| {
        let name = match &tool.source {
            Some(source) => format!("{} ({source})", tool.name),
            None => tool.name.clone(),
        };
        let tally = tool.tally;
        let shares = [tally.rules, tally.branches, tally.outcomes, tally.total];
        row(&name, tool.calls.to_string(), shares)
    });
    let defaults = report.defaults.iter().map(|outcome| {
        let share = Share { seen: u64::from(outcome.calls > 0), all: 1 };
        let shares = [Share::default(), Share::default(), share, share];
        row(&format!("({})", outcome.outcome.as_str()), outcome.calls.to_string(), shares)
    });
    tools.chain(defaults).collect()
}

fn counted(share: Share) -> String {
    if share.all == 0 { "-".to_owned() } else { format!("{}/{}", share.seen, share.all) }
}

fn show_gaps(page: &mut Page, policy: &PolicyCoverage) {
    let gaps = gaps(&policy.report);
    if gaps.is_empty() {
        return;
    }
    page.line("  not exercised:");
    for gap in gaps {
        let place = gap.place.map_or_else(
            || policy.file.clone(),
            |place| {
                let file = place.file.as_deref().unwrap_or(&policy.file);
                format!("{file}:{}:{}", place.line, place.column)
            },
        );
        let place = page.styled(Style::Dim, &visible(&place));
        page.line(format!("    {place}  {}", visible(&gap.words())));
    }
}
