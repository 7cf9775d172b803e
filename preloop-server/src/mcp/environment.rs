//! `${ENV_VAR}` in a server's settings: resolved here and nowhere else, at the moment of dialling.

use std::collections::BTreeMap;
use std::fmt;

use preloop_core::document::McpServer;
use preloop_core::redact::is_secret_key;

use crate::service::ServerSecrets;

/// What a child process gets besides what its entry declares; nothing of it is a credential.
const BASE_VARIABLES: [&str; 14] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LOGNAME",
    "USER",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TMP",
    "TEMP",
    "TZ",
    "SYSTEMROOT",
];

/// Shortest secret that is masked.
const MASKED_BYTES_MIN: usize = 6;
/// Our own settings, which no server may be given.
const OWN_PREFIX: &str = "PRELOOP_";

/// Which variables of the starting user a dial may use.
#[derive(Clone, Debug)]
pub struct EnvironmentRules {
    is_local: bool,
    allowed: Vec<Allowed>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Allowed {
    variable: String,
    target: String,
}

/// Why a text with `${...}` cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// The variable has no value here.
    #[error("the environment variable `{0}` is not set: set it where the server is started")]
    Unset(String),
    /// The operator did not allow it for this target.
    #[error(
        "the environment variable `{variable}` is not allowed for `{target}`: \
         add `{variable}@{target}` to PRELOOP_ENV_ALLOW"
    )]
    NotAllowed {
        /// The variable.
        variable: String,
        /// The host or command that would get it.
        target: String,
    },
    /// Settings of ours are never handed out.
    #[error("the environment variable `{0}` belongs to preloop itself and is never handed out")]
    Own(String),
    /// Not `${NAME}`.
    #[error("`{0}` is not a variable: write `${{NAME}}` with letters, digits and `_`")]
    Malformed(String),
    /// An entry of the operator's list is not `NAME@host`.
    #[error("`{0}` in PRELOOP_ENV_ALLOW is not `NAME@host` or `NAME@command`")]
    BadRule(String),
}

// === impl EnvironmentRules ===

impl EnvironmentRules {
    /// The rules for a document from a local file: the starting user wrote it, so the user's
    /// environment may be used.
    pub fn local_file() -> Self {
        Self { is_local: true, allowed: Vec::new() }
    }

    /// The rules for any other document: only what the operator listed as
    /// `NAME@host,NAME@command,...`.
    pub fn allow_list(list: &str) -> Result<Self, EnvironmentError> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let allowed = entries
            .map(|entry| match entry.split_once('@') {
                Some((variable, target)) if is_name(variable) && !target.is_empty() => {
                    Ok(Allowed { variable: variable.to_owned(), target: target.to_owned() })
                }
                _ => Err(EnvironmentError::BadRule(entry.to_owned())),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { is_local: false, allowed })
    }

    /// The text with every `${NAME}` replaced, for the host or command that will get it.
    pub(crate) fn expand(&self, text: &str, target: &str) -> Result<String, EnvironmentError> {
        self.expand_from(text, target, |name| std::env::var(name).ok())
    }

    fn expand_from(
        &self,
        text: &str,
        target: &str,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<String, EnvironmentError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, tail)) = after.split_once('}') else {
                return Err(EnvironmentError::Malformed(format!("${{{after}")));
            };
            if !is_name(name) {
                return Err(EnvironmentError::Malformed(format!("${{{name}}}")));
            }
            self.check(name, target)?;
            let value = lookup(name).ok_or_else(|| EnvironmentError::Unset(name.to_owned()))?;
            out.push_str(&value);
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn check(&self, variable: &str, target: &str) -> Result<(), EnvironmentError> {
        if variable.to_ascii_uppercase().starts_with(OWN_PREFIX) {
            return Err(EnvironmentError::Own(variable.to_owned()));
        }
        let is_listed = self
            .allowed
            .iter()
            .any(|rule| rule.variable == variable && rule.target.eq_ignore_ascii_case(target));
        if self.is_local || is_listed {
            return Ok(());
        }
        Err(EnvironmentError::NotAllowed {
            variable: variable.to_owned(),
            target: target.to_owned(),
        })
    }
}

/// Secrets of a server, to be taken out of what it says before that is logged, recorded or told.
#[derive(Clone, Default)]
pub(crate) struct Masks {
    secrets: Vec<String>,
}

// === impl Masks ===

