//! The audit trail: read and verify.

use preloop_api::{AuditRecord, AuditVerification, Page, Timestamp};

use crate::error::ClientError;
use crate::transport::Client;

/// Which audit records to list; every member narrows the list.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only this kind, such as `decision` or `vote`.
    pub kind: Option<String>,
    /// Only those about the tool of this name.
    pub tool: Option<String>,
    /// Only those of the principal with this id or name.
    pub principal: Option<String>,
    /// Only decisions with this action: `allow`, `deny` or `require_approval`.
    pub action: Option<String>,
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// Oldest first instead of newest first.
    pub oldest_first: bool,
    /// At most so many on a page.
    pub limit: Option<u32>,
    /// Where the page starts: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

impl Client {
    /// One page of the audit trail.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Page<AuditRecord>, ClientError> {
        let order = if filter.oldest_first { "asc" } else { "desc" };
        let query: Vec<(&str, String)> = [
            ("kind", filter.kind.clone()),
            ("tool", filter.tool.clone()),
            ("principal", filter.principal.clone()),
            ("action", filter.action.clone()),
            ("from", filter.from.map(|from| from.to_string())),
            ("to", filter.to.map(|to| to.to_string())),
            ("order", Some(order.to_owned())),
            ("limit", filter.limit.map(|limit| limit.to_string())),
            ("cursor", filter.cursor.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        self.get(&["api", "v1", "audit"], &query).await
    }

    /// Has the server check the whole chain of the trail.
    pub async fn audit_verify(&self) -> Result<AuditVerification, ClientError> {
        self.get(&["api", "v1", "audit", "verify"], &[]).await
    }
}
