//! Texts that tell patterns apart: for each set of patterns that one text can find together, a shortest such text.
//!
//! All patterns are run as one automaton whose states are walked breadth first, so what is found first is shortest.

use std::collections::{BTreeSet, HashSet, VecDeque};

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::{Class, Hir, HirKind};

/// Most patterns that are looked at together; a set of them is the bits of one number.
const PATTERNS_MAX: usize = 64;
/// Most states that are walked through.
const STATES_MAX: usize = 12_000;
/// Most texts that are kept.
const TEXTS_MAX: usize = 160;
/// Room for the automaton.
const CACHE_BYTES: usize = 8 * 1024 * 1024;
/// Characters to try, the ones that people like to read first.
const PREFERRED: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -_./:@,=+;&|<>$#%*?!~^\"'`()[]{}\\\t\n";
/// Characters outside ASCII that stand for all others.
const FOREIGN: [char; 2] = ['é', '世'];

/// A text on the way: where it came from, and its last character.
struct Node {
    parent: usize,
    character: Option<char>,
    state: LazyStateID,
    found: u64,
}

/// For each set of patterns that was met, a shortest text that finds exactly these; none where they cannot be run.
pub(super) fn telling_apart(patterns: &BTreeSet<String>) -> Vec<String> {
    let patterns: Vec<&String> = patterns.iter().take(PATTERNS_MAX).collect();
    walk(&patterns).unwrap_or_default()
}

fn walk(patterns: &[&String]) -> Option<Vec<String>> {
    let config = DFA::config()
        .match_kind(MatchKind::All)
        .cache_capacity(CACHE_BYTES)
        .skip_cache_capacity_check(true)
        .minimum_cache_clear_count(Some(0));
    let dfa = DFA::builder().configure(config).build_many(patterns).ok()?;
    let mut cache = dfa.create_cache();
    let alphabet = alphabet(&dfa, patterns);
    let start = Input::new("").anchored(Anchored::No);
    let state = dfa.start_state_forward(&mut cache, &start).ok()?;
    let mut nodes = vec![Node { parent: 0, character: None, state, found: 0 }];
    let mut met: HashSet<(LazyStateID, u64)> = HashSet::from([(state, 0)]);
    let mut sets: HashSet<u64> = HashSet::new();
    let mut texts = Vec::new();
    let mut open = VecDeque::from([0_usize]);
    while let Some(number) = open.pop_front() {
        let Some(&Node { state, found, .. }) = nodes.get(number) else { break };
        let end = dfa.next_eoi_state(&mut cache, state).ok()?;
        if sets.insert(found | matches(&dfa, &cache, end)) {
            texts.push(text(&nodes, number));
            if texts.len() >= TEXTS_MAX {
                break;
            }
        }
        for character in &alphabet {
            if nodes.len() >= STATES_MAX {
                break;
            }
            // The automaton gives up where it outgrows its room: what was found stands.
            let Some((next, more)) = step(&dfa, &mut cache, state, *character) else { continue };
            let next_found = found | more;
            if met.insert((next, next_found)) {
                let character = Some(*character);
                nodes.push(Node { parent: number, character, state: next, found: next_found });
                open.push_back(nodes.len().saturating_sub(1));
            }
        }
    }
    Some(texts)
}

fn step(
    dfa: &DFA,
    cache: &mut Cache,
    state: LazyStateID,
    character: char,
) -> Option<(LazyStateID, u64)> {
    let mut bytes = [0; 4];
    let mut state = state;
    let mut found = 0;
    for byte in character.encode_utf8(&mut bytes).bytes() {
        state = dfa.next_state(cache, state, byte).ok()?;
        if state.is_quit() {
            return None;
        }
        found |= matches(dfa, cache, state);
    }
    Some((state, found))
}

