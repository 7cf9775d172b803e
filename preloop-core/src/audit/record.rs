//! One record of the trail, in the one shape it has in the journal, the store and on the wire.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::Principal;
use crate::decision::Decision;

/// What a record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// The account got another name.
    AccountChanged,
    /// An account was made.
    AccountCreated,
    /// An agent was made.
    AgentCreated,
    /// An agent was disabled; its keys are refused.
    AgentDisabled,
    /// A disabled agent was enabled again.
    AgentEnabled,
    /// The quorum of an approval request was reached.
    ApprovalApproved,
    /// An approval request was withdrawn.
    ApprovalCancelled,
    /// An approval request was declined.
    ApprovalDeclined,
    /// More people were asked, or a model left it to people.
    ApprovalEscalated,
    /// Nobody answered in time, or an approval was not used in time.
    ApprovalExpired,
    /// An identical call joined a pending request.
    ApprovalJoined,
    /// An approval request was made.
    ApprovalRequested,
    /// A person was shown the arguments of a held call whole, values that look secret among them.
    ArgumentsRevealed,
    /// A call was withdrawn before it was sent; it never ran.
    CallCancelled,
    /// A call ran and was answered.
    CallCompleted,
    /// A call was sent and failed.
    CallFailed,
    /// A client went away while its call was held; the request stays.
    CallerLeft,
    /// A user was linked to a person of a chat, or not any more.
    ChatLinked,
    /// A call was decided.
    Decision,
    /// A device that takes pushes was registered.
    DeviceAdded,
    /// A device was revoked.
    DeviceRevoked,
    /// An approver had calls remembered: they are not asked about for a while.
    GrantCreated,
    /// Calls that were remembered are asked about again.
    GrantRevoked,
    /// The server stopped while a call was held or not yet sent; the call was not run.
    Interrupted,
    /// An invitation was accepted, which made a user.
    InvitationAccepted,
    /// Somebody was invited.
    InvitationCreated,
    /// An invitation was revoked.
    InvitationRevoked,
    /// A line of the journal could not be read any more, so a record is missing from the trail.
    JournalDamaged,
    /// An API key was made.
    KeyCreated,
    /// An API key was revoked.
    KeyRevoked,
    /// An API key got another text.
    KeyRotated,
    /// A notification that was given up is sent anew.
    NotificationReplayed,
    /// A call was sent and nobody knows how it ended.
    OutcomeUnknown,
    /// A user registered a passkey.
    PasskeyAdded,
    /// A user removed a passkey.
    PasskeyRemoved,
    /// The password of a user was set or changed.
    PasswordChanged,
    /// A policy document became the live one.
    PolicyLoaded,
    /// A policy document was refused; the last good one stays live.
    PolicyRefused,
    /// A scope has no policy any more.
    PolicyRemoved,
    /// A version of a policy was kept, tagged or deleted.
    PolicyVersioned,
    /// A request of a known caller was refused before it became a call.
    RequestRefused,
    /// Stored credentials were forgotten.
    SecretForgotten,
    /// Credentials were stored.
    SecretSet,
    /// Every stored secret was sealed anew under another key.
    SecretsRotated,
    /// A user signed in.
    SignIn,
    /// A sign-in was refused.
    SignInFailed,
    /// A refresh token was used twice, so its sign-in was ended.
    SignInReused,
    /// A user ended one sign-in or all of them.
    SignOut,
    /// A team was changed, or who is in it.
    TeamChanged,
    /// A team was made.
    TeamCreated,
    /// A team was deleted.
    TeamDeleted,
    /// A tool's definition was accepted.
    ToolAccepted,
    /// A tool's definition changed.
    ToolChanged,
    /// A server began to offer a tool.
    ToolNew,
    /// The connection to an upstream server stands.
    UpstreamConnected,
    /// The connection to an upstream server was lost or refused.
    UpstreamLost,
    /// The name, the address or the role of a user was changed.
    UserChanged,
    /// A user was made.
    UserCreated,
    /// A user was disabled; keys and sign-ins of that user are refused.
    UserDisabled,
    /// A disabled user was enabled again.
    UserEnabled,
    /// Somebody voted on an approval request.
    Vote,
}

/// Where the call was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EnforcementPoint {
    /// `POST /api/v1/decisions`: the caller runs the call itself.
    Http,
    /// The MCP firewall.
    Mcp,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    /// It was withdrawn before it was sent.
    Cancelled,
    /// It was answered.
    Completed,
    /// It was sent and failed.
    Failed,
    /// It was sent; how it ended is not known.
    Unknown,
}

/// How a call ended and how long it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct CallOutcome {
    /// How it ended.
    pub status: CallStatus,
    /// Whether the tool's own answer says that it failed.
    pub is_error: Option<bool>,
    /// From the decision to the end, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Why, where it failed.
    pub message: Option<String>,
}

/// One record of the trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct AuditRecord {
    /// Id, `UUIDv7` text.
    pub id: String,
    /// Place in the account's chain, from 1 without gaps; 0 until it is chained.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What it tells.
    pub kind: AuditKind,
    /// Whose call it is about.
    pub principal: Option<Principal>,
    /// Where the call was decided.
    pub enforcement_point: Option<EnforcementPoint>,
    /// The tool's own name at its server.
    pub tool: Option<String>,
    /// The MCP server.
    pub server: Option<String>,
    /// The class of the tool's source, or a server's name.
    pub source: Option<String>,
    /// The arguments, values of secret-looking keys masked.
    pub arguments: Option<Value>,
    /// Canonical hash of the whole call.
    pub call_hash: Option<String>,
    /// Id of the decision that the record belongs to.
    pub decision_id: Option<String>,
    /// The decision, on records of kind `decision`.
    pub decision: Option<Decision>,
    /// Id of the approval request that the record belongs to.
    pub approval_id: Option<String>,
    /// Who did it, where that is another than the principal: a voter, an administrator.
    pub actor: Option<String>,
    /// How the call ended.
    pub outcome: Option<CallOutcome>,
    /// What else there is to say.
    pub message: Option<String>,
    /// Hash of the record before.
    pub previous_hash: String,
    /// Hash of this record.
    pub hash: String,
}

