//! The name that was probably meant.

use super::look_alike;

/// The candidate nearest to `written`, where it is near enough to be a slip of the fingers:
/// insertions, deletions, substitutions and swapped neighbours, without regard to case.
pub fn nearest<'c>(
    written: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let written: Vec<char> = normalized(written).collect();
    if written.len() > 64 {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let letters: Vec<char> = normalized(candidate).collect();
        let longest = written.len().max(letters.len());
        let distance = distance(&written, &letters);
        let is_near = distance <= longest / 3;
        if is_near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Case, the choice between `-` and `_` and letters that look like others are not worth a step.
fn normalized(name: &str) -> impl Iterator<Item = char> + '_ {
    let seen = name.chars().map(|c| look_alike(c).unwrap_or(c));
    seen.flat_map(char::to_lowercase).map(|c| if c == '-' { '_' } else { c })
}

/// Optimal string alignment distance, three rows at a time.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, l) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, r) in right.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&above, column) + usize::from(l != r);
            let mut least = replaced.min(at(&above, column + 1) + 1).min(at(&current, column) + 1);
            let is_swap = row > 0
                && column > 0
                && left.get(row - 1) == Some(r)
                && right.get(column - 1) == Some(l);
            if is_swap {
                least = least.min(at(&before, column - 1) + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_else() {
        let names = ["conditions", "approval_workflow", "enabled", "name"];
        assert_eq!(nearest("condtions", names), Some("conditions"));
        assert_eq!(nearest("nmae", names), Some("name"));
        assert_eq!(nearest("Enabled", names), Some("enabled"));
        assert_eq!(nearest("approval-workflow", names), Some("approval_workflow"));
        assert_eq!(nearest("approvalWorkflow", names), Some("approval_workflow"));
        assert_eq!(nearest("n\u{430}m\u{435}", names), Some("name"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("", names), None);
    }
}
