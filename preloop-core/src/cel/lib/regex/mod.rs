//! Regular expressions: linear in the text by construction, bounded in size, nesting and the time that building takes.

mod brackets;
mod dialect;
mod effort;
mod folding;
mod price;
mod reread;
mod search;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use regex_automata::meta::{self, BuildError};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use super::{LibError, quoted};
pub(crate) use reread::Reread;
pub(crate) use search::{extract, extract_all, replace};

/// The longest pattern, in bytes. A constant one is bounded by its expression already.
const MAX_PATTERN_BYTES: usize = 10_000;
/// The largest compiled pattern, in bytes.
const MAX_PROGRAM_BYTES: usize = 1_000_000;
/// What a search may keep of the automata that it builds as it goes, in bytes.
const MAX_CACHE_BYTES: usize = 2 << 20;
/// How many classes a pattern may ask for, counting repetitions: with more, a search takes milliseconds.
const MAX_WEIGHT: u64 = 700;
/// The most that a pattern may cost to read and build, in units of the budget: about what five milliseconds are enough for.
const MAX_EFFORT: u64 = 150_000;
/// How deep groups and repetitions may be nested.
const MAX_DEPTH: u32 = 64;

/// A compiled pattern, which remembers how it was written.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    source: Box<str>,
    /// The same in the syntax of what runs it.
    text: Box<str>,
    regex: meta::Regex,
    price: usize,
    /// The longest match, where there is a longest.
    longest: Option<usize>,
}

impl Pattern {
    /// The pattern as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.source
    }

    /// The pattern as it is run, in the syntax of the `regex` crate.
    pub(crate) fn regex_text(&self) -> &str {
        &self.text
    }

    /// How many times over the bytes of a text are paid.
    pub(crate) const fn price(&self) -> usize {
        self.price
    }

    /// How many bytes a search of a text is paid as.
    pub(crate) fn scanned(&self, text: &str) -> usize {
        text.len().saturating_mul(self.price)
    }

    /// `text.matches(pattern)`: whether the pattern is found anywhere.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// A pattern whose syntax is known; what its classes stand for is not.
#[derive(Debug)]
pub(crate) struct Draft<'p> {
    source: &'p str,
    text: Cow<'p, str>,
    weight: u64,
    folding: u64,
}

/// A pattern that was read and is not built yet.
#[derive(Debug)]
pub(crate) struct Plan<'p> {
    draft: Draft<'p>,
    parsed: Hir,
    effort: u64,
}

impl<'p> Draft<'p> {
    /// What it costs to work out its classes beside reading them, in units of the budget.
    pub(crate) const fn folding(&self) -> u64 {
        self.folding
    }

    /// Works out its classes.
    pub(crate) fn plan(self) -> Result<Plan<'p>, LibError> {
        self.check_effort(0)?;
        let parsed = ParserBuilder::new()
            .nest_limit(MAX_DEPTH)
            .build()
            .parse(&self.text)
            .map_err(|error| invalid(self.source, &error))?;
        let effort = effort::of_building(&parsed, price::is_light(&self.text, self.weight));
        Ok(Plan { draft: self, parsed, effort })
    }

    /// Refuses what would take too long; `building` is what building costs, as far as that is known.
    fn check_effort(&self, building: u64) -> Result<(), LibError> {
        let all = reading_effort(self.source).saturating_add(self.folding).saturating_add(building);
        if all <= MAX_EFFORT {
            return Ok(());
        }
        Err(LibError::invalid(format!(
            "the pattern {} takes too long to build: repeat less of it, or use smaller classes",
            quoted(self.source)
        )))
    }
}

impl Plan<'_> {
    /// What it costs to build, in units of the budget.
    pub(crate) const fn effort(&self) -> u64 {
        self.effort
    }

    /// Builds it. This is by far the dearest function here, so it pays to do it once.
    pub(crate) fn build(self) -> Result<Pattern, LibError> {
        let Self { draft, parsed, effort } = self;
        draft.check_effort(effort)?;
        let config = meta::Config::new()
            .nfa_size_limit(Some(MAX_PROGRAM_BYTES))
            .hybrid_cache_capacity(MAX_CACHE_BYTES);
        let regex = meta::Builder::new()
            .configure(config)
            .build_from_hir(&parsed)
            .map_err(|error| too_large(draft.source, &error))?;
        let is_light = price::is_light(&draft.text, draft.weight);
        let price = if is_light { 1 } else { price::of(&parsed) };
        let longest = parsed.properties().maximum_len();
        let text = draft.text.into_owned().into_boxed_str();
        Ok(Pattern { source: draft.source.into(), text, regex, price, longest })
    }
}

/// Compiles a pattern that nobody pays for.
pub(crate) fn compile(pattern: &str) -> Result<Pattern, LibError> {
    read(pattern)?.plan()?.build()
}

/// What reading a pattern costs, in units of the budget.
pub(crate) fn reading_effort(pattern: &str) -> u64 {
    effort::of_reading(pattern.len().min(MAX_PATTERN_BYTES))
}

/// Reads a pattern and refuses what is too large to be built.
pub(crate) fn read(pattern: &str) -> Result<Draft<'_>, LibError> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(LibError::invalid(format!(
            "the pattern {} is longer than {MAX_PATTERN_BYTES} bytes",
            quoted(pattern)
        )));
    }
    let plain = brackets::plain(pattern).map_err(|class| {
        let pattern = quoted(pattern);
        LibError::invalid(format!("{pattern} is not a regular expression: no class `{class}`"))
    })?;
    let translated = dialect::translate(&plain, MAX_DEPTH, MAX_WEIGHT);
    if translated.weight > MAX_WEIGHT {
        return Err(LibError::invalid(format!(
            "the pattern {} asks for {} classes of characters, counting repetitions, where at most {MAX_WEIGHT} are \
             allowed",
            quoted(pattern),
            translated.weight
        )));
    }
    let (weight, folding) = (translated.weight, translated.folding);
    let spelled = match translated.text {
        Cow::Owned(spelled) => Some(spelled),
        Cow::Borrowed(_) => None,
    };
    Ok(Draft { source: pattern, text: spelled.map_or(plain, Cow::Owned), weight, folding })
}

/// The parser draws the pattern over several lines; its last line says what is wrong.
fn invalid(pattern: &str, error: &regex_syntax::Error) -> LibError {
    let text = error.to_string();
    let last = text.lines().next_back().unwrap_or("");
    let reason: String = last.strip_prefix("error: ").unwrap_or(last).chars().take(160).collect();
    LibError::invalid(format!("{} is not a regular expression: {reason}", quoted(pattern)))
}

fn too_large(pattern: &str, error: &BuildError) -> LibError {
    let pattern = quoted(pattern);
    LibError::invalid(match error.size_limit() {
        Some(limit) => format!("the pattern {pattern} needs more than {limit} bytes"),
        None => format!("the pattern {pattern} cannot be built"),
    })
}
