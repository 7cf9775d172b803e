//! Requests as a file, written page by page: JSON, or CSV for spreadsheets.

use preloop_api::Approval;

use super::super::{Caller, ServiceError, Services};
use super::read::ApprovalQuery;

/// Requests read at a time.
const PAGE: u32 = 200;
/// The head of the CSV file.
const HEAD: &str = "id,state,tool,server,principal,session,arguments,justification,message,workflow,\
    created_at,expires_at,escalated_at,decided_at,used_at,outcome,votes\r\n";

/// How the file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportFormat {
    /// Comma-separated, a request a line.
    Csv,
    /// A JSON list.
    Json,
}

/// An export that is under way.
pub(crate) struct ApprovalExport {
    services: Services,
    caller: Caller,
    format: ExportFormat,
    /// What is still to be read; none at the end.
    query: Option<ApprovalQuery>,
    is_begun: bool,
    /// Whether a request was written: pages may be without any.
    has_items: bool,
}

// === impl ExportFormat ===

impl ExportFormat {
    /// The format of that name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// How it is called in `Content-Type`.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

impl Services {
    /// Begins an export of the requests that fit; an agent gets its own.
    pub(crate) fn approval_export(
        &self,
        caller: &Caller,
        format: ExportFormat,
        query: ApprovalQuery,
    ) -> ApprovalExport {
        let query = ApprovalQuery { limit: PAGE, ..query };
        let (services, caller) = (self.clone(), caller.clone());
        ApprovalExport {
            services,
            caller,
            format,
            query: Some(query),
            is_begun: false,
            has_items: false,
        }
    }
}

// === impl ApprovalExport ===

impl ApprovalExport {
    /// The next piece of the file; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, ServiceError> {
        let Some(query) = self.query.take() else { return Ok(None) };
        let found = self.services.approvals_found(&self.caller, query.clone()).await?;
        let mut text = String::new();
        if !self.is_begun {
            text.push_str(match self.format {
                ExportFormat::Csv => HEAD,
                ExportFormat::Json => "[",
            });
        }
        for approval in &found.items {
            let shown = self.services.shown(approval);
            match self.format {
                ExportFormat::Csv => push_line(&mut text, &shown),
                ExportFormat::Json => {
                    text.push_str(if self.has_items { ",\n" } else { "\n" });
                    text.push_str(
                        &serde_json::to_string(&shown).map_err(|error| unwritable(&error))?,
                    );
                }
            }
            self.has_items = true;
        }
        self.query = found.next.map(|next| ApprovalQuery { before: Some(next), ..query });
        if self.query.is_none() && self.format == ExportFormat::Json {
            text.push_str("\n]\n");
        }
        // A page without items must not begin the file anew.
        self.is_begun = true;
        Ok(Some(text))
    }
}

fn unwritable(error: &serde_json::Error) -> ServiceError {
    tracing::error!(%error, "a request cannot be written");
    ServiceError::Unavailable { message: "a request cannot be written".to_owned() }
}

fn push_line(text: &mut String, approval: &Approval) {
    let time =
        |at: Option<preloop_core::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let votes: Vec<String> = approval
        .votes
        .iter()
        .map(|vote| match &vote.reason {
            Some(reason) => format!("{} {}: {reason}", vote.by, vote.decision.as_str()),
            None => format!("{} {}", vote.by, vote.decision.as_str()),
        })
        .collect();
    let cells = [
        approval.id.to_string(),
        approval.state.as_str().to_owned(),
        approval.tool.clone(),
        approval.server.clone().unwrap_or_default(),
        approval.principal.name.clone(),
        approval.session_id.clone(),
        approval.arguments.to_string(),
        approval.justification.clone().unwrap_or_default(),
        approval.decision.message.clone(),
        approval.workflow.name.clone(),
        approval.created_at.to_string(),
        approval.expires_at.to_string(),
        time(approval.escalated_at),
        time(approval.decided_at),
        time(approval.used_at),
        approval.outcome.map(|outcome| outcome.as_str().to_owned()).unwrap_or_default(),
        votes.join("; "),
    ];
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        push_cell(text, cell);
    }
    text.push_str("\r\n");
}

/// A cell that no spreadsheet takes for a formula: what an agent wrote must not be run by whoever opens the file.
fn push_cell(text: &mut String, cell: &str) {
    let is_formula =
        cell.trim_start().starts_with(['=', '+', '-', '@']) || cell.starts_with(['\t', '\r', '\n']);
    let is_quoted = is_formula || cell.contains([',', '"', '\r', '\n']);
    if is_quoted {
        text.push('"');
    }
    if is_formula {
        text.push('\'');
    }
    for letter in cell.chars() {
        if letter == '"' {
            text.push('"');
        }
        text.push(letter);
    }
    if is_quoted {
        text.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let cell = |text: &str| {
            let mut cell = String::new();
            push_cell(&mut cell, text);
            cell
        };
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        for formula in ["=1+1", "+1", "-1", "@sum(a1)", " =1", "\t=1", "\r=1", "\u{a0}=1"] {
            let safe = cell(formula);
            assert!(safe.starts_with("\"'"), "{safe}");
        }
    }
}
