//! `${VARIABLE}`: where it may stand, how it is spelled, and literals that should be one.

use super::Check;
use crate::diagnostic::Code;
use crate::document::{AuthConfig, ChannelKind, Secret, Secrets, is_variable_name};
use crate::redact::{is_secret_key, is_secret_text};

/// What the process keeps for itself.
const RESERVED_PREFIX: &str = "PRELOOP_";
const WHERE_RESOLVED: &str =
    "variables work in `auth_config`, `env`, `url` and notification headers";

pub(super) fn check(check: &mut Check<'_>) {
    mcp_servers(check);
    notifications(check);
    texts(check);
}

/// Texts for people and for models go out as they are written; a variable in one is a slip, or the
/// habit of a product that pastes its own environment there.
fn texts(check: &mut Check<'_>) {
    let document = check.document;
    text(check, document.metadata.description.as_ref(), || "metadata.description".to_owned());
    for (index, workflow) in document.approval_workflows.iter().enumerate() {
        let texts =
            [("description", &workflow.description), ("ai_guidelines", &workflow.ai_guidelines)];
        for (name, found) in texts {
            text(check, found.as_ref(), || format!("approval_workflows[{index}].{name}"));
        }
    }
    for (index, tool) in document.tools.iter().enumerate() {
        text(check, tool.description.as_ref(), || format!("tools[{index}].description"));
        for (number, rule) in tool.conditions.iter().enumerate() {
            let texts = [
                ("expression", &rule.expression),
                ("description", &rule.description),
                ("message", &rule.message),
            ];
            for (name, found) in texts {
                text(check, found.as_ref(), || {
                    format!("tools[{index}].conditions[{number}].{name}")
                });
            }
        }
    }
}

/// Nearly no text has a variable, so its path is made only where one does.
fn text(check: &mut Check<'_>, text: Option<&String>, path: impl FnOnce() -> String) {
    if let Some(name) = text.and_then(|text| variable(text)) {
        let message = format!("`${{{name}}}` stays as it is written: it is not resolved here");
        check.report(Code::NoEffect, path(), message, WHERE_RESOLVED);
    }
}

/// The first variable of a text.
fn variable(text: &str) -> Option<&str> {
    memchr::memchr(b'$', text.as_bytes())?;
    let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    names.map(|(name, _)| name).find(|name| is_variable_name(name))
}

fn mcp_servers(check: &mut Check<'_>) {
    let document = check.document;
    for (index, server) in document.mcp_servers.iter().enumerate() {
        let path = format!("mcp_servers[{index}]");
        if let Some(url) = &server.url {
            spelling(check, &format!("{path}.url"), url);
        }
        settings(check, &format!("{path}.env"), &server.env);
        if let Some(config) = &server.auth_config {
            let AuthConfig { token, api_key, token_url, client_id, client_secret, .. } = config;
            for (name, text) in [("token_url", token_url), ("client_id", client_id)] {
                if let Some(text) = text {
                    spelling(check, &format!("{path}.auth_config.{name}"), text);
                }
            }
            let secrets =
                [("token", token), ("api_key", api_key), ("client_secret", client_secret)];
            for (name, secret) in secrets {
                if let Some(secret) = secret {
                    credential(check, &format!("{path}.auth_config.{name}"), secret);
                }
            }
        }
        let launch = [("command", &server.command), ("cwd", &server.cwd)];
        for (name, text) in launch {
            if let Some(text) = text {
                refuse(check, &format!("{path}.{name}"), text);
            }
        }
        for (number, text) in server.args.iter().enumerate() {
            refuse(check, &format!("{path}.args[{number}]"), text);
        }
    }
}

fn notifications(check: &mut Check<'_>) {
    let document = check.document;
    for (index, workflow) in document.approval_workflows.iter().enumerate() {
        for (number, channel) in workflow.notifications.iter().enumerate() {
            let path = format!("approval_workflows[{index}].notifications[{number}]");
            settings(check, &format!("{path}.headers"), &channel.headers);
            if let Some(secret) = &channel.secret {
                credential(check, &format!("{path}.secret"), secret);
            }
            let Some(url) = &channel.url else { continue };
            if matches!(channel.channel, ChannelKind::Slack | ChannelKind::Mattermost) {
                credential(check, &format!("{path}.url"), url);
            } else if let Some(text) = url.written() {
                spelling(check, &format!("{path}.url"), text);
            }
        }
    }
}

fn settings(check: &mut Check<'_>, path: &str, settings: &Secrets) {
    for (name, setting) in settings {
        let path = format!("{path}.{name}");
        let looks_secret = setting.written().is_some_and(is_secret_text);
        if is_secret_key(name) || looks_secret {
            credential(check, &path, setting);
        } else if let Some(text) = setting.written() {
            spelling(check, &path, text);
        }
    }
}

/// A value that is a secret: it should be a variable.
fn credential(check: &mut Check<'_>, path: &str, secret: &Secret) {
    let Some(text) = secret.written() else { return };
    let is_spelled_well = spelling(check, path, text);
    if !is_spelled_well || !secret.is_literal() {
        return;
    }
    let message = "a secret stands in the document as plain text";
    let help = match text.strip_prefix('$') {
        Some(name) if is_variable_name(name) => format!("write `${{{name}}}` with braces"),
        _ => "write `${VARIABLE}` and set the variable where Preloop runs".to_owned(),
    };
    check.report(Code::LiteralSecret, path, message, help);
}

/// Checks every `${...}` of a text that is resolved; true when all are well spelled.
fn spelling(check: &mut Check<'_>, path: &str, text: &str) -> bool {
    let mut is_spelled_well = true;
    for rest in text.split("${").skip(1) {
        let name = rest.split_once('}').map(|(name, _)| name);
        let (message, help) = match name {
            None => ("`${` has no closing `}`".to_owned(), "write `${VARIABLE}`"),
            Some(name) if !is_variable_name(name) => (
                format!("`${{{name}}}` is not a variable"),
                "use letters, digits and `_`; there is no syntax for defaults",
            ),
            Some(name) if name.starts_with(RESERVED_PREFIX) => (
                format!("`${{{name}}}` is not given to documents"),
                "variables that begin with `PRELOOP_` are Preloop's own",
            ),
            Some(_) => continue,
        };
        is_spelled_well = false;
        check.report(Code::InvalidVariable, path, message, help);
    }
    is_spelled_well
}

/// Reports variables in a text that is used as it is.
fn refuse(check: &mut Check<'_>, path: &str, text: &str) {
    if variable(text).is_some() {
        let message = "a variable is not resolved here";
        check.report(Code::InvalidVariable, path, message, WHERE_RESOLVED);
    }
}
