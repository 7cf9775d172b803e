//! Literal and folded texts: their header, their lines, and where they end.

use super::sheet::BlockScalar;

/// A block scalar as it was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) scalar: BlockScalar,
    /// The comment behind its header.
    pub(super) comment: Option<String>,
    /// Where its last line ends.
    pub(super) end: usize,
}

/// Reads the block scalar at an offset, whose parent is indented so far.
pub(super) fn read(text: &str, start: usize, parent: usize) -> Option<Found> {
    let rest = text.get(start..)?;
    let (header, body) = rest.split_once('\n').unwrap_or((rest, ""));
    let (signs, comment) = match header.find(" #").or_else(|| header.find("\t#")) {
        Some(at) => {
            (header.get(..at)?, header.get(at + 1..).map(|text| text.trim_end().to_owned()))
        }
        None => (header, None),
    };
    let mut signs = signs.trim_end().chars();
    let style = signs.next().filter(|sign| matches!(sign, '|' | '>'))?;
    let mut said: Option<usize> = None;
    let mut chomping = "";
    for sign in signs {
        match sign {
            '-' => chomping = "-",
            '+' => chomping = "+",
            _ => said = Some(usize::try_from(sign.to_digit(10)?).ok()?),
        }
    }
    let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let first = body.split('\n').find(|line| !line.trim_matches(' ').is_empty());
    let indent = match said {
        Some(digit) => parent + digit,
        None => first.map_or(parent + 1, blanks).max(parent + 1).max(1),
    };
    let mut end = start + header.len();
    let (mut lines, mut kept, mut at) = (Vec::new(), 0, end + 1);
    for line in body.split('\n') {
        let is_blank = line.len() <= indent && line.trim_matches(' ').is_empty();
        if !is_blank && blanks(line) < indent {
            break;
        }
        let is_last = at + line.len() >= text.len();
        if is_last && line.is_empty() {
            break;
        }
        lines.push(line.get(indent..).unwrap_or_default().to_owned());
        if !is_blank || chomping == "+" {
            kept = lines.len();
            end = at + line.len();
        }
        at += line.len() + 1;
    }
    lines.truncate(kept);
    let scalar = BlockScalar { style, is_indented: said.is_some(), chomping, lines };
    Some(Found { scalar, comment, end })
}
