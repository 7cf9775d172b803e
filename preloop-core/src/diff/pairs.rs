//! Which rule of a tool before is which rule after.

use std::collections::BTreeSet;

use crate::document::Condition;

/// Rules whose conditions share at least this part of their words are taken for one rule that was changed.
const LIKENESS_MIN: f64 = 0.34;

/// Which rule became which: by name, then by condition, then by likeness.
pub(super) fn paired(before: &[Condition], after: &[Condition]) -> Vec<(usize, Option<usize>)> {
    let mut pairs: Vec<(usize, Option<usize>)> = (0..before.len()).map(|at| (at, None)).collect();
    let mut taken = BTreeSet::new();
    let mut pair = |matches: &dyn Fn(&Condition, &Condition) -> bool| {
        for ((_, to), rule) in pairs.iter_mut().zip(before) {
            if to.is_some() {
                continue;
            }
            let mut free = after.iter().enumerate().filter(|(at, _)| !taken.contains(at));
            if let Some((at, _)) = free.find(|(_, other)| matches(rule, other)) {
                taken.insert(at);
                *to = Some(at);
            }
        }
    };
    pair(&|one, other| one.name.is_some() && one.name == other.name);
    let may_be = |one: &Condition, other: &Condition| {
        one.name.is_none() || other.name.is_none() || one.name == other.name
    };
    pair(&|one, other| may_be(one, other) && one == other);
    pair(&|one, other| {
        may_be(one, other) && one.expression == other.expression && one.action == other.action
    });
    pair(&|one, other| may_be(one, other) && one.expression == other.expression);
    let mut likely: Vec<(f64, usize, usize)> = Vec::new();
    for (at, _) in pairs.iter().filter(|(_, to)| to.is_none()) {
        for (to, other) in after.iter().enumerate().filter(|(to, _)| !taken.contains(to)) {
            let Some(rule) = before.get(*at).filter(|rule| may_be(rule, other)) else { continue };
            likely.push((likeness(rule, other), *at, to));
        }
    }
    likely.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    for (likeness, at, to) in likely {
        let Some(pair) = pairs.get_mut(at) else { continue };
        if likeness >= LIKENESS_MIN && pair.1.is_none() && taken.insert(to) {
            pair.1 = Some(to);
        }
    }
    pairs
}

/// The part of the words that two conditions share.
fn likeness(one: &Condition, other: &Condition) -> f64 {
    let words = |rule: &Condition| -> BTreeSet<String> {
        let text = rule.expression.clone().unwrap_or_default();
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (one_words, other_words) = (words(one), words(other));
    let shared = one_words.intersection(&other_words).count();
    let all = one_words.union(&other_words).count();
    #[expect(clippy::cast_precision_loss, reason = "conditions have few words")]
    let part = if all == 0 { 0.0 } else { shared as f64 / all as f64 };
    // The same action speaks for the same rule.
    if one.action == other.action { part + 0.1 } else { part }
}
