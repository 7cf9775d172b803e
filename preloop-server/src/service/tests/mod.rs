//! Held calls and permits as the firewall uses them, on real stores of both engines and a real journal.

use std::sync::Arc;

use preloop_api::{ApprovalOutcome, CreateApiKey, Role, ToolState};
use preloop_core::approval::{Ballot, Via, VoteDecision};
use preloop_core::audit::AuditKind::{
    ApprovalApproved, ApprovalJoined, ApprovalRequested, CallCancelled, CallCompleted, CallerLeft,
    Decision, Interrupted, OutcomeUnknown, Vote,
};
use preloop_core::audit::{AuditKind, EnforcementPoint};
use serde_json::Map;
use serde_json::value::RawValue;

use super::*;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::ids::new_id;
use crate::journal::Journal;
use crate::store::testing::{Place, on_both_engines};
use crate::store::{AuditFilter, AuditOrder};
use preloop_files::PolicySource;

mod broken_account;
mod dead_servers;
mod lost_answers;
mod lost_commit;
mod replicas;
mod waiting;

pub(super) const POLICY: &str = "
version: '1.0'
metadata: {name: test}
mcp_servers: [{name: bank, url: 'http://127.0.0.1:9/mcp'}]
approval_workflows: [{name: people}]
defaults: {require_approval_for_new_tools: false}
tools: [{name: pay, approval_workflow: people}, {name: read}]
";

pub(super) struct Stand {
    pub(super) platform: Platform,
    pub(super) services: Services,
    pub(super) owner: Caller,
    pub(super) agent: Caller,
    pub(super) place: Place,
}

impl Stand {
    pub(super) async fn on(place: Place) -> Self {
        Self::start(place, "main", Arc::new(SystemClock), POLICY).await
    }

    /// Another server on the same database.
    pub(super) async fn beside(&self) -> Self {
        Self::start(self.place.clone(), "beside", Arc::new(SystemClock), POLICY).await
    }

    pub(super) async fn start(
        place: Place,
        replica: &str,
        clock: SharedClock,
        policy: &str,
    ) -> Self {
        Self::start_with_model(place, replica, clock, policy, None).await
    }

    /// As [`Self::start`], with a model that workflows may have asked.
    pub(super) async fn start_with_model(
        place: Place,
        replica: &str,
        clock: SharedClock,
        policy: &str,
        ai_model: Option<AiModel>,
    ) -> Self {
        let store = place.open(replica).await.unwrap();
        let now = clock.now();
        let account_id = store.account_ensure(new_id(now), now).await.unwrap();
        let journal_moved = store.audit_moved_to().await.unwrap();
        let journal = Journal::open(&place.folder().join(replica), journal_moved).unwrap();
        let key = "0a".repeat(32);
        let secret_keys = SecretKeys::open(Some(&key), place.folder(), store.is_shared()).unwrap();
        let foundation = Foundation {
            account_id,
            clock,
            store,
            journal,
            journal_moved,
            tasks: Tasks::default(),
            secret_keys,
            allow_registration: false,
            ai_model,
            notify: NotifySettings::of(&Config::new(place.folder().to_owned())).unwrap(),
        };
        let platform = Platform::open(foundation).await.unwrap();
        let services = platform.first().clone();
        services.policy_load(&PolicySource::File(policy.as_bytes().to_vec()), "a test").unwrap();
        platform.recover().await.unwrap();
        for (name, role, key) in
            [(OWNER, Role::Owner, "plo_test"), ("agent", Role::Agent, "pla_test")]
        {
            services.key_add(name, role, key).await.unwrap();
        }
        let caller = |key| platform.shared().key_holder(key).unwrap();
        Self { owner: caller("plo_test"), agent: caller("pla_test"), platform, services, place }
    }

    pub(super) fn attempt(tool: &str, arguments: &str) -> Attempt {
        Attempt {
            tool: tool.to_owned(),
            server: Some("bank".to_owned()),
            source: Some("mcp".to_owned()),
            annotations: Map::new(),
            is_new: false,
            definition_hash: None,
            schema: None,
            arguments: RawValue::from_string(arguments.to_owned()).unwrap(),
            justification: None,
            fault: None,
            context: Map::new(),
            session_id: "s".to_owned(),
            enforcement_point: EnforcementPoint::Mcp,
            approval_id: None,
            asks: Asks::ByPolicy,
        }
    }

