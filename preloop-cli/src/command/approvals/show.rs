//! `preloop approvals show`: everything that an approver has to know.

use std::collections::BTreeMap;

use clap::Args;
use preloop_api::{AiVerdict, Approval, ApprovalState, Approver, Risk, StepUp, VoteDecision};
use serde_json::value::RawValue;
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

    /// With all arguments as they were sent, secrets among them; this is recorded
    #[arg(long)]
    whole_arguments: bool,

    #[command(flatten)]
    remote: Remote,
}

/// Shows one approval request.
pub(crate) fn run(show: &Show, output: Output) -> Result<Exit, Failure> {
    let client = show.remote.client()?;
    let approval = remote::block_on(async {
        Ok(if show.whole_arguments {
            client.approval_whole(show.id).await?
        } else {
            client.approval(show.id).await?
        })
    })?;
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
        .pair("would", &approval.effect)
        .pair("risk", risk(&approval.risk))
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
    page.pair("may decide", deciders(&approval.approvers));
    let proof = match approval.step_up {
        StepUp::None => None,
        StepUp::MatchCode => Some("the two digits that the agent's side shows"),
        StepUp::Passkey => Some("a passkey, on the request's page"),
    };
    if let Some(proof) = proof {
        page.pair("proof", proof);
    }
    if let Some(ai) = &approval.ai {
        page.pair("model", model(ai));
    }
    for vote in &approval.votes {
        let reason = vote.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        page.pair("vote", format!("{} by {}{reason}", vote.decision.as_str(), vote.by));
    }
    for past in &approval.earlier {
        let by = past.by.join(", ");
        page.pair("before", format!("{} {by}: {}", past.state.as_str(), past.effect));
    }
    page.pair("asked", format!("{:.0}", approval.created_at));
    page.pair("expires", format!("{:.0}", approval.expires_at));
    page.pair("page", &approval.url);
}

/// How much harm the call may do, and where that is known from.
fn risk(risk: &Risk) -> String {
    format!("{}: {}", risk.level.as_str(), risk.reasons.join("; "))
}

fn deciders(approvers: &[Approver]) -> String {
    if approvers.is_empty() {
        return "anyone with the right to vote".to_owned();
    }
    let name = |approver: &Approver| match approver {
        Approver::User(name) => name.clone(),
        Approver::Team(name) => format!("team {name}"),
        Approver::Role(name) => format!("role {name}"),
    };
    approvers.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// What a model said that was asked first.
fn model(ai: &AiVerdict) -> String {
    let sure = ai.confidence.map(|sure| format!(", sure by {:.0} %", sure * 100.0));
    let words = ai.reasoning.as_deref().map(|words| format!(": {words}"));
    let (sure, words) = (sure.unwrap_or_default(), words.unwrap_or_default());
    format!("{} says {}{sure}{words}", ai.model, ai.decision.as_str())
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
    for (name, value) in argument_texts(approval) {
        page.pair(label, format!("{name} = {value}"));
        label = "";
    }
    if label == "arguments" {
        page.pair(label, "none");
    }
}

/// Names and values as JSON: whole ones exactly as they were sent, so that a number keeps every digit.
fn argument_texts(approval: &Approval) -> Vec<(String, String)> {
    let whole = approval.whole_arguments.as_deref();
    let whole: Option<BTreeMap<String, &RawValue>> =
        whole.and_then(|text| serde_json::from_str(text).ok());
    if let Some(whole) = whole {
        return whole.into_iter().map(|(name, value)| (name, value.to_string())).collect();
    }
    let shown = approval.arguments.as_object().into_iter().flatten();
    shown.map(|(name, value)| (name.clone(), value.to_string())).collect()
}

fn who(approval: &Approval) -> String {
    let principal = &approval.principal;
    if principal.name.is_empty() || principal.name == principal.id {
        return principal.id.clone();
    }
    format!("{} ({})", principal.name, principal.id)
}
