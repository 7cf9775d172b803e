//! The card of a request: what would happen first, then how much harm it may do, who asks, with what, why, and what the
//! agent says of it; last the two buttons, or what was decided.

use axum::http::StatusCode;
use axum::response::Response;
use preloop_api::{Approval, ApprovalState, PasskeyQuestion, RememberOffer, StepUp, VoteDecision};
use preloop_core::approval::AiDecision;

use super::arguments::{arguments, show_value, value_text};
use super::choices::{answer, is_question, remember};
use super::form::FormKey;
use super::notice::sentence;
use super::viewer::Known;
use super::words::{approvers, clock, event_words, reason_words, risk_words, settled, span, via};
use crate::http::ApiError;
use crate::http::html::{Html, Scripts};
use crate::service::ApprovalPage;

/// Most things of the timeline that are shown.
const EVENTS_MAX: usize = 100;

/// What is shown of a request, and to whom.
#[derive(Debug)]
pub(super) struct Card<'a> {
    pub(super) page: &'a ApprovalPage,
    pub(super) viewer: &'a Known,
    pub(super) key: &'a FormKey,
    /// Why the form that was sent did not decide.
    pub(super) problem: Option<&'a ApiError>,
    /// Whether the link by which the viewer came was one to decline.
    pub(super) declines: bool,
}

// === impl Card ===

