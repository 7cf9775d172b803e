//! Many rules of one tool that look for text in the same argument: one pass finds the first of them that matches.

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, Input as Haystack};

use super::entry::Rule;
use crate::cel::{ArgPath, Found, Place, Reader};
use crate::condition::Condition;

/// With fewer rules one search after the other is as quick.
const RULES_MIN: usize = 8;
/// Most groups of one tool; the rules of further ones are tested one by one.
pub(crate) const GROUPS_MAX: usize = 4;

/// The rules that look for text in one argument.
#[derive(Debug)]
pub(crate) struct TextSearch {
    path: ArgPath,
    automaton: AhoCorasick,
    /// The number of the rule of each pattern, in rule order.
    rules: Vec<usize>,
}

/// A rule's part in a [`TextSearch`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Membership {
    /// Which of the entry's searches.
    pub(crate) group: usize,
    /// The first rule behind this one that is not of the same search.
    pub(crate) run_end: usize,
}

/// What a search knows of one call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Findings {
    /// Nothing yet.
    #[default]
    Unknown,
    /// The argument is no text, or too long: each rule has to be asked.
    OneByOne,
    /// The number of the first rule that matches; none does where it is past them all.
    First(usize),
}

/// Groups the rules, and tells each of them its group.
pub(crate) fn group(rules: &mut [Rule]) -> Vec<TextSearch> {
    let mut groups: Vec<(ArgPath, Vec<usize>)> = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        let Some((path, _)) = rule.condition().and_then(Condition::text_search) else { continue };
        match groups.iter_mut().find(|(known, _)| known.slot() == path.slot()) {
            Some((_, members)) => members.push(number),
            None => groups.push((path.clone(), vec![number])),
        }
    }
    groups.retain(|(_, members)| members.len() >= RULES_MIN);
    groups.truncate(GROUPS_MAX);
    let searches: Vec<TextSearch> =
        groups.into_iter().filter_map(|(path, members)| search(path, members, rules)).collect();
    for (group, search) in searches.iter().enumerate() {
        let mut run_end = rules.len();
        let mut behind = rules.len();
        for number in search.rules.iter().rev() {
            if number.saturating_add(1) != behind {
                run_end = number.saturating_add(1);
            }
            behind = *number;
            if let Some(rule) = rules.get_mut(*number) {
                rule.membership = Some(Membership { group, run_end });
            }
        }
    }
    searches
}

/// None where the automaton would be too large, so that the rules stay on their own.
fn search(path: ArgPath, members: Vec<usize>, rules: &[Rule]) -> Option<TextSearch> {
    let needles = members.iter().filter_map(|number| {
        rules.get(*number)?.condition()?.text_search().map(|(_, needle)| needle)
    });
    let automaton = AhoCorasick::new(needles).ok()?;
    (automaton.patterns_len() == members.len()).then_some(TextSearch {
        path,
        automaton,
        rules: members,
    })
}

impl TextSearch {
    /// Looks for every text at once. `fuel` is the budget of each single rule.
    pub(crate) fn run<'e, P: Place<'e>>(&self, reader: &mut Reader<'e, P>, fuel: u64) -> Findings {
        let Some(text) = reader.find(&self.path).and_then(Found::text) else {
            return Findings::OneByOne;
        };
        if !Condition::can_search(text, fuel) {
            return Findings::OneByOne;
        }
        let haystack = Haystack::new(text);
        let mut state = OverlappingState::start();
        let mut first = usize::MAX;
        loop {
            if self.automaton.try_find_overlapping(haystack.clone(), &mut state).is_err() {
                return Findings::OneByOne;
            }
            let Some(found) = state.get_match() else { return Findings::First(first) };
            // INVARIANT: patterns are in rule order, so the least pattern is the first rule.
            let Some(rule) = self.rules.get(found.pattern().as_usize()) else {
                return Findings::OneByOne;
            };
            first = first.min(*rule);
            if self.rules.first() == Some(&first) {
                return Findings::First(first);
            }
        }
    }
}
