//! What a level of the file says of its calls, laid over what the levels around it say.

use crate::time::Timestamp;
use serde_json::{Map, Value};

use super::fixtures::{Fixtures, object};
use crate::call::{CallRecord, Principal, Session, ToolFacts};
use crate::decision::{Action, Reason};
use crate::diagnostic::Code;
use crate::parse::{Decoder, Fields, Keyword, Kind, NodeId, Path, Section, field};
use crate::policy_test::{Expectation, Expected};

pub(in crate::policy_test) static EXPECT: Section = Section {
    noun: "the expectation",
    fields: &[
        field("action"),
        field("reason"),
        field("rule"),
        field("message"),
        field("message_contains"),
        field("approval_workflow"),
    ],
};

impl Keyword for Reason {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("rule_matched", Self::RuleMatched),
        ("tool_default", Self::ToolDefault),
        ("no_rule_matched", Self::NoRuleMatched),
        ("unknown_tool", Self::UnknownTool),
        ("new_tool", Self::NewTool),
        ("tool_disabled", Self::ToolDisabled),
        ("justification_required", Self::JustificationRequired),
        ("condition_error", Self::ConditionError),
        ("invalid_call", Self::InvalidCall),
        ("evidence_missing", Self::EvidenceMissing),
        ("granted", Self::Granted),
        ("halted", Self::Halted),
        ("policy_unavailable", Self::PolicyUnavailable),
        ("policy_stale", Self::PolicyStale),
    ];
}

/// A call in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    tool: Option<String>,
    source: Option<String>,
    server: Option<String>,
    args: Map<String, Value>,
    annotations: Map<String, Value>,
    is_new: bool,
    principal: Principal,
    session: Session,
    context: Map<String, Value>,
    now: Option<Timestamp>,
    justification: Option<String>,
    expectation: Option<Expectation>,
    pub(super) skip: Option<String>,
}

impl Draft {
    /// The draft with what a level says in place of what it said; arguments, context and annotations
    /// are laid over it key by key.
    pub(super) fn over(
        mut self,
        decoder: &mut Decoder<'_>,
        fields: &Fields<'_>,
        fixtures: &Fixtures,
    ) -> Self {
        replace(&mut self.tool, decoder.optional_name(fields, "tool"));
        replace(&mut self.source, decoder.optional_name(fields, "source"));
        replace(&mut self.server, decoder.optional_name(fields, "server"));
        replace(&mut self.justification, decoder.optional_text(fields, "justification"));
        replace(&mut self.skip, said(decoder, fields, "skip"));
        replace(&mut self.now, instant(decoder, fields, "now"));
        replace(&mut self.expectation, expectation(decoder, fields));
        self.args.extend(object(decoder, fields, "args"));
        self.annotations.extend(object(decoder, fields, "annotations"));
        if let Some(is_new) = decoder.optional_boolean(fields, "is_new") {
            self.is_new = is_new;
        }
        if let Some(principal) = fixtures.principal(decoder, fields) {
            self.principal = principal;
        }
        if let Some(session) = fixtures.session(decoder, fields) {
            self.session = session;
        }
        self.context.extend(fixtures.context(decoder, fields).unwrap_or_default());
        self
    }

    /// The call and what is expected of it, where both are known.
    pub(super) fn finish(
        self,
        decoder: &mut Decoder<'_>,
        fields: &Fields<'_>,
        noun: &str,
    ) -> Option<(CallRecord, Expectation)> {
        if self.tool.is_none() && fields.value("tool").is_none() {
            decoder.missing(fields, "tool", noun);
        }
        if self.expectation.is_none() && fields.value("expect").is_none() {
            decoder.missing(fields, "expect", noun);
        }
        let tool = ToolFacts {
            name: self.tool?,
            source: self.source,
            server: self.server,
            annotations: self.annotations,
            is_new: self.is_new,
        };
        let record = CallRecord {
            tool,
            principal: self.principal,
            session: self.session,
            context: self.context,
            now: self.now,
            justification: self.justification,
            ..CallRecord::new("", self.args)
        };
        Some((record, self.expectation?))
    }
}

fn replace<T>(field: &mut Option<T>, said: Option<T>) {
    if said.is_some() {
        *field = said;
    }
}

/// What is expected: a mapping, or the action alone.
fn expectation(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<Expectation> {
    let node = fields.value("expect").filter(|node| !decoder.is_null(*node))?;
    let at = fields.at.key("expect");
    if !matches!(decoder.tree.node(node).kind, Kind::Mapping(_)) {
        let action = decoder.keyword::<Action>(&at, node)?;
        return Some(Expectation { action: Some(action), ..Expectation::default() });
    }
    let fields = decoder.fields(&at, node, &EXPECT)?;
    let expectation = Expectation {
        action: decoder.optional_keyword(&fields, "action"),
        reason: decoder.optional_keyword(&fields, "reason"),
        rule: named(decoder, &fields, "rule"),
        message: said(decoder, &fields, "message"),
        message_contains: said(decoder, &fields, "message_contains"),
        approval_workflow: named(decoder, &fields, "approval_workflow"),
    };
    // A test that cannot fail is no test.
    if decoder.tree.members(node).is_empty() {
        let message = "nothing is expected".to_owned();
        decoder.error(Code::MissingField, &at, node, message, "add `action`");
    }
    Some(expectation)
}

/// A name, or null where the decision is to have none.
fn named(decoder: &mut Decoder<'_>, fields: &Fields<'_>, name: &str) -> Option<Expected> {
    if decoder.is_null(fields.value(name)?) {
        return Some(Expected::Nothing);
    }
    said(decoder, fields, name).map(Expected::Name)
}

/// A text that says something: a test with a blank one would expect or explain nothing.
fn said(decoder: &mut Decoder<'_>, fields: &Fields<'_>, name: &str) -> Option<String> {
    let node = fields.value(name)?;
    let is_blank = decoder.tree.text(node).is_some_and(|text| text.trim().is_empty());
    if is_blank || decoder.is_null(node) {
        let help =
            if name == "skip" { "say why it is not run" } else { "write it, or remove the key" };
        let message = format!("`{name}` says nothing");
        decoder.error(Code::BlankValue, &fields.at.key(name), node, message, help);
        return None;
    }
    decoder.optional_text(fields, name)
}

/// An instant such as `2026-01-31T12:00:00Z`.
pub(super) fn instant(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_>,
    name: &str,
) -> Option<Timestamp> {
    let node = fields.value(name).filter(|node| !decoder.is_null(*node))?;
    let at = fields.at.key(name);
    let instant = decoder.tree.text(node).and_then(|text| text.parse().ok());
    if instant.is_none() {
        not_instant(decoder, &at, node);
    }
    instant
}

fn not_instant(decoder: &mut Decoder<'_>, at: &Path<'_>, node: NodeId) {
    let message = format!("an instant is wanted, found {}", decoder.describe(node));
    let help = "write it with its offset, as in `2026-01-31T12:00:00Z`";
    decoder.error(Code::InvalidValue, at, node, message, help);
}