impl Card<'_> {
    pub(super) fn page(&self, status: StatusCode) -> Response {
        let approval = &self.page.approval;
        let mut html = Html::default();
        self.head(&mut html);
        who(&mut html, approval);
        arguments(&mut html, self.page, self.viewer, self.key);
        why(&mut html, approval);
        words(&mut html, approval);
        earlier(&mut html, approval);
        self.so_far(&mut html);
        match &self.page.barred {
            None => self.form(&mut html),
            Some(why) if approval.state == ApprovalState::Pending => {
                html.raw("<p class=\"notice\">You cannot decide this: ").text(why).raw(".</p>");
            }
            Some(_) => {}
        }
        let title = settled(approval).unwrap_or("Approve?");
        html.page(status, &format!("{title} {}", approval.tool), Scripts::None)
    }

    fn head(&self, html: &mut Html) {
        let approval = &self.page.approval;
        if let Some(problem) = self.problem {
            html.raw("<p class=\"notice\" role=\"alert\">").text(sentence(problem.detail()));
            html.raw("</p>");
        }
        if let Some(settled) = settled(approval) {
            html.raw("<p class=\"stamp\">").text(settled).raw("</p>");
        }
        html.element("h1", &approval.effect);
        html.raw("<p><span class=\"risk ").raw(approval.risk.level.as_str()).raw("\">");
        html.text(risk_words(approval.risk.level)).raw("</span> <span class=\"soft\">&middot; ");
        html.text(self.standing()).raw("</span></p><ul class=\"soft\">");
        for reason in &approval.risk.reasons {
            html.element("li", reason);
        }
        html.raw("</ul>");
    }

    /// Where the request stands, in a few words.
    fn standing(&self) -> String {
        let approval = &self.page.approval;
        let left = approval.time_left_seconds.map(span).unwrap_or_default();
        match approval.state {
            ApprovalState::Pending => {
                format!("waiting, {left} left (until {})", clock(approval.expires_at))
            }
            ApprovalState::Approved if approval.used_at.is_some() => "approved and used".to_owned(),
            ApprovalState::Approved => format!("approved, to be used within {left}"),
            state => format!(
                "{}{}",
                state.as_str(),
                approval.decided_at.map(|at| format!(" at {}", clock(at))).unwrap_or_default()
            ),
        }
    }

    /// Votes and the timeline.
    fn so_far(&self, html: &mut Html) {
        let approval = &self.page.approval;
        if !approval.votes.is_empty() || approval.ai.is_some() {
            html.raw("<section><h2>Votes</h2><ul>");
            if let Some(ai) = &approval.ai {
                html.raw("<li>").text(&ai.model).raw(" (a model): ");
                html.text(ai.decision.as_str());
                if let Some(confidence) = ai.confidence {
                    html.raw(", sure by ").text(format!("{:.0} %", confidence * 100.0));
                }
                let why = ai.reasoning.as_deref().unwrap_or_default();
                if ai.decision == AiDecision::Failed {
                    html.raw(": ").text(why).raw("</li>");
                } else {
                    html.raw(". In its words: <q>").text(why).raw("</q></li>");
                }
            }
            for vote in &approval.votes {
                let said = match vote.decision {
                    VoteDecision::Approve => "approved",
                    VoteDecision::Decline => "declined",
                };
                html.raw("<li>").text(&vote.by).raw(" ").raw(said).raw(" at ");
                html.text(clock(vote.at)).text(via(Some(vote.via)));
                for text in [&vote.answer, &vote.reason].into_iter().flatten() {
                    html.raw(": ").text(text);
                }
                html.raw("</li>");
            }
            html.raw("</ul></section>");
        }
        if let Some(outcome) = approval.outcome {
            html.raw("<p>The call: ").text(outcome.as_str().replace('_', " ")).raw(".</p>");
        }
        html.raw("<details><summary>Timeline</summary><ol class=\"soft\">");
        // The newest: what was decided is among them, however often the call was made again.
        let older = self.page.events.len().saturating_sub(EVENTS_MAX);
        if older > 0 {
            html.raw("<li>").text(older).raw(" things before that</li>");
        }
        for event in self.page.events.iter().skip(older) {
            html.raw("<li>").text(clock(event.at)).raw(" ");
            html.text(event_words(event.kind));
            if let Some(actor) = &event.actor {
                html.raw(" by ").text(actor);
            }
            html.text(via(event.via));
            if let Some(message) = &event.message {
                html.raw(": ").text(message);
            }
            html.raw("</li>");
        }
        html.raw("</ol></details>");
    }

    fn form(&self, html: &mut Html) {
        let approval = &self.page.approval;
        html.raw("<form method=\"post\"").attribute("action", place(approval, "decline")).raw(">");
        // Enter in a field presses the first button of a form: this one does nothing.
        html.raw("<button type=\"submit\" disabled hidden></button>");
        bound(html, approval, self.viewer, self.key);
        answer(html, approval);
        let step_up = approval.step_up;
        if step_up == StepUp::MatchCode && self.page.codes_left > 0 {
            html.raw(
                "<label for=\"code\">Code that the agent&#39;s side shows (to approve)</label>",
            );
            html.raw("<input type=\"text\" class=\"code\" id=\"code\" name=\"code\" inputmode=\"numeric\" maxlength=\"2\" autocomplete=\"off\">");
        }
        let wanted = if approval.workflow.require_reason { "required" } else { "optional" };
        html.raw("<label for=\"reason\">Reason (").raw(wanted).raw("; the agent gets to read it)");
        html.raw("</label><textarea id=\"reason\" name=\"reason\" rows=\"2\" maxlength=\"2000\">");
        html.raw("</textarea>");
        if let Some(offer) = self.offer() {
            remember(html, offer);
        }
        html.raw("<p class=\"soft\">").text(self.on_timeout()).raw("</p><div class=\"bar\">");
        // To decline takes no answer.
        // The other button never has the focus: one key too many must not approve.
        let focus = if self.declines { " autofocus" } else { "" };
        html.raw("<button class=\"decline\" formnovalidate").raw(focus).raw(">Decline</button>");
        let is_locked = step_up == StepUp::MatchCode && self.page.codes_left == 0;
        if !is_locked {
            html.raw("<button class=\"approve\"");
            html.attribute("formaction", place(approval, "approve")).raw(">");
            html.raw(match step_up {
                StepUp::Passkey => "Approve with a passkey",
                StepUp::None | StepUp::MatchCode if is_question(approval) => "Answer",
                StepUp::None | StepUp::MatchCode if self.offer().is_some() => "Approve",
                StepUp::None | StepUp::MatchCode => "Approve once",
            });
            html.raw("</button>");
        }
        html.raw("</div></form>");
    }

    /// What can be remembered; a link is for one decision about one call.
    fn offer(&self) -> Option<&RememberOffer> {
        self.page.offer.as_ref().filter(|_| self.viewer.link.is_none())
    }

    fn on_timeout(&self) -> &'static str {
        let asked = self.page.approval.workflow.required_approvals;
        if asked > 1 {
            "It takes several approvals. If there are too few in time, the call does not run."
        } else {
            "Unless somebody approves it in time, the call does not run."
        }
    }
}

/// What was typed before a passkey was asked for.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) reason: Option<String>,
    pub(super) answer: Option<String>,
}

