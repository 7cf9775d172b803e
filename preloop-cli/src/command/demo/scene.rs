//! The calls that the agent makes, and what is told about each: what it asks, what decides, what it hears.

use preloop_api::{Approval, VoteDecision};
use preloop_core::decision::{Action, Decision, Reason};
use serde_json::{Value, json};

use super::stage::Stage;
use super::{trail, vote};
use crate::agent::{Agent, Told};
use crate::command::policy::action_style;
use crate::failure::Failure;
use crate::output::{Output, Page, Style, visible};

/// One call and the words around it.
#[derive(Debug)]
pub(super) struct Scene {
    title: &'static str,
    tool: &'static str,
    /// The tool's name as agents see it.
    exposed: String,
    arguments: Value,
}

impl Scene {
    /// One call that is allowed, one that is denied, one that is held.
    pub(super) fn all(tools: &[String]) -> Result<[Self; 3], Failure> {
        let prefix = tools
            .iter()
            .find_map(|tool| tool.strip_suffix("read_file"))
            .ok_or_else(|| Failure::new("demo", "the sample tools did not start"))?;
        let scene = |title, tool, arguments| Self {
            title,
            tool,
            exposed: format!("{prefix}{tool}"),
            arguments,
        };
        Ok([
            scene("The agent reads a report", "read_file", json!({ "path": "reports/q3.txt" })),
            scene(
                "The agent tries to delete a database, which it is not even offered",
                "delete_database",
                json!({ "name": "customers" }),
            ),
            scene(
                "The agent pays a customer back",
                "refund",
                json!({ "order": "A-1001", "amount": 180 }),
            ),
        ])
    }

    /// Plays the scene and tells about it; what happened, for programs.
    pub(super) async fn play(
        &self,
        agent: &mut Agent,
        stage: &Stage,
        approves_itself: bool,
        output: Output,
    ) -> Result<Value, Failure> {
        output.show(|page| {
            let title = page.styled(Style::Bold, self.title);
            page.line(title);
            page.pair("it asks for", format!("{} {}", self.tool, self.arguments));
        })?;
        let mut call = Box::pin(agent.call(&self.exposed, &self.arguments, |_| {}));
        let (told, approval) = tokio::select! {
            told = &mut call => (told?, None),
            approval = vote::pending(&stage.owner, self.tool) => {
                let approval = approval?;
                self.tell_held(&approval, stage, approves_itself, output)?;
                let told = self.answered(&mut call, &approval, stage, approves_itself).await?;
                (told, Some(approval))
            }
        };
        let (decision, approval) = match approval {
            Some(approval) => {
                let settled = stage.owner.approval(approval.id).await?;
                (approval.decision, Some(settled))
            }
            None => (trail::decision(&stage.owner, self.tool).await?, None),
        };
        output.show(|page| {
            match &approval {
                Some(settled) => tell_votes(page, settled),
                None => describe(page, &decision),
            }
            tell_answer(page, &told);
        })?;
        Ok(json!({
            "tool": self.tool,
            "arguments": self.arguments,
            "decision": decision,
            "approval_id": approval.map(|approval| approval.id),
            "told": { "text": told.text, "is_error": told.is_error },
        }))
    }

    /// Waits until the held call is answered, from wherever.
    async fn answered(
        &self,
        call: &mut (impl Future<Output = Result<Told, Failure>> + Unpin),
        approval: &Approval,
        stage: &Stage,
        approves_itself: bool,
    ) -> Result<Told, Failure> {
        if !approves_itself {
            tokio::select! {
                told = &mut *call => return told,
                () = vote::enter() => {}
            }
        }
        vote::approve(&stage.owner, approval).await?;
        call.await
    }

    fn tell_held(
        &self,
        approval: &Approval,
        stage: &Stage,
        approves_itself: bool,
        output: Output,
    ) -> Result<(), Failure> {
        output.show(|page| {
            describe(page, &approval.decision);
            page.pair("so far", format!("nothing has run; {} waits for a person", self.tool));
            page.blank();
            let approve = stage.address.command(&format!("approvals approve {}", approval.id));
            if approves_itself {
                page.line("  In another terminal a person would run");
            } else {
                page.line("  Approve it from another terminal:");
            }
            let approve = page.styled(Style::Cyan, &approve);
            page.blank().line(format!("    {approve}")).blank();
            if approves_itself {
                let note = page.styled(Style::Dim, "  (--yes: the demo approves it by itself)");
                page.line(note);
            } else {
                let minutes = approval.workflow.timeout_seconds / 60;
                let here = if vote::can_press_enter() { " Enter approves it here." } else { "" };
                let notes = [
                    format!("  `approvals decline` says no.{here}"),
                    format!("  After {minutes} minutes without an answer the call is denied."),
                ];
                for note in notes {
                    let note = page.styled(Style::Dim, &note);
                    page.line(note);
                }
            }
            page.blank();
        })
    }
}

fn tell_votes(page: &mut Page, settled: &Approval) {
    for vote in &settled.votes {
        let verb = match vote.decision {
            VoteDecision::Approve => "approved",
            VoteDecision::Decline => "declined",
        };
        let reason = vote.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        page.pair("answered", format!("{verb} by {}{reason}", vote.by));
    }
}

fn tell_answer(page: &mut Page, told: &Told) {
    let style = if told.is_error { Style::Red } else { Style::Green };
    let label = page.styled(Style::Dim, &format!("  {:<14}", "it is told"));
    let text = page.styled(style, &visible(&told.text));
    page.line(format!("{label} {text}")).blank();
}

fn describe(page: &mut Page, decision: &Decision) {
    let verdict = match decision.action {
        Action::Allow => "allow",
        Action::Deny => "deny",
        Action::RequireApproval => "ask a person first",
    };
    let label = page.styled(Style::Dim, &format!("  {:<14}", "policy says"));
    let verdict = page.styled(action_style(decision.action), verdict);
    page.line(format!("{label} {verdict}"));
    match &decision.rule {
        Some(rule) => {
            let name = rule.name.as_deref().or(rule.description.as_deref()).unwrap_or("a rule");
            page.pair("by the rule", format!("{name}  ({})", rule.path));
        }
        None => {
            page.pair("because", because(decision.reason));
        }
    }
}

/// Why, in words, where no rule decided.
fn because(reason: Reason) -> &'static str {
    match reason {
        Reason::NoRuleMatched => "no rule of the tool matches, so nothing speaks against it",
        Reason::ToolDefault => "the tool has no rules, so every call is fine",
        Reason::UnknownTool => "the document does not name the tool",
        other => other.as_str(),
    }
}