fn matches(dfa: &DFA, cache: &Cache, state: LazyStateID) -> u64 {
    if !state.is_match() {
        return 0;
    }
    (0..dfa.match_len(cache, state))
        .filter_map(|index| 1_u64.checked_shl(dfa.match_pattern(cache, state, index).as_u32()))
        .fold(0, |set, bit| set | bit)
}

fn text(nodes: &[Node], mut number: usize) -> String {
    let mut characters = Vec::new();
    while let Some(Node { parent, character: Some(character), .. }) = nodes.get(number) {
        characters.push(*character);
        number = *parent;
    }
    characters.into_iter().rev().collect()
}

/// One character for each kind that the automaton tells apart, and those outside ASCII that patterns name.
fn alphabet(dfa: &DFA, patterns: &[&String]) -> Vec<char> {
    let classes = dfa.byte_classes();
    let mut seen = HashSet::new();
    let mut alphabet: Vec<char> = PREFERRED
        .chars()
        .filter(|character| {
            u8::try_from(*character).is_ok_and(|byte| seen.insert(classes.get(byte)))
        })
        .collect();
    let mut foreign: BTreeSet<char> = FOREIGN.into_iter().collect();
    for pattern in patterns {
        if let Ok(hir) = regex_syntax::parse(pattern) {
            collect_foreign(&hir, &mut foreign);
        }
    }
    alphabet.extend(foreign);
    alphabet
}

fn collect_foreign(hir: &Hir, into: &mut BTreeSet<char>) {
    const MOST: usize = 24;
    if into.len() >= MOST {
        return;
    }
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = String::from_utf8_lossy(&literal.0);
            into.extend(text.chars().filter(|character| !character.is_ascii()).take(MOST));
        }
        HirKind::Class(Class::Unicode(class)) => {
            let edges = class.ranges().iter().flat_map(|range| [range.start(), range.end()]);
            let shown = edges.filter(|edge| !edge.is_ascii() && edge.is_alphanumeric());
            into.extend(shown.take(4));
        }
        HirKind::Repetition(repetition) => collect_foreign(&repetition.sub, into),
        HirKind::Capture(capture) => collect_foreign(&capture.sub, into),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            for part in parts {
                collect_foreign(part, into);
            }
        }
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(Class::Bytes(_)) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(patterns: &[&str]) -> Vec<String> {
        telling_apart(&patterns.iter().map(|&pattern| pattern.to_owned()).collect())
    }

    #[test]
    fn each_set_that_a_text_can_find_is_met() {
        let found = texts(&["^rm -rf", "^rm -r"]);
        assert_eq!(found, ["", "rm -r", "rm -rf"]);
        let found = texts(&["rm", "^sudo ", "prod$"]);
        for (rm, sudo, prod) in (0..8).map(|set| (set & 1 > 0, set & 2 > 0, set & 4 > 0)) {
            assert!(
                found.iter().any(|text| {
                    text.contains("rm") == rm
                        && text.starts_with("sudo ") == sudo
                        && text.ends_with("prod") == prod
                }),
                "{rm} {sudo} {prod}: {found:?}"
            );
        }
    }

    #[test]
    fn a_loosened_pattern_is_told_apart() {
        for (before, after) in [
            (r"^[a-z]+$", r"^[a-z0-9]+$"),
            (r"^\d{3}$", r"^\d{2,3}$"),
            (r"^api\.example\.com$", r"^api.example.com$"),
            (r"^(ls|cat)$", r"^(ls|cat|rm)$"),
            (r"^safe$", r"safe"),
            (r"drop", r"(?i)drop"),
            (r"^[a-z]+$", r"^[a-zé]+$"),
        ] {
            let found = texts(&[before, after]);
            let (one, other) =
                (regex::Regex::new(before).unwrap(), regex::Regex::new(after).unwrap());
            assert!(
                found.iter().any(|text| !one.is_match(text) && other.is_match(text)),
                "{before} {after}: {found:?}"
            );
        }
    }
}
