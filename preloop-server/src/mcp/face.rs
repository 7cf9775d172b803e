//! How a tool shows itself to agents: its own definition, with what the policy lays over it.

use preloop_core::document::{Justification, Tool as Entry};

use super::catalog::Tool;
use super::wire::object::{RawObject, json_string};

/// The parameter in which an agent says why, where the policy wants to know.
pub(crate) const JUSTIFICATION: &str = "justification";
/// Where an agent says why in `_meta`, for any tool.
pub(crate) const JUSTIFICATION_META: &str = "dev.preloop/justification";

const JUSTIFICATION_SCHEMA: &str = r#"{"type":"string","description":"Why this call is needed, in one or two sentences. It is recorded and shown to approvers; the tool does not get it."}"#;

/// What the policy lays over a tool's own definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Face {
    description: Option<String>,
    justification: Option<Justification>,
}

/// What calls of a tool may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// The tool's own result, or why there is none.
    OfTheTool,
    /// A handle as well, to come back with once people have decided.
    MayBeHandles,
}

/// What a call says besides its arguments.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// Why the agent wants the call.
    pub(crate) justification: Option<String>,
    /// The arguments for the tool, where something of ours was taken out of them.
    pub(crate) arguments: Option<String>,
    /// Why the call is not valid.
    pub(crate) fault: Option<String>,
}

// === impl Face ===

impl Face {
    /// By the entries that the tool meets in the live documents, the most specific scope's first.
    pub(crate) fn of(entries: &[&Entry]) -> Self {
        // A scope above that wants to know why still denies a call that does not say it.
        let justifications = entries.iter().filter_map(|entry| entry.justification);
        Self {
            description: entries.iter().find_map(|entry| entry.description.clone()),
            justification: justifications.reduce(|nearer, above| match above {
                Justification::Required => above,
                Justification::Optional => nearer,
            }),
        }
    }

    /// The definition that agents see, under the name that they call it by.
    pub(crate) fn definition(&self, tool: &Tool, name: &str, answer: Answers) -> String {
        let Some(text) = std::str::from_utf8(&tool.definition).ok() else { return String::new() };
        let Some(mut definition) = RawObject::parse(text) else { return String::new() };
        if name != tool.name {
            definition.set("name", json_string(name));
        }
        if answer == Answers::MayBeHandles {
            // Clients hold results against it, and a handle is none of the tool's.
            definition.remove("outputSchema");
        }
        if let Some(description) = &self.description {
            definition.set("description", json_string(description));
        }
        if self.asks_in_arguments(tool) {
            let schema = definition.value("inputSchema").unwrap_or(r#"{"type":"object"}"#);
            if let Some(schema) = self.with_justification(schema) {
                definition.set("inputSchema", schema);
            }
        }
        definition.to_text()
    }

    /// What the agent said: the reason out of the arguments where it was asked for there, or out of
    /// a parameter of the tool's own, which keeps it.
    pub(crate) fn said(&self, tool: &Tool, arguments: &str, in_meta: Option<String>) -> Said {
        let asks = self.asks_in_arguments(tool);
        let has_place = asks || tool.has_own_justification;
        let Some(mut members) = has_place.then(|| RawObject::parse(arguments)).flatten() else {
            return Said { justification: in_meta, ..Said::default() };
        };
        let in_arguments = members.text(JUSTIFICATION);
        // What a parameter of the tool's own may be is for its schema to say.
        let is_misfit = asks && in_arguments.is_none() && has_value(&members, JUSTIFICATION);
        let taken = asks && members.remove(JUSTIFICATION);
        Said {
            justification: in_meta.or(in_arguments),
            arguments: taken.then(|| members.to_text()),
            fault: is_misfit.then(|| {
                "the argument `justification` must be text that says why the call is needed"
                    .to_owned()
            }),
        }
    }

    /// Whether the agent finds our parameter among the tool's.
    fn asks_in_arguments(&self, tool: &Tool) -> bool {
        self.justification.is_some() && !tool.has_own_justification
    }

    fn with_justification(&self, schema: &str) -> Option<String> {
        let mut schema = RawObject::parse(schema)?;
        let mut properties = RawObject::parse(schema.value("properties").unwrap_or("{}"))?;
        properties.set(JUSTIFICATION, JUSTIFICATION_SCHEMA);
        let properties = properties.to_text();
        let mut required: Vec<String> =
            serde_json::from_str(schema.value("required").unwrap_or("[]")).ok()?;
        schema.set("properties", properties);
        if self.justification == Some(Justification::Required) {
            required.push(JUSTIFICATION.to_owned());
            schema.set("required", serde_json::Value::from(required).to_string());
        }
        Some(schema.to_text())
    }
}

/// Whether the member is there and not null, which says as much as leaving it out.
pub(crate) fn has_value(members: &RawObject<'_>, key: &str) -> bool {
    members.value(key).is_some_and(|text| text != "null")
}
