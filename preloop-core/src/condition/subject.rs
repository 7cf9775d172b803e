//! What a `simple` condition looks at: an argument, or a field of a variable.

use serde_json::{Map, Value as Json};

use super::simple::{Literal, TextFunction};
use crate::cel::value::Val;
use crate::cel::{ArgPath, Input, Lookup};

/// The field that is asked about.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    Argument(ArgPath),
    ToolName,
    ToolSource,
    ToolServer,
    ToolIsNew,
    ToolAnnotation(Box<[Box<str>]>),
    PrincipalId,
    PrincipalKind,
    PrincipalName,
    PrincipalRoles,
    PrincipalTeams,
    SessionId,
    Context(Box<[Box<str>]>),
    Justification,
}

/// What a call has there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    Value(Val<'a>),
    /// The path's key at this position is not there.
    Missing(usize),
    /// What should hold the key at this position is neither an object nor null.
    NotAnObject(usize),
}

impl Subject {
    /// A field of a standard variable; none for what no simple condition can ask about.
    pub(super) fn variable(name: &str, fields: &[&str]) -> Option<Self> {
        let keys = |keys: &[&str]| keys.iter().map(|key| Box::from(*key)).collect();
        Some(match (name, fields) {
            ("tool", ["name"]) => Self::ToolName,
            ("tool", ["source"]) => Self::ToolSource,
            ("tool", ["server"]) => Self::ToolServer,
            ("tool", ["is_new"]) => Self::ToolIsNew,
            ("tool", ["annotations", path @ ..]) if !path.is_empty() => {
                Self::ToolAnnotation(keys(path))
            }
            ("principal", ["id"]) => Self::PrincipalId,
            ("principal", ["kind"]) => Self::PrincipalKind,
            ("principal", ["name"]) => Self::PrincipalName,
            ("principal", ["roles"]) => Self::PrincipalRoles,
            ("principal", ["teams"]) => Self::PrincipalTeams,
            ("session", ["id"]) => Self::SessionId,
            ("context", path) if !path.is_empty() => Self::Context(keys(path)),
            _ => return None,
        })
    }

    /// False where the types can never go together.
    pub(super) const fn may_compare_with(&self, literal: &Literal) -> bool {
        match self {
            Self::Argument(_) | Self::ToolAnnotation(_) | Self::Context(_) => true,
            Self::ToolIsNew => matches!(literal, Literal::Bool(_)),
            Self::PrincipalRoles | Self::PrincipalTeams => false,
            Self::ToolName
            | Self::ToolSource
            | Self::ToolServer
            | Self::PrincipalId
            | Self::PrincipalKind
            | Self::PrincipalName
            | Self::SessionId
            | Self::Justification => matches!(literal, Literal::Text(_)),
        }
    }

    /// False where the test can never be made.
    pub(super) fn may_search(&self, function: TextFunction, literal: &Literal) -> bool {
        match self {
            Self::Argument(_) | Self::ToolAnnotation(_) | Self::Context(_) => true,
            Self::ToolIsNew => false,
            Self::PrincipalRoles | Self::PrincipalTeams => {
                function == TextFunction::Contains && matches!(literal, Literal::Text(_))
            }
            Self::ToolName
            | Self::ToolSource
            | Self::ToolServer
            | Self::PrincipalId
            | Self::PrincipalKind
            | Self::PrincipalName
            | Self::SessionId
            | Self::Justification => matches!(literal, Literal::Text(_)),
        }
    }

    #[inline]
    pub(super) fn read<'a>(&self, input: &Input<'a>) -> Found<'a> {
        match self {
            Self::Argument(path) => argument(input.args.lookup(path)),
            Self::ToolName => Found::Value(Val::Text(input.tool.name)),
            Self::ToolSource => Found::Value(Val::Text(input.tool.source)),
            Self::ToolServer => Found::Value(Val::Text(input.tool.server)),
            Self::ToolIsNew => Found::Value(Val::Bool(input.tool.is_new)),
            Self::ToolAnnotation(path) => below(input.tool.annotations, path),
            Self::PrincipalId => text(input.principal.map(|principal| principal.id.as_str())),
            Self::PrincipalKind => text(input.principal.map(|principal| principal.kind.as_str())),
            Self::PrincipalName => text(input.principal.map(|principal| principal.name.as_str())),
            Self::PrincipalRoles => list(input.principal.map(|principal| &*principal.roles)),
            Self::PrincipalTeams => list(input.principal.map(|principal| &*principal.teams)),
            Self::SessionId => text(input.session.map(|session| session.id.as_str())),
            Self::Context(path) => below(input.context, path),
            Self::Justification => Found::Value(Val::Text(input.justification)),
        }
    }
}

fn text(text: Option<&str>) -> Found<'_> {
    Found::Value(Val::Text(text.unwrap_or("")))
}

fn list(list: Option<&[String]>) -> Found<'_> {
    Found::Value(Val::ListText(list.unwrap_or(&[])))
}

#[inline]
fn argument(lookup: Lookup<'_>) -> Found<'_> {
    Found::Value(match lookup {
        Lookup::Found(value) => Val::of_argument(value),
        Lookup::Missing(key) | Lookup::NullAbove(key) => return Found::Missing(key),
        Lookup::NotAnObject(key) => return Found::NotAnObject(key),
    })
}

/// A field of a free map. Null is the same as missing, so it may stand where an object could.
fn below<'a>(map: Option<&'a Map<String, Json>>, path: &[Box<str>]) -> Found<'a> {
    let Some((first, rest)) = path.split_first() else { return Found::Missing(0) };
    let Some(mut value) = map.and_then(|map| map.get(&**first)) else { return Found::Missing(0) };
    for (position, key) in rest.iter().enumerate() {
        let position = position.saturating_add(1);
        value = match value {
            Json::Object(map) => match map.get(&**key) {
                Some(value) => value,
                None => return Found::Missing(position),
            },
            Json::Null => return Found::Missing(position),
            _ => return Found::NotAnObject(position),
        };
    }
    Found::Value(Val::of_json(value))
}
