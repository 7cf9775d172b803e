//! What a search costs. Most patterns read each byte of the text once; a few must follow many ways through it at once.
//!
//! A pattern that is a small automaton is searched in one step a byte. Where the automaton would be too large, as that of
//! `(a|b)*a(a|b){20}`, a search may take as many steps a byte as the pattern has states (R. Cox, "Regular Expression
//! Matching in the Virtual Machine Approach"), and whoever chooses the text can make it so: such a search costs more.

use regex_automata::dfa::{StartKind, dense};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_syntax::hir::Hir;

/// A pattern with no more choices than this is a small automaton, or nearly.
const LIGHT: usize = 10;
/// The largest automaton that is small, in bytes; finding out takes three milliseconds at most.
const SMALL_BYTES: usize = 32 * 1024;
/// How many ways are followed at the price of one.
const WAYS_AT_ONCE: usize = 8;

/// Whether the pattern has so few choices that no automaton is made to find out. `weight` is how many classes it asks for,
/// counting repetitions, where it was worked out.
pub(super) fn is_light(pattern: &str, weight: u64) -> bool {
    let written = pattern.bytes().filter(|byte| b".[|?*+".contains(byte)).count();
    written <= LIGHT && usize::try_from(weight).is_ok_and(|weight| weight <= LIGHT)
}

/// How many times a text is paid for when it is searched for a pattern that is not light; one for nearly all.
pub(super) fn of(pattern: &Hir) -> usize {
    let ways = thompson::Config::new().which_captures(WhichCaptures::None);
    let Ok(ways) = thompson::Compiler::new().configure(ways).build_from_hir(pattern) else {
        // What the crate that searches takes, this one takes; where not, the search has a price all the same.
        return SMALL_BYTES;
    };
    let small = dense::Config::new()
        .start_kind(StartKind::Unanchored)
        .dfa_size_limit(Some(SMALL_BYTES))
        .determinize_size_limit(Some(SMALL_BYTES));
    match dense::Builder::new().configure(small).build_from_nfa(&ways) {
        Ok(_) => 1,
        Err(_) => ways.states().len().div_ceil(WAYS_AT_ONCE),
    }
}
