//! Entries of `approval_workflows[]`, every spelling of approvers and escalation included.

use super::notification::notifications;
use crate::diagnostic::Code;
use crate::document::{
    AiFallback, ApprovalType, ApprovalWorkflow, Approver, Escalation, OnTimeout, StepUp,
};
use crate::limits::{APPROVALS_MAX, ITEMS_MAX, TIMEOUT_SECONDS_MAX};
use crate::parse::decoder::{Decoder, Keyword};
use crate::parse::fields::{Fields, Section, aliased, field, unsupported};
use crate::parse::path::Path;
use crate::parse::tree::{Kind, NodeId};

pub(super) static APPROVAL_WORKFLOW: Section = Section {
    noun: "an approval workflow",
    fields: &[
        field("name"),
        field("description"),
        aliased("timeout_seconds", &["timeout"]),
        field("on_timeout"),
        field("step_up"),
        aliased("required_approvals", &["approvals_required", "quorum"]),
        field("approvers"),
        field("approver_users"),
        field("approver_teams"),
        field("approval_type"),
        field("ai_model"),
        field("ai_guidelines"),
        field("ai_confidence_threshold"),
        field("ai_fallback_behavior"),
        field("escalation_workflow"),
        field("escalation"),
        field("escalation_users"),
        field("escalation_teams"),
        field("async_approval"),
        field("require_reason"),
        field("allow_self_approval"),
        field("notifications"),
        field("channel_configs"),
        unsupported("is_default", "name the workflow in `defaults.default_approval_workflow`"),
        unsupported("workflow_type", "remove it: every workflow is one stage with a quorum"),
        unsupported("ai_context", "write what the model has to know into `ai_guidelines`"),
    ],
};

pub(super) static ESCALATION: Section = Section {
    noun: "the escalation",
    fields: &[field("enabled"), field("escalate_to"), field("escalation_delay")],
};

static APPROVER: Section =
    Section { noun: "an approver", fields: &[field("user"), field("team"), field("role")] };

impl Keyword for OnTimeout {
    const WORDS: &'static [(&'static str, Self)] =
        &[("deny", Self::Deny), ("escalate", Self::Escalate)];
}

impl Keyword for StepUp {
    const WORDS: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("passkey", Self::Passkey), ("match_code", Self::MatchCode)];
}

impl Keyword for ApprovalType {
    const WORDS: &'static [(&'static str, Self)] =
        &[("standard", Self::Standard), ("ai_driven", Self::AiDriven)];
}

impl Keyword for AiFallback {
    const WORDS: &'static [(&'static str, Self)] =
        &[("escalate", Self::Escalate), ("deny", Self::Deny), ("approve", Self::Approve)];
}

pub(super) fn approval_workflow(
    decoder: &mut Decoder<'_>,
    at: &Path<'_>,
    node: NodeId,
) -> ApprovalWorkflow {
    let Some(fields) = decoder.fields(at, node, &APPROVAL_WORKFLOW) else {
        return ApprovalWorkflow::named(String::new());
    };
    let name = decoder.required_name(&fields, "name", "the approval workflow");
    ApprovalWorkflow {
        description: decoder.optional_text(&fields, "description"),
        timeout_seconds: decoder.optional_integer(
            &fields,
            "timeout_seconds",
            1..=TIMEOUT_SECONDS_MAX,
        ),
        on_timeout: decoder.optional_keyword(&fields, "on_timeout"),
        step_up: decoder.optional_keyword(&fields, "step_up"),
        required_approvals: decoder
            .optional_integer(&fields, "required_approvals", 1..=APPROVALS_MAX)
            .and_then(|count| u32::try_from(count).ok()),
        approvers: people(decoder, &fields, "approvers", "approver_users", "approver_teams"),
        approval_type: decoder.optional_keyword(&fields, "approval_type"),
        ai_model: decoder.optional_name(&fields, "ai_model"),
        ai_guidelines: decoder.optional_text(&fields, "ai_guidelines"),
        ai_confidence_threshold: fields.value("ai_confidence_threshold").and_then(|node| {
            decoder.number(&fields.at.key("ai_confidence_threshold"), node, 0.0..=1.0)
        }),
        ai_fallback_behavior: decoder.optional_keyword(&fields, "ai_fallback_behavior"),
        escalation_workflow: decoder.optional_name(&fields, "escalation_workflow"),
        escalation: escalation(decoder, &fields),
        async_approval: decoder.optional_boolean(&fields, "async_approval"),
        require_reason: decoder.optional_boolean(&fields, "require_reason"),
        allow_self_approval: decoder.optional_boolean(&fields, "allow_self_approval"),
        notifications: notifications(decoder, &fields),
        ..ApprovalWorkflow::named(name)
    }
}

