//! Flat policies: lists of allowed and denied actions, approvals over an amount, calls that must come first.

mod contradictions;
mod meaning;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use super::{Compiled, placed, value};
use crate::diagnostic::{Code, Diagnostic, Findings, Lines, Report};
use crate::limits::{EVIDENCE_TOOLS_MAX, TEXT_CHARS_MAX, THRESHOLD_USD_MAX, TOOLS_MAX};
use crate::parse::{Decoder, Fields, Kind, NodeId, Path, Places, Section, Tree, field};
use crate::validate::ValidPolicy;

/// A flat policy. Actions are exact names of tools.
///
/// A denied action is denied. Where there are allowed actions, every other one is denied. With `require_approval`
/// the `approval_actions`, or every action where there are none, need an approval; with a threshold only where
/// `args.amount_usd`, else `args.amount`, is over it, missing or no number. Evidence are the tools that must have
/// been called and allowed in the session before an action.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FlatPolicy {
    /// Name, not empty.
    pub name: String,
    /// What the policy is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where not empty, every other action is denied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_actions: Vec<String>,
    /// Actions that are denied, whatever else is said of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub denied_actions: Vec<String>,
    /// Whether approvals are asked for; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_approval: Option<bool>,
    /// Actions that need an approval; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approval_actions: Vec<String>,
    /// Amounts up to this need no approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_threshold_usd: Option<f64>,
    /// For an action the tools that must have been called before.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence_requirements: BTreeMap<String, Vec<String>>,
}

pub(super) static FLAT: Section = Section {
    noun: "a flat policy",
    fields: &[
        field("name"),
        field("description"),
        field("allowed_actions"),
        field("denied_actions"),
        field("require_approval"),
        field("approval_actions"),
        field("approval_threshold_usd"),
        field("evidence_requirements"),
    ],
};

/// The flat policy of a tree and the document that means the same.
pub(super) fn compile(
    text: &str,
    lines: Lines,
    tree: Tree,
    mut findings: Findings,
) -> Result<Compiled, Report> {
    let flat = read(&mut Decoder::new(&tree, text, &lines, &mut findings));
    let places = Places::new(text, lines, tree);
    if findings.has_errors() {
        return Err(findings.into_report());
    }
    for contradiction in contradictions::of(&flat) {
        findings.warning(placed(&places, contradiction));
    }
    let (document, origins) = meaning::document(&flat);
    let told = |problem: &Diagnostic| placed(&places, origins.told(problem));
    match ValidPolicy::from_document(&document) {
        Ok(policy) => {
            for warning in policy.warnings() {
                findings.warning(told(warning));
            }
            let warnings = findings.into_report().warnings;
            Ok(Compiled { written: value(&flat), policy: policy.with_warnings(warnings) })
        }
        Err(report) => {
            for error in &report.errors {
                findings.error(told(error));
            }
            Err(findings.into_report())
        }
    }
}

fn read(decoder: &mut Decoder<'_>) -> FlatPolicy {
    let root = decoder.tree.root();
    let Some(fields) = decoder.fields(&Path::Root, root, &FLAT) else {
        return FlatPolicy::default();
    };
    let flat = FlatPolicy {
        name: decoder.required_name(&fields, "name", "the flat policy"),
        description: given(decoder, &fields, "description")
            .and_then(|node| decoder.text(&fields.at.key("description"), node, TEXT_CHARS_MAX)),
        allowed_actions: actions(decoder, &fields, "allowed_actions"),
        denied_actions: actions(decoder, &fields, "denied_actions"),
        require_approval: given(decoder, &fields, "require_approval")
            .and_then(|node| decoder.boolean(&fields.at.key("require_approval"), node)),
        approval_actions: actions(decoder, &fields, "approval_actions"),
        approval_threshold_usd: given(decoder, &fields, "approval_threshold_usd").and_then(
            |node| {
                let at = fields.at.key("approval_threshold_usd");
                decoder.number(&at, node, 0.0..=THRESHOLD_USD_MAX)
            },
        ),
        evidence_requirements: evidence(decoder, &fields),
    };
    let count = flat.actions().count();
    if count > TOOLS_MAX {
        let message = format!("the policy names {count} actions, at most {TOOLS_MAX} may be");
        decoder.error(Code::TooManyItems, &Path::Root, root, message, "");
    }
    flat
}

