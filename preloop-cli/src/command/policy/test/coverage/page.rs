//! The page: one file, no script, nothing loaded from anywhere.
//!
//! What a policy says is somebody's text: every character of it goes through [`escape_into`].

use std::fmt::Write as _;

use preloop_core::coverage::{Share, Stretch, ToolCoverage};

use super::PolicyCoverage;
use super::gaps::{Gap, gaps};
use super::source::{Source, State, state_of};
use crate::output::visible;

const STYLE: &str = include_str!("page.css");

/// The page for some policies.
pub(super) fn html(policies: &[PolicyCoverage]) -> String {
    let mut out = String::new();
    let names: Vec<&str> =
        policies.iter().map(|policy| policy.report.policy.name.as_str()).collect();
    let title = escape(&format!("Policy coverage: {}", names.join(", ")));
    let _ = writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#policy1\">Skip to the first policy</a>\n\
         <header><h1>Policy coverage</h1>{LEGEND}</header>\n<main>"
    );
    for (number, policy) in (1_usize..).zip(policies) {
        section(&mut out, number, policy);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

const LEGEND: &str = "<details class=\"legend\"><summary>How to read this page</summary>\n<dl>\
<dt class=\"full\"><span aria-hidden=\"true\">✓</span> covered</dt><dd>the rule matched a call, and each part of its condition was seen true and false</dd>\
<dt class=\"partial\"><span aria-hidden=\"true\">◐</span> partly covered</dt><dd>calls came to the rule, but not all of it was seen both ways</dd>\
<dt class=\"missed\"><span aria-hidden=\"true\">✗</span> not covered</dt><dd>no call came here</dd>\
<dt class=\"off\"><span aria-hidden=\"true\">–</span> switched off</dt><dd>does not count</dd>\
<dt><span class=\"p both\">part</span></dt><dd>seen true and false</dd>\
<dt><span class=\"p only-true\">part</span></dt><dd>only ever true</dd>\
<dt><span class=\"p only-false\">part</span></dt><dd>only ever false</dd>\
<dt><span class=\"p never\">part</span></dt><dd>never looked at, or it only failed</dd>\
</dl>\n<p>Branches are the two answers of each part of a condition. Outcomes are answers that no rule gives: \
no rule matched, the tool is disabled, no entry names it. Point at a part or a sign for its counts.</p></details>\n";

fn section(out: &mut String, number: usize, policy: &PolicyCoverage) {
    let report = &policy.report;
    let gaps = gaps(report);
    let id = format!("p{number}");
    let _ = writeln!(
        out,
        "<section id=\"policy{number}\" aria-labelledby=\"{id}name\">\n<h2 id=\"{id}name\">{}</h2>\n\
         <p class=\"about\">{} · {} · <code>{}</code></p>",
        escape(&report.policy.name),
        escape(&policy.file),
        if report.calls == 1 { "1 call".to_owned() } else { format!("{} calls", report.calls) },
        escape(&report.policy.digest)
    );
    out.push_str("<ul class=\"meters\">\n");
    let tally = report.tally;
    for (label, share) in [
        ("Covered", tally.total),
        ("Rules", tally.rules),
        ("Branches", tally.branches),
        ("Outcomes", tally.outcomes),
    ] {
        meter(out, label, share);
    }
    out.push_str("</ul>\n");
    let files: Vec<Source<'_>> = (1_usize..)
        .zip(&policy.texts)
        .map(|(file, (name, _))| {
            Source::new(format!("{id}F{file}"), name.as_deref(), report, &gaps)
        })
        .collect();
    tools(out, policy, &files);
    list_of_gaps(out, policy, &gaps, &files);
    for (source, (name, text)) in files.iter().zip(&policy.texts) {
        let _ = writeln!(out, "<h3>{}</h3>", escape(name.as_deref().unwrap_or(&policy.file)));
        source.html(out, text);
    }
    out.push_str("</section>\n");
}

fn meter(out: &mut String, label: &str, share: Share) {
    let percent = share.percent();
    let permille = share.permille();
    let _ = writeln!(
        out,
        "<li class=\"{}\"><span class=\"label\">{label}</span> <strong>{percent}</strong> \
         <span class=\"of\">{} of {}</span><span class=\"bar\" aria-hidden=\"true\">\
         <span style=\"width:{}.{}%\"></span></span></li>",
        class_of(share),
        share.seen,
        share.all,
        permille / 10,
        permille % 10
    );
}

const fn class_of(share: Share) -> &'static str {
    match (share.seen, share.all) {
        (seen, all) if seen == all => State::Full.class(),
        (0, _) => State::Missed.class(),
        _ => State::Partial.class(),
    }
}

