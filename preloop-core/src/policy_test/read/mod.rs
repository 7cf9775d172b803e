//! Text to cases: groups, tests and tables flattened, what they share written into each case.

mod call;
mod fixtures;

use std::collections::HashMap;

use call::Draft;
pub(super) use call::EXPECT;
use fixtures::Fixtures;
pub(super) use fixtures::{FIXTURES, PRINCIPAL, SESSION, SESSION_CALL};

use super::{Case, TestFile};
use crate::diagnostic::{Code, Diagnostic, Findings, Lines, Report};
use crate::limits::TEST_CASES_MAX;
use crate::parse::{Decoder, Fields, Kind, NodeId, Path, Section, field, located};

pub(super) static FILE: Section = Section {
    noun: "the test file",
    fields: &[
        field("policy"),
        field("description"),
        field("fixtures"),
        field("defaults"),
        field("groups"),
        field("tests"),
    ],
};

/// The fields that say what is called and what is expected, and those of one level around them.
macro_rules! level {
    ($noun:literal $(, $own:literal)*) => {
        Section {
            noun: $noun,
            fields: &[
                $(field($own),)*
                field("tool"),
                field("source"),
                field("server"),
                field("args"),
                field("annotations"),
                field("is_new"),
                field("principal"),
                field("session"),
                field("context"),
                field("now"),
                field("justification"),
                field("expect"),
            ],
        }
    };
}

pub(super) static DEFAULTS: Section = level!("the defaults");
pub(super) static GROUP: Section = level!("a group", "name", "description", "skip", "tests");
pub(super) static TEST: Section = level!("a test", "name", "description", "skip", "cases");
pub(super) static CASE: Section = level!("a case", "name", "skip");

/// Reads a whole file.
pub(super) fn file(bytes: &[u8]) -> Result<TestFile, Report> {
    let mut findings = Findings::default();
    let Some((text, lines, tree)) = located(bytes, &mut findings) else {
        return Err(told_as_tests(findings.into_report()));
    };
    let decoder = Decoder::new(&tree, text, &lines, &mut findings);
    let file = Reader { decoder, text, lines: &lines, cases: Vec::new() }.file();
    let report = findings.into_report();
    match file {
        Some(file) if report.is_valid => Ok(file),
        _ => Err(report),
    }
}

/// What is said of an empty policy does not help with a file of tests.
fn told_as_tests(mut report: Report) -> Report {
    let is_empty = |error: &&mut Diagnostic| error.code == Code::EmptyDocument;
    for error in report.errors.iter_mut().filter(is_empty) {
        "the test file is empty".clone_into(&mut error.message);
        error.help = Some("begin with `tests:`".to_owned());
    }
    report
}

struct Reader<'t> {
    decoder: Decoder<'t>,
    text: &'t str,
    lines: &'t Lines,
    /// The cases so far, each with the node that gives it its title.
    cases: Vec<(Case, NodeId)>,
}

/// What a level gives to those inside of it.
#[derive(Clone, Copy)]
struct Around<'a> {
    fixtures: &'a Fixtures,
    draft: &'a Draft,
    group: Option<&'a str>,
}

/// What a case is called inside its group.
struct Title<'a> {
    test: &'a str,
    case: Option<String>,
}

impl<'t> Reader<'t> {
    fn file(mut self) -> Option<TestFile> {
        let root = self.decoder.tree.root();
        let fields = self.decoder.fields(&Path::Root, root, &FILE)?;
        let fixtures = Fixtures::read(&mut self.decoder, &fields);
        let mut draft = Draft::default();
        let at = Path::Root.key("defaults");
        if let Some(node) = fields.value("defaults").filter(|node| !self.decoder.is_null(*node))
            && let Some(fields) = self.decoder.fields(&at, node, &DEFAULTS)
        {
            draft = draft.over(&mut self.decoder, &fields, &fixtures);
        }
        let written = ["tests", "groups"].map(|name| fields.value(name));
        if written.iter().flatten().all(|node| self.has_no_items(*node)) {
            self.decoder.missing(&fields, "tests", "the test file");
        }
        let around = Around { fixtures: &fixtures, draft: &draft, group: None };
        self.tests(&fields, &around);
        self.groups(&fields, &around);
        self.check_titles();
        Some(TestFile {
            policy: self.decoder.optional_text(&fields, "policy"),
            description: self.decoder.optional_text(&fields, "description"),
            cases: self.cases.into_iter().map(|(case, _)| case).collect(),
        })
    }

