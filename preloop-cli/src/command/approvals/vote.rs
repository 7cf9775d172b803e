//! `preloop approvals approve` and `decline`: a person's vote, asked for on a terminal.

use clap::Args;
use preloop_api::{Approval, ApprovalState, VoteDecision};
use uuid::Uuid;

use super::show::describe;
use crate::ask::{can_ask, is_yes};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style};
use crate::remote::{self, Remote};

/// Options of `approvals approve` and `approvals decline`.
#[derive(Debug, Args)]
pub(crate) struct Vote {
    /// Id of the approval request
    id: Uuid,

    /// Why; some workflows require it
    #[arg(long)]
    reason: Option<String>,

    /// Vote without being asked
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    remote: Remote,
}

/// Votes.
pub(crate) fn run(vote: Vote, decision: VoteDecision, output: Output) -> Result<Exit, Failure> {
    let client = vote.remote.client()?;
    let settled = remote::block_on(async {
        if !vote.yes {
            let approval = client.approval(vote.id).await?;
            confirm(&approval, decision, output)?;
        }
        Ok(client.vote(vote.id, decision, vote.reason).await?)
    })?;
    output.result(&settled, |page| {
        let id = settled.id;
        let line = match settled.state {
            ApprovalState::Approved => format!("{} {id}", page.styled(Style::Green, "approved")),
            ApprovalState::Pending => format!(
                "{} {id}: {} of {} approvals so far",
                page.styled(Style::Yellow, "vote counted"),
                settled.votes.iter().filter(|vote| vote.decision == VoteDecision::Approve).count(),
                settled.workflow.required_approvals,
            ),
            ApprovalState::Declined => format!("{} {id}", page.styled(Style::Red, "declined")),
            ApprovalState::Cancelled | ApprovalState::Expired => {
                format!("{} {id}", settled.state.as_str())
            }
        };
        page.line(line);
    })?;
    Ok(Exit::Done)
}

/// Shows the call and waits for a yes; anything else is a no.
fn confirm(approval: &Approval, decision: VoteDecision, output: Output) -> Result<(), Failure> {
    if !can_ask(output) {
        return Err(Failure::usage("a vote is asked for on a terminal, and this is none")
            .help("vote without being asked with `--yes`"));
    }
    output.message(|page| describe(page, approval));
    let question = match decision {
        VoteDecision::Approve => "approve this call?",
        VoteDecision::Decline => "decline this call?",
    };
    if is_yes(question)? {
        return Ok(());
    }
    Err(Failure::new("not_voted", "no vote was cast"))
}
