//! Values as JSON, for traces and results.

use serde_json::{Map as JsonMap, Number, Value as Json};

use super::{VALUE_DEPTH_MAX, Val, Value, entries_of};
use crate::cel::lib::number::text_from_double;

impl Value {
    /// The value as JSON. What JSON has no form for becomes text: instants in RFC 3339, bytes in base64, types by name.
    pub fn to_json(&self) -> Json {
        to_json(Val::of(self))
    }
}

/// The value as JSON; deeper than any argument can be, it ends in null.
pub(crate) fn to_json(value: Val<'_>) -> Json {
    convert(value, VALUE_DEPTH_MAX)
}

fn convert(value: Val<'_>, levels: usize) -> Json {
    let Some(levels) = levels.checked_sub(1) else { return Json::Null };
    if let Some(items) = value.items() {
        // A loop rather than an iterator: its frame is small, and this is as deep as values may be.
        let mut array = Vec::with_capacity(items.len());
        for position in 0..items.len() {
            array.push(items.get(position).map_or(Json::Null, |item| convert(item, levels)));
        }
        return Json::Array(array);
    }
    if value.map_len().is_some() {
        return convert_map(value, levels);
    }
    match value {
        Val::Bool(value) => Json::Bool(value),
        Val::Int(value) => Json::Number(value.into()),
        Val::Uint(value) => Json::Number(value.into()),
        Val::Double(value) => {
            Number::from_f64(value).map_or_else(|| text_from_double(value).into(), Json::Number)
        }
        Val::Optional(Some(value)) => convert(*value, levels),
        other => scalar_text(other).map_or(Json::Null, Json::String),
    }
}

fn convert_map(value: Val<'_>, levels: usize) -> Json {
    let arena = bumpalo::Bump::new();
    let mut map = JsonMap::new();
    for (key, value) in entries_of(value, &arena).unwrap_or(&[]) {
        map.insert(render(*key), convert(*value, levels));
    }
    Json::Object(map)
}

fn scalar_text(value: Val<'_>) -> Option<String> {
    Some(match value {
        Val::Text(value) => value.to_owned(),
        Val::Bytes(value) => crate::cel::lib::encode::base64_encode(value, usize::MAX).ok()?,
        Val::Timestamp(value) => value.to_string(),
        Val::Duration(value) => value.to_string(),
        Val::Ip(value) => value.to_string(),
        Val::Cidr(value) => value.to_string(),
        Val::Type(value) => value.as_str().to_owned(),
        _ => return None,
    })
}

/// A value as it stands in a message: scalars as they are, the others by their type.
pub(crate) fn render(value: Val<'_>) -> String {
    match value {
        Val::Null => "null".to_owned(),
        Val::Bool(value) => value.to_string(),
        Val::Int(value) => value.to_string(),
        Val::Uint(value) => value.to_string(),
        Val::Double(value) => text_from_double(value),
        other => scalar_text(other).unwrap_or_else(|| other.type_name().as_str().to_owned()),
    }
}
