//! Recorded decisions to tests: what a policy did becomes what is expected of it.
//!
//! The calls of a log are many and alike, so of each outcome of a tool only some are taken. A log
//! holds more than a test file may, so each case is read back before it is taken.

mod text;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use self::text::{Callee, Case, Outcome, fields, line, unlike, without_empty, write_principals};
use super::expectation;
use super::flow::{flow, text};
use super::{TEST_SCHEMA_ADDRESS, TestFile};
use crate::call::{Call, CallRecord, Principal};
use crate::compile::CompiledPolicy;
use crate::decision::{Decision, Reason};
use crate::limits::{DOCUMENT_BYTES_MAX, NAME_CHARS_MAX, TEST_CASES_MAX};
use crate::redact::MASK;

/// What is kept free in the file for its head and for numbers that tell names apart.
const HEAD_BYTES: usize = 64 * 1024;

/// What became of a recorded call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It is a case.
    Case,
    /// The same call is a case already, or there are enough with its outcome.
    Enough,
    /// It cannot be a case; why.
    LeftOut(&'static str),
}

/// Collects cases from recorded decisions.
#[derive(Debug)]
pub struct Recorder<'p> {
    policy: Option<&'p CompiledPolicy>,
    cases_max: usize,
    count: usize,
    /// How long the file is, but for its head.
    bytes: usize,
    groups: BTreeMap<Callee, BTreeMap<Outcome, Vec<Case>>>,
    /// Names of fixtures and what stands behind them, in the order of the log.
    principals: Vec<(String, String)>,
    /// The names of fixtures by what stands behind them.
    names: HashMap<String, String>,
    taken_names: HashSet<String>,
}

// === impl Recorder ===

impl<'p> Recorder<'p> {
    /// A recorder that takes at most so many cases for each outcome of a tool. The policy answers for
    /// calls whose decision is not recorded.
    pub fn new(policy: Option<&'p CompiledPolicy>, cases_max: usize) -> Self {
        Self {
            policy,
            cases_max,
            count: 0,
            bytes: 0,
            groups: BTreeMap::new(),
            principals: Vec::new(),
            names: HashMap::new(),
            taken_names: HashSet::new(),
        }
    }

    /// How many cases there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Takes a recorded call.
    pub fn note(&mut self, record: &CallRecord) -> Noted {
        if !is_name(&record.tool.name) {
            return Noted::LeftOut("its tool has no name that a test could hold");
        }
        let call = Call { now: record.now.or(record.at), ..record.call() };
        let answer = self.policy.map(|policy| policy.evaluate(&call));
        let Some(decision) = record.decision.as_ref().or(answer.as_deref()) else {
            return Noted::LeftOut(
                "its decision is not recorded, and no policy is given to decide it",
            );
        };
        if !is_by_policy(decision.reason) {
            return Noted::LeftOut("it was decided by something else than the policy's rules");
        }
        // What was masked when it was recorded is not what the rules saw.
        let is_same = answer.as_ref().is_some_and(|answer| is_same(answer, decision));
        let earlier = record.session.calls.iter().map(|call| &call.args);
        let mut facts = earlier.chain([&record.args]).chain(record.context.values());
        if !is_same && facts.any(is_masked) {
            return Noted::LeftOut("its arguments are masked");
        }
        self.take(record, decision)
    }

    fn take(&mut self, record: &CallRecord, decision: &Decision) -> Noted {
        let callee = Callee {
            tool: record.tool.name.clone(),
            source: record.tool.source.clone(),
            server: record.tool.server.clone(),
        };
        let outcome = Outcome {
            action: decision.action,
            reason: decision.reason.as_str(),
            rule: decision.rule.as_ref().map(|rule| expectation::name(rule).to_owned()),
        };
        let known = self.groups.get(&callee).and_then(|outcomes| outcomes.get(&outcome));
        let cases = known.map_or(&[][..], Vec::as_slice);
        if cases.len() >= self.cases_max || self.count >= TEST_CASES_MAX {
            return Noted::Enough;
        }
        let principal = self.principal(&record.principal);
        let fields = fields(record, principal.as_ref().map(|(name, _)| name.as_str()));
        if cases.iter().any(|case| case.fields == fields) {
            return Noted::Enough;
        }
        let case = Case { fields, now: record.now.or(record.at).map(|at| at.to_string()) };
        if !is_read_back(record, &callee, &outcome, &case, principal.as_ref()) {
            return Noted::LeftOut("a test file cannot hold its names or values");
        }
        self.add(callee, outcome, case, principal)
    }

