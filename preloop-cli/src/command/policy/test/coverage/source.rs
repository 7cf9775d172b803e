//! The source of a policy as lines of a page, each coloured by what the cases made of it.

use std::fmt::Write as _;

use preloop_core::coverage::{CoverageReport, PartCoverage, RuleCoverage, Stretch};

use super::gaps::Gap;
use super::page::{escape, escape_into};

/// How much of something was exercised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// All of it.
    Full,
    /// Some of it.
    Partial,
    /// Nothing.
    Missed,
    /// It is switched off.
    Off,
}

/// A stretch of the text that is marked.
struct Mark {
    from: (u32, u32),
    to: (u32, u32),
    class: &'static str,
    title: String,
}

/// What is known of one file of a policy.
pub(super) struct Source<'r> {
    /// Begins the ids of its lines.
    pub(super) id: String,
    file: Option<&'r str>,
    /// First and last line of each rule, and its state.
    rules: Vec<(u32, u32, State, String)>,
    marks: Vec<Mark>,
    gaps: Vec<&'r Gap<'r>>,
}

impl State {
    /// The class of the style sheet.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Missed => "missed",
            Self::Off => "off",
        }
    }

    /// The sign beside a line, so that colour is not all there is.
    const fn sign(self) -> &'static str {
        match self {
            Self::Full => "✓",
            Self::Partial => "◐",
            Self::Missed => "✗",
            Self::Off => "–",
        }
    }
}

