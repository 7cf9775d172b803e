//! `--mutate`: small changes of each policy, one at a time, and which of them no case notices.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use preloop_core::coverage::Share;
use preloop_core::mutate::{Fate, Kind, Mutation, Survivor, Test};
use serde::Serialize;

use super::share::Percent;
use super::tested::Tested;
use crate::failure::Failure;
use crate::output::{Output, Page, Style, prompt, visible};

/// How often a person is told how far it is.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What the cases made of the changes of every policy.
#[derive(Serialize)]
pub(super) struct MutationOutcome {
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<Percent>,
    /// Each policy.
    policies: Vec<PolicyMutation>,
}

/// What the cases of one policy made of its changes.
#[derive(Serialize)]
struct PolicyMutation {
    /// What the policy is called in messages.
    file: String,
    /// Changes that were tried.
    mutants: u64,
    /// Changes that made a case fail.
    killed: u64,
    /// The same by the sort of change.
    kinds: BTreeMap<&'static str, Share>,
    /// Changes that nobody would have caught.
    survivors: Vec<Survived>,
}

/// A change that nobody would have caught.
#[derive(Serialize)]
struct Survived {
    /// How many cases came to what was changed.
    looked: usize,
    #[serde(flatten)]
    survivor: Survivor,
}

/// Tries every change of every policy.
pub(super) fn try_changes(
    tested: &[Tested<'_>],
    threshold: Option<Percent>,
    output: Output,
) -> Result<MutationOutcome, Failure> {
    let policies =
        tested.iter().map(|tested| one(tested, output)).collect::<Result<_, Failure>>()?;
    Ok(MutationOutcome { threshold, policies })
}

fn one(tested: &Tested<'_>, output: Output) -> Result<PolicyMutation, Failure> {
    let tests = tested.cases.iter().map(|(_, case)| {
        Test::new(case.call(), |decision| case.expectation.check(decision).is_empty())
    });
    let file = tested.policy.name.clone();
    let mut mutation = Mutation::new(tested.valid()?, tests.collect()).map_err(|failing| {
        let count = failing.len();
        Failure::new("failing_tests", format!("{count} cases of `{file}` fail as it is"))
    })?;
    let mut progress = Progress::new(output, mutation.mutants().len());
    let mut kinds: BTreeMap<Kind, Share> = BTreeMap::new();
    let mut survivors = Vec::new();
    for number in 0..mutation.mutants().len() {
        let Some(fate) = mutation.judge(number) else { continue };
        let kind =
            mutation.mutants().get(number).map_or(Kind::Rule, preloop_core::mutate::Mutant::kind);
        let share = kinds.entry(kind).or_default();
        share.all += 1;
        match fate {
            Fate::Killed { .. } => share.seen += 1,
            Fate::Survived { looked } => {
                if let Some(mut survivor) = mutation.survivor(number) {
                    survivor.file.get_or_insert_with(|| file.clone());
                    survivors.push(Survived { looked, survivor });
                }
            }
        }
        progress.tell(number, survivors.len());
    }
    progress.clear();
    let sum = |count: fn(&Share) -> u64| kinds.values().map(count).sum();
    Ok(PolicyMutation {
        file,
        mutants: sum(|share| share.all),
        killed: sum(|share| share.seen),
        kinds: kinds.iter().map(|(kind, share)| (kind.as_str(), *share)).collect(),
        survivors,
    })
}

impl MutationOutcome {
    /// Whether the cases of every policy notice as much as was asked for.
    pub(super) fn is_enough(&self) -> bool {
        self.policies.iter().all(|policy| self.is_met(policy))
    }

    fn is_met(&self, policy: &PolicyMutation) -> bool {
        self.threshold.is_none_or(|threshold| threshold.is_met(policy.killed, policy.mutants))
    }

    /// Shows the scores, and each survivor as the change that it is.
    pub(super) fn show(&self, page: &mut Page) {
        for policy in &self.policies {
            page.blank();
            let score = Share { seen: policy.killed, all: policy.mutants };
            let style = if self.is_met(policy) { Style::Green } else { Style::Red };
            let name = page.styled(Style::Bold, &visible(&policy.file));
            let percent = page.styled(style, &score.percent());
            let (killed, all) = (policy.killed, policy.mutants);
            page.line(format!("{name}: {percent} of the changes are noticed ({killed} of {all})"));
            if let Some(threshold) = self.threshold.filter(|_| !self.is_met(policy)) {
                let wanted = threshold.shown();
                page.line(page.styled(Style::Red, &format!("  at least {wanted} is asked for")));
            }
            if !policy.survivors.is_empty() {
                page.line("  nobody would have caught:");
            }
            for survived in &policy.survivors {
                show_survivor(page, survived);
            }
        }
    }
}

fn show_survivor(page: &mut Page, survived: &Survived) {
    let Survivor { file, line, column, tool, rule, path, change, before, after, .. } =
        &survived.survivor;
    let shared = match survived.survivor.shared_with.as_slice() {
        [] => String::new(),
        others => format!(" (and {})", others.join(", ")),
    };
    let place = format!("{}:{line}:{column}", file.as_deref().unwrap_or_default());
    let place = page.styled(Style::Dim, &visible(&place));
    let what = match (tool, rule) {
        (Some(tool), Some(rule)) => format!("{tool}{shared}, {rule}"),
        (Some(tool), None) => format!("{tool}{shared}, {path}"),
        (None, _) => path.clone(),
    };
    let looked = match survived.looked {
        0 => "no case comes here".to_owned(),
        1 => "1 case comes here".to_owned(),
        count => format!("{count} cases come here"),
    };
    page.blank();
    page.line(format!("  {place}  {}", visible(&what)));
    let looked = page.styled(Style::Dim, &format!("({looked})"));
    page.line(format!("    {} {looked}", visible(change)));
    for (sign, style, lines) in [("-", Style::Red, before), ("+", Style::Green, after)] {
        for line in lines {
            page.line(page.styled(style, &format!("    {sign} {}", visible(line))));
        }
    }
}

/// How far it is, for a person who waits at a terminal.
struct Progress {
    is_shown: bool,
    all: usize,
    told: Option<Instant>,
}

impl Progress {
    fn new(output: Output, all: usize) -> Self {
        Self { is_shown: !output.is_json() && io::stderr().is_terminal(), all, told: None }
    }

    fn tell(&mut self, number: usize, survivors: usize) {
        if !self.is_shown || self.told.is_some_and(|told| told.elapsed() < PROGRESS_EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let all = self.all;
        prompt(&format!("\r\u{1b}[Kchange {} of {all}, {survivors} not noticed", number + 1));
    }

    fn clear(&self) {
        if self.told.is_some() {
            prompt("\r\u{1b}[K");
        }
    }
}
