//! `--fail-on`: the verdicts that a pipeline shall not let pass.

use clap::ValueEnum;
use preloop_core::diff::{PolicyDiff, Verdict};

/// What `--fail-on` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::command::policy) enum FailOn {
    /// More gets through, whatever else
    Loosened,
    /// Less gets through, whatever else
    Tightened,
    /// Something changed and nothing was found that shows what it does, whatever else was found
    Unknown,
}

// === impl FailOn ===

impl FailOn {
    /// Whether a comparison is what is named.
    pub(in crate::command::policy) fn is_met(self, report: &PolicyDiff) -> bool {
        match self {
            Self::Loosened => report.verdict.is_looser(),
            Self::Tightened => matches!(report.verdict, Verdict::Tightened | Verdict::Both),
            Self::Unknown => has_unknown(report),
        }
    }

    /// The name on the command line.
    pub(in crate::command::policy) const fn as_str(self) -> &'static str {
        match self {
            Self::Loosened => "loosened",
            Self::Tightened => "tightened",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether nothing was found out about some part: a verdict on the whole tells what was found, and a part of which
/// nothing is known stays so beside it.
pub(in crate::command::policy) fn has_unknown(report: &PolicyDiff) -> bool {
    let tools = report.tools.iter().map(|tool| tool.verdict);
    let effects = report.effects.iter().map(|effect| effect.verdict);
    tools.chain(effects).chain([report.verdict]).any(|verdict| verdict == Verdict::Unknown)
}
