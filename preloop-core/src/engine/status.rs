//! Which policy answers, and what became of replacing it.

use serde::Serialize;

use crate::decision::PolicyRef;
use crate::diagnostic::{Diagnostic, Report};

/// The state of an engine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// The policy that answers.
    pub policy: PolicyRef,
    /// How many entries it has.
    pub tools: usize,
    /// How many rules are switched on in them.
    pub rules: usize,
    /// How often the policy was replaced.
    pub replaced: u64,
    /// What is odd about it.
    pub warnings: Vec<Diagnostic>,
    /// Why the last replacement was refused, if it was.
    pub refused: Option<Report>,
}
