//! What tests refer to by name: principals, sessions and contexts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::call::instant;
use crate::call::{Principal, Session, SessionCall};
use crate::decision::Action;
use crate::diagnostic::{Code, did_you_mean, nearest};
use crate::limits::ITEMS_MAX;
use crate::parse::{Decoder, Fields, Kind, NodeId, Path, Section, field};

pub(in crate::policy_test) static FIXTURES: Section = Section {
    noun: "the fixtures",
    fields: &[field("principals"), field("sessions"), field("contexts")],
};

pub(in crate::policy_test) static PRINCIPAL: Section = Section {
    noun: "a principal",
    fields: &[field("id"), field("kind"), field("name"), field("roles"), field("teams")],
};

pub(in crate::policy_test) static SESSION: Section =
    Section { noun: "a session", fields: &[field("id"), field("calls")] };

pub(in crate::policy_test) static SESSION_CALL: Section = Section {
    noun: "an earlier call",
    fields: &[field("tool"), field("source"), field("args"), field("action"), field("at")],
};

/// The fixtures of a file by name.
#[derive(Debug, Default)]
pub(super) struct Fixtures {
    principals: BTreeMap<String, Principal>,
    sessions: BTreeMap<String, Session>,
    contexts: BTreeMap<String, Map<String, Value>>,
}

impl Fixtures {
    /// Reads the `fixtures` of a file.
    pub(super) fn read(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Self {
        let Some(node) = fields.value("fixtures").filter(|node| !decoder.is_null(*node)) else {
            return Self::default();
        };
        let at = fields.at.key("fixtures");
        let Some(fields) = decoder.fields(&at, node, &FIXTURES) else { return Self::default() };
        Self {
            principals: named(decoder, &fields, "principals", principal),
            sessions: named(decoder, &fields, "sessions", session),
            contexts: named(decoder, &fields, "contexts", context),
        }
    }

    /// The principal of a level: a fixture's name, or written out.
    pub(super) fn principal(
        &self,
        decoder: &mut Decoder<'_>,
        fields: &Fields<'_>,
    ) -> Option<Principal> {
        value(decoder, fields, "principal", &self.principals, principal)
    }

    /// The session of a level.
    pub(super) fn session(
        &self,
        decoder: &mut Decoder<'_>,
        fields: &Fields<'_>,
    ) -> Option<Session> {
        value(decoder, fields, "session", &self.sessions, session)
    }

    /// The context of a level.
    pub(super) fn context(
        &self,
        decoder: &mut Decoder<'_>,
        fields: &Fields<'_>,
    ) -> Option<Map<String, Value>> {
        value(decoder, fields, "context", &self.contexts, context)
    }
}

/// A mapping from names to fixtures of one kind.
fn named<T>(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_>,
    name: &str,
    read: fn(&mut Decoder<'_>, &Path<'_>, NodeId) -> Option<T>,
) -> BTreeMap<String, T> {
    let mut all = BTreeMap::new();
    let Some(node) = fields.value(name).filter(|node| !decoder.is_null(*node)) else { return all };
    let at = fields.at.key(name);
    if !matches!(decoder.tree.node(node).kind, Kind::Mapping(_)) {
        wrong_type(decoder, &at, node, "a mapping from names to fixtures");
        return all;
    }
    for (key, node) in decoder.tree.members(node) {
        let name = decoder.tree.text(*key).unwrap_or_default();
        if let Some(fixture) = read(decoder, &at.key(name), *node) {
            all.insert(name.to_owned(), fixture);
        }
    }
    all
}

/// The value of a field that may be a fixture's name.
fn value<T: Clone>(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_>,
    name: &'static str,
    fixtures: &BTreeMap<String, T>,
    read: fn(&mut Decoder<'_>, &Path<'_>, NodeId) -> Option<T>,
) -> Option<T> {
    let node = fields.value(name).filter(|node| !decoder.is_null(*node))?;
    let at = fields.at.key(name);
    let Some(wanted) = decoder.tree.text(node) else { return read(decoder, &at, node) };
    if let Some(fixture) = fixtures.get(wanted) {
        return Some(fixture.clone());
    }
    let found = decoder.describe(node);
    let message = format!("a {name} is wanted that `fixtures.{name}s` defines, found {found}");
    let help = match nearest(wanted, fixtures.keys().map(String::as_str)) {
        Some(meant) => did_you_mean(wanted, meant),
        None => format!("define it in `fixtures.{name}s`, or write the {name} out"),
    };
    decoder.error(Code::UnknownFixture, &at, node, message, help);
    None
}

fn principal(decoder: &mut Decoder<'_>, at: &Path<'_>, node: NodeId) -> Option<Principal> {
    let fields = decoder.fields(at, node, &PRINCIPAL)?;
    Some(Principal {
        id: decoder.optional_text(&fields, "id").unwrap_or_default(),
        kind: decoder.optional_text(&fields, "kind").unwrap_or_default(),
        name: decoder.optional_text(&fields, "name").unwrap_or_default(),
        roles: decoder.optional_names(&fields, "roles"),
        teams: decoder.optional_names(&fields, "teams"),
    })
}

fn session(decoder: &mut Decoder<'_>, at: &Path<'_>, node: NodeId) -> Option<Session> {
    let fields = decoder.fields(at, node, &SESSION)?;
    let calls = decoder.entries(&fields, "calls", ITEMS_MAX, session_call);
    Some(Session { id: decoder.optional_text(&fields, "id").unwrap_or_default(), calls })
}

fn session_call(decoder: &mut Decoder<'_>, at: &Path<'_>, node: NodeId) -> SessionCall {
    let Some(fields) = decoder.fields(at, node, &SESSION_CALL) else {
        return SessionCall::default();
    };
    let action: Option<Action> = decoder.optional_keyword(&fields, "action");
    SessionCall {
        tool: decoder.required_name(&fields, "tool", "the earlier call"),
        source: decoder.optional_name(&fields, "source").unwrap_or_default(),
        args: Value::Object(object(decoder, &fields, "args")),
        action: action.map(Action::as_str).unwrap_or_default().to_owned(),
        at: instant(decoder, &fields, "at"),
    }
}

fn context(decoder: &mut Decoder<'_>, at: &Path<'_>, node: NodeId) -> Option<Map<String, Value>> {
    if matches!(decoder.tree.node(node).kind, Kind::Mapping(_)) {
        return Some(decoder.tree.object(node));
    }
    wrong_type(decoder, at, node, "a mapping from names to values");
    None
}

/// The members of a field that is a free mapping; none where it is not there.
pub(super) fn object(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_>,
    name: &str,
) -> Map<String, Value> {
    let Some(node) = fields.value(name).filter(|node| !decoder.is_null(*node)) else {
        return Map::new();
    };
    context(decoder, &fields.at.key(name), node).unwrap_or_default()
}

fn wrong_type(decoder: &mut Decoder<'_>, at: &Path<'_>, node: NodeId, wanted: &str) {
    let message = format!("{wanted} is wanted, found {}", decoder.describe(node));
    decoder.error(Code::WrongType, at, node, message, "write `{name: value}`");
}
