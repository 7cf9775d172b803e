//! Hashes over canonical bytes: of a call and of a policy.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::export;
use super::value::write_string;
use super::writer::canonical_text;
use crate::document::PolicyDocument;

/// `sha256:` and the hex digest of a call: its tool, source and arguments, without justification.
///
/// `args` is canonical JSON, as [`crate::json::canonicalize`] makes it from the caller's text.
/// A call without a source hashes `null` there.
pub fn call_hash(tool: &str, source: Option<&str>, args: &str) -> String {
    let mut text = String::with_capacity(args.len().saturating_add(tool.len()).saturating_add(64));
    text.push_str("{\"args\":");
    text.push_str(args);
    text.push_str(",\"source\":");
    match source {
        Some(source) => write_string(&mut text, source),
        None => text.push_str("null"),
    }
    text.push_str(",\"tool\":");
    write_string(&mut text, tool);
    text.push('}');
    sha256(&text)
}

/// `sha256:` and the hex digest of the canonical document without its secrets.
///
/// Spelling of keys, their order, comments and the choice between JSON and YAML do not change it;
/// a change of a secret does not either.
pub fn policy_digest(document: &PolicyDocument) -> String {
    // Secrets stand in servers and notifications only.
    let has_no_secrets = document.mcp_servers.is_empty()
        && document.approval_workflows.iter().all(|workflow| workflow.notifications.is_empty());
    let text = if has_no_secrets {
        canonical_text(document)
    } else {
        canonical_text(&export(document.clone()))
    };
    // A document has nothing that has no canonical text.
    sha256(&text.unwrap_or_default())
}

/// `sha256:` and the hex digest of a text.
pub(crate) fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut hex = String::with_capacity(71);
    hex.push_str("sha256:");
    for byte in digest {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
