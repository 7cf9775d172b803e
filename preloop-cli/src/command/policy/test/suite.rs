//! A test file read, with the policy that it is for; each policy is read once.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use preloop_core::diagnostic::Report;
use preloop_core::limits::DOCUMENT_BYTES_MAX;
use preloop_core::policy_test::TestFile;
use preloop_core::{CompiledPolicy, Diagnostic};
use preloop_files::PolicySource;

use super::super::source;
use super::find;
use crate::failure::Failure;

/// A policy that is tested.
pub(super) struct TestedPolicy {
    /// What it is called in messages.
    pub(super) name: String,
    /// Its text.
    pub(super) source: PolicySource,
    /// Ready to answer.
    pub(super) compiled: CompiledPolicy,
}

/// A test file and its policy.
pub(super) enum Suite {
    /// Both can be used.
    Ready(Ready),
    /// One of the two cannot.
    Broken(Broken),
}

/// Tests and the policy that they are for.
pub(super) struct Ready {
    /// What the test file is called in messages.
    pub(super) name: String,
    /// What stands in it.
    pub(super) tests: TestFile,
    /// What is tested.
    pub(super) policy: Rc<TestedPolicy>,
}

/// Why tests cannot be run.
pub(super) struct Broken {
    /// What the test file is called in messages.
    pub(super) name: String,
    /// The problems, each with its file.
    pub(super) errors: Vec<Diagnostic>,
    /// What is wrong where there is no text to point into.
    pub(super) message: Option<String>,
}

/// Reads test files and policies.
pub(super) struct Loader {
    policies: HashMap<PathBuf, Result<Rc<TestedPolicy>, Rc<Problem>>>,
    /// The path by which a policy was named first: one that is named in two ways is still one.
    first_named: HashMap<PathBuf, PathBuf>,
    /// The policy that is tested whatever the files say.
    forced: Option<PathBuf>,
}

/// Why a policy cannot be tested.
enum Problem {
    Invalid(String, Report),
    Unreadable(String),
}

impl Loader {
    /// A loader for the policy given, or for those that the test files name.
    pub(super) fn new(forced: Option<&Path>) -> Result<Self, Failure> {
        let (policies, first_named) = (HashMap::new(), HashMap::new());
        let mut loader = Self { policies, first_named, forced: forced.map(Path::to_owned) };
        if let Some(path) = forced {
            // What was named on the command line has to be there.
            loader.policies.insert(path.to_owned(), policy(path, &source::policy(path)?));
        }
        Ok(loader)
    }

    /// The policies that were asked for.
    pub(super) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        self.policies.keys().cloned()
    }

    /// Reads a test file and its policy.
    pub(super) fn load(&mut self, path: &Path) -> Suite {
        let name = source::name(path);
        let broken =
            |errors, message| Suite::Broken(Broken { name: name.clone(), errors, message });
        let tests = match read(path) {
            Ok(text) => TestFile::parse(&text),
            Err(failure) => return broken(Vec::new(), Some(failure.message().to_owned())),
        };
        let tests = match tests {
            Ok(tests) => tests,
            Err(report) => return broken(in_file(report, &name), None),
        };
        let Some(policy) = self.path_of_policy(path, &tests) else {
            let message = "the file does not say which policy it tests, and there is none beside it: add `policy: FILE`";
            return broken(Vec::new(), Some(message.to_owned()));
        };
        match self.policy(&policy) {
            Ok(policy) => Suite::Ready(Ready { name, tests, policy }),
            Err(problem) => match &*problem {
                Problem::Invalid(name, report) => {
                    let message = format!("the policy `{name}` is not valid");
                    broken(in_file(report.clone(), name), Some(message))
                }
                Problem::Unreadable(message) => broken(Vec::new(), Some(message.clone())),
            },
        }
    }

    fn path_of_policy(&self, path: &Path, tests: &TestFile) -> Option<PathBuf> {
        if let Some(forced) = &self.forced {
            return Some(forced.clone());
        }
        match &tests.policy {
            Some(policy) => {
                let named = path.parent().unwrap_or(Path::new("")).join(policy);
                // Shown without the `.` of `policy: .` at its end.
                Some(named.components().collect())
            }
            None => find::policy_beside(path),
        }
    }

    fn policy(&mut self, path: &Path) -> Result<Rc<TestedPolicy>, Rc<Problem>> {
        let path = match path.canonicalize() {
            Ok(real) => self.first_named.entry(real).or_insert_with(|| path.to_owned()).clone(),
            Err(_) => path.to_owned(),
        };
        if let Some(known) = self.policies.get(&path) {
            return known.clone();
        }
        let loaded = match source::policy(&path) {
            Ok(source) => policy(&path, &source),
            Err(failure) => Err(Rc::new(Problem::Unreadable(failure.message().to_owned()))),
        };
        self.policies.insert(path, loaded.clone());
        loaded
    }
}

fn policy(path: &Path, source: &PolicySource) -> Result<Rc<TestedPolicy>, Rc<Problem>> {
    let name = source::name(path);
    match source.parse() {
        Ok(valid) => {
            let (source, compiled) = (source.clone(), CompiledPolicy::compile(valid));
            Ok(Rc::new(TestedPolicy { name, source, compiled }))
        }
        Err(report) => Err(Rc::new(Problem::Invalid(name, report))),
    }
}

/// The errors of a report, each with the file that it is in.
fn in_file(report: Report, name: &str) -> Vec<Diagnostic> {
    let mut errors = report.errors;
    for error in &mut errors {
        error.file.get_or_insert_with(|| name.to_owned());
    }
    errors
}

/// The text of a test file, which is bounded as a policy is.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let most = u64::try_from(DOCUMENT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    let read = source::lines(path)?.take(most).read_to_end(&mut text);
    read.map_err(|cause| source::unreadable(path, &cause))?;
    Ok(text)
}
