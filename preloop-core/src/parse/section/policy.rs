//! The document as a whole, its metadata and its defaults.

use super::approval_workflow::approval_workflow;
use super::mcp_server::mcp_server;
use super::tool::tool;
use crate::decision::Action;
use crate::diagnostic::Code;
use crate::document::{Defaults, Metadata, PolicyDocument, SOURCE_CLASSES};
use crate::limits::{APPROVAL_WORKFLOWS_MAX, MCP_SERVERS_MAX, TOOLS_MAX};
use crate::parse::decoder::{Decoder, Keyword};
use crate::parse::fields::{Fields, Section, aliased, field, unsupported};
use crate::parse::path::Path;
use crate::parse::tree::{Kind, NodeId};

/// The only version that there is.
const VERSION: &str = "1.0";

const REMOVE_SECTION: &str =
    "remove the section: a rule that would not be enforced is never accepted";

pub(crate) static DOCUMENT: Section = Section {
    noun: "the document",
    fields: &[
        field("version"),
        field("metadata"),
        field("mcp_servers"),
        aliased("approval_workflows", &["approval_policies"]),
        field("tools"),
        field("defaults"),
        unsupported("model_io", REMOVE_SECTION),
        unsupported("sensitive_data", REMOVE_SECTION),
        unsupported("resource_shares", REMOVE_SECTION),
        unsupported("access_rules", REMOVE_SECTION),
        unsupported("access_rule_mode", REMOVE_SECTION),
        unsupported("resource_access", REMOVE_SECTION),
    ],
};

pub(in crate::parse) static METADATA: Section = Section {
    noun: "the metadata",
    fields: &[
        field("name"),
        field("description"),
        field("author"),
        field("tags"),
        field("created_at"),
    ],
};

pub(in crate::parse) static DEFAULTS: Section = Section {
    noun: "the defaults",
    fields: &[
        field("unknown_tools"),
        field("require_approval_for_new_tools"),
        aliased("default_approval_workflow", &["default_approval_policy"]),
        field("inherit_from_parent"),
    ],
};

impl Keyword for Action {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("allow", Self::Allow),
        ("deny", Self::Deny),
        ("require_approval", Self::RequireApproval),
    ];
}

/// Reads the whole document; what cannot be read is reported and left empty.
pub(in crate::parse) fn policy(decoder: &mut Decoder<'_>) -> Option<PolicyDocument> {
    let root = decoder.tree.root();
    let fields = decoder.fields(&Path::Root, root, &DOCUMENT)?;
    let mut document = PolicyDocument {
        version: version(decoder, &fields),
        metadata: metadata(decoder, &fields),
        mcp_servers: decoder.entries(&fields, "mcp_servers", MCP_SERVERS_MAX, mcp_server),
        approval_workflows: decoder.entries(
            &fields,
            "approval_workflows",
            APPROVAL_WORKFLOWS_MAX,
            approval_workflow,
        ),
        tools: decoder.entries(&fields, "tools", TOOLS_MAX, tool),
        defaults: fields.value("defaults").and_then(|node| {
            let is_empty = decoder.tree.node(node).kind == Kind::Null;
            if is_empty { None } else { Some(defaults(decoder, node)) }
        }),
    };
    spell_sources(&mut document);
    Some(document)
}

/// Reads the version, which has to be there and the one that there is.
pub(in crate::parse) fn version(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> String {
    let Some(node) = fields.value("version") else {
        decoder.missing(fields, "version", "the document");
        return String::new();
    };
    if decoder.written_plainly(node) != VERSION {
        let found = decoder.describe(node);
        let message = format!("version \"{VERSION}\" is wanted, found {found}");
        let help = format!("write `version: \"{VERSION}\"`");
        let at = fields.at.key("version");
        decoder.error(Code::UnsupportedVersion, &at, node, message, help);
    }
    VERSION.to_owned()
}

fn metadata(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Metadata {
    let nothing = Metadata {
        name: String::new(),
        description: None,
        author: None,
        tags: Vec::new(),
        created_at: None,
    };
    let Some(node) = fields.value("metadata") else {
        decoder.missing(fields, "metadata", "the document");
        return nothing;
    };
    let at = fields.at.key("metadata");
    let Some(fields) = decoder.fields(&at, node, &METADATA) else { return nothing };
    Metadata {
        name: decoder.required_name(&fields, "name", "the metadata"),
        description: decoder.optional_text(&fields, "description"),
        author: decoder.optional_text(&fields, "author"),
        tags: decoder.optional_names(&fields, "tags"),
        created_at: created_at(decoder, &fields),
    }
}

fn created_at(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<String> {
    let text = decoder.optional_text(fields, "created_at")?;
    let is_time = text.parse::<jiff::Timestamp>().is_ok()
        || text.parse::<jiff::civil::DateTime>().is_ok()
        || text.parse::<jiff::civil::Date>().is_ok();
    if !is_time && let Some(node) = fields.value("created_at") {
        let message = format!("a date or time is wanted, found {}", decoder.describe(node));
        let at = fields.at.key("created_at");
        let help = "write it as in `2026-01-31T12:00:00Z`";
        decoder.error(Code::InvalidValue, &at, node, message, help);
    }
    Some(text)
}

fn defaults(decoder: &mut Decoder<'_>, node: NodeId) -> Defaults {
    let at = Path::Root.key("defaults");
    let Some(fields) = decoder.fields(&at, node, &DEFAULTS) else { return Defaults::default() };
    Defaults {
        unknown_tools: decoder.optional_keyword(&fields, "unknown_tools"),
        require_approval_for_new_tools: decoder
            .optional_boolean(&fields, "require_approval_for_new_tools"),
        default_approval_workflow: decoder.optional_name(&fields, "default_approval_workflow"),
        inherit_from_parent: decoder.optional_boolean(&fields, "inherit_from_parent"),
    }
}

/// Sources mean the same in any case: classes are written in lower case, servers as declared.
fn spell_sources(document: &mut PolicyDocument) {
    let mut names = std::collections::HashMap::new();
    for server in &document.mcp_servers {
        names.entry(server.name.to_lowercase()).or_insert_with(|| server.name.clone());
    }
    for source in document.tools.iter_mut().filter_map(|tool| tool.source.as_mut()) {
        let folded = source.to_lowercase();
        if SOURCE_CLASSES.contains(&folded.as_str()) {
            *source = folded;
        } else if let Some(name) = names.get(&folded) {
            source.clone_from(name);
        }
    }
}
