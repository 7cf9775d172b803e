//! A policy compared with what holds where there is none.

use preloop_api::PolicyScope;
use preloop_core::ValidPolicy;
use preloop_core::decision::PolicyRef;
use preloop_core::diff::{PolicyDiff, Searched, Verdict, diff};
use serde_json::{Value, json};

/// What a policy brings to a scope that has none: all of it is new. No calls are shown, because each is another.
///
/// An account without a policy denies every call, so that whatever gets through is more. Elsewhere the policies above
/// decide what the document does not, and only their server knows those.
pub(in crate::command::policy) fn against_nothing(
    scope: &PolicyScope,
    policy: &ValidPolicy,
) -> Option<PolicyDiff> {
    let verdict = if scope.is_account() {
        diff(&nothing(policy, &json!({ "unknown_tools": "deny" }))?, policy).verdict
    } else {
        Verdict::Unknown
    };
    let mut report = diff(&nothing(policy, &json!({}))?, policy);
    report.verdict = verdict;
    report.changed = true;
    // It has no digest by which anybody could ask for it.
    report.before = PolicyRef { name: "nothing".to_owned(), digest: String::new() };
    report.effects.clear();
    report.tools.clear();
    report.examples.clear();
    report.searched = Searched { all_tools: true, ..Searched::default() };
    Some(report)
}

/// What stands in for the name of a policy that is not there.
pub(in crate::command::policy) fn name(scope: &PolicyScope) -> String {
    let meaning =
        if scope.is_account() { "every call is denied" } else { "the policies above decide" };
    format!("nothing in {scope}: {meaning}")
}

fn nothing(policy: &ValidPolicy, defaults: &Value) -> Option<ValidPolicy> {
    let metadata = &policy.document().metadata;
    let nothing = json!({ "version": "1.0", "metadata": metadata, "defaults": defaults });
    ValidPolicy::parse(&nothing.to_string()).ok()
}
