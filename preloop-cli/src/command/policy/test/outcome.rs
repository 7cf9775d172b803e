//! What came of the tests, as scripts get it.

use preloop_core::Diagnostic;
use preloop_core::policy_test::{Case, CaseResult, Status};
use serde::Serialize;
use serde_json::Value;

use super::coverage::CoverageOutcome;
use super::mutation::MutationOutcome;
use super::suite::{Broken, Ready};
use crate::exit::Exit;

/// Everything that ran.
#[derive(Serialize)]
pub(super) struct Outcome {
    /// Cases that went as expected.
    pub(super) passed: usize,
    /// Cases that did not.
    pub(super) failed: usize,
    /// Cases that say that they are not to be run.
    pub(super) skipped: usize,
    /// Files that could not be run.
    pub(super) broken: usize,
    /// Every test file.
    pub(super) files: Vec<FileOutcome>,
    /// What the cases exercise, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) coverage: Option<CoverageOutcome>,
    /// What the cases notice, where that was asked for and no case failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mutation: Option<MutationOutcome>,
}

/// What came of one test file.
#[derive(Serialize)]
pub(super) struct FileOutcome {
    /// The test file.
    pub(super) file: String,
    /// The policy that it tests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) policy: Option<String>,
    /// Each case that ran.
    pub(super) cases: Vec<CaseOutcome>,
    /// Why it could not be run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// The problems of the file or of its policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<Diagnostic>,
}

/// What came of one case.
#[derive(Serialize)]
pub(super) struct CaseOutcome {
    /// Group, test and case.
    pub(super) title: String,
    /// The group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<String>,
    /// The line of the case in its file.
    pub(super) line: u32,
    /// Its column.
    pub(super) column: u32,
    /// Why it was not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) skip: Option<String>,
    /// The call of a case that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) call: Option<Value>,
    /// How it ended.
    #[serde(flatten)]
    pub(super) result: CaseResult,
}

// === impl Outcome ===

impl Outcome {
    pub(super) fn of(files: Vec<FileOutcome>) -> Self {
        let count = |status| files.iter().map(|file| file.count(status)).sum();
        Self {
            passed: count(Status::Passed),
            failed: count(Status::Failed),
            skipped: count(Status::Skipped),
            broken: files.iter().filter(|file| file.is_broken()).count(),
            files,
            coverage: None,
            mutation: None,
        }
    }

    /// Whether the cases exercise and notice as much as was asked for.
    fn is_enough(&self) -> bool {
        self.coverage.as_ref().is_none_or(CoverageOutcome::is_enough)
            && self.mutation.as_ref().is_none_or(MutationOutcome::is_enough)
    }

    /// A file that says nothing sensible is worse than a case that fails.
    pub(super) fn exit(&self) -> Exit {
        match (self.broken, self.failed) {
            (0, 0) if self.is_enough() => Exit::Done,
            (0, _) => Exit::Differs,
            _ => Exit::InvalidDocument,
        }
    }
}

// === impl FileOutcome ===

impl FileOutcome {
    pub(super) fn ran(suite: &Ready, cases: Vec<CaseOutcome>) -> Self {
        Self {
            file: suite.name.clone(),
            policy: Some(suite.policy.name.clone()),
            cases,
            message: None,
            errors: Vec::new(),
        }
    }

    pub(super) fn broken(broken: &Broken) -> Self {
        let message = broken.message.clone();
        Self {
            file: broken.name.clone(),
            policy: None,
            cases: Vec::new(),
            message: Some(message.unwrap_or_else(|| "the tests cannot be read".to_owned())),
            errors: broken.errors.clone(),
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.message.is_some()
    }

    pub(super) fn count(&self, status: Status) -> usize {
        self.cases.iter().filter(|case| case.result.status == status).count()
    }
}

// === impl CaseOutcome ===

impl CaseOutcome {
    pub(super) fn new(case: &Case, result: CaseResult) -> Self {
        let has_failed = result.status == Status::Failed;
        Self {
            title: case.title(),
            group: case.group.clone(),
            line: case.place.line,
            column: case.place.column,
            skip: case.skip.clone(),
            call: has_failed.then(|| serde_json::to_value(&case.record).unwrap_or_default()),
            result,
        }
    }
}