impl<'r> Source<'r> {
    /// What a report says of one file.
    pub(super) fn new(
        id: String,
        file: Option<&'r str>,
        report: &'r CoverageReport,
        gaps: &'r [Gap<'r>],
    ) -> Self {
        let mut source = Self { id, file, rules: Vec::new(), marks: Vec::new(), gaps: Vec::new() };
        for rule in report.tools.iter().flat_map(|tool| &tool.rules) {
            source.rule(rule);
        }
        source.gaps = gaps
            .iter()
            .filter(|gap| gap.place.is_some_and(|place| place.file.as_deref() == file))
            .collect();
        // The wider stretch is opened first.
        source.marks.sort_by_key(|mark| (mark.from, std::cmp::Reverse(mark.to)));
        source
    }

    fn rule(&mut self, rule: &RuleCoverage) {
        if rule.place.file.as_deref() != self.file {
            return;
        }
        let state = state_of(rule);
        let title = if rule.enabled {
            format!(
                "{} came to it: {} matched, {} did not, {} failed",
                calls(rule.reached),
                rule.matched,
                rule.not_matched,
                rule.failed
            )
        } else {
            "switched off".to_owned()
        };
        let Stretch { line, end_line, .. } = rule.place;
        // A rule that several tools share stands in the text once.
        match self.rules.iter_mut().find(|(from, to, ..)| (*from, *to) == (line, end_line)) {
            Some((_, _, known, titles)) => {
                *known = if *known == state { state } else { State::Partial };
                let _ = write!(titles, "; {title}");
            }
            None => self.rules.push((line, end_line, state, title)),
        }
        if rule.reached > 0 {
            self.marks.extend(rule.parts.iter().map(mark));
        }
    }

    /// The lines of the file.
    pub(super) fn html(&self, out: &mut String, text: &str) {
        let _ = writeln!(out, "<table class=\"source\"><tbody>");
        for (number, line) in (1_u32..).zip(text.lines()) {
            self.line(out, number, line);
        }
        out.push_str("</tbody></table>\n");
    }

    fn line(&self, out: &mut String, number: u32, line: &str) {
        let is_blank = line.trim().is_empty() || line.trim_start().starts_with('#');
        let rule = self.rules.iter().find(|(from, to, ..)| (*from..=*to).contains(&number));
        let rule = rule.filter(|_| !is_blank);
        let gaps: Vec<&&Gap<'_>> = self
            .gaps
            .iter()
            .filter(|gap| gap.place.is_some_and(|place| place.line == number))
            .collect();
        let state = rule.map(|(_, _, state, _)| *state);
        // What is missing where no rule stands is about the tool or the defaults.
        let state = state.or((!gaps.is_empty()).then_some(State::Missed));
        let (class, sign) = state.map_or(("", ""), |state| (state.class(), state.sign()));
        let id = &self.id;
        let _ = write!(
            out,
            "<tr id=\"{id}L{number}\" class=\"{class}\"><td class=\"n\"><a href=\"#{id}L{number}\" tabindex=\"-1\">{number}</a></td>"
        );
        let title = rule.filter(|(from, ..)| *from == number);
        match title {
            Some((_, _, _, title)) => {
                let title = escape(title);
                let _ = write!(
                    out,
                    "<td class=\"s\" title=\"{title}\"><span aria-hidden=\"true\">{sign}</span>\
                     <span class=\"hide\">{title}</span></td>"
                );
            }
            None => {
                let _ =
                    write!(out, "<td class=\"s\"><span aria-hidden=\"true\">{sign}</span></td>");
            }
        }
        out.push_str("<td class=\"c\"><code>");
        self.code(out, number, line);
        out.push_str("</code></td></tr>\n");
        for gap in gaps {
            let _ = writeln!(
                out,
                "<tr class=\"gap {class}\"><td class=\"n\"></td><td class=\"s\"></td><td class=\"c\"><a class=\"note\" \
                 href=\"#{id}L{number}\">{}</a></td></tr>",
                escape(&self.note(gap))
            );
        }
    }

    /// A gap beside its line; whose it is goes without saying, unless several tools share the line.
    fn note(&self, gap: &Gap<'_>) -> String {
        let line = |gap: &Gap<'_>| gap.place.map(|place| place.line);
        let is_shared =
            self.gaps.iter().any(|other| line(other) == line(gap) && other.subject != gap.subject);
        if is_shared { gap.words() } else { gap.what.clone() }
    }

    /// The text of a line with its marks.
    fn code(&self, out: &mut String, number: u32, line: &str) {
        let indent = line.chars().take_while(|character| character.is_whitespace()).count();
        let first = u32::try_from(indent).unwrap_or(0) + 1;
        let end = u32::try_from(line.trim_end().chars().count()).unwrap_or(u32::MAX) + 1;
        // The part of each mark that is on this line.
        let mut marks = self
            .marks
            .iter()
            .filter(|mark| mark.from.0 <= number && number <= mark.to.0)
            .map(|mark| {
                let from = if mark.from.0 == number { mark.from.1 } else { first };
                let to = if mark.to.0 == number { mark.to.1 } else { end };
                (from, to, mark)
            })
            .filter(|(from, to, _)| from < to)
            .peekable();
        let mut open: Vec<u32> = Vec::new();
        for (column, character) in (1_u32..).zip(line.chars()) {
            while open.last().is_some_and(|to| *to <= column) {
                open.pop();
                out.push_str("</span>");
            }
            while let Some((_, to, mark)) = marks.next_if(|(from, ..)| *from <= column) {
                let _ = write!(
                    out,
                    "<span class=\"p {}\" title=\"{}\">",
                    mark.class,
                    escape(&mark.title)
                );
                // Marks nest; one that would reach beyond the one around it ends with it.
                open.push(open.last().map_or(to, |around| to.min(*around)));
            }
            escape_into(out, character);
        }
        for _ in open {
            out.push_str("</span>");
        }
    }
}

fn mark(part: &PartCoverage) -> Mark {
    let class = match (part.held, part.did_not_hold) {
        (0, 0) => "never",
        (_, 0) => "only-true",
        (0, _) => "only-false",
        _ => "both",
    };
    let failed = match part.failed {
        0 => String::new(),
        count => format!(", failed for {}", calls(count)),
    };
    let title = format!(
        "{}: true for {}, false for {}{failed}",
        part.expression,
        calls(part.held),
        calls(part.did_not_hold)
    );
    let Stretch { line, column, end_line, end_column, .. } = part.place;
    Mark { from: (line, column), to: (end_line, end_column), class, title }
}

/// How much of a rule was exercised.
pub(super) fn state_of(rule: &RuleCoverage) -> State {
    let is_full = rule.parts.iter().all(|part| part.branches() == 2);
    match (rule.enabled, rule.reached, rule.matched) {
        (false, ..) => State::Off,
        (_, 0, _) => State::Missed,
        (_, _, 0) => State::Partial,
        _ if is_full => State::Full,
        _ => State::Partial,
    }
}

fn calls(count: u64) -> String {
    if count == 1 { "1 call".to_owned() } else { format!("{count} calls") }
}
