//! One audit record as a line of a table.

use preloop_api::{AuditKind, AuditRecord};

use crate::command::policy::action_style;
use crate::output::{Cell, Style, shortened};

const TEXT_CHARS_MAX: usize = 120;

/// Headings of the table.
pub(crate) const HEADINGS: [&str; 5] = ["TIME", "WHAT", "TOOL", "WHO", "HOW"];

/// Date and time, in UTC.
pub(crate) const DATE_AND_TIME: &str = "%Y-%m-%d %H:%M:%SZ";
/// Time of day, in UTC, where the day is clear.
pub(crate) const TIME_OF_DAY: &str = "%H:%M:%SZ";

/// A record's cells, with the time written so.
pub(crate) fn row(record: &AuditRecord, time: &str) -> Vec<Cell> {
    let who = record
        .actor
        .as_deref()
        .or_else(|| record.principal.as_ref().map(|principal| principal.name.as_str()))
        .unwrap_or("");
    vec![
        Cell::styled(Style::Dim, record.at.strftime(time).to_string()),
        what(record),
        Cell::plain(record.tool.as_deref().unwrap_or("")),
        Cell::plain(who),
        Cell::plain(shortened(&how(record), TEXT_CHARS_MAX)),
    ]
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
        | AuditKind::UpstreamLost => Some(Style::Red),
        AuditKind::ApprovalJoined
        | AuditKind::ApprovalRequested
        | AuditKind::Interrupted
        | AuditKind::OutcomeUnknown
        | AuditKind::ToolChanged
        | AuditKind::ToolNew => Some(Style::Yellow),
        AuditKind::ApprovalCancelled
        | AuditKind::CallCancelled
        | AuditKind::CallerLeft
        | AuditKind::Decision
        | AuditKind::KeyCreated
        | AuditKind::KeyRevoked
        | AuditKind::PolicyLoaded
        | AuditKind::ToolAccepted
        | AuditKind::UpstreamConnected
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
