//! What the demo reads back from the audit trail, which is written a moment after the agent's answer.

use std::time::{Duration, Instant};

use preloop_api::{AuditKind, AuditRecord};
use preloop_client::{AuditFilter, Client};
use preloop_core::decision::Decision;

use crate::failure::Failure;

const LOOK_INTERVAL: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);
const RECORDS_MAX: u32 = 100;

/// The latest decision on a tool.
pub(super) async fn decision(owner: &Client, tool: &str) -> Result<Decision, Failure> {
    let filter = AuditFilter {
        kind: Some(AuditKind::Decision.as_str().to_owned()),
        tool: Some(tool.to_owned()),
        limit: Some(1),
        ..AuditFilter::default()
    };
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let page = owner.audit(&filter).await?;
        if let Some(decision) = page.items.into_iter().find_map(|record| record.decision) {
            return Ok(decision);
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    Err(Failure::new("demo", format!("the trail does not show the call of `{tool}`")))
}

/// The whole trail, oldest first, once it shows how the last call ended.
pub(super) async fn settled(owner: &Client) -> Result<Vec<AuditRecord>, Failure> {
    let filter =
        AuditFilter { oldest_first: true, limit: Some(RECORDS_MAX), ..AuditFilter::default() };
    let started = Instant::now();
    loop {
        let records = owner.audit(&filter).await?.items;
        if records.last().is_some_and(is_end_of_call) || started.elapsed() > PATIENCE {
            return Ok(records);
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

fn is_end_of_call(record: &AuditRecord) -> bool {
    matches!(
        record.kind,
        AuditKind::ApprovalDeclined
            | AuditKind::ApprovalExpired
            | AuditKind::CallCompleted
            | AuditKind::CallFailed
    )
}
