//! One audit record as a line of a table.

use preloop_api::{AuditKind, AuditRecord, Timestamp};

use crate::command::policy::action_style;
use crate::output::{Cell, Style, shortened};

const TEXT_CHARS_MAX: usize = 120;

/// Headings of the table.
pub(crate) const HEADINGS: [&str; 5] = ["TIME", "WHAT", "TOOL", "WHO", "HOW"];

/// How much of a record's time is shown; always in UTC and in whole seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown {
    /// `2026-01-31 12:00:00Z`.
    DateAndTime,
    /// `12:00:00Z`, where the day is clear.
    TimeOfDay,
}

/// A record's cells, with that much of its time.
pub(crate) fn row(record: &AuditRecord, shown: Shown) -> Vec<Cell> {
    let who = record
        .actor
        .as_deref()
        .or_else(|| record.principal.as_ref().map(|principal| principal.name.as_str()))
        .unwrap_or("");
    vec![
        Cell::styled(Style::Dim, time(record.at, shown)),
        what(record),
        Cell::plain(record.tool.as_deref().unwrap_or("")),
        Cell::plain(who),
        Cell::plain(shortened(&how(record), TEXT_CHARS_MAX)),
    ]
}

fn time(at: Timestamp, shown: Shown) -> String {
    let whole = Timestamp::from_unix_seconds(at.unix_seconds()).unwrap_or(at).to_string();
    match (whole.split_once('T'), shown) {
        (Some((day, time)), Shown::DateAndTime) => format!("{day} {time}"),
        (Some((_, time)), Shown::TimeOfDay) => time.to_owned(),
        (None, _) => whole,
    }
}

fn what(record: &AuditRecord) -> Cell {
    match (&record.decision, record.kind) {
        (Some(decision), AuditKind::Decision) => {
            Cell::styled(action_style(decision.action), decision.action.as_str())
        }
        (_, kind) => match kind_style(kind) {
            Some(style) => Cell::styled(style, kind.as_str()),
            None => Cell::plain(kind.as_str()),
        },
    }
}

fn kind_style(kind: AuditKind) -> Option<Style> {
    match kind {
        AuditKind::ApprovalApproved | AuditKind::CallCompleted => Some(Style::Green),
        AuditKind::ApprovalDeclined
        | AuditKind::ApprovalExpired
        | AuditKind::CallFailed
        | AuditKind::JournalDamaged
        | AuditKind::PolicyRefused
        | AuditKind::RequestRefused
        | AuditKind::SignInFailed
        | AuditKind::SignInReused
        | AuditKind::UpstreamLost => Some(Style::Red),
        AuditKind::ApprovalEscalated
        | AuditKind::ApprovalJoined
        | AuditKind::ApprovalRequested
        | AuditKind::ArgumentsRevealed
        | AuditKind::GrantCreated
        | AuditKind::Interrupted
        | AuditKind::OutcomeUnknown
        | AuditKind::PolicyRemoved
        | AuditKind::ToolChanged
        | AuditKind::ToolNew => Some(Style::Yellow),
        AuditKind::AccountChanged
        | AuditKind::AccountCreated
        | AuditKind::GrantRevoked
        | AuditKind::AgentCreated
        | AuditKind::AgentDisabled
        | AuditKind::AgentEnabled
        | AuditKind::ApprovalCancelled
        | AuditKind::CallCancelled
        | AuditKind::CallerLeft
        | AuditKind::ChatLinked
        | AuditKind::Decision
        | AuditKind::DeviceAdded
        | AuditKind::DeviceRevoked
        | AuditKind::InvitationAccepted
        | AuditKind::InvitationCreated
        | AuditKind::InvitationRevoked
        | AuditKind::KeyCreated
        | AuditKind::KeyRevoked
        | AuditKind::KeyRotated
        | AuditKind::NotificationReplayed
        | AuditKind::PasskeyAdded
        | AuditKind::PasskeyRemoved
        | AuditKind::PasswordChanged
        | AuditKind::PolicyLoaded
        | AuditKind::SecretForgotten
        | AuditKind::SecretSet
        | AuditKind::SecretsRotated
        | AuditKind::SignIn
        | AuditKind::SignOut
        | AuditKind::TeamChanged
        | AuditKind::TeamCreated
        | AuditKind::TeamDeleted
        | AuditKind::PolicyVersioned
        | AuditKind::ToolAccepted
        | AuditKind::UpstreamConnected
        | AuditKind::UserChanged
        | AuditKind::UserCreated
        | AuditKind::UserDisabled
        | AuditKind::UserEnabled
        | AuditKind::Vote => None,
    }
}

/// What else the record says, the telling part first.
fn how(record: &AuditRecord) -> String {
    if let (AuditKind::Decision, Some(decision)) = (record.kind, &record.decision) {
        let rule = decision.rule.as_ref().map(|rule| {
            let name = rule.name.as_deref().or(rule.description.as_deref());
            name.map_or_else(|| rule.path.clone(), str::to_owned)
        });
        return match rule {
            Some(rule) => format!("{}: {rule}", decision.reason.as_str()),
            None => decision.reason.as_str().to_owned(),
        };
    }
    let mut parts = Vec::new();
    if record.tool.is_none() {
        parts.extend(record.server.clone());
    }
    if let Some(outcome) = &record.outcome {
        if outcome.is_error == Some(true) {
            parts.push("the tool says that it failed".to_owned());
        }
        parts.extend(outcome.message.clone());
        parts.extend(outcome.duration_ms.map(|taken| format!("{taken} ms")));
    }
    parts.extend(record.message.clone());
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_seconds_in_utc() {
        let at: Timestamp = "2026-01-31T13:00:59.75+01:00".parse().unwrap();
        assert_eq!(time(at, Shown::DateAndTime), "2026-01-31 12:00:59Z");
        assert_eq!(time(at, Shown::TimeOfDay), "12:00:59Z");
    }
}
