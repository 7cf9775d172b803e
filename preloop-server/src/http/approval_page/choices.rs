//! What an approver may say besides yes or no: the answer to a question, and that calls like it are remembered.

use preloop_api::{Approval, Pattern, RememberOffer, RememberScope};
use serde_json::Value;

use crate::http::html::Html;

/// Whether the agent asks people something.
pub(super) fn is_question(approval: &Approval) -> bool {
    approval.tool == "ask_user" && approval.source.as_deref() == Some("builtin")
}

/// What answers a question of the agent's.
pub(super) fn answer(html: &mut Html, approval: &Approval) {
    if !is_question(approval) {
        return;
    }
    let options = approval.arguments.get("options").and_then(Value::as_array);
    let options: Vec<&str> = options.into_iter().flatten().filter_map(Value::as_str).collect();
    let may_differ = approval.arguments.get("allow_other").and_then(Value::as_bool) == Some(true);
    if options.is_empty() {
        html.raw(
            "<label for=\"answer\">Your answer</label><textarea id=\"answer\" name=\"answer\"",
        );
        html.raw(" rows=\"3\" maxlength=\"2000\" required></textarea>");
        return;
    }
    html.raw("<fieldset><legend>Your answer</legend>");
    for option in options {
        html.raw("<label class=\"choice\"><input type=\"radio\" name=\"answer\"");
        html.attribute("value", option).raw(if may_differ { ">" } else { " required>" });
        html.text(option).raw("</label>");
    }
    html.raw("</fieldset>");
    if may_differ {
        html.raw("<label for=\"other\">Another answer</label>");
        html.raw("<input type=\"text\" id=\"other\" name=\"other\" maxlength=\"2000\">");
    }
}

/// Whether calls like it are remembered: these very arguments, which stand above. Nothing is, unless that is chosen.
pub(super) fn remember(html: &mut Html, offer: &RememberOffer) {
    let which = match &offer.pattern {
        Pattern::Arguments(_) => "with exactly the arguments above",
        Pattern::CallHash(_) => "that are identical to this one",
    };
    html.raw("<fieldset><legend>With an approval</legend>");
    choice(html, "", "Approve this call alone", true);
    for scope in &offer.scopes {
        let (value, how_long) = match scope {
            RememberScope::Session => ("session", "in this session, for 8 hours at most"),
            RememberScope::Time => ("time", "for an hour"),
        };
        let words = format!(
            "Also let through, without asking anybody, calls of {} by {} {which}, {how_long}",
            offer.tool, offer.principal
        );
        choice(html, value, &words, false);
    }
    html.raw("</fieldset>");
}

fn choice(html: &mut Html, value: &str, words: &str, is_chosen: bool) {
    html.raw("<label class=\"choice\"><input type=\"radio\" name=\"remember\"");
    html.attribute("value", value).raw(if is_chosen { " checked>" } else { ">" });
    html.text(words).raw("</label>");
}