    fn add(
        &mut self,
        callee: Callee,
        outcome: Outcome,
        case: Case,
        principal: Option<(String, String)>,
    ) -> Noted {
        let new = principal.filter(|(_, facts)| !self.names.contains_key(facts));
        let mut written = String::new();
        case.write(&mut written);
        write_principals(&mut written, new.as_slice());
        let known = self.groups.get(&callee);
        if known.is_none() {
            callee.write(&mut written, &callee.name());
        }
        if known.is_none_or(|outcomes| !outcomes.contains_key(&outcome)) {
            outcome.write(&mut written, &outcome.name());
        }
        let bytes = self.bytes + written.len();
        if bytes > DOCUMENT_BYTES_MAX - HEAD_BYTES {
            return Noted::LeftOut("the test file is as large as one may be");
        }
        self.bytes = bytes;
        self.count += 1;
        self.groups.entry(callee).or_default().entry(outcome).or_default().push(case);
        if let Some((name, facts)) = new {
            self.taken_names.insert(name.clone());
            self.names.insert(facts.clone(), name.clone());
            self.principals.push((name, facts));
        }
        Noted::Case
    }

    /// The fixture's name for a principal and what stands behind it; none for nobody.
    fn principal(&self, principal: &Principal) -> Option<(String, String)> {
        if *principal == Principal::default() {
            return None;
        }
        let facts = flow(&without_empty(serde_json::to_value(principal).unwrap_or_default()));
        if let Some(name) = self.names.get(&facts) {
            return Some((name.clone(), facts));
        }
        let said = [&principal.name, &principal.id].into_iter().find(|name| is_name(name));
        let base = said.map_or_else(|| "principal".to_owned(), |name| name.replace('.', "-"));
        Some((unlike(&base, &self.taken_names), facts))
    }

    /// The test file: `policy` is the path that it names, `origin` where the decisions come from.
    pub fn to_yaml(&self, policy: Option<&str>, origin: &str) -> String {
        let mut out = format!("# yaml-language-server: $schema={TEST_SCHEMA_ADDRESS}\n");
        if let Some(policy) = policy {
            line(&mut out, 0, &format!("policy: {}", text(policy)));
        }
        let about =
            format!("What was decided in {origin}, written by `preloop policy test --record`");
        line(&mut out, 0, &format!("description: {}", text(&about)));
        if !self.principals.is_empty() {
            out.push_str("\nfixtures:\n  principals:\n");
        }
        write_principals(&mut out, &self.principals);
        out.push_str(if self.groups.is_empty() { "\ngroups: []\n" } else { "\ngroups:\n" });
        let mut groups = HashSet::new();
        for (callee, outcomes) in &self.groups {
            let name = unlike(&callee.name(), &groups);
            callee.write(&mut out, &name);
            groups.insert(name);
            let mut tests = HashSet::new();
            for (outcome, cases) in outcomes {
                let name = unlike(&outcome.name(), &tests);
                outcome.write(&mut out, &name);
                tests.insert(name);
                for case in cases {
                    case.write(&mut out);
                }
            }
        }
        out
    }
}

/// Whether a test file with this case alone is read as the call that was recorded.
fn is_read_back(
    record: &CallRecord,
    callee: &Callee,
    outcome: &Outcome,
    case: &Case,
    principal: Option<&(String, String)>,
) -> bool {
    let mut alone = Recorder::new(None, 1);
    alone.principals.extend(principal.cloned());
    let outcomes = BTreeMap::from([(outcome.clone(), vec![case.clone()])]);
    alone.groups.insert(callee.clone(), outcomes);
    let Ok(file) = TestFile::parse(&alone.to_yaml(None, "a log")) else { return false };
    let [read] = file.cases.as_slice() else { return false };
    let CallRecord { tool, args, principal, session, context, justification, .. } = &read.record;
    read.record.now == record.now.or(record.at)
        && (tool, args) == (&record.tool, &record.args)
        && (principal, session) == (&record.principal, &record.session)
        && (context, justification) == (&record.context, &record.justification)
}

/// Whether a reason is one that a policy gives to a call by itself.
fn is_by_policy(reason: Reason) -> bool {
    !matches!(
        reason,
        Reason::InvalidCall
            | Reason::Granted
            | Reason::Halted
            | Reason::PolicyUnavailable
            | Reason::PolicyStale
    )
}

fn is_same(one: &Decision, other: &Decision) -> bool {
    let parts = |decision: &Decision| {
        let rule = decision.rule.as_ref().map(|rule| expectation::name(rule).to_owned());
        (decision.action, decision.reason, rule)
    };
    parts(one) == parts(other)
}

/// Recursion is bounded by the nesting that arguments may have.
fn is_masked(value: &Value) -> bool {
    match value {
        Value::String(text) => text == MASK,
        Value::Array(items) => items.iter().any(is_masked),
        Value::Object(members) => members.values().any(is_masked),
        _ => false,
    }
}

/// Whether a test file could hold the text as a name.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.chars().any(char::is_control)
        && text.chars().count() <= NAME_CHARS_MAX / 2
}
