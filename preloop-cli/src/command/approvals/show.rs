//! `preloop approvals show`: everything that an approver has to know.

use clap::Args;
use preloop_api::{Approval, ApprovalState, VoteDecision};
use uuid::Uuid;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output, Page, Style};
use crate::remote::{self, Remote};

/// Options of `approvals show`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Id of the approval request
    id: Uuid,

    #[command(flatten)]
    remote: Remote,
}

/// Shows one approval request.
pub(crate) fn run(show: &Show, output: Output) -> Result<Exit, Failure> {
    let client = show.remote.client()?;
    let approval = remote::block_on(async { Ok(client.approval(show.id).await?) })?;
    output.result(&approval, |page| describe(page, &approval))?;
    Ok(Exit::Done)
}

/// Writes an approval request down for a person.
pub(crate) fn describe(page: &mut Page, approval: &Approval) {
    let tool = match &approval.server {
        Some(server) => format!("{} at {server}", approval.tool),
        None => approval.tool.clone(),
    };
    page.pair("request", approval.id.to_string())
        .pair("state", state_text(approval))
        .pair("tool", tool);
    arguments(page, approval);
    page.pair("asked by", who(approval));
    if let Some(justification) = &approval.justification {
        page.pair("because", justification);
    }
    page.pair("rule says", &approval.decision.message);
    if let Some(rule) = &approval.decision.rule {
        let name = rule.name.as_deref().or(rule.description.as_deref()).unwrap_or("");
        page.pair("rule", format!("{} {name}", rule.path).trim_end());
    }
    let votes_for =
        approval.votes.iter().filter(|vote| vote.decision == VoteDecision::Approve).count();
    page.pair(
        "workflow",
        format!(
            "{}, {votes_for} of {} approvals",
            approval.workflow.name, approval.workflow.required_approvals
        ),
    );
    for vote in &approval.votes {
        let reason = vote.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        page.pair("vote", format!("{} by {}{reason}", vote.decision.as_str(), vote.by));
    }
    page.pair("asked", format!("{:.0}", approval.created_at));
    page.pair("expires", format!("{:.0}", approval.expires_at));
}

/// A request's state, coloured.
pub(crate) fn state_cell(state: ApprovalState) -> Cell {
    let style = match state {
        ApprovalState::Approved => Style::Green,
        ApprovalState::Pending => Style::Yellow,
        ApprovalState::Declined | ApprovalState::Expired => Style::Red,
        ApprovalState::Cancelled => Style::Dim,
    };
    Cell::styled(style, state.as_str())
}

fn state_text(approval: &Approval) -> String {
    match (approval.used_at, approval.outcome) {
        (Some(at), Some(outcome)) => {
            format!("{}, used {at:.0}: {}", approval.state.as_str(), outcome.as_str())
        }
        (Some(at), None) => format!("{}, used {at:.0}", approval.state.as_str()),
        (None, _) => approval.state.as_str().to_owned(),
    }
}

/// One line for each argument, so that a long one hides none of the others.
fn arguments(page: &mut Page, approval: &Approval) {
    let mut label = "arguments";
    for (name, value) in approval.arguments.as_object().into_iter().flatten() {
        page.pair(label, format!("{name} = {value}"));
        label = "";
    }
    if label == "arguments" {
        page.pair(label, "none");
    }
}

fn who(approval: &Approval) -> String {
    let principal = &approval.principal;
    if principal.name.is_empty() || principal.name == principal.id {
        return principal.id.clone();
    }
    format!("{} ({})", principal.name, principal.id)
}
