//! Tests of a policy as data: calls and what is expected of them, read from a file and run.
//!
//! Reading a file gives its cases; running one is a function of the case and the policy.
//!
//! ```
//! use preloop_core::policy_test::{Status, TestFile, run};
//! use preloop_core::{CompiledPolicy, ValidPolicy};
//!
//! let policy = "
//! version: '1.0'
//! metadata: {name: refunds}
//! tools:
//!   - name: refund
//!     conditions: [{expression: amount > 50, action: require_approval}]
//! ";
//! let tests = "
//! tests:
//!   - name: by amount
//!     tool: refund
//!     cases:
//!       - {args: {amount: 50}, expect: allow}
//!       - {args: {amount: 51}, expect: deny}
//! ";
//! let policy = CompiledPolicy::compile(ValidPolicy::parse(policy).unwrap());
//! let file = TestFile::parse(tests).unwrap();
//! let results: Vec<_> = file.cases.iter().map(|case| run(case, &policy)).collect();
//! assert_eq!(results[0].status, Status::Passed);
//! let mismatch = &results[1].mismatches[0];
//! assert_eq!((mismatch.expected.as_str(), mismatch.found.as_str()), ("deny", "require_approval"));
//! ```

mod expectation;
mod flow;
mod read;
mod record;
mod run;
mod schema;

#[cfg(test)]
mod tests;

use std::fmt;

pub use expectation::{Expectation, Expected, Mismatch};
pub use record::{Noted, Recorder};
pub use run::{CaseResult, Status, run};
pub use schema::{TEST_SCHEMA_ADDRESS, schema};

use crate::call::{Call, CallRecord};
use crate::diagnostic::{Place, Report};

/// A file of tests, read and put together: what groups, tests and fixtures say is in each case.
#[derive(Clone, Debug, PartialEq)]
pub struct TestFile {
    /// The policy that is tested, as a path from where the file is; none: the one beside it.
    pub policy: Option<String>,
    /// What the tests are about.
    pub description: Option<String>,
    /// Every case in the order of the file.
    pub cases: Vec<Case>,
}

/// One call and what is expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The group that it is in.
    pub group: Option<String>,
    /// The test's name.
    pub test: String,
    /// Of a test with several cases, the case's name, or which it is, as in `case 2`.
    pub case: Option<String>,
    /// Where it stands in the file.
    pub place: Place,
    /// Why it is not run.
    pub skip: Option<String>,
    /// The call, with everything that groups and fixtures give it.
    pub record: CallRecord,
    /// What is expected of the decision.
    pub expectation: Expectation,
}

// === impl TestFile ===

impl TestFile {
    /// Reads a file of tests, YAML or JSON.
    ///
    /// # Errors
    /// Every problem of the file with its place.
    pub fn parse(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<Self, Report> {
        read::file(text.as_ref())
    }
}

// === impl Case ===

impl Case {
    /// The call to decide.
    pub fn call(&self) -> Call<'_> {
        self.record.call()
    }

    /// Group, test and case, as in `deletions / files / case 2`; no two cases of a file have the same.
    pub fn title(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(group) = &self.group {
            write!(f, "{group} / ")?;
        }
        f.write_str(&self.test)?;
        match &self.case {
            Some(case) => write!(f, " / {case}"),
            None => Ok(()),
        }
    }
}
