//! Kinds of tools: one name and source for each way in which the entries of both documents can be met.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::normal::{Normal, Side};
use super::place::{Place, Root, Shape, Shapes};
use super::reading::Reader;
use super::schemas::ToolSchemas;
use super::texts;
use crate::cel::parse;
use crate::compile::{CallSource, EntrySource, Fits, Glob};
use crate::document::{SOURCE_CLASSES, Tool};

/// Most names that stand for a kind where conditions read the tool's name.
const NAMES_EACH: usize = 64;
/// Most globs that are looked at together for names that some fit and others do not.
const GLOBS_MAX: usize = 40;
/// Where a document has more names than this, sources are tried only where an entry has one.
const NAMES_MAX: usize = 20_000;

/// A name and where the tool lives.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) name: String,
    pub(super) source: Option<String>,
    pub(super) before: Fits,
    pub(super) after: Fits,
    /// New tools are answered otherwise.
    pub(super) is_new_matters: bool,
}

/// The kinds for which something differs.
#[derive(Debug)]
pub(super) struct Kinds {
    pub(super) differing: Vec<Kind>,
    /// Whether every kind of tool that there can be was looked at.
    pub(super) is_complete: bool,
}

/// Compares the entries that each kind of tool meets.
pub(super) fn differing(sides: [&Side<'_>; 2], schemas: Option<&ToolSchemas>) -> Kinds {
    let spoken = spoken_of(sides);
    let names = names(sides, &spoken, schemas);
    let sources = sources(sides, &spoken);
    let mut forms = Forms::new(sides);
    let mut met: BTreeMap<(FitsKey, FitsKey), usize> = BTreeMap::new();
    let mut differing = Vec::new();
    for name in &names {
        for source in &sources {
            let Some(call) = CallSource::of(source.as_deref().unwrap_or_default(), "") else {
                continue;
            };
            let [before, after] = sides.map(|side| side.policy.index.find(name, call));
            if forms.same(&before, &after) {
                continue;
            }
            let each = met.entry((key(&before), key(&after))).or_default();
            let most = if reads_tool(sides, [&before, &after]) { NAMES_EACH } else { 1 };
            if *each < most {
                *each = each.saturating_add(1);
                let is_new_matters = forms.answer_new_tools_otherwise(&before, &after);
                let (name, source) = (name.clone(), source.clone());
                differing.push(Kind { name, source, before, after, is_new_matters });
            }
        }
    }
    Kinds { differing, is_complete: forms.globs_are_same() }
}

type FitsKey = Vec<usize>;

fn key(fits: &Fits) -> FitsKey {
    positions(fits)
}

/// The entries in the order of their fit.
pub(super) fn positions(fits: &Fits) -> Vec<usize> {
    match fits {
        Fits::None => Vec::new(),
        Fits::One(entry) => vec![*entry],
        Fits::Several(entries) => entries.clone(),
    }
}

struct Forms<'s, 'd> {
    sides: [&'s Side<'d>; 2],
    known: [HashMap<usize, Option<Normal>>; 2],
    /// Whether everything that an entry's answers go by besides itself is written alike.
    around_is_same: bool,
}

impl<'s, 'd> Forms<'s, 'd> {
    fn new(sides: [&'s Side<'d>; 2]) -> Self {
        let [one, other] = sides.map(|side| side.document);
        let around_is_same = one.mcp_servers == other.mcp_servers
            && one.approval_workflows == other.approval_workflows
            && one.defaults == other.defaults;
        Self { sides, known: [HashMap::new(), HashMap::new()], around_is_same }
    }

    /// Entries that are written alike, which nearly all are, need no form to be the same.
    fn are_written_alike(&self, before: &Fits, after: &Fits) -> bool {
        let [one, other] = self.sides.map(|side| &side.document.tools);
        let (before, after) = (positions(before), positions(after));
        self.around_is_same
            && before.len() == after.len()
            && before
                .iter()
                .zip(&after)
                .all(|(at, to)| one.get(*at).is_some_and(|entry| other.get(*to) == Some(entry)))
    }

    fn forms(&mut self, number: usize, fits: &Fits) -> Vec<Option<Normal>> {
        let (Some(side), Some(known)) = (self.sides.get(number), self.known.get_mut(number)) else {
            return vec![None];
        };
        if *fits == Fits::None {
            return vec![Some(side.unknown())];
        }
        positions(fits)
            .into_iter()
            .map(|entry| known.entry(entry).or_insert_with(|| side.entry(entry)).clone())
            .collect()
    }

    /// Proved to be answered alike.
    fn same(&mut self, before: &Fits, after: &Fits) -> bool {
        if self.are_written_alike(before, after) {
            return true;
        }
        let (one, other) = (self.forms(0, before), self.forms(1, after));
        one.iter().chain(&other).all(Option::is_some) && one == other
    }

    /// Whether a tool that is new may be answered otherwise for that alone.
    fn answer_new_tools_otherwise(&mut self, before: &Fits, after: &Fits) -> bool {
        let new = |forms: Vec<Option<Normal>>| -> Vec<Option<Normal>> {
            forms.into_iter().map(|form| form.map(Normal::of_new_tools)).collect()
        };
        new(self.forms(0, before)) != new(self.forms(1, after))
    }

    /// Whether tools that no exact entry names meet the same entries in the same order.
    fn globs_are_same(&mut self) -> bool {
        let [one, other] = self.sides.map(|side| {
            let tools = side.document.tools.iter().enumerate();
            tools
                .filter(|(_, tool)| Glob::is_glob(&tool.name))
                .map(|(at, tool)| (at, tool.name.clone(), EntrySource::of(tool.source.as_deref())))
                .collect::<Vec<_>>()
        });
        one.len() == other.len()
            && one.into_iter().zip(other).all(|(one, other)| {
                one.1 == other.1
                    && one.2 == other.2
                    && self.same(&Fits::One(one.0), &Fits::One(other.0))
            })
            && self.same(&Fits::None, &Fits::None)
    }
}

fn reads_tool(sides: [&Side<'_>; 2], fits: [&Fits; 2]) -> bool {
    sides.into_iter().zip(fits).any(|(side, fits)| {
        positions(fits).into_iter().filter_map(|entry| side.policy.entries.get(entry)).any(
            |entry| {
                entry.rules.iter().filter_map(|rule| rule.condition()).any(|condition| {
                    ["tool.name", "tool.source", "tool.server"]
                        .iter()
                        .any(|name| condition.source().contains(name))
                })
            },
        )
    })
}

fn tools<'d>(sides: [&Side<'d>; 2]) -> impl Iterator<Item = &'d Tool> + use<'d> {
    sides.map(|side| side.document).into_iter().flat_map(|document| &document.tools)
}

