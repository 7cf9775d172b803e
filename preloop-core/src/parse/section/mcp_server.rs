//! Entries of `mcp_servers[]`.

use crate::diagnostic::Code;
use crate::document::{AuthConfig, AuthType, McpServer, Secrets, Transport};
use crate::limits::{ADDRESS_CHARS_MAX, ITEMS_MAX};
use crate::parse::decoder::{Decoder, Keyword};
use crate::parse::fields::{Fields, Section, aliased, field, unsupported};
use crate::parse::path::Path;
use crate::parse::tree::{Kind, NodeId};

pub(super) static MCP_SERVER: Section = Section {
    noun: "an MCP server",
    fields: &[
        field("name"),
        field("url"),
        field("transport"),
        field("command"),
        field("args"),
        field("env"),
        field("cwd"),
        field("auth_type"),
        field("auth_config"),
        field("tool_prefix"),
        field("enabled"),
        field("validate_arguments"),
    ],
};

pub(super) static AUTH_CONFIG: Section = Section {
    noun: "the auth_config",
    fields: &[
        field("token"),
        field("api_key"),
        aliased("header", &["header_name"]),
        field("token_url"),
        field("client_id"),
        field("client_secret"),
        field("scopes"),
        unsupported("introspection", "remove it: tokens are not looked up in this version"),
    ],
};

impl Keyword for Transport {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("streamable-http", Self::StreamableHttp),
        ("http-streaming", Self::StreamableHttp),
        ("sse", Self::Sse),
        ("stdio", Self::Stdio),
    ];
}

impl Keyword for AuthType {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("none", Self::None),
        ("bearer", Self::Bearer),
        ("api_key", Self::ApiKey),
        ("oauth", Self::Oauth),
    ];
}

pub(super) fn mcp_server(decoder: &mut Decoder<'_>, at: &Path<'_>, node: NodeId) -> McpServer {
    let Some(fields) = decoder.fields(at, node, &MCP_SERVER) else { return unread() };
    McpServer {
        name: decoder.required_name(&fields, "name", "the MCP server"),
        url: address(decoder, &fields, "url"),
        transport: decoder.optional_keyword(&fields, "transport"),
        command: address(decoder, &fields, "command"),
        args: arguments(decoder, &fields),
        env: secrets(decoder, &fields, "env"),
        cwd: address(decoder, &fields, "cwd"),
        auth_type: decoder.optional_keyword(&fields, "auth_type"),
        auth_config: auth_config(decoder, &fields),
        tool_prefix: decoder.optional_name(&fields, "tool_prefix"),
        enabled: decoder.optional_boolean(&fields, "enabled"),
        validate_arguments: decoder.optional_boolean(&fields, "validate_arguments"),
    }
}

/// An entry that could not be read keeps its place; the error is reported.
fn unread() -> McpServer {
    McpServer {
        name: String::new(),
        url: None,
        transport: None,
        command: None,
        args: Vec::new(),
        env: Secrets::new(),
        cwd: None,
        auth_type: None,
        auth_config: None,
        tool_prefix: None,
        enabled: None,
        validate_arguments: None,
    }
}

fn address(decoder: &mut Decoder<'_>, fields: &Fields<'_>, name: &str) -> Option<String> {
    let node = fields.value(name)?;
    if decoder.tree.node(node).kind == Kind::Null {
        return None;
    }
    let at = fields.at.key(name);
    let text = decoder.text(&at, node, ADDRESS_CHARS_MAX)?;
    if text.trim().is_empty() {
        decoder.error(Code::BlankValue, &at, node, format!("`{name}` is blank"), "");
    }
    Some(text)
}

fn arguments(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Vec<String> {
    let Some(node) = fields.value("args") else { return Vec::new() };
    let at = fields.at.key("args");
    let items = decoder.items(&at, node, ITEMS_MAX);
    let argument =
        |(index, item): (usize, &NodeId)| decoder.text(&at.item(index), *item, ADDRESS_CHARS_MAX);
    items.iter().enumerate().filter_map(argument).collect()
}

/// A mapping from names to values that may be secrets.
pub(super) fn secrets(decoder: &mut Decoder<'_>, fields: &Fields<'_>, name: &str) -> Secrets {
    let Some(node) = fields.value(name) else { return Secrets::new() };
    let at = fields.at.key(name);
    let tree = decoder.tree;
    match &tree.node(node).kind {
        Kind::Null => return Secrets::new(),
        Kind::Mapping(members) if members.len() <= ITEMS_MAX => {}
        Kind::Mapping(members) => {
            let message =
                format!("`{name}` has {} entries, at most {ITEMS_MAX} may be", members.len());
            decoder.error(Code::TooManyItems, &at, node, message, "");
            return Secrets::new();
        }
        _ => {
            let message = format!(
                "`{name}` is a mapping from names to text, found {}",
                decoder.describe(node)
            );
            decoder.error(Code::WrongType, &at, node, message, "");
            return Secrets::new();
        }
    }
    let mut secrets = Secrets::new();
    for (key, value) in tree.members(node) {
        let key = tree.text(*key).unwrap_or_default();
        if let Some(secret) = decoder.secret(&at.key(key), *value, ADDRESS_CHARS_MAX) {
            secrets.insert(key.to_owned(), secret);
        }
    }
    secrets
}

fn auth_config(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<AuthConfig> {
    let node = fields.value("auth_config")?;
    if decoder.tree.node(node).kind == Kind::Null {
        return None;
    }
    let at = fields.at.key("auth_config");
    let fields = decoder.fields(&at, node, &AUTH_CONFIG)?;
    let secret = |decoder: &mut Decoder<'_>, name: &str| {
        decoder.secret(&fields.at.key(name), fields.value(name)?, ADDRESS_CHARS_MAX)
    };
    Some(AuthConfig {
        token: secret(decoder, "token"),
        api_key: secret(decoder, "api_key"),
        header: decoder.optional_name(&fields, "header"),
        token_url: address(decoder, &fields, "token_url"),
        client_id: decoder.optional_name(&fields, "client_id"),
        client_secret: secret(decoder, "client_secret"),
        scopes: decoder.optional_names(&fields, "scopes"),
    })
}