/// The table of tools, each with a link to where it stands.
fn tools(out: &mut String, policy: &PolicyCoverage, files: &[Source<'_>]) {
    out.push_str(
        "<div class=\"wide\"><table class=\"tools\"><thead><tr><th scope=\"col\">Tool</th><th scope=\"col\">Calls</th>\
         <th scope=\"col\">Rules</th><th scope=\"col\">Branches</th><th scope=\"col\">Outcomes</th>\
         <th scope=\"col\">Covered</th></tr></thead><tbody>\n",
    );
    for tool in &policy.report.tools {
        let tally = tool.tally;
        let name = named(tool);
        let link = link(policy, files, &tool.place, &name);
        let share = |share: Share| {
            if share.all == 0 { "–".to_owned() } else { format!("{}/{}", share.seen, share.all) }
        };
        let rules: String = tool.rules.iter().map(rule_dot).collect();
        let _ = writeln!(
            out,
            "<tr class=\"{}\"><th scope=\"row\">{link}</th><td>{}</td><td><span class=\"dots\" aria-hidden=\"true\">{rules}</span> {}</td>\
             <td>{}</td><td>{}</td><td><strong>{}</strong></td></tr>",
            class_of(tally.total),
            tool.calls,
            share(tally.rules),
            share(tally.branches),
            share(tally.outcomes),
            tally.total.percent()
        );
    }
    for outcome in &policy.report.defaults {
        let share = Share { seen: u64::from(outcome.calls > 0), all: 1 };
        let what = outcome.outcome.as_str();
        let name = match &outcome.place {
            Some(place) => link(policy, files, place, what),
            None => escape(what),
        };
        let _ = writeln!(
            out,
            "<tr class=\"{}\"><th scope=\"row\"><em>{name}</em></th><td>{}</td><td>–</td><td>–</td><td>{}/1</td>\
             <td><strong>{}</strong></td></tr>",
            class_of(share),
            outcome.calls,
            share.seen,
            share.percent()
        );
    }
    out.push_str("</tbody></table></div>\n");
}

fn rule_dot(rule: &preloop_core::coverage::RuleCoverage) -> String {
    let name = rule.name.as_deref().unwrap_or(&rule.path);
    format!("<span class=\"dot {}\" title=\"{}\"></span>", state_of(rule).class(), escape(name))
}

fn named(tool: &ToolCoverage) -> String {
    match &tool.source {
        Some(source) => format!("{} ({source})", tool.name),
        None => tool.name.clone(),
    }
}

fn link(policy: &PolicyCoverage, files: &[Source<'_>], place: &Stretch, text: &str) -> String {
    let names = policy.texts.iter().map(|(name, _)| name.as_deref());
    let file = files.iter().zip(names).find(|(_, name)| *name == place.file.as_deref());
    match file {
        Some((source, _)) => {
            format!("<a href=\"#{}L{}\">{}</a>", source.id, place.line, escape(text))
        }
        None => escape(text),
    }
}

/// Everything that is missing, as links: the way through the page by keyboard.
fn list_of_gaps(out: &mut String, policy: &PolicyCoverage, gaps: &[Gap<'_>], files: &[Source<'_>]) {
    if gaps.is_empty() {
        out.push_str("<p class=\"all\">Everything is exercised.</p>\n");
        return;
    }
    let _ = writeln!(
        out,
        "<details class=\"gaps\"><summary>Not exercised: {}</summary>\n<ol>",
        gaps.len()
    );
    for gap in gaps {
        let words = match gap.place {
            Some(place) => format!(
                "{} <span class=\"of\">line {}</span>",
                link(policy, files, place, &gap.words()),
                place.line
            ),
            None => escape(&gap.words()),
        };
        let _ = writeln!(out, "<li>{words}</li>");
    }
    out.push_str("</ol></details>\n");
}

/// Text as HTML, for content and for attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        escape_into(&mut out, character);
    }
    out
}

/// One character as HTML. What would not be seen, or would reorder what is, is written out.
pub(super) fn escape_into(out: &mut String, character: char) {
    match character {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        '\t' => out.push('\t'),
        '\n' => out.push(' '),
        other => out.push_str(&visible(other.encode_utf8(&mut [0; 4]))),
    }
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_of_a_policy_is_markup() {
        assert_eq!(
            escape("<script>alert('x' & \"y\")</script>"),
            "&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;"
        );
        assert_eq!(escape("a\u{202e}b\u{1b}[0m\tc"), "a\\u{202e}b\\u{1b}[0m\tc");
    }
}
