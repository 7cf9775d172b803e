//! Where a policy holds: the account, or one team, agent or flow of it. On every wire one text, such as `team:payments`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::{NAME_CHARS_MAX, is_name};

/// The kinds of scopes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    /// The whole account.
    Account,
    /// The members of one team.
    Team,
    /// One agent.
    Agent,
    /// One flow.
    Flow,
}

/// Where a policy holds.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^(account|(team|agent|flow):.+)$"))]
pub struct PolicyScope {
    kind: ScopeKind,
    /// Empty for the account.
    name: String,
}

/// Why a text is no scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidScope {
    message: String,
}

// === impl ScopeKind ===

impl ScopeKind {
    /// Every kind, the most general first.
    pub const ALL: [Self; 4] = [Self::Account, Self::Team, Self::Agent, Self::Flow];

    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Team => "team",
            Self::Agent => "agent",
            Self::Flow => "flow",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

// === impl PolicyScope ===

impl PolicyScope {
    /// The whole account.
    pub const fn account() -> Self {
        Self { kind: ScopeKind::Account, name: String::new() }
    }

    /// The scope of that kind and name; the account's name is empty.
    ///
    /// # Errors
    /// Where the name cannot be one.
    pub fn new(kind: ScopeKind, name: impl Into<String>) -> Result<Self, InvalidScope> {
        let name = name.into();
        let refuse = |message: String| Err(InvalidScope { message });
        if kind == ScopeKind::Account {
            return if name.is_empty() {
                Ok(Self::account())
            } else {
                refuse("the scope `account` takes no name".to_owned())
            };
        }
        if name.is_empty() {
            let kind = kind.as_str();
            return refuse(format!("the scope `{kind}` wants a name: `{kind}:NAME`"));
        }
        if !is_name(&name) {
            // As strict as the names themselves: a scope that nobody can be in would be stored and never enforced.
            return refuse(format!(
                "the name of a scope has 1 to {NAME_CHARS_MAX} letters, digits, spaces or any of `-_.@`, and no space at its ends"
            ));
        }
        Ok(Self { kind, name })
    }

    /// The scope of that kind and name as it was stored, by whatever rules names had then.
    pub fn stored(kind: ScopeKind, name: String) -> Self {
        Self { kind, name }
    }

    /// What it is a scope of.
    pub const fn kind(&self) -> ScopeKind {
        self.kind
    }

    /// The team's, agent's or flow's name; empty for the account.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the whole account.
    pub fn is_account(&self) -> bool {
        self.kind == ScopeKind::Account
    }
}

impl Default for PolicyScope {
    fn default() -> Self {
        Self::account()
    }
}

impl fmt::Display for PolicyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        if !self.is_account() {
            write!(f, ":{}", self.name)?;
        }
        Ok(())
    }
}

impl FromStr for PolicyScope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let (kind, name) = text.split_once(':').unwrap_or((text, ""));
        let Some(kind) = ScopeKind::from_name(kind) else {
            let shown: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
            return Err(InvalidScope {
                message: format!(
                    "`{shown}` is no scope: it is `account`, `team:NAME`, `agent:NAME` or `flow:NAME`"
                ),
            });
        };
        Self::new(kind, name)
    }
}

impl TryFrom<String> for PolicyScope {
    type Error = InvalidScope;

    fn try_from(text: String) -> Result<Self, InvalidScope> {
        text.parse()
    }
}

impl From<PolicyScope> for String {
    fn from(scope: PolicyScope) -> Self {
        scope.to_string()
    }
}

// === impl InvalidScope ===

impl fmt::Display for InvalidScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for InvalidScope {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_one_text() {
        for text in ["account", "team:payments", "agent:ci bot", "flow:Äna-2.b@c"] {
            let scope: PolicyScope = text.parse().unwrap();
            assert_eq!(scope.to_string(), text);
            let json = serde_json::to_string(&scope).unwrap();
            assert_eq!(serde_json::from_str::<PolicyScope>(&json).unwrap(), scope);
        }
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        let long = format!("team:{}", "x".repeat(65));
        let texts = [
            "",
            "teams:a",
            "Team:a",
            "team",
            "team:",
            "account:x",
            "team: a",
            "flow:a\n",
            "flow:a:b",
            "team:pay\u{200b}",
            "team:\u{202e}pay",
            &long,
        ];
        for text in texts {
            assert!(text.parse::<PolicyScope>().is_err(), "{text:?}");
        }
        let error = "grop:x".parse::<PolicyScope>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`grop:x` is no scope: it is `account`, `team:NAME`, `agent:NAME` or `flow:NAME`"
        );
    }
}
