//! `preloop approvals approve` and `decline`: a person's vote, asked for on a terminal.

use clap::Args;
use preloop_api::{Approval, ApprovalState, VoteDecision, VoteRequest};
use uuid::Uuid;

use super::remember::{RememberArgs, Wanted};
use super::show::describe;
use crate::ask::{can_ask, is_yes};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Page, Style};
use crate::remote::{self, Remote};

/// Options of `approvals decline`, and those of `approvals approve` that are the same.
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

/// Options of `approvals approve`.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    vote: Vote,

    /// What you answer, where the agent asks a question
    #[arg(long, value_name = "TEXT")]
    answer: Option<String>,

    /// The two digits that the agent's side shows, where the workflow wants them
    #[arg(long, value_name = "CODE")]
    match_code: Option<String>,

    #[command(flatten)]
    remember: RememberArgs,
}

/// Votes for a call.
pub(crate) fn approve(approve: Approve, output: Output) -> Result<Exit, Failure> {
    let Approve { vote, answer, match_code, remember } = approve;
    let client = vote.remote.client()?;
    let settled = remote::block_on(async {
        let remember = remember.wanted(&client, vote.id).await?;
        let mut body = VoteRequest { answer, match_code, ..VoteRequest::default() };
        if !vote.yes {
            let approval = client.approval(vote.id).await?;
            let question = "approve this call?";
            confirm(output, question, |page| {
                describe(page, &approval);
                if let Some(wanted) = &remember {
                    wanted.describe(page);
                }
            })?;
            body.call_hash = Some(approval.call_hash);
        }
        body.reason = vote.reason;
        body.remember = remember.map(Wanted::into_body);
        Ok(client.vote(vote.id, VoteDecision::Approve, &body).await?)
    })?;
    tell(&settled, output)
}

/// Votes against a call.
pub(crate) fn decline(vote: Vote, output: Output) -> Result<Exit, Failure> {
    let client = vote.remote.client()?;
    let settled = remote::block_on(async {
        let mut body = VoteRequest { reason: vote.reason, ..VoteRequest::default() };
        if !vote.yes {
            let approval = client.approval(vote.id).await?;
            confirm(output, "decline this call?", |page| describe(page, &approval))?;
            body.call_hash = Some(approval.call_hash);
        }
        Ok(client.vote(vote.id, VoteDecision::Decline, &body).await?)
    })?;
    tell(&settled, output)
}

fn tell(settled: &Approval, output: Output) -> Result<Exit, Failure> {
    output.result(settled, |page| {
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

/// Shows what is voted on and waits for a yes; anything else is a no.
fn confirm(output: Output, question: &str, show: impl FnOnce(&mut Page)) -> Result<(), Failure> {
    if !can_ask(output) {
        return Err(Failure::usage("a vote is asked for on a terminal, and this is none")
            .help("vote without being asked with `--yes`"));
    }
    output.message(show);
    if is_yes(question)? {
        return Ok(());
    }
    Err(Failure::new("not_voted", "no vote was cast"))
}
