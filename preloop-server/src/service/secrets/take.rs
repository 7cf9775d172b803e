//! Takes the literal secrets out of a document, and finds those that it says are stored.
//!
//! INVARIANT: a stored secret goes to the place it was given for and to no other: what an entry
//! keeps by `{redacted: true}` was given for the very address or program that the entry names.

use std::collections::HashMap;

use preloop_core::canonical::{SecretOwner, SecretPlace, visit_secrets};
use preloop_core::document::{ChannelKind, McpServer, PolicyDocument, Secret, Transport};
use serde_json::json;
use zeroize::Zeroizing;

use crate::digest::sha256_hex;

/// A secret on its way into the store.
pub(crate) struct NewSecret {
    pub(super) place: SecretPlace,
    pub(super) target: String,
    pub(super) text: Zeroizing<String>,
}

impl std::fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewSecret({:?}, for {})", self.place, self.target)
    }
}

/// What the secrets of an entry are given for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    text: String,
    /// Where the address itself is a secret that is given anew, nothing that is stored may follow it.
    may_keep: bool,
}

/// Literal secrets become `{redacted: true}` and are handed over; `keeps` is asked about each that
/// is so already.
///
/// # Errors
/// What `keeps` says.
pub(super) fn take<E>(
    document: &mut PolicyDocument,
    mut keeps: impl FnMut(&SecretPlace, &str, bool) -> Result<(), E>,
) -> Result<Vec<NewSecret>, E> {
    let targets = targets(document);
    let mut taken = Vec::new();
    let mut refused = None;
    visit_secrets(document, |place, secret| {
        let Target { text: target, may_keep } = target_of(&targets, &place);
        match secret {
            Secret::Redacted => {
                if let Err(error) = keeps(&place, &target, may_keep) {
                    refused.get_or_insert(error);
                }
            }
            Secret::Written(_) if !secret.is_literal() => {}
            Secret::Written(text) => {
                let text = Zeroizing::new(std::mem::take(text));
                *secret = Secret::Redacted;
                taken.push(NewSecret { place, target, text });
            }
        }
    });
    match refused {
        Some(error) => Err(error),
        None => Ok(taken),
    }
}

/// What the secret of a place is given for, as the document is now.
pub(super) fn target_in(document: &PolicyDocument, place: &SecretPlace) -> String {
    target_of(&targets(document), place).text
}

/// Targets by owner, name and the beginning of the field.
type Targets = HashMap<(SecretOwner, String, String), Target>;

fn targets(document: &PolicyDocument) -> Targets {
    let mut targets = HashMap::new();
    for server in &document.mcp_servers {
        let key = (SecretOwner::McpServer, server.name.clone(), String::new());
        targets.insert(key, Target { text: target_of_server(server), may_keep: true });
    }
    for workflow in &document.approval_workflows {
        for (at, channel) in preloop_core::canonical::channel_places(&workflow.notifications) {
            let is_hidden = matches!(channel.channel, ChannelKind::Slack | ChannelKind::Mattermost);
            let written = channel.url.as_ref().and_then(Secret::written);
            let target = Target {
                text: written.filter(|_| !is_hidden).map(origin_of).unwrap_or_default(),
                may_keep: !is_hidden || written.is_none(),
            };
            let key = (SecretOwner::ApprovalWorkflow, workflow.name.clone(), at);
            targets.insert(key, target);
        }
    }
    targets
}

fn target_of(targets: &Targets, place: &SecretPlace) -> Target {
    let by_itself = Target { text: String::new(), may_keep: true };
    let at = match place.owner {
        SecretOwner::McpServer => String::new(),
        SecretOwner::ApprovalWorkflow => {
            let mut parts = place.field.splitn(3, '.');
            let at = [parts.next(), parts.next()].map(Option::unwrap_or_default).join(".");
            // A channel's own address is given for nothing but itself.
            if parts.next() == Some("url") {
                return by_itself;
            }
            at
        }
    };
    targets.get(&(place.owner, place.name.clone(), at)).cloned().unwrap_or(by_itself)
}

/// What the secrets of a server are given for: where it listens, or how it is started.
pub(super) fn target_of_server(server: &McpServer) -> String {
    if server.transport == Some(Transport::Stdio) {
        // Another argument may be another program; arguments are not told, as some hold secrets.
        let started = json!([server.command, server.args]).to_string();
        return format!("stdio:{}", sha256_hex(&[started.as_bytes()]));
    }
    let url = server.url.as_deref().map(origin_of).unwrap_or_default();
    let config = server.auth_config.as_ref();
    match config.and_then(|config| config.token_url.as_deref()) {
        // The secret goes to one address and what it gives to the other: neither may change.
        Some(token_url) => format!("{url} by {}", origin_of(token_url)),
        None => url,
    }
}

/// Scheme, host and port of an address as written.
fn origin_of(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let written = format!("{scheme}://{host}");
    // Names of variables are what they are; everything else has no case.
    if written.contains("${") { written } else { written.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_bound_by_scheme_host_and_port() {
        for (url, origin) in [
            ("https://API.Example.com/mcp?x=1", "https://api.example.com"),
            ("https://u:${P}@example.com:8443/", "https://example.com:8443"),
            ("http://example.com", "http://example.com"),
            ("https://${HOST}/mcp", "https://${HOST}"),
            ("${URL}", "${URL}"),
            ("http://[::1]:9/x", "http://[::1]:9"),
        ] {
            assert_eq!(origin_of(url), origin);
        }
    }
}