    pub(super) async fn hold(&self) -> Box<Held> {
        match self.services.decide(&self.agent, Self::attempt("pay", r#"{"amount":1}"#)).await {
            Ok(Ruling::Held(held)) => held,
            other => panic!("the call must be held: {other:?}"),
        }
    }

    pub(super) async fn approved(&self) -> Permit {
        let mut held = self.hold().await;
        self.vote(held.approval().id, VoteDecision::Approve).await;
        match held.settled().await {
            Ok(Settled::Approved(permit)) => permit,
            other => panic!("the call must be approved: {other:?}"),
        }
    }

    pub(super) async fn vote(&self, id: Uuid, decision: VoteDecision) {
        let ballot = Ballot::new(decision, Via::Api);
        self.services.approval_vote(&self.owner, id, ballot).await.unwrap();
    }

    pub(super) async fn outcome(&self, id: Uuid) -> Option<ApprovalOutcome> {
        self.services.approval_show(&self.owner, id).await.unwrap().outcome
    }

    /// Kinds of the records, oldest first, without those of the start.
    pub(super) async fn kinds(&self) -> Vec<AuditKind> {
        self.platform.journal_move().await.unwrap();
        let filter =
            AuditFilter { limit: 1000, order: AuditOrder::Ascending, ..AuditFilter::default() };
        let page = self.services.audit_list(&self.owner, filter).await.unwrap();
        page.items
            .into_iter()
            .map(|record| record.kind)
            .filter(|kind| *kind != AuditKind::PolicyLoaded)
            .collect()
    }

    /// Ends without any good order, as a kill does: nothing held or permitted is dropped.
    pub(super) async fn kill(self) -> Self {
        let place = self.place.clone();
        self.platform.close().await;
        Self::on(place).await
    }

    pub(super) async fn background(&self) {
        self.platform.tasks().finished().await;
    }
}

async fn an_approved_call_runs_once_and_says_how_it_ended(place: Place) {
    let stand = Stand::on(place).await;
    let mut permit = stand.approved().await;
    let id = permit.approval_id().unwrap();
    assert_eq!(stand.outcome(id).await, Some(ApprovalOutcome::Claimed));
    permit.dispatched().await.unwrap();
    assert_eq!(stand.outcome(id).await, Some(ApprovalOutcome::Running));
    permit.finish(Outcome::Completed { is_error: false }, None).await;
    assert_eq!(stand.outcome(id).await, Some(ApprovalOutcome::Completed));
    assert_eq!(
        stand.kinds().await,
        [Decision, ApprovalRequested, Vote, ApprovalApproved, Decision, CallCompleted]
    );
}

async fn a_permit_that_is_dropped_gives_back_what_was_not_sent(place: Place) {
    let stand = Stand::on(place).await;
    let permit = stand.approved().await;
    let id = permit.approval_id().unwrap();
    drop(permit);
    stand.background().await;
    assert_eq!(stand.outcome(id).await, None, "nothing was sent, so the approval is good still");
    let again = stand.services.decide(&stand.agent, Stand::attempt("pay", r#"{"amount":1}"#)).await;
    let Ok(Ruling::Allowed(mut sent)) = again else { panic!("approved and unused: {again:?}") };
    assert_eq!(sent.approval_id(), Some(id));
    sent.dispatched().await.unwrap();
    drop(sent);
    stand.background().await;
    assert_eq!(stand.outcome(id).await, Some(ApprovalOutcome::Unknown));
    let kinds = stand.kinds().await;
    assert!(kinds.contains(&CallCancelled) && kinds.contains(&OutcomeUnknown), "{kinds:?}");
}

async fn of_two_identical_calls_that_wait_one_runs(place: Place) {
    let stand = Stand::on(place).await;
    let (mut first, mut second) = (stand.hold().await, stand.hold().await);
    assert_eq!(first.approval().id, second.approval().id);
    stand.vote(first.approval().id, VoteDecision::Approve).await;
    let (first, second) = tokio::join!(first.settled(), second.settled());
    let approved = [&first, &second]
        .iter()
        .filter(|settled| matches!(settled, Ok(Settled::Approved(_))))
        .count();
    let used =
        [&first, &second].iter().filter(|settled| matches!(settled, Ok(Settled::Ran(_)))).count();
    assert_eq!((approved, used), (1, 1), "{first:?} {second:?}");
    assert!(stand.kinds().await.contains(&ApprovalJoined));
}

async fn a_client_that_leaves_or_withdraws_leaves_the_request_pending(place: Place) {
    let stand = Stand::on(place).await;
    let held = stand.hold().await;
    let id = held.approval().id;
    drop(held);
    let held = stand.hold().await;
    assert_eq!(held.approval().id, id, "it joins what it left");
    held.cancel();
    stand.vote(id, VoteDecision::Approve).await;
    assert_eq!(
        stand.kinds().await,
        [
            Decision,
            ApprovalRequested,
            CallerLeft,
            Decision,
            ApprovalJoined,
            CallCancelled,
            Vote,
            ApprovalApproved,
        ],
        "nothing ran"
    );
    let asked =
        stand.services.decide(&stand.agent, Stand::attempt("pay", r#"{"amount":1.0}"#)).await;
    let Ok(Ruling::Allowed(permit)) = asked else { panic!("approved meanwhile: {asked:?}") };
    assert_eq!(permit.approval_id(), Some(id));
}

async fn what_a_kill_interrupts_is_told_and_not_run(place: Place) {
    let stand = Stand::on(place).await;
    let held = stand.hold().await;
    let waiting = held.approval().id;
    std::mem::forget(held);
    let stand = stand.kill().await;
    assert_eq!(stand.kinds().await, [Decision, ApprovalRequested, Interrupted]);
    let held = stand.hold().await;
    assert_eq!(held.approval().id, waiting, "the request is still there");
    drop(held);
    stand.background().await;

    let claimed = stand.approved().await;
    let claimed_id = claimed.approval_id().unwrap();
    std::mem::forget(claimed);
    let stand = stand.kill().await;
    assert_eq!(stand.outcome(claimed_id).await, None);
    let again = stand.services.decide(&stand.agent, Stand::attempt("pay", r#"{"amount":1}"#)).await;
    let Ok(Ruling::Allowed(mut sent)) = again else { panic!("it was never sent: {again:?}") };
    let sent_id = sent.approval_id().unwrap();
    assert_eq!(sent_id, claimed_id, "the approval is not lost");
    sent.dispatched().await.unwrap();
    std::mem::forget(sent);
    let stand = stand.kill().await;
    assert_eq!(stand.outcome(sent_id).await, Some(ApprovalOutcome::Unknown));
    let kinds = stand.kinds().await;
    assert_eq!(kinds.iter().filter(|kind| **kind == Interrupted).count(), 2);
    assert_eq!(kinds.iter().filter(|kind| **kind == OutcomeUnknown).count(), 1);
    let stand = stand.kill().await;
    assert_eq!(stand.kinds().await, kinds, "told once");
}

async fn what_is_kept_of_a_call_is_sealed_and_moves_to_a_new_key(place: Place) {
    let stand = Stand::on(place).await;
    let held = stand.hold().await;
    let id = held.approval().id;
    assert!(held.keep(r#"{"name":"pay"}"#.to_owned(), "digest".to_owned()).await.unwrap());
    held.detach();
    let stored = stand.platform.shared().store.approval_call_find(stand.services.account_id(), id);
    let sealed = stored.await.unwrap().unwrap().call.unwrap();
    assert!(!sealed.text.contains("pay") && !sealed.text.contains("amount"), "{sealed:?}");
    stand.platform.secrets_rotate(&stand.owner).await.unwrap();
    stand.vote(id, VoteDecision::Approve).await;
    let poll =
        stand.services.approval_poll(&stand.agent, id, std::time::Duration::ZERO).await.unwrap();
    let PollStep::Run(kept) = poll.step else { panic!("approved: {:?}", poll.step) };
    assert_eq!(kept.arguments, r#"{"amount":1}"#);
    let other = stand.services.approval_poll(&stand.owner, id, std::time::Duration::ZERO).await;
    assert!(matches!(other, Err(ServiceError::NotFound { .. })), "only who asked: {other:?}");
}

async fn a_crash_after_sending_is_told_to_the_next_identical_call(place: Place) {
    let stand = Stand::on(place).await;
    let mut permit = stand.approved().await;
    permit.dispatched().await.unwrap();
    std::mem::forget(permit);
    let stand = stand.kill().await;
    let again = stand.services.decide(&stand.agent, Stand::attempt("pay", r#"{"amount":1}"#)).await;
    let Ok(Ruling::Ran(ran)) = again else { panic!("it was sent: {again:?}") };
    let end = ran.ended().await.unwrap();
    assert_eq!(end.approval.outcome, Some(ApprovalOutcome::Unknown));
    assert_eq!(end.answer, AnswerKept::Nothing);
}

async fn unreadable_arguments_are_denied_and_recorded(place: Place) {
    let stand = Stand::on(place).await;
    for arguments in [r#"{"a":1,"a":2}"#, "[]", "null"] {
        let ruling = stand.services.decide(&stand.agent, Stand::attempt("read", arguments)).await;
        let Ok(Ruling::Denied(denied)) = ruling else { panic!("{arguments}: {ruling:?}") };
        assert_eq!(denied.decision.reason.as_str(), "invalid_call");
    }
    assert_eq!(stand.kinds().await, [Decision; 3]);
}

async fn a_tool_that_nobody_accepted_needs_people(place: Place) {
    let stand = Stand::on(place).await;
    let policy = POLICY.replace("defaults: {require_approval_for_new_tools: false}\n", "");
    stand.services.policy_load(&PolicySource::File(policy.as_bytes().to_vec()), "a test").unwrap();
    let ruling = stand.services.decide(&stand.agent, Stand::attempt("read", "{}")).await;
    assert!(matches!(ruling, Ok(Ruling::Held(_))), "{ruling:?}");
    let offered = OfferedTool {
        name: "read".to_owned(),
        exposed_name: "bank__read".to_owned(),
        description: None,
        annotations: Map::new(),
        definition: serde_json::json!({"name": "read"}),
    };
    let states = stand.services.tools_offered("bank", vec![offered]).await.unwrap();
    assert_eq!(states, [ToolState::Accepted], "the first listing is the baseline");
    let ruling = stand.services.decide(&stand.agent, Stand::attempt("read", "{}")).await;
    assert!(matches!(ruling, Ok(Ruling::Allowed(_))), "{ruling:?}");
    let whole = NamedPart { after: None, limit: 100 };
    let listed = stand.services.tool_list(&stand.agent, &whole).await.unwrap();
    assert_eq!(listed.items.len(), 1);
}

async fn keys_of_agents_make_no_keys(place: Place) {
    let stand = Stand::on(place).await;
    let request =
        CreateApiKey { name: "x".to_owned(), role: Some(Role::Agent), ..CreateApiKey::default() };
    let made = stand.services.key_create(&stand.agent, request).await;
    assert!(
        matches!(made, Err(ServiceError::Forbidden { code: "permission_denied", .. })),
        "{made:?}"
    );
}

async fn a_call_that_waited_does_not_stand_in_its_own_way(place: Place) {
    let stand = Stand::on(place).await;
    let once = POLICY.replace(
        "{name: pay, approval_workflow: people}",
        "{name: pay, conditions: [{expression: 'session.calls.exists(c, c.tool == \"pay\")', action: deny}, {}]}",
    );
    stand.services.policy_load(&PolicySource::File(once.as_bytes().to_vec()), "a test").unwrap();
    let permit = stand.approved().await;
    permit.finish(Outcome::Completed { is_error: false }, None).await;
    let again = stand.services.decide(&stand.agent, Stand::attempt("pay", r#"{"amount":1}"#)).await;
    assert!(matches!(again, Ok(Ruling::Denied(_))), "it ran once: {again:?}");
}

async fn an_approval_that_is_not_good_for_the_call_is_noted(place: Place) {
    let stand = Stand::on(place).await;
    let held = stand.hold().await;
    let id = held.approval().id;
    held.detach();
    stand.vote(id, VoteDecision::Approve).await;
    for (arguments, wanted) in [(r#"{"amount":2}"#, "for another call"), (r#"{"amount":1}"#, "")] {
        let mut attempt = Stand::attempt("pay", arguments);
        attempt.approval_id = Some(id);
        match stand.services.decide(&stand.agent, attempt.clone()).await {
            Ok(Ruling::Allowed(permit)) => drop(permit.hand_over()),
            other => assert!(other.is_err_and(|error| error.to_string().contains(wanted))),
        }
    }
    let mut attempt = Stand::attempt("pay", r#"{"amount":1}"#);
    attempt.approval_id = Some(id);
    assert!(stand.services.decide(&stand.agent, attempt).await.is_err(), "it was used");
    let kinds = stand.kinds().await;
    let refused = kinds.iter().filter(|kind| **kind == AuditKind::RequestRefused).count();
    assert_eq!(refused, 2, "{kinds:?}");
}

async fn text_that_no_database_takes_is_kept_out_of_its_columns(place: Place) {
    let stand = Stand::on(place).await;
    let mut attempt = Stand::attempt("pay", r#"{"amount":1}"#);
    attempt.justification = Some("be\0cause".to_owned());
    attempt.session_id = "s\0".to_owned();
    let Ok(Ruling::Held(held)) = stand.services.decide(&stand.agent, attempt).await else {
        panic!("the call must be held")
    };
    held.detach();
    let mut attempt = Stand::attempt("read\0", "{}");
    attempt.server = None;
    let _ = stand.services.decide(&stand.agent, attempt).await;
    stand.platform.journal_move().await.unwrap();
    let report = stand.services.audit_verify(&stand.owner).await.unwrap();
    assert!(report.is_valid, "{report:?}");
}

async fn what_is_said_over_http_is_no_evidence_at_the_firewall(place: Place) {
    let stand = Stand::on(place).await;
    let proven =
        POLICY.replace("{name: read}", "{name: read}, {name: refund, evidence_required: [read]}");
    stand.services.policy_load(&PolicySource::File(proven.as_bytes().to_vec()), "a test").unwrap();
    let decide = async |tool: &str, point| {
        let attempt = Attempt { enforcement_point: point, ..Stand::attempt(tool, "{}") };
        let ruled = stand.services.decide(&stand.agent, attempt).await;
        matches!(ruled, Ok(Ruling::Allowed(_)))
    };
    // The agent names the firewall's session for a call that it does not make there.
    assert!(decide("read", EnforcementPoint::Http).await);
    assert!(!decide("refund", EnforcementPoint::Mcp).await);
    assert!(decide("refund", EnforcementPoint::Http).await);
    assert!(decide("read", EnforcementPoint::Mcp).await);
    assert!(decide("refund", EnforcementPoint::Mcp).await);
}

async fn what_the_trail_did_not_take_is_no_evidence(place: Place) {
    let stand = Stand::on(place).await;
    let proven =
        POLICY.replace("{name: read}", "{name: read}, {name: refund, evidence_required: [read]}");
    stand.services.policy_load(&PolicySource::File(proven.as_bytes().to_vec()), "a test").unwrap();
    let journal = &stand.platform.shared().journal;
    let full = std::fs::OpenOptions::new().append(true).open("/dev/full").unwrap();
    let file = journal.replace_file(full);
    let refused = stand.services.decide(&stand.agent, Stand::attempt("read", "{}")).await;
    assert!(matches!(refused, Err(ServiceError::Unavailable { .. })), "{refused:?}");
    drop(journal.replace_file(file));
    let refund = async || {
        let ruled = stand.services.decide(&stand.agent, Stand::attempt("refund", "{}")).await;
        matches!(ruled, Ok(Ruling::Allowed(_)))
    };
    assert!(!refund().await, "nothing was read");
    let ruled = stand.services.decide(&stand.agent, Stand::attempt("read", "{}")).await;
    assert!(matches!(ruled, Ok(Ruling::Allowed(_))), "{ruled:?}");
    assert!(refund().await);
}

on_both_engines![
    an_approved_call_runs_once_and_says_how_it_ended,
    what_is_kept_of_a_call_is_sealed_and_moves_to_a_new_key,
    a_crash_after_sending_is_told_to_the_next_identical_call,
    a_permit_that_is_dropped_gives_back_what_was_not_sent,
    of_two_identical_calls_that_wait_one_runs,
    a_client_that_leaves_or_withdraws_leaves_the_request_pending,
    what_a_kill_interrupts_is_told_and_not_run,
    unreadable_arguments_are_denied_and_recorded,
    a_tool_that_nobody_accepted_needs_people,
    keys_of_agents_make_no_keys,
    a_call_that_waited_does_not_stand_in_its_own_way,
    an_approval_that_is_not_good_for_the_call_is_noted,
    text_that_no_database_takes_is_kept_out_of_its_columns,
    what_is_said_over_http_is_no_evidence_at_the_firewall,
    what_the_trail_did_not_take_is_no_evidence,
];
