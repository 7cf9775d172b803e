//! Recorded decisions as call lines, for replay and tests.

use preloop_api::{Page, Permission};
use preloop_core::audit::{AuditKind, AuditRecord};
use preloop_core::call::{CallRecord, ToolFacts};
use serde_json::{Map, Value};

use super::{Caller, ServiceError, Services};
use crate::store::{AuditFilter, AuditOrder};

impl Services {
    /// Recorded decisions, oldest first; arguments are redacted as the trail has them.
    pub(crate) async fn decision_export(
        &self,
        caller: &Caller,
        after_seq: Option<u64>,
        limit: u32,
    ) -> Result<Page<CallRecord>, ServiceError> {
        caller.must(Permission::DecisionsRead)?;
        let filter = AuditFilter {
            kinds: vec![AuditKind::Decision],
            after_seq,
            order: AuditOrder::Ascending,
            limit,
            ..AuditFilter::default()
        };
        let page = self.audit_page(filter).await?;
        let items = page.items.into_iter().map(call_line).collect();
        Ok(Page { items, next_cursor: page.next_cursor })
    }
}

fn call_line(record: AuditRecord) -> CallRecord {
    let args = match record.arguments {
        Some(Value::Object(args)) => args,
        _ => Map::new(),
    };
    let mut line = CallRecord::new(record.tool.clone().unwrap_or_default(), args);
    line.tool = ToolFacts {
        source: record.source,
        server: record.server,
        ..ToolFacts { name: record.tool.unwrap_or_default(), ..ToolFacts::default() }
    };
    line.principal = record.principal.unwrap_or_default();
    line.now = Some(record.at);
    line.justification = record.message;
    line.id = record.decision_id;
    line.at = Some(record.at);
    line.decision = record.decision;
    line
}