impl Masks {
    /// The resolved secrets that `server` gets.
    pub(crate) fn of(server: &McpServer, rules: &EnvironmentRules, stored: &ServerSecrets) -> Self {
        let target = match (&server.command, &server.url) {
            (Some(command), _) => command.clone(),
            (None, Some(url)) => host_of(url).unwrap_or_default(),
            (None, None) => String::new(),
        };
        let given = server.env.iter().filter(|(name, secret)| {
            is_secret_key(name) || secret.written().is_some_and(has_own_variable)
        });
        let config = server.auth_config.as_ref();
        let credentials = config.into_iter().flat_map(|config| {
            // That of a client goes to the host that gives tokens, too, and needs leave for both.
            [&config.token, &config.api_key, &config.client_secret]
        });
        let secrets = given
            .map(|(_, secret)| secret)
            .chain(credentials.flatten())
            .filter_map(|secret| rules.expand(secret.written()?, &target).ok())
            .chain(stored.texts().map(str::to_owned))
            // Shorter ones are no secrets, and every other word would hold one.
            .filter(|secret| secret.len() >= MASKED_BYTES_MIN)
            .collect();
        Self { secrets }
    }

    /// The text without the secrets.
    pub(crate) fn mask(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "[redacted]"))
    }
}

impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masks({})", self.secrets.len())
    }
}

/// Whether the text takes a variable that is not one of those every child gets.
fn has_own_variable(text: &str) -> bool {
    text.split("${").skip(1).any(|rest| {
        let name = rest.split('}').next().unwrap_or_default();
        !BASE_VARIABLES.contains(&name)
    })
}

fn host_of(url: &str) -> Option<String> {
    reqwest::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// The clean environment that every child process starts from.
pub(crate) fn base_environment() -> BTreeMap<String, String> {
    BASE_VARIABLES
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
        .collect()
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(rules: &EnvironmentRules, text: &str) -> Result<String, EnvironmentError> {
        rules.expand_from(text, "api.github.com", |name| match name {
            "TOKEN" => Some("s3cret".to_owned()),
            "NESTED" => Some("${TOKEN}".to_owned()),
            "PRELOOP_SECRET_KEY" => Some("never".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn expands_for_a_local_file() {
        let rules = EnvironmentRules::local_file();
        assert_eq!(expand(&rules, "Bearer ${TOKEN}!").unwrap(), "Bearer s3cret!");
        assert_eq!(expand(&rules, "$TOKEN {TOKEN} $$").unwrap(), "$TOKEN {TOKEN} $$");
        assert_eq!(expand(&rules, "${NESTED}").unwrap(), "${TOKEN}", "values are never expanded");
    }

    #[test]
    fn fails_by_name_instead_of_dialling_with_nothing() {
        let rules = EnvironmentRules::local_file();
        let unset = expand(&rules, "${ABSENT}").unwrap_err();
        assert_eq!(unset, EnvironmentError::Unset("ABSENT".into()));
        assert!(unset.to_string().contains("`ABSENT`"));
        for own in ["${PRELOOP_SECRET_KEY}", "${preloop_secret_key}"] {
            assert!(matches!(expand(&rules, own), Err(EnvironmentError::Own(_))));
        }
        for bad in ["${", "${}", "${A-B}", "${TOKEN", "${TOKEN:-x}"] {
            assert!(matches!(expand(&rules, bad), Err(EnvironmentError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn other_documents_get_what_the_operator_lists_for_that_host() {
        let rules = EnvironmentRules::allow_list("TOKEN@api.github.com, OTHER@x").unwrap();
        assert_eq!(expand(&rules, "${TOKEN}").unwrap(), "s3cret");
        let elsewhere = EnvironmentRules::allow_list("TOKEN@evil.example").unwrap();
        let error = expand(&elsewhere, "${TOKEN}").unwrap_err();
        assert!(error.to_string().contains("add `TOKEN@api.github.com` to PRELOOP_ENV_ALLOW"));
        assert!(EnvironmentRules::allow_list("TOKEN").is_err());
        assert!(EnvironmentRules::allow_list("").is_ok());
    }

    #[test]
    fn secrets_are_taken_out_of_what_a_server_says() {
        let masks = Masks { secrets: vec!["ghp_s3cret".to_owned()] };
        assert_eq!(masks.mask("bad token ghp_s3cret!"), "bad token [redacted]!");
        assert!(!format!("{masks:?}").contains("s3cret"));
        assert!(has_own_variable("Bearer ${TOKEN}") && has_own_variable("${HOME}${TOKEN}"));
        assert!(!has_own_variable("${HOME}/x") && !has_own_variable("plain"));
    }
}