    fn groups(&mut self, fields: &Fields<'_>, around: &Around<'_>) {
        let list = fields.at.key("groups");
        for (index, node) in self.items(fields, "groups").iter().enumerate() {
            let at = list.item(index);
            let Some(fields) = self.decoder.fields(&at, *node, &GROUP) else { continue };
            let name = self.decoder.required_name(&fields, "name", "the group");
            if fields.value("tests").is_none_or(|node| self.has_no_items(node)) {
                self.decoder.missing(&fields, "tests", "the group");
            }
            let draft = around.draft.clone().over(&mut self.decoder, &fields, around.fixtures);
            self.tests(&fields, &Around { draft: &draft, group: Some(&name), ..*around });
        }
    }

    fn tests(&mut self, fields: &Fields<'_>, around: &Around<'_>) {
        let list = fields.at.key("tests");
        for (index, node) in self.items(fields, "tests").iter().enumerate() {
            self.test(&list.item(index), *node, around);
        }
    }

    fn test(&mut self, at: &Path<'_>, node: NodeId, around: &Around<'_>) {
        let Some(fields) = self.decoder.fields(at, node, &TEST) else { return };
        let test = self.decoder.required_name(&fields, "name", "the test");
        let draft = around.draft.clone().over(&mut self.decoder, &fields, around.fixtures);
        if fields.value("cases").is_none() {
            self.case(&fields, draft, around.group, Title { test: &test, case: None });
            return;
        }
        let list = at.key("cases");
        let items = self.items(&fields, "cases");
        if fields.value("cases").is_some_and(|node| self.has_no_items(node)) {
            let message = "the list of cases is empty".to_owned();
            self.decoder.error(Code::BlankValue, &list, fields.node, message, "add a case");
        }
        for (index, node) in items.iter().enumerate() {
            let at = list.item(index);
            let Some(fields) = self.decoder.fields(&at, *node, &CASE) else { continue };
            let name = self.decoder.optional_name(&fields, "name");
            let case = name.unwrap_or_else(|| format!("case {}", index + 1));
            let draft = draft.clone().over(&mut self.decoder, &fields, around.fixtures);
            self.case(&fields, draft, around.group, Title { test: &test, case: Some(case) });
        }
    }

    fn case(&mut self, fields: &Fields<'_>, draft: Draft, group: Option<&str>, title: Title<'_>) {
        let noun = if title.case.is_some() { "the case" } else { "the test" };
        if self.cases.len() == TEST_CASES_MAX {
            let message = format!("the file has more than {TEST_CASES_MAX} cases");
            let help = "spread them over several files";
            self.decoder.error(Code::TooManyItems, fields.at, fields.node, message, help);
        }
        let start = self.decoder.tree.node(fields.node).start;
        let skip = draft.skip.clone();
        let Some((record, expectation)) = draft.finish(&mut self.decoder, fields, noun) else {
            return;
        };
        let case = Case {
            group: group.map(str::to_owned),
            test: title.test.to_owned(),
            case: title.case,
            place: self.lines.place(self.text, start),
            skip,
            record,
            expectation,
        };
        let named = fields.value("name").unwrap_or(fields.node);
        self.cases.push((case, named));
    }

    fn items(&mut self, fields: &Fields<'_>, name: &str) -> &'t [NodeId] {
        let Some(node) = fields.value(name) else { return &[] };
        self.decoder.items(&fields.at.key(name), node, TEST_CASES_MAX)
    }

    /// Whether a list says nothing: a file that tests nothing would else pass.
    fn has_no_items(&self, node: NodeId) -> bool {
        match &self.decoder.tree.node(node).kind {
            Kind::Null => true,
            Kind::Sequence(items) => items.is_empty(),
            _ => false,
        }
    }

    /// Reports and filters name cases by their titles, so no two may have the same.
    fn check_titles(&mut self) {
        let mut seen = HashMap::new();
        let mut twice = Vec::new();
        for (case, named) in &self.cases {
            let title = case.title();
            if let Some(first) = seen.get(&title) {
                twice.push((title, *first, *named));
            } else {
                seen.insert(title, case.place);
            }
        }
        for (title, first, named) in twice {
            let message = format!("another test is called `{title}` as well");
            let help = format!("it stands at {}:{}; rename one", first.line, first.column);
            self.decoder.error(Code::DuplicateName, &Path::Root, named, message, help);
        }
    }
}