/// The value of a field; one that is null is as good as absent.
fn given(decoder: &Decoder<'_>, fields: &Fields<'_>, name: &str) -> Option<NodeId> {
    fields.value(name).filter(|node| !decoder.is_null(*node))
}

fn actions(decoder: &mut Decoder<'_>, fields: &Fields<'_>, name: &str) -> Vec<String> {
    decoder.entries(fields, name, TOOLS_MAX, |decoder, at, node| action(decoder, at, node))
}

/// The exact name of a tool.
fn action(decoder: &mut Decoder<'_>, at: &Path<'_>, node: NodeId) -> String {
    let name = decoder.name(at, node).unwrap_or_default();
    if name.contains(['*', '?']) {
        let message =
            format!("`{name}` is a glob, and the actions of a flat policy are exact names");
        let help = "name each action, or write a policy document, whose tools may be globs";
        decoder.error(Code::InvalidName, at, node, message, help);
    }
    name
}

fn evidence(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> BTreeMap<String, Vec<String>> {
    let mut evidence = BTreeMap::new();
    let Some(node) = given(decoder, fields, "evidence_requirements") else { return evidence };
    let at = fields.at.key("evidence_requirements");
    if !matches!(decoder.tree.node(node).kind, Kind::Mapping(_)) {
        let found = decoder.describe(node);
        let message = format!("a mapping from actions to lists of tools is wanted, found {found}");
        decoder.error(Code::WrongType, &at, node, message, "write `{action: [tool, ...]}`");
        return evidence;
    }
    for (key, list) in decoder.tree.members(node) {
        let written = decoder.tree.text(*key).unwrap_or_default();
        let at = at.key(written);
        let name = action(decoder, &at, *key);
        let items = decoder.items(&at, *list, EVIDENCE_TOOLS_MAX);
        let tools =
            items.iter().enumerate().map(|(index, item)| action(decoder, &at.item(index), *item));
        let mut met = BTreeSet::new();
        let tools = tools.filter(|tool| met.insert(tool.clone())).collect();
        evidence.insert(name, tools);
    }
    evidence
}

// === impl FlatPolicy ===

impl FlatPolicy {
    /// Every action that is named, in the order of the fields, each once.
    fn actions(&self) -> impl Iterator<Item = &str> {
        let mut met = BTreeSet::new();
        let lists = [&self.denied_actions, &self.allowed_actions, &self.approval_actions];
        let listed = lists.into_iter().flatten().chain(self.evidence_requirements.keys());
        listed.map(String::as_str).filter(move |action| met.insert(*action))
    }
}

/// What a flat policy says of an action, looked up.
struct Lookup<'f> {
    flat: &'f FlatPolicy,
    denied: HashSet<&'f str>,
    allowed: HashSet<&'f str>,
    approval: HashSet<&'f str>,
}

// === impl Lookup ===

impl<'f> Lookup<'f> {
    fn new(flat: &'f FlatPolicy) -> Self {
        let set = |list: &'f [String]| list.iter().map(String::as_str).collect();
        Self {
            flat,
            denied: set(&flat.denied_actions),
            allowed: set(&flat.allowed_actions),
            approval: set(&flat.approval_actions),
        }
    }

    fn is_denied(&self, action: &str) -> bool {
        self.denied.contains(action)
    }

    /// Whether there are allowed actions and this one is not among them.
    fn is_left_out(&self, action: &str) -> bool {
        !self.allowed.is_empty() && !self.allowed.contains(action)
    }

    /// Whether an approval is asked for it, over the threshold where there is one.
    fn needs_approval(&self, action: &str) -> bool {
        self.flat.require_approval == Some(true)
            && (self.approval.is_empty() || self.approval.contains(action))
    }
}