/// The page on which a passkey confirms an approval.
pub(super) fn passkey_page(
    page: &ApprovalPage,
    viewer: &Known,
    key: &FormKey,
    question: &PasskeyQuestion,
    typed: &Typed,
) -> Response {
    let approval = &page.approval;
    let mut html = Html::default();
    html.element("h1", &approval.effect);
    html.raw("<p>Your passkey confirms that you approve exactly this call.</p>");
    html.raw("<form method=\"post\" data-passkey=\"get\"");
    html.attribute("action", place(approval, "approve"));
    html.attribute("data-options", &question.options).raw(">");
    bound(&mut html, approval, viewer, key);
    html.hidden_field("challenge", question.challenge_id).hidden_field("credential", "");
    for (name, text) in [("reason", &typed.reason), ("answer", &typed.answer)] {
        if let Some(text) = text {
            html.raw("<input type=\"hidden\"").attribute("name", name).raw(" value=\"");
            html.lines(&text.replace('\r', "")).raw("\">");
        }
    }
    html.raw(
        "<noscript><p class=\"notice\">Passkeys need scripts, and this browser runs none.</p>",
    );
    html.raw("</noscript><p role=\"status\"></p><div class=\"bar\">");
    html.raw("<button class=\"approve\">Use the passkey</button></div></form>");
    let token = viewer.link.as_ref().map(|(_, token)| format!("?token={token}"));
    let back = format!("/approval/{}{}", approval.id, token.unwrap_or_default());
    html.raw("<p><a").attribute("href", back).raw(">Back without approving</a></p>");
    html.page(StatusCode::OK, "Confirm with a passkey", Scripts::Passkey)
}

pub(super) fn place(approval: &Approval, what: &str) -> String {
    format!("/approval/{}/{what}", approval.id)
}

/// What binds a form to this browser, this viewer and the call that was shown.
fn bound(html: &mut Html, approval: &Approval, viewer: &Known, key: &FormKey) {
    html.hidden_field("form", key.token(&viewer.credential, &approval.id.to_string()));
    html.hidden_field("seen", &approval.call_hash);
    if let Some((_, token)) = &viewer.link {
        html.hidden_field("token", token);
    }
}

fn who(html: &mut Html, approval: &Approval) {
    html.raw("<section><h2>Who asks</h2><dl>");
    let principal = &approval.principal;
    row(html, &principal.kind, &principal.name);
    if !principal.teams.is_empty() {
        row(html, "teams", principal.teams.join(", "));
    }
    if !approval.session_id.is_empty() {
        row(html, "session", &approval.session_id);
    }
    row(html, "asked at", clock(approval.created_at));
    if approval.asked_count > 1 {
        row(html, "asked", format!("{} times for the same call", approval.asked_count));
    }
    html.raw("</dl></section>");
}

fn why(html: &mut Html, approval: &Approval) {
    let decision = &approval.decision;
    html.raw("<section><h2>Why a person is asked</h2><dl>");
    row(html, "policy", &decision.policy.name);
    if let Some(rule) = &decision.rule {
        row(html, "rule", rule.name.as_ref().unwrap_or(&rule.path));
        if let Some(description) = &rule.description {
            row(html, "about it", description);
        }
        if let Some(expression) = &rule.expression {
            html.raw("<div><dt>condition</dt><dd><pre>").lines(expression).raw("</pre></dd></div>");
        }
    } else {
        row(html, "reason", reason_words(decision.reason));
    }
    for asked in &approval.asked_values {
        html.raw("<div><dt>").text(&asked.path).raw(" is</dt><dd>");
        match &asked.value {
            Some(value) => show_value(html, &value_text(value)),
            None => {
                html.raw("<span class=\"soft\">not there</span>");
            }
        }
        html.raw("</dd></div>");
    }
    for error in &decision.errors {
        row(html, "condition error", &error.message);
    }
    row(html, "workflow", &approval.workflow.name);
    row(html, "who may decide", approvers(&approval.approvers));
    if approval.workflow.required_approvals > 1 {
        row(html, "approvals needed", approval.workflow.required_approvals);
    }
    html.raw("</dl></section>");
}

/// What the agent wrote, and that the agent wrote it.
fn words(html: &mut Html, approval: &Approval) {
    let Some(justification) = &approval.justification else { return };
    html.raw("<section class=\"words\"><h2>The agent&#39;s own words</h2>");
    html.raw("<p class=\"soft\">Nobody checked this; it may be wrong or meant to persuade.</p>");
    html.raw("<pre dir=\"auto\">").lines(justification).raw("</pre></section>");
}

fn earlier(html: &mut Html, approval: &Approval) {
    if approval.earlier.is_empty() {
        return;
    }
    html.raw("<section><h2>Calls like it before</h2><ul class=\"soft\">");
    for past in &approval.earlier {
        html.raw("<li>").text(past.state.as_str());
        if !past.by.is_empty() {
            html.raw(" by ").text(past.by.join(", "));
        }
        if let Some(at) = past.decided_at {
            html.raw(" at ").text(clock(at));
        }
        html.raw(if past.is_same_call { ", this very call: " } else { ": " });
        html.text(&past.effect).raw("</li>");
    }
    html.raw("</ul></section>");
}

pub(super) fn row(html: &mut Html, name: impl std::fmt::Display, value: impl std::fmt::Display) {
    html.raw("<div><dt>").text(name).raw("</dt><dd><bdi>").text(value).raw("</bdi></dd></div>");
}