/// People under their own field, or under the two older ones for users and teams.
fn people(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_>,
    list: &str,
    users: &str,
    teams: &str,
) -> Vec<Approver> {
    refuse_both(decoder, fields, list, &[users, teams]);
    let mut people = approvers(decoder, fields, list);
    people.extend(decoder.optional_names(fields, users).into_iter().map(Approver::User));
    people.extend(decoder.optional_names(fields, teams).into_iter().map(Approver::Team));
    people
}

/// Reports a field that is given in its own spelling and in older ones as well.
pub(super) fn refuse_both(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_>,
    name: &str,
    older: &[&str],
) {
    if fields.value(name).is_none() {
        return;
    }
    for spelling in older {
        if let Some(key) = fields.key(spelling) {
            let message = format!("`{spelling}` says the same as `{name}`, which is there too");
            let help = format!("keep one of them, best `{name}`");
            let at = fields.at.key(spelling);
            decoder.error(Code::ConflictingKeys, &at, key, message, help);
        }
    }
}

fn approvers(decoder: &mut Decoder<'_>, fields: &Fields<'_>, name: &str) -> Vec<Approver> {
    decoder.entries(fields, name, ITEMS_MAX, approver).into_iter().flatten().collect()
}

fn approver(decoder: &mut Decoder<'_>, at: &Path<'_>, node: NodeId) -> Option<Approver> {
    let tree = decoder.tree;
    if !matches!(tree.node(node).kind, Kind::Mapping(_)) {
        return decoder.name(at, node).map(Approver::User);
    }
    let fields = decoder.fields(at, node, &APPROVER)?;
    if tree.members(node).len() != 1 {
        let message = "an approver is one user, one team or one role".to_owned();
        let help = "write one item for each, as in `- team: sre`";
        decoder.error(Code::InvalidValue, at, node, message, help);
        return None;
    }
    let mut name = |kind: &str| decoder.name(&at.key(kind), fields.value(kind)?);
    name("user")
        .map(Approver::User)
        .or_else(|| name("team").map(Approver::Team))
        .or_else(|| name("role").map(Approver::Role))
}

fn escalation(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<Escalation> {
    refuse_both(decoder, fields, "escalation", &["escalation_users", "escalation_teams"]);
    let Some(node) = fields.value("escalation") else {
        let mut escalate_to: Vec<Approver> = Vec::new();
        let users = decoder.optional_names(fields, "escalation_users");
        escalate_to.extend(users.into_iter().map(Approver::User));
        let teams = decoder.optional_names(fields, "escalation_teams");
        escalate_to.extend(teams.into_iter().map(Approver::Team));
        let is_given = !escalate_to.is_empty();
        return is_given.then_some(Escalation {
            enabled: None,
            escalate_to,
            escalation_delay: None,
        });
    };
    if decoder.tree.node(node).kind == Kind::Null {
        return None;
    }
    let at = fields.at.key("escalation");
    let fields = decoder.fields(&at, node, &ESCALATION)?;
    if fields.value("escalate_to").is_none() {
        decoder.missing(&fields, "escalate_to", "the escalation");
    }
    Some(Escalation {
        enabled: decoder.optional_boolean(&fields, "enabled"),
        escalate_to: approvers(decoder, &fields, "escalate_to"),
        escalation_delay: decoder.optional_integer(
            &fields,
            "escalation_delay",
            1..=TIMEOUT_SECONDS_MAX,
        ),
    })
}
