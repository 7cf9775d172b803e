//! Roles and permissions: the one table of who may do what. docs/permissions.md is written from it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// One thing that a role may allow and that the scopes of a key may narrow to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Permission {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl Permission {
            /// Every permission, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name on every wire, `noun:verb`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What it allows, in words.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

permissions! {
    /// Read the account and its settings.
    AccountRead = "account:read",
    /// Change the account: its name, its owners.
    AccountWrite = "account:write",
    /// Make further accounts on this server; of the first account's owners only.
    AccountsWrite = "accounts:write",
    /// Read approval requests; agents read their own only.
    ApprovalsRead = "approvals:read",
    /// See the whole arguments of approval requests, secrets among them; approvers of those that ask them.
    ApprovalsReveal = "approvals:reveal",
    /// Vote on approval requests, where the workflow names the voter.
    ApprovalsVote = "approvals:vote",
    /// Read, export and verify the audit trail.
    AuditRead = "audit:read",
    /// Have calls decided and recorded, and withdraw own requests.
    DecisionsMake = "decisions:make",
    /// Read recorded decisions.
    DecisionsRead = "decisions:read",
    /// Make, rotate and revoke own API keys; register and remove own passkeys.
    KeysOwn = "keys:own",
    /// Make, rotate and revoke everybody's API keys, and agents.
    KeysWrite = "keys:write",
    /// Read what became of notifications.
    NotificationsRead = "notifications:read",
    /// Send notifications anew that were given up.
    NotificationsWrite = "notifications:write",
    /// Validate, compile and try documents that are sent along; nothing is recorded.
    PoliciesCheck = "policies:check",
    /// Try calls against the live policies; nothing is recorded.
    PoliciesEvaluate = "policies:evaluate",
    /// Read policies and their versions.
    PoliciesRead = "policies:read",
    /// Apply, edit, tag, roll back and delete policies.
    PoliciesWrite = "policies:write",
    /// Read the MCP servers, never their credentials.
    ServersRead = "servers:read",
    /// Change MCP servers and their credentials.
    ServersWrite = "servers:write",
    /// Read the teams and who is in them.
    TeamsRead = "teams:read",
    /// Make, change and delete teams.
    TeamsWrite = "teams:write",
    /// Accept new and changed definitions of tools.
    ToolsAccept = "tools:accept",
    /// Call tools through the firewall.
    ToolsCall = "tools:call",
    /// List tools.
    ToolsRead = "tools:read",
    /// Read users and invitations.
    UsersRead = "users:read",
    /// Invite, change and disable users.
    UsersWrite = "users:write",
}

/// What somebody may do in an account; each user, agent and key has one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything but the account itself and its owners.
    Admin,
    /// Ask for decisions and call tools; never approve, never administer.
    Agent,
    /// Read, and vote on approval requests.
    Approver,
    /// Write policies and MCP servers, accept tools.
    Editor,
    /// Everything.
    Owner,
    /// Read.
    Viewer,
}

/// What every role of people has: reading, and keys of one's own that can do no more than their holder.
const VIEWER: &[Permission] = &[
    Permission::AccountRead,
    Permission::ApprovalsRead,
    Permission::AuditRead,
    Permission::DecisionsRead,
    Permission::KeysOwn,
    Permission::NotificationsRead,
    Permission::PoliciesCheck,
    Permission::PoliciesEvaluate,
    Permission::PoliciesRead,
    Permission::ServersRead,
    Permission::TeamsRead,
    Permission::ToolsRead,
    Permission::UsersRead,
];

/// What an approver has beyond reading.
const APPROVER: &[Permission] = &[Permission::ApprovalsReveal, Permission::ApprovalsVote];

/// What an editor has beyond reading.
const EDITOR: &[Permission] =
    &[Permission::PoliciesWrite, Permission::ServersWrite, Permission::ToolsAccept];

/// What an agent has, and all it can ever have.
const AGENT: &[Permission] = &[
    Permission::ApprovalsRead,
    Permission::DecisionsMake,
    Permission::PoliciesCheck,
    Permission::ToolsCall,
    Permission::ToolsRead,
];

/// What only owners have.
const OWNER_ONLY: &[Permission] = &[Permission::AccountWrite, Permission::AccountsWrite];

// === impl Permission ===

impl Permission {
    /// The permission of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == name)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Role ===

impl Role {
    /// Every role, most powerful first.
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::Admin, Self::Editor, Self::Approver, Self::Viewer, Self::Agent];

    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Agent => "agent",
            Self::Approver => "approver",
            Self::Editor => "editor",
            Self::Owner => "owner",
            Self::Viewer => "viewer",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether the role allows it.
    pub fn allows(self, permission: Permission) -> bool {
        match self {
            Self::Admin => !OWNER_ONLY.contains(&permission),
            Self::Agent => AGENT.contains(&permission),
            Self::Approver => VIEWER.contains(&permission) || APPROVER.contains(&permission),
            Self::Editor => VIEWER.contains(&permission) || EDITOR.contains(&permission),
            Self::Owner => true,
            Self::Viewer => VIEWER.contains(&permission),
        }
    }

    /// Everything that the role allows.
    pub fn permissions(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.allows(*permission))
    }

    /// Whether whoever has this role may give `other` to somebody, or take it away: nobody hands out more than they have.
    pub fn may_give(self, other: Self) -> bool {
        self.allows(Permission::UsersWrite)
            && other.permissions().all(|permission| self.allows(permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_never_vote_and_never_administer() {
        let allowed: Vec<&str> = Role::Agent.permissions().map(Permission::as_str).collect();
        assert_eq!(
            allowed,
            ["approvals:read", "decisions:make", "policies:check", "tools:call", "tools:read"]
        );
    }

    #[test]
    fn only_owners_touch_the_account_and_only_admins_people() {
        for role in Role::ALL {
            let is_owner = role == Role::Owner;
            assert_eq!(role.allows(Permission::AccountWrite), is_owner, "{role:?}");
            assert_eq!(role.allows(Permission::AccountsWrite), is_owner, "{role:?}");
            let is_admin = is_owner || role == Role::Admin;
            assert_eq!(role.allows(Permission::UsersWrite), is_admin, "{role:?}");
            assert_eq!(role.allows(Permission::KeysWrite), is_admin, "{role:?}");
            assert_eq!(role.may_give(Role::Owner), is_owner, "{role:?}");
            assert_eq!(role.may_give(Role::Viewer), is_admin, "{role:?}");
        }
    }

    #[test]
    fn a_viewer_changes_nothing() {
        for permission in Role::Viewer.permissions() {
            let (_, verb) = permission.as_str().split_once(':').unwrap_or_default();
            assert!(["read", "check", "evaluate", "own"].contains(&verb), "{permission}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_name(permission.as_str()), Some(*permission));
            let json = serde_json::to_string(permission).unwrap_or_default();
            assert_eq!(json, format!("\"{permission}\""));
            assert!(permission.description().ends_with('.'), "{permission}");
        }
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.as_str()), Some(role));
        }
    }
}
