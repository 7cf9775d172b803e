//! MCP servers: what goes with which transport and which kind of authentication.

use std::collections::HashMap;

use super::Check;
use crate::diagnostic::Code;
use crate::document::{AuthConfig, AuthType, McpServer, Transport};

/// A field with its name and whether it is there.
type Field = (&'static str, bool);

pub(super) fn check(check: &mut Check<'_>) {
    let mut prefixes: HashMap<&str, usize> = HashMap::new();
    for (index, server) in check.document.mcp_servers.iter().enumerate() {
        let path = format!("mcp_servers[{index}]");
        transport(check, server, &path);
        authentication(check, server, &path);
        prefix(check, server, &path);
        let Some(prefix) = &server.tool_prefix else { continue };
        if let Some(first) = prefixes.get(prefix.as_str()) {
            let message = format!("`mcp_servers[{first}]` has the prefix `{prefix}`, too");
            let help = "give each its own: a tool that both servers have is offered by neither";
            check.report(Code::SharedPrefix, format!("{path}.tool_prefix"), message, help);
        } else {
            prefixes.insert(prefix, index);
        }
    }
}

fn transport(check: &mut Check<'_>, server: &McpServer, path: &str) {
    let launch: [Field; 4] = [
        ("command", server.command.is_some()),
        ("args", !server.args.is_empty()),
        ("env", !server.env.is_empty()),
        ("cwd", server.cwd.is_some()),
    ];
    let is_stdio = server.transport == Some(Transport::Stdio);
    let has_url = check.places.value_place(&format!("{path}.url")).is_some();
    let has_command = check.places.value_place(&format!("{path}.command")).is_some();
    if is_stdio {
        if has_url {
            misplaced(check, path, "url", "a stdio server has no address");
        }
        if has_command {
            let message = format!("`{}` starts a program", server.name);
            let help = "it runs from a local policy file, or when the operator lists the command; \
                        a document that arrives over the API does not start it";
            check.report(Code::LocalProgram, format!("{path}.command"), message, help);
        } else {
            let message = format!("the stdio server `{}` has no `command`", server.name);
            let help = "add the program to start as `command`";
            check.report(Code::MissingField, format!("{path}.command"), message, help);
        }
        return;
    }
    if !has_url {
        let message = format!("the MCP server `{}` has no `url`", server.name);
        let help = if server.command.is_some() {
            "add `transport: stdio` to start the command, or give its `url`"
        } else {
            "add its address as `url`"
        };
        check.report(Code::MissingField, format!("{path}.url"), message, help);
    }
    for (name, is_there) in launch {
        if is_there {
            misplaced(check, path, name, "it goes with `transport: stdio` only");
        }
    }
}

fn misplaced(check: &mut Check<'_>, path: &str, name: &str, why: &str) {
    let message = format!("`{name}` does not belong here: {why}");
    check.report(Code::MisplacedField, format!("{path}.{name}"), message, "remove it");
}

fn authentication(check: &mut Check<'_>, server: &McpServer, path: &str) {
    let auth_type = server.auth_type.unwrap_or(AuthType::None);
    let Some(config) = &server.auth_config else {
        let is_written = check.places.value_place(&format!("{path}.auth_config")).is_some();
        if auth_type == AuthType::Oauth && !is_written {
            oauth(check, server, &AuthConfig::default(), path);
        } else if matches!(auth_type, AuthType::Bearer | AuthType::ApiKey) && !is_written {
            let message = format!("`{}` has no `auth_config`", server.name);
            let help = "add it, as in `auth_config: {token: \"${GITHUB_TOKEN}\"}`; without it the \
                        credentials stored for the server are used";
            check.report(Code::MissingCredentials, format!("{path}.auth_type"), message, help);
        }
        return;
    };
    if server.transport == Some(Transport::Stdio) {
        let why = "a stdio server is given its credentials in `env`";
        misplaced(check, path, "auth_config", why);
        return;
    }
    let AuthConfig { token, api_key, header, token_url, client_id, client_secret, scopes } = config;
    let (wanted, allowed): (Option<Field>, &[&str]) = match auth_type {
        AuthType::None => (None, &[]),
        AuthType::Bearer => (Some(("token", token.is_some())), &["token"]),
        AuthType::ApiKey => (Some(("api_key", api_key.is_some())), &["api_key", "header"]),
        AuthType::Oauth => (None, &["token_url", "client_id", "client_secret", "scopes"]),
    };
    let given: [Field; 7] = [
        ("token", token.is_some()),
        ("api_key", api_key.is_some()),
        ("header", header.is_some()),
        ("token_url", token_url.is_some()),
        ("client_id", client_id.is_some()),
        ("client_secret", client_secret.is_some()),
        ("scopes", !scopes.is_empty()),
    ];
    if auth_type == AuthType::Oauth {
        oauth(check, server, config, path);
    }
    let path = format!("{path}.auth_config");
    for (name, is_there) in given {
        if is_there && !allowed.contains(&name) {
            let why = format!("`auth_type` is `{}`", auth_type_name(auth_type));
            misplaced(check, &path, name, &why);
        }
    }
    if let Some((name, false)) = wanted
        && check.places.value_place(&format!("{path}.{name}")).is_none()
    {
        let message = format!("the auth_config of `{}` has no `{name}`", server.name);
        let help = format!("add `{name}`, as in `{name}: \"${{VARIABLE}}\"`");
        check.report(Code::MissingField, format!("{path}.{name}"), message, help);
    }
    if let Some(header) = header
        && !is_header_name(header)
    {
        let message = format!("`{header}` is not the name of a header");
        check.report(
            Code::InvalidName,
            format!("{path}.header"),
            message,
            "use letters, digits and `-`",
        );
    }
}

/// What the client-credentials grant takes: where tokens are given, and to whom.
fn oauth(check: &mut Check<'_>, server: &McpServer, config: &AuthConfig, path: &str) {
    let path = format!("{path}.auth_config");
    let wanted = [
        ("token_url", "token_url: https://auth.example.com/oauth/token"),
        ("client_id", "client_id: preloop"),
    ];
    for (name, example) in wanted {
        if check.places.value_place(&format!("{path}.{name}")).is_none() {
            let message = format!("the auth_config of `{}` has no `{name}`", server.name);
            let help = format!("add it, as in `{example}`");
            check.report(Code::MissingField, format!("{path}.{name}"), message, help);
        }
    }
    if config.client_secret.is_none() {
        let message = format!("the auth_config of `{}` has no `client_secret`", server.name);
        let help = "add it, as in `client_secret: \"${CLIENT_SECRET}\"`; without it the \
                    credentials stored for the server are used";
        check.report(Code::MissingCredentials, format!("{path}.client_secret"), message, help);
    }
}

fn auth_type_name(auth_type: AuthType) -> &'static str {
    match auth_type {
        AuthType::None => "none",
        AuthType::Bearer => "bearer",
        AuthType::ApiKey => "api_key",
        AuthType::Oauth => "oauth",
    }
}

/// A token of HTTP, narrowed to what header names are made of.
pub(super) fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn prefix(check: &mut Check<'_>, server: &McpServer, path: &str) {
    const CHARS_MAX: usize = 32;
    let Some(prefix) = &server.tool_prefix else { return };
    let is_spelled_well =
        prefix.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !is_spelled_well || prefix.len() > CHARS_MAX || prefix.contains("__") {
        let message = format!("`{prefix}` cannot begin the names of tools");
        let help = format!("use at most {CHARS_MAX} letters, digits, `-` and `_`, and no `__`");
        check.report(Code::InvalidName, format!("{path}.tool_prefix"), message, help);
    }
}
