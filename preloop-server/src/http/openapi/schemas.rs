//! The components of the description: what is read and what is written have one name where they look the same.

use std::collections::BTreeSet;

use schemars::generate::{Contract, SchemaSettings};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value};

use crate::http::route::SchemaOf;

const COMPONENTS: &str = "/components/schemas";
/// Where schemas of requests are referred to until it is known which of them need a name of their own.
const READ: &str = "/components/read";
const SUFFIX: &str = "Request";

/// Schemas of requests and of answers.
pub(super) struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

// === impl Schemas ===

impl Schemas {
    pub(super) fn new() -> Self {
        let generator = |contract, path: &str| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.contract = contract;
            settings.definitions_path = path.to_owned().into();
            settings.meta_schema = None;
            settings.into_generator()
        };
        Self {
            read: generator(Contract::Deserialize, READ),
            written: generator(Contract::Serialize, COMPONENTS),
        }
    }

    /// The schema of something that is read.
    pub(super) fn read(&mut self, schema: SchemaOf) -> Schema {
        schema(&mut self.read)
    }

    /// The schema of something that is written.
    pub(super) fn written(&mut self, schema: SchemaOf) -> Schema {
        schema(&mut self.written)
    }

    /// The finished description: components added, references to what is read pointed at them.
    pub(super) fn settle(mut self, mut description: Value) -> Value {
        let read = self.read.take_definitions(true);
        let mut components = self.written.take_definitions(true);
        let renamed = differing(&read, &components);
        let rename = |reference: &str| {
            let name = reference.strip_prefix("#")?.strip_prefix(READ)?.strip_prefix('/')?;
            let suffix = if renamed.contains(name) { SUFFIX } else { "" };
            Some(format!("#{COMPONENTS}/{name}{suffix}"))
        };
        for (name, mut schema) in read {
            point(&mut schema, &rename);
            let suffix = if renamed.contains(&name) { SUFFIX } else { "" };
            components.entry(format!("{name}{suffix}")).or_insert(schema);
        }
        point(&mut description, &rename);
        if let Some(Value::Object(parts)) = description.get_mut("components") {
            parts.insert("schemas".to_owned(), Value::Object(components));
        }
        description
    }
}

/// What is read in another form than it is written: by itself, or by what it refers to.
fn differing(read: &Map<String, Value>, written: &Map<String, Value>) -> BTreeSet<String> {
    let here = |reference: &str| Some(reference.replacen(READ, COMPONENTS, 1));
    let mut differing: BTreeSet<String> = read
        .iter()
        .filter(|(name, schema)| {
            let mut schema = (*schema).clone();
            point(&mut schema, &here);
            written.get(*name).is_some_and(|written| *written != schema)
        })
        .map(|(name, _)| name.clone())
        .collect();
    loop {
        let more: Vec<String> = read
            .iter()
            .filter(|(name, schema)| {
                !differing.contains(*name)
                    && written.contains_key(*name)
                    && differing.iter().any(|other| refers(schema, &format!("#{READ}/{other}")))
            })
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            return differing;
        }
        differing.extend(more);
    }
}

fn refers(value: &Value, to: &str) -> bool {
    match value {
        Value::Object(map) => {
            map.get("$ref").and_then(Value::as_str) == Some(to)
                || map.values().any(|value| refers(value, to))
        }
        Value::Array(items) => items.iter().any(|item| refers(item, to)),
        _ => false,
    }
}

/// Points references elsewhere.
fn point(value: &mut Value, elsewhere: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(reference) if key == "$ref" => {
                        if let Some(there) = elsewhere(reference) {
                            *reference = there;
                        }
                    }
                    value => point(value, elsewhere),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point(item, elsewhere)),
        _ => {}
    }
}
