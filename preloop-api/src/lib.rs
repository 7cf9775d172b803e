//! The serde types of the Preloop HTTP API, once, for server and client.
//!
//! One file per noun. Ids are UUIDv7 text, times RFC 3339 in UTC, lists come as a [`Page`], errors as a [`Problem`].

#![forbid(unsafe_code)]

mod access;
mod account;
mod agent;
mod approval;
mod approval_link;
mod audit;
mod compile;
mod decision;
mod grant;
mod health;
mod invitation;
mod key;
mod mcp_server;
mod name;
mod notification;
mod page;
mod passkey;
mod permission;
mod policy;
mod policy_scope;
mod policy_version;
mod problem;
mod problem_code;
mod secret;
mod sign_in;
mod team;
mod tool;
mod user;

pub use access::{
    AccessAction, AccessConfiguration, AccessContext, AccessDecision, AccessDecisions, AccessError,
    AccessEvaluation, AccessEvaluationItem, AccessEvaluations, AccessResource, AccessSubject,
    EvaluationsOptions, EvaluationsSemantic,
};
pub use account::{Account, ChangeAccount, CreateAccount, NewOwner};
pub use agent::{Agent, CreateAgent};
pub use approval::{
    AiVerdict, Approval, ApprovalEvent, ApprovalOutcome, ApprovalState, ApprovalVote,
    ApprovalWorkflowInfo, Approver, AskedValue, BatchVote, BatchVoted, CancelRequest,
    EarlierDecision, EventKind, Risk, RiskLevel, StepUp, Via, VoteBatchRequest, VoteBatchResponse,
    VoteDecision, VoteRequest,
};
pub use approval_link::ApprovalLink;
pub use audit::{AuditKind, AuditRecord, AuditVerification, BrokenRecord, CallOutcome, ChainHead};
pub use compile::CompileRequest;
pub use decision::{
    ApprovalHandle, ApprovalRef, BatchItem, BatchRequest, BatchResponse, CallLine,
    DecisionResponse, HandleStatus,
};
pub use grant::{ApprovalGrant, ArgumentPattern, Pattern, Remember, RememberOffer, RememberScope};
pub use health::{Health, PolicyStatus, Readiness};
pub use invitation::{AcceptInvitation, CreateInvitation, CreatedInvitation, Invitation};
pub use key::{ApiKey, CreateApiKey, CreatedApiKey, RotateApiKey};
pub use mcp_server::{
    McpServerDetail, McpServerEntry, McpServerInfo, McpServerScan, McpServerState, McpServerTool,
    ScannedTool,
};
pub use name::{NAME_CHARS_MAX, is_name};
pub use notification::{
    AddDevice, ChannelName, DeliveryState, Device, DeviceLink, DevicePlatform, LinkChat,
    NotificationDelivery, NotificationPreferences, PushKey, PushKeys, PushSubscription, QuietHours,
    RegisterDevice,
};
pub use page::Page;
pub use passkey::{BeginPasskey, FinishPasskey, Passkey, PasskeyQuestion};
pub use permission::{Permission, Role};
pub use policy::{
    AddRule, ApplyRequest, ChangeRule, DiffRequest, EvaluateRequest, MoveRule, PolicyApplied,
    PolicyDetail, PolicyInfo, PolicyInput, PolicyState, ValidateRequest,
};
pub use policy_scope::{InvalidScope, PolicyScope, ScopeKind};
pub use policy_version::{
    CreateSnapshot, PolicyAuthor, PolicyVersion, PolicyVersionDetail, PruneRequest, PruneResult,
    RollbackRequest, TagVersion, VersionCause,
};
pub use preloop_core::Timestamp;
pub use preloop_core::dialect::{Compilation, Dialect, SourceFormat};
pub use preloop_core::diff::PolicyDiff;
pub use problem::{Problem, ProblemItem};
pub use problem_code::{PROBLEM_CODES, ProblemCode};
pub use secret::{CredentialFields, SecretRotation, SecretText, SetCredentials, StoredCredential};
pub use sign_in::{Credential, Me, SessionInfo, SignIn, TokenAnswer, TokenRequest};
pub use team::{ChangeTeam, CreateTeam, Team, TeamMember};
pub use tool::{AcceptTool, ToolInfo, ToolState};
pub use user::{ChangePassword, ChangeUser, CreateUser, SetPassword, User};
