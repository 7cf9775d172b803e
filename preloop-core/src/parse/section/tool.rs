//! Entries of `tools[]` and their rules.

use serde_json::{Map, Value};

use crate::diagnostic::Code;
use crate::document::{Condition, ConditionType, Examples, Justification, Tool};
use crate::limits::{EVIDENCE_TOOLS_MAX, EXPRESSION_CHARS_MAX, ITEMS_MAX, RULES_PER_TOOL_MAX};
use crate::parse::decoder::{Decoder, Keyword};
use crate::parse::fields::{Fields, Section, aliased, field, unsupported};
use crate::parse::path::Path;
use crate::parse::tree::{Kind, NodeId};

pub(super) static TOOL: Section = Section {
    noun: "a tool",
    fields: &[
        field("name"),
        field("source"),
        field("enabled"),
        aliased("approval_workflow", &["approval_policy"]),
        field("justification"),
        field("evidence_required"),
        aliased("conditions", &["rules"]),
        field("description"),
        unsupported("custom_config", "remove it: nothing reads it"),
    ],
};

pub(super) static CONDITION: Section = Section {
    noun: "a condition",
    fields: &[
        field("name"),
        field("expression"),
        field("action"),
        field("condition_type"),
        field("description"),
        field("message"),
        aliased("approval_workflow", &["approval_policy"]),
        field("enabled"),
        field("examples"),
    ],
};

pub(super) static EXAMPLES: Section =
    Section { noun: "the examples", fields: &[field("match"), field("not_match")] };

impl Keyword for Justification {
    const WORDS: &'static [(&'static str, Self)] =
        &[("required", Self::Required), ("optional", Self::Optional)];
}

impl Keyword for ConditionType {
    const WORDS: &'static [(&'static str, Self)] = &[("simple", Self::Simple), ("cel", Self::Cel)];
}

pub(super) fn tool(decoder: &mut Decoder<'_>, at: &Path<'_>, node: NodeId) -> Tool {
    let Some(fields) = decoder.fields(at, node, &TOOL) else {
        return Tool::named(String::new());
    };
    let name = decoder.required_name(&fields, "name", "the tool");
    Tool {
        source: decoder.optional_name(&fields, "source"),
        enabled: decoder.optional_boolean(&fields, "enabled"),
        approval_workflow: decoder.optional_name(&fields, "approval_workflow"),
        justification: justification(decoder, &fields),
        evidence_required: evidence(decoder, &fields),
        conditions: decoder.entries(&fields, "conditions", RULES_PER_TOOL_MAX, condition),
        description: decoder.optional_text(&fields, "description"),
        ..Tool::named(name)
    }
}

/// Absent and null mean the same: the agent is not asked.
fn justification(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<Justification> {
    let node = fields.value("justification")?;
    let is_null = decoder.tree.node(node).kind == Kind::Null;
    if is_null { None } else { decoder.keyword(&fields.at.key("justification"), node) }
}

/// Names that keep their positions; one that cannot be read is reported and left blank.
fn evidence(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Vec<String> {
    decoder.entries(fields, "evidence_required", EVIDENCE_TOOLS_MAX, |decoder, at, node| {
        decoder.name(at, node).unwrap_or_default()
    })
}

pub(in crate::parse) fn condition(
    decoder: &mut Decoder<'_>,
    at: &Path<'_>,
    node: NodeId,
) -> Condition {
    let Some(fields) = decoder.fields(at, node, &CONDITION) else {
        return Condition::default();
    };
    Condition {
        name: decoder.optional_name(&fields, "name"),
        expression: expression(decoder, &fields),
        action: decoder.optional_keyword(&fields, "action"),
        condition_type: decoder.optional_keyword(&fields, "condition_type"),
        description: decoder.optional_text(&fields, "description"),
        message: decoder.optional_text(&fields, "message"),
        approval_workflow: decoder.optional_name(&fields, "approval_workflow"),
        enabled: decoder.optional_boolean(&fields, "enabled"),
        examples: examples(decoder, &fields),
    }
}

fn expression(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<String> {
    let node = fields.value("expression")?;
    let at = fields.at.key("expression");
    let is_blank = match &decoder.tree.node(node).kind {
        // Only the text `true` or `false` can be meant, so that its quotes may be missing.
        Kind::Bool(value) => return Some(value.to_string()),
        Kind::Null => true,
        _ => decoder.tree.text(node).is_some_and(|text| text.trim().is_empty()),
    };
    if is_blank {
        let message = "the expression is blank".to_owned();
        let help = "write a condition, or remove the key for a rule that always matches";
        decoder.error(Code::BlankValue, &at, node, message, help);
        return None;
    }
    decoder.text(&at, node, EXPRESSION_CHARS_MAX)
}

fn examples(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<Examples> {
    let node = fields.value("examples")?;
    if decoder.tree.node(node).kind == Kind::Null {
        return None;
    }
    let at = fields.at.key("examples");
    let fields = decoder.fields(&at, node, &EXAMPLES)?;
    Some(Examples {
        matching: arguments(decoder, &fields, "match"),
        not_match: arguments(decoder, &fields, "not_match"),
    })
}

fn arguments(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_>,
    name: &str,
) -> Vec<Map<String, Value>> {
    decoder.entries(fields, name, ITEMS_MAX, |decoder, at, node| {
        if !matches!(decoder.tree.node(node).kind, Kind::Mapping(_)) {
            let found = decoder.describe(node);
            let message = format!("arguments are a mapping from names to values, found {found}");
            decoder.error(Code::WrongType, at, node, message, "write `{name: value}`");
        }
        decoder.tree.object(node)
    })
}
