//! Two policies compared: what the documents say otherwise, and which calls are answered otherwise.
//!
//! The structure is compared by name. The meaning is searched: what the two have to say of a tool is taken apart
//! (`reading`), values are made of the constants found there (`values`, `texts`), calls of these values are run
//! through both policies (`search`), and the smallest one that is answered otherwise is told. So an example is never
//! wrong, and no example is no proof; a proof is only what `normal` brings to the same form.
//!
//! ```
//! use preloop_core::ValidPolicy;
//! use preloop_core::diff::{Verdict, diff};
//!
//! let policy = |limit: u32| {
//!     let text = format!(
//!         "version: '1.0'
//! metadata: {{name: refunds}}
//! tools:
//!   - name: refund
//!     conditions: [{{expression: args.amount > {limit}, action: deny}}]
//! ");
//!     ValidPolicy::parse(&text).unwrap()
//! };
//! let report = diff(&policy(500), &policy(1000));
//! assert_eq!(report.verdict, Verdict::Loosened);
//! assert_eq!(serde_json::to_value(&report.examples[0].call).unwrap()["args"]["amount"], 501);
//! ```

mod builder;
mod compared;
mod effects;
mod instants;
mod kinds;
mod normal;
mod pairs;
mod place;
mod reading;
mod record;
mod report;
mod schemas;
mod search;
mod space;
mod structure;
mod texts;
mod values;
mod workflows;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use report::{
    Answer, Change, ChangeKind, Effect, Example, FieldChange, PolicyDiff, Searched, Section,
    ToolMeaning, Verdict,
};

pub use schemas::ToolSchemas;

use crate::compile::CompiledPolicy;
use crate::decision::PolicyRef;
use crate::validate::ValidPolicy;
use compared::Group;
use kinds::{Kind, positions};
use normal::Side;
use search::{Search, Witness};

/// The most calls that are tried for one kind of tool, unless the caller says otherwise.
pub const BUDGET_DEFAULT: u64 = 60_000;
/// Most examples of one entry.
const EXAMPLES_EACH: usize = 6;
/// Most examples of a report.
const EXAMPLES_MAX: usize = 60;
/// Kinds of tools that are searched with the full budget; beyond, all share what these may spend.
const KINDS_FULL: u64 = 20;

/// How to compare.
#[derive(Clone, Copy, Debug)]
pub struct Options<'o> {
    /// The most calls that are tried for one kind of tool.
    pub budget: u64,
    /// Input schemas of tools: examples are then calls that these take.
    pub schemas: Option<&'o ToolSchemas>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { budget: BUDGET_DEFAULT, schemas: None }
    }
}

/// Compares two policies.
pub fn diff(before: &ValidPolicy, after: &ValidPolicy) -> PolicyDiff {
    diff_with(before, after, Options::default())
}

/// Compares two policies, looking as hard as the options say.
pub fn diff_with(before: &ValidPolicy, after: &ValidPolicy, options: Options<'_>) -> PolicyDiff {
    let sides = [before, after].map(|policy| Side {
        policy: CompiledPolicy::compile(policy.again()),
        document: policy.document(),
    });
    let [one, other] = &sides;
    let changes = structure::changes(one.document, other.document);
    let mut report = PolicyDiff {
        verdict: Verdict::SameMeaning,
        changed: one.document != other.document,
        before: reference(before),
        after: reference(after),
        effects: effects::effects(one.document, other.document),
        changes,
        tools: Vec::new(),
        examples: Vec::new(),
        searched: Searched { budget: options.budget, ..Searched::default() },
    };
    if report.changed {
        meaning([one, other], options, &mut report);
    } else {
        report.searched.all_tools = true;
    }
    report
}

fn reference(policy: &ValidPolicy) -> PolicyRef {
    let name = policy.document().metadata.name.clone();
    PolicyRef { name, digest: policy.digest().to_owned() }
}

/// What was found of one entry's tools.
#[derive(Default)]
struct OfEntry {
    source: Option<String>,
    groups: BTreeMap<(Group, Verdict), Example>,
    calls: u64,
    is_exhausted: bool,
}