/// The tools of known schemas, every exact name, a name for each glob, names that tell globs apart, and one that nothing fits.
fn names(sides: [&Side<'_>; 2], spoken: &Shapes, schemas: Option<&ToolSchemas>) -> Vec<String> {
    let mut met = HashSet::new();
    let mut names = Vec::new();
    let mut add = |name: String| {
        if !name.is_empty() && met.insert(name.clone()) {
            names.push(name);
        }
    };
    schemas.into_iter().flat_map(ToolSchemas::names).cloned().for_each(&mut add);
    told_apart(spoken, "name").into_iter().for_each(&mut add);
    let mut globs = BTreeSet::new();
    for tool in tools(sides) {
        if Glob::is_glob(&tool.name) {
            globs.insert(tool.name.as_str());
        } else {
            add(tool.name.clone());
        }
    }
    for glob in &globs {
        for filler in ["x", "", "xx"] {
            add(glob.replace('*', filler).replace('?', "x"));
        }
    }
    let patterns: Vec<String> = globs.iter().map(|glob| pattern(glob)).collect();
    for some in patterns.chunks(GLOBS_MAX) {
        texts::telling_apart(&some.iter().cloned().collect()).into_iter().for_each(&mut add);
    }
    add("some_other_tool".to_owned());
    names
}

/// What conditions say of the tool itself.
fn spoken_of(sides: [&Side<'_>; 2]) -> Shapes {
    let mut shapes = Shapes::new();
    for rule in tools(sides).flat_map(|tool| &tool.conditions) {
        let text = rule.expression.as_deref().unwrap_or_default();
        if let (true, Ok(tree)) = (text.contains("tool."), parse::parse(text)) {
            Reader::new(text, &tree, false, &mut shapes).logic(tree.root);
        }
    }
    shapes
}

/// Texts that conditions on one of the tool's own fields tell apart.
fn told_apart(spoken: &Shapes, field: &str) -> Vec<String> {
    let place = Place { root: Root::Tool, keys: vec![field.to_owned()] };
    let Some(Shape { facts, .. }) = spoken.get(&place) else { return Vec::new() };
    let mut patterns = facts.patterns.clone();
    patterns.extend(facts.texts.iter().map(|text| format!(r"\A{}\z", regex_syntax::escape(text))));
    texts::telling_apart(&patterns)
}

/// A glob as a regular expression.
fn pattern(glob: &str) -> String {
    let mut pattern = String::from(r"(?s)\A");
    for character in glob.chars() {
        match character {
            '*' => pattern.push_str(".*"),
            '?' => pattern.push('.'),
            plain => pattern.push_str(&regex_syntax::escape(&plain.to_string())),
        }
    }
    pattern.push_str(r"\z");
    pattern
}

/// No source, each class, each server that is spoken of, and a server that nobody knows.
fn sources(sides: [&Side<'_>; 2], spoken: &Shapes) -> Vec<Option<String>> {
    let has_sources = tools(sides).any(|tool| tool.source.is_some());
    let reads_sources = tools(sides).flat_map(|tool| &tool.conditions).any(|rule| {
        let text = rule.expression.as_deref().unwrap_or_default();
        text.contains("tool.source") || text.contains("tool.server")
    });
    let mut sources = vec![None];
    if (!has_sources && !reads_sources) || tools(sides).count() > NAMES_MAX {
        return sources;
    }
    let mut names: BTreeSet<String> = BTreeSet::new();
    for side in sides {
        names.extend(side.document.mcp_servers.iter().map(|server| server.name.clone()));
    }
    names.extend(tools(sides).filter_map(|tool| tool.source.clone()));
    for field in ["source", "server"] {
        names.extend(told_apart(spoken, field).into_iter().filter(|name| !name.is_empty()));
    }
    for class in SOURCE_CLASSES {
        names.remove(class);
    }
    sources.extend(SOURCE_CLASSES.iter().map(|class| Some((*class).to_owned())));
    sources.extend(names.into_iter().map(Some));
    sources.push(Some("some_other_server".to_owned()));
    sources
}
