//! The arguments on the card: as the request keeps them, with secrets masked, and whole once where the viewer asks for it.

use std::collections::BTreeMap;

use preloop_api::Approval;
use preloop_core::visible::shortened;
use serde_json::Value;
use serde_json::value::RawValue;

use super::card::{place, row};
use super::form::FormKey;
use super::viewer::Known;
use crate::http::html::Html;
use crate::service::ApprovalPage;

/// A longer value is folded up.
const VALUE_CHARS_MAX: usize = 400;

/// Tool, source and arguments.
pub(super) fn arguments(html: &mut Html, page: &ApprovalPage, viewer: &Known, key: &FormKey) {
    let approval = &page.approval;
    html.raw("<section><h2>What it calls</h2>");
    if approval.whole_arguments.is_some() {
        html.raw("<p class=\"notice\">The arguments are shown whole this once, and that you saw them is in the trail.</p>");
    }
    html.raw("<dl>");
    row(html, "tool", &approval.tool);
    if let Some(source) = approval.server.as_ref().or(approval.source.as_ref()) {
        row(html, "source", source);
    }
    let looked = |name: &str| approval.asked_values.iter().any(|asked| asked.argument == *name);
    for (name, text) in texts(approval) {
        html.raw(if looked(&name) { "<div class=\"looked\"><dt>" } else { "<div><dt>" });
        html.text(&name);
        html.raw(if looked(&name) { " (the rule looked at this)</dt><dd>" } else { "</dt><dd>" });
        show_value(html, &text);
        html.raw("</dd></div>");
    }
    html.raw("</dl>");
    if page.has_more && approval.whole_arguments.is_none() {
        html.raw("<form method=\"post\"").attribute("action", place(approval, "arguments"));
        html.raw(">");
        html.hidden_field("form", key.token(&viewer.credential, &approval.id.to_string()));
        html.raw("<button>Show all of it, once</button></form>");
    }
    html.raw("</section>");
}

/// Names and values as text: whole ones exactly as the agent sent them.
fn texts(approval: &Approval) -> Vec<(String, String)> {
    let whole = approval.whole_arguments.as_deref();
    let whole: Option<BTreeMap<String, &RawValue>> =
        whole.and_then(|text| serde_json::from_str(text).ok());
    if let Some(whole) = whole {
        return whole.into_iter().map(|(name, value)| (name, raw_text(value))).collect();
    }
    let shown = approval.arguments.as_object().into_iter().flatten();
    shown.map(|(name, value)| (name.clone(), value_text(value))).collect()
}

fn raw_text(value: &RawValue) -> String {
    serde_json::from_str::<String>(value.get()).unwrap_or_else(|_| value.get().to_owned())
}

/// A value as people read it.
pub(super) fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => format!("{other:#}"),
    }
}

/// Adds a value; a long one is folded up.
pub(super) fn show_value(html: &mut Html, text: &str) {
    if text.chars().count() <= VALUE_CHARS_MAX {
        html.raw("<pre dir=\"auto\">").lines(text).raw("</pre>");
        return;
    }
    html.raw("<pre dir=\"auto\">").lines(&shortened(text, VALUE_CHARS_MAX)).raw("</pre>");
    html.raw("<details><summary>All ").text(text.len()).raw(" bytes</summary>");
    html.raw("<pre dir=\"auto\">").lines(text).raw("</pre></details>");
}