fn meaning(sides: [&Side<'_>; 2], options: Options<'_>, report: &mut PolicyDiff) {
    let kinds = kinds::differing(sides, options.schemas);
    let searched = &mut report.searched;
    searched.all_tools = kinds.is_complete;
    searched.tools = kinds.differing.len();
    let count = u64::try_from(kinds.differing.len()).unwrap_or(u64::MAX).max(1);
    let budget = options.budget.min(options.budget.saturating_mul(KINDS_FULL) / count).max(200);
    let mut entries: BTreeMap<(String, Option<String>), OfEntry> = BTreeMap::new();
    for kind in &kinds.differing {
        let name = entry_name(sides, kind);
        let schema = options.schemas.and_then(|schemas| schemas.of(&kind.name));
        let mut search = Search::new(sides, kind, budget, schema);
        search.run();
        searched.calls = searched.calls.saturating_add(search.calls);
        searched.not_searched.extend(search.space.unread.iter().cloned());
        let of_entry = entries.entry(name.clone()).or_insert_with(|| OfEntry {
            source: name.1.clone(),
            is_exhausted: true,
            ..OfEntry::default()
        });
        of_entry.calls = of_entry.calls.saturating_add(search.calls);
        of_entry.is_exhausted &= search.is_exhausted;
        for (group, witness) in std::mem::take(&mut search.found) {
            let verdict = witness.compared.verdict;
            let example = example(&search, &name.0, witness);
            of_entry.groups.entry((group, verdict)).or_insert(example);
        }
    }
    searched.not_searched.sort();
    searched.not_searched.dedup();
    let all_same = kinds.differing.is_empty() && kinds.is_complete;
    let mut verdict = if all_same { Verdict::SameMeaning } else { Verdict::Unknown };
    for effect in &report.effects {
        verdict = verdict.and(effect.verdict);
    }
    for ((tool, _), of_entry) in entries {
        verdict = verdict.and(of_entry.told(tool, &mut report.tools, &mut report.examples));
    }
    report.examples.sort_by_key(|example| std::cmp::Reverse(example.verdict));
    report.examples.truncate(EXAMPLES_MAX);
    report.verdict = verdict;
}

impl OfEntry {
    fn told(
        self,
        tool: String,
        tools: &mut Vec<ToolMeaning>,
        examples: &mut Vec<Example>,
    ) -> Verdict {
        let found = self.groups.keys().map(|(_, verdict)| *verdict).reduce(Verdict::and);
        let verdict = found.unwrap_or(Verdict::Unknown);
        tools.push(ToolMeaning {
            tool,
            source: self.source,
            verdict,
            differences: self.groups.len(),
            calls: self.calls,
            is_exhausted: self.is_exhausted,
        });
        let is_clean = |verdict: Verdict| {
            self.groups.keys().any(|(group, each)| *each == verdict && !group.is_of_errors())
        };
        let clean = [Verdict::Loosened, Verdict::Tightened, Verdict::Both].map(|verdict| {
            // A call that rules can judge says more than one that they cannot.
            (verdict, is_clean(verdict))
        });
        let told = self.groups.into_iter().filter(|((group, verdict), _)| {
            !group.is_of_errors() || !clean.contains(&(*verdict, true))
        });
        examples.extend(told.map(|(_, example)| example).take(EXAMPLES_EACH));
        verdict
    }
}

/// The entry by which a kind is known: the one after, else the one before, else the tool's own name.
fn entry_name(sides: [&Side<'_>; 2], kind: &Kind) -> (String, Option<String>) {
    let [before, after] = sides;
    for (side, fits) in [(after, &kind.after), (before, &kind.before)] {
        let entry = positions(fits).first().and_then(|at| side.document.tools.get(*at));
        if let Some(tool) = entry {
            return (tool.name.clone(), tool.source.clone());
        }
    }
    (kind.name.clone(), kind.source.clone())
}

fn example(search: &Search<'_, '_>, tool: &str, witness: Witness) -> Example {
    Example {
        tool: tool.to_owned(),
        verdict: witness.compared.verdict,
        call: search.space.record(&witness.state),
        before: Answer::from(&witness.before),
        after: Answer::from(&witness.after),
        note: witness.compared.note,
    }
}