// === impl AuditKind ===

impl AuditKind {
    /// Every kind.
    pub const ALL: [Self; 61] = [
        Self::AccountChanged,
        Self::AccountCreated,
        Self::AgentCreated,
        Self::AgentDisabled,
        Self::AgentEnabled,
        Self::ApprovalApproved,
        Self::ApprovalCancelled,
        Self::ApprovalDeclined,
        Self::ApprovalEscalated,
        Self::ApprovalExpired,
        Self::ApprovalJoined,
        Self::ApprovalRequested,
        Self::ArgumentsRevealed,
        Self::CallCancelled,
        Self::CallCompleted,
        Self::CallFailed,
        Self::CallerLeft,
        Self::ChatLinked,
        Self::Decision,
        Self::DeviceAdded,
        Self::DeviceRevoked,
        Self::GrantCreated,
        Self::GrantRevoked,
        Self::Interrupted,
        Self::InvitationAccepted,
        Self::InvitationCreated,
        Self::InvitationRevoked,
        Self::JournalDamaged,
        Self::KeyCreated,
        Self::KeyRevoked,
        Self::KeyRotated,
        Self::NotificationReplayed,
        Self::OutcomeUnknown,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::PasswordChanged,
        Self::PolicyLoaded,
        Self::PolicyRefused,
        Self::PolicyRemoved,
        Self::PolicyVersioned,
        Self::RequestRefused,
        Self::SecretForgotten,
        Self::SecretSet,
        Self::SecretsRotated,
        Self::SignIn,
        Self::SignInFailed,
        Self::SignInReused,
        Self::SignOut,
        Self::TeamChanged,
        Self::TeamCreated,
        Self::TeamDeleted,
        Self::ToolAccepted,
        Self::ToolChanged,
        Self::ToolNew,
        Self::UpstreamConnected,
        Self::UpstreamLost,
        Self::UserChanged,
        Self::UserCreated,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::Vote,
    ];

    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountChanged => "account_changed",
            Self::AccountCreated => "account_created",
            Self::AgentCreated => "agent_created",
            Self::AgentDisabled => "agent_disabled",
            Self::AgentEnabled => "agent_enabled",
            Self::ApprovalApproved => "approval_approved",
            Self::ApprovalCancelled => "approval_cancelled",
            Self::ApprovalDeclined => "approval_declined",
            Self::ApprovalEscalated => "approval_escalated",
            Self::ApprovalExpired => "approval_expired",
            Self::ApprovalJoined => "approval_joined",
            Self::ApprovalRequested => "approval_requested",
            Self::ArgumentsRevealed => "arguments_revealed",
            Self::CallCancelled => "call_cancelled",
            Self::CallCompleted => "call_completed",
            Self::CallFailed => "call_failed",
            Self::CallerLeft => "caller_left",
            Self::ChatLinked => "chat_linked",
            Self::Decision => "decision",
            Self::DeviceAdded => "device_added",
            Self::DeviceRevoked => "device_revoked",
            Self::GrantCreated => "grant_created",
            Self::GrantRevoked => "grant_revoked",
            Self::Interrupted => "interrupted",
            Self::InvitationAccepted => "invitation_accepted",
            Self::InvitationCreated => "invitation_created",
            Self::InvitationRevoked => "invitation_revoked",
            Self::JournalDamaged => "journal_damaged",
            Self::KeyCreated => "key_created",
            Self::KeyRevoked => "key_revoked",
            Self::KeyRotated => "key_rotated",
            Self::NotificationReplayed => "notification_replayed",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
            Self::PasswordChanged => "password_changed",
            Self::PolicyLoaded => "policy_loaded",
            Self::PolicyRefused => "policy_refused",
            Self::PolicyRemoved => "policy_removed",
            Self::PolicyVersioned => "policy_versioned",
            Self::RequestRefused => "request_refused",
            Self::SecretForgotten => "secret_forgotten",
            Self::SecretSet => "secret_set",
            Self::SecretsRotated => "secrets_rotated",
            Self::SignIn => "sign_in",
            Self::SignInFailed => "sign_in_failed",
            Self::SignInReused => "sign_in_reused",
            Self::SignOut => "sign_out",
            Self::TeamChanged => "team_changed",
            Self::TeamCreated => "team_created",
            Self::TeamDeleted => "team_deleted",
            Self::ToolAccepted => "tool_accepted",
            Self::ToolChanged => "tool_changed",
            Self::ToolNew => "tool_new",
            Self::UpstreamConnected => "upstream_connected",
            Self::UpstreamLost => "upstream_lost",
            Self::UserChanged => "user_changed",
            Self::UserCreated => "user_created",
            Self::UserDisabled => "user_disabled",
            Self::UserEnabled => "user_enabled",
            Self::Vote => "vote",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

// === impl AuditRecord ===

impl AuditRecord {
    /// A record that tells `kind` and nothing else yet; not chained.
    pub fn new(id: String, at: Timestamp, kind: AuditKind) -> Self {
        Self {
            id,
            seq: 0,
            at,
            kind,
            principal: None,
            enforcement_point: None,
            tool: None,
            server: None,
            source: None,
            arguments: None,
            call_hash: None,
            decision_id: None,
            decision: None,
            approval_id: None,
            actor: None,
            outcome: None,
            message: None,
            previous_hash: String::new(),
            hash: String::new(),
        }
    }
}
