//! Addresses: http or https, and nothing secret in them.

use super::Check;
use crate::diagnostic::Code;
use crate::document::Secret;
use crate::redact::is_secret_key;

pub(super) fn check(check: &mut Check<'_>) {
    let document = check.document;
    for (index, server) in document.mcp_servers.iter().enumerate() {
        if let Some(url) = &server.url {
            address(check, &format!("mcp_servers[{index}].url"), url);
        }
        let token_url = server.auth_config.as_ref().and_then(|config| config.token_url.as_ref());
        if let Some(url) = token_url {
            address(check, &format!("mcp_servers[{index}].auth_config.token_url"), url);
        }
    }
    for (index, workflow) in document.approval_workflows.iter().enumerate() {
        for (number, channel) in workflow.notifications.iter().enumerate() {
            let path = format!("approval_workflows[{index}].notifications[{number}].url");
            if let Some(url) = channel.url.as_ref().and_then(Secret::written) {
                address(check, &path, url);
            }
        }
    }
}

/// Stands for a variable in an address; no address can hold it itself.
const STAND_IN: char = '\u{1}';

/// The address with each `${...}` as one character.
fn without_variables(url: &str) -> String {
    let mut parts = url.split("${");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push(STAND_IN);
        out.push_str(part.split_once('}').map_or(part, |(_, rest)| rest));
    }
    out
}

fn address(check: &mut Check<'_>, path: &str, url: &str) {
    // What is wrong with a variable itself is said by the check of variables.
    if let Some(fault) = fault(&without_variables(url)) {
        let message = format!("the address is not a URL that can be called: {fault}");
        let help = "write it as in `https://mcp.example.com/mcp`";
        check.report(Code::InvalidUrl, path, message, help);
        return;
    }
    if let Some(what) = credentials(url) {
        let message = format!("{what} stands in the address, which is exported and logged");
        let help = "write `${VARIABLE}` in its place, or move it into `auth_config`";
        check.report(Code::CredentialsInUrl, path, message, help);
    }
}

/// Why a text is no http(s) URL; none where it is one. The text itself is not repeated, as it may
/// hold a secret.
fn fault(url: &str) -> Option<&'static str> {
    if url.chars().any(|c| c.is_whitespace() || c.is_control() && c != STAND_IN) {
        return Some("it holds a blank");
    }
    // An address may be a variable as a whole.
    if url.starts_with(STAND_IN) {
        return None;
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Some("it does not begin with `http://` or `https://`");
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Some("its scheme is neither `http` nor `https`");
    }
    if rest.contains('\\') {
        return Some("it holds a backslash");
    }
    if rest.contains('#') {
        return Some("it has a fragment");
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = split_port(host);
    if name.is_empty() {
        return Some("it has no host");
    }
    if port.is_some_and(|port| !port.contains(STAND_IN) && !is_port(port)) {
        return Some("its port is not a number from 1 to 65535");
    }
    if is_host(name) { None } else { Some("its host is not a name or an address") }
}

/// The host and what follows its last colon, brackets of IPv6 respected.
fn split_port(host: &str) -> (&str, Option<&str>) {
    if host.starts_with('[') {
        return match host.split_once(']') {
            Some((name, rest)) => (name, rest.strip_prefix(':')),
            None => ("", None),
        };
    }
    match host.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    }
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_host(name: &str) -> bool {
    if let Some(address) = name.strip_prefix('[') {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | STAND_IN);
    name.chars().all(is_allowed) && !name.starts_with('.') && !name.contains("..")
}

/// What secret stands literally in an address.
fn credentials(url: &str) -> Option<&'static str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if let Some((user, _)) = authority.rsplit_once('@') {
        let secret = user.split_once(':').map_or(user, |(_, password)| password);
        if !secret.is_empty() && !secret.contains("${") {
            return Some("a password");
        }
    }
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let is_literal_secret = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        is_secret_key(name) && !value.is_empty() && !value.contains("${")
    };
    query.split('&').any(is_literal_secret).then_some("a key")
}
