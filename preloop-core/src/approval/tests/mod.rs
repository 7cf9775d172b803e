//! The state machine by case; its laws are in `laws`.

use std::time::Duration;

use super::*;
use crate::document::{AiFallback, Approver, OnTimeout, StepUp};
use crate::time::Timestamp;

mod ai;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000 + seconds).unwrap()
}

pub(super) fn voter(id: &str) -> Voter<'_> {
    Voter { id, name: id, email: None, roles: &[], teams: &[] }
}

/// Who could vote where these are all the people there are.
pub(super) fn of(request: &Request, people: &[&str]) -> Eligible {
    Eligible::of(request, people.iter().map(|id| voter(id)))
}

fn says(decision: VoteDecision) -> Ballot {
    Ballot::new(decision, Via::Api)
}

pub(super) fn request(change: impl FnOnce(&mut Workflow)) -> Request {
    let mut workflow = Workflow::built_in();
    change(&mut workflow);
    Request::open(workflow, "agent-1".to_owned(), at(0))
}

fn approve(request: &mut Request, id: &str) -> Result<ApprovalState, VoteError> {
    let eligible = of(request, &["alice", "bob", "owner"]);
    request.vote(voter(id), &says(VoteDecision::Approve), &eligible, at(1))
}

fn decline(request: &mut Request, id: &str, people: &[&str]) -> Result<ApprovalState, VoteError> {
    let eligible = of(request, people);
    request.vote(voter(id), &says(VoteDecision::Decline), &eligible, at(2))
}

#[test]
fn one_approval_settles_the_built_in_workflow() {
    let mut request = request(|_| ());
    assert_eq!(approve(&mut request, "owner"), Ok(ApprovalState::Approved));
    assert_eq!(request.use_by, Some(at(1 + 3600)));
    assert_eq!(approve(&mut request, "bob"), Err(VoteError::Settled(ApprovalState::Approved)));
    assert_eq!(approve(&mut request, "owner"), Err(VoteError::AlreadyVoted));
}

#[test]
fn a_quorum_counts_people_not_votes() {
    let mut request = request(|workflow| workflow.required_approvals = 2);
    assert_eq!(approve(&mut request, "alice"), Ok(ApprovalState::Pending));
    assert_eq!(approve(&mut request, "alice"), Err(VoteError::AlreadyVoted));
    assert_eq!(approve(&mut request, "bob"), Ok(ApprovalState::Approved));
}

#[test]
fn a_quorum_does_not_count_who_may_not_vote_any_more() {
    let mut request = request(|workflow| workflow.required_approvals = 2);
    let ballot = says(VoteDecision::Approve);
    let vote = |request: &mut Request, id, people: &[&str]| {
        let eligible = of(request, people);
        request.vote(voter(id), &ballot, &eligible, at(1))
    };
    vote(&mut request, "alice", &["alice", "bob", "carol"]).unwrap();
    let without_alice = ["bob", "carol"];
    assert_eq!(vote(&mut request, "bob", &without_alice), Ok(ApprovalState::Pending));
    let mut declined = request.clone();
    assert_eq!(decline(&mut declined, "carol", &without_alice), Ok(ApprovalState::Declined));
    assert_eq!(vote(&mut request, "carol", &without_alice), Ok(ApprovalState::Approved));
}

#[test]
fn one_decline_ends_it_where_one_approval_is_enough() {
    let mut request = request(|_| ());
    assert_eq!(
        decline(&mut request, "bob", &["alice", "bob", "carol"]),
        Ok(ApprovalState::Declined)
    );
    assert_eq!(request.claim(at(3)), Err(ClaimError::NotApproved(ApprovalState::Declined)));
}

#[test]
fn declines_end_a_quorum_when_it_can_no_longer_be_reached() {
    let two = || request(|workflow| workflow.required_approvals = 2);
    let people = ["alice", "bob", "carol"];
    let mut waiting = two();
    assert_eq!(decline(&mut waiting, "bob", &people), Ok(ApprovalState::Pending));
    assert_eq!(decline(&mut waiting, "carol", &people), Ok(ApprovalState::Declined));
    let mut of_two = two();
    assert_eq!(decline(&mut of_two, "bob", &["alice", "bob"]), Ok(ApprovalState::Declined));
    let mut with_requester = two();
    let declined = decline(&mut with_requester, "bob", &["alice", "bob", "agent-1"]);
    assert_eq!(declined, Ok(ApprovalState::Declined), "whoever asks cannot help out");
    let mut approved_once = two();
    approve(&mut approved_once, "alice").unwrap();
    assert_eq!(decline(&mut approved_once, "bob", &people), Ok(ApprovalState::Pending));
    assert_eq!(approve(&mut approved_once, "carol"), Ok(ApprovalState::Approved));
}

#[test]
fn those_that_an_escalation_would_add_keep_a_quorum_in_reach() {
    let mut request = request(|workflow| {
        workflow.required_approvals = 2;
        workflow.approvers = vec![user("alice"), user("bob")];
        workflow.escalation = Some(escalation("carol", Some(10)));
    });
    assert_eq!(
        decline(&mut request, "bob", &["alice", "bob", "carol"]),
        Ok(ApprovalState::Pending)
    );
}

#[test]
fn the_requester_votes_only_where_the_workflow_says_so() {
    let mut strict = request(|_| ());
    assert_eq!(approve(&mut strict, "agent-1"), Err(VoteError::SelfApproval));
    let mut lenient = request(|workflow| workflow.allow_self_approval = true);
    assert_eq!(approve(&mut lenient, "agent-1"), Ok(ApprovalState::Approved));
}

#[test]
fn only_the_named_users_teams_and_roles_vote() {
    let named = |approver: Approver| request(|workflow| workflow.approvers = vec![approver]);
    assert_eq!(approve(&mut named(user("alice")), "bob"), Err(VoteError::NotAnApprover));
    assert_eq!(approve(&mut named(user("alice")), "owner"), Err(VoteError::NotAnApprover));
    assert_eq!(approve(&mut named(user("alice")), "alice"), Ok(ApprovalState::Approved));
    let by = |approver: Approver, voter: Voter<'_>| {
        let ballot = says(VoteDecision::Approve);
        named(approver).vote(voter, &ballot, &Eligible::default(), at(1))
    };
    let security = ["security".to_owned()];
    let in_team = Voter { teams: &security, ..voter("bob") };
    let team = || Approver::Team("security".to_owned());
    assert_eq!(by(team(), in_team), Ok(ApprovalState::Approved));
    let with_role = Voter { roles: &security, ..voter("bob") };
    assert_eq!(by(team(), with_role), Err(VoteError::NotAnApprover), "a role is no team");
    let role = Approver::Role("security".to_owned());
    assert_eq!(by(role, with_role), Ok(ApprovalState::Approved));
    let mailed = Voter { email: Some("Bob@example.com"), ..voter("bob") };
    assert_eq!(by(user("bob@example.com"), mailed), Ok(ApprovalState::Approved));
}

#[test]
fn a_blank_reason_is_none() {
    let mut request = request(|workflow| workflow.require_reason = true);
    let mut vote = |reason: &str| {
        let ballot = says(VoteDecision::Approve).because(Some(reason.to_owned()));
        request.vote(voter("bob"), &ballot, &Eligible::default(), at(1))
    };
    assert_eq!(vote(" \n"), Err(VoteError::ReasonRequired));
    assert_eq!(vote("\u{200b}"), Err(VoteError::ReasonRequired), "nobody can see it");
    assert_eq!(vote(" checked "), Ok(ApprovalState::Approved));
    assert_eq!(request.votes.first().and_then(|vote| vote.reason.as_deref()), Some("checked"));
}

#[test]
fn a_proof_is_needed_to_approve_and_not_to_decline() {
    let passkey = || request(|workflow| workflow.step_up = StepUp::Passkey);
    let needed = Err(VoteError::StepUpRequired(StepUp::Passkey));
    assert_eq!(approve(&mut passkey(), "bob"), needed);
    let with = |proof: Proof| {
        let ballot = says(VoteDecision::Approve).proving(proof);
        passkey().vote(voter("bob"), &ballot, &Eligible::default(), at(1))
    };
    assert_eq!(with(Proof::MatchCode("12".to_owned())), needed, "one proof is not another");
    assert_eq!(with(Proof::Passkey), Ok(ApprovalState::Approved));
    assert_eq!(decline(&mut passkey(), "bob", &["bob"]), Ok(ApprovalState::Declined));
}

fn types(request: &mut Request, id: &str, code: &str) -> Result<ApprovalState, VoteError> {
    let ballot = says(VoteDecision::Approve).proving(Proof::MatchCode(code.to_owned()));
    request.vote(voter(id), &ballot, &Eligible::default(), at(1))
}

#[test]
fn three_wrong_codes_shut_a_voter_out_and_five_everybody() {
    let mut request = request(|workflow| workflow.step_up = StepUp::MatchCode);
    request.match_code = MatchCode::of(7);
    assert_eq!(types(&mut request, "bob", "70"), Err(VoteError::WrongMatchCode { left: 2 }));
    assert_eq!(types(&mut request, "bob", "7"), Err(VoteError::WrongMatchCode { left: 1 }));
    assert_eq!(types(&mut request, "bob", ""), Err(VoteError::WrongMatchCode { left: 0 }));
    assert_eq!(types(&mut request, "bob", "07"), Err(VoteError::StepUpLocked));
    let mut others = request.clone();
    assert_eq!(types(&mut others, "carol", " 07 "), Ok(ApprovalState::Approved));
    assert_eq!(types(&mut request, "carol", "08"), Err(VoteError::WrongMatchCode { left: 1 }));
    assert_eq!(types(&mut request, "dave", "09"), Err(VoteError::WrongMatchCode { left: 0 }));
    assert_eq!(types(&mut request, "erin", "07"), Err(VoteError::StepUpLocked), "five in all");
    assert_eq!(decline(&mut request, "bob", &["bob"]), Ok(ApprovalState::Declined));
}

#[test]
fn nobody_approves_a_request_whose_code_was_never_made() {
    let mut request = request(|workflow| workflow.step_up = StepUp::MatchCode);
    assert!(matches!(types(&mut request, "bob", ""), Err(VoteError::WrongMatchCode { .. })));
    assert_eq!(MatchCode::of(100), None);
}

#[test]
fn it_lapses_at_its_time_and_not_before() {
    let mut waiting = request(|workflow| workflow.timeout_seconds = 10);
    let just_before = at(10).checked_sub(Duration::from_nanos(1)).unwrap();
    assert!(!waiting.advance(just_before));
    assert_eq!(waiting.next_due(), Some(at(10)));
    assert!(waiting.advance(at(10)));
    assert!(!waiting.advance(at(11)), "it lapses once");
    assert_eq!((waiting.state, waiting.next_due()), (ApprovalState::Expired, None));
    let mut late = request(|workflow| workflow.timeout_seconds = 10);
    let ballot = says(VoteDecision::Approve);
    let vote = late.vote(voter("bob"), &ballot, &Eligible::default(), at(10));
    assert_eq!(vote, Err(VoteError::Settled(ApprovalState::Expired)));
}

fn user(name: &str) -> Approver {
    Approver::User(name.to_owned())
}

fn escalation(to: &str, delay_seconds: Option<u64>) -> Escalated {
    Escalated { escalate_to: vec![user(to)], delay_seconds }
}

#[test]
fn a_delay_adds_people_and_leaves_the_time_alone() {
    let mut request = request(|workflow| {
        workflow.timeout_seconds = 100;
        workflow.approvers = vec![user("alice")];
        workflow.escalation = Some(escalation("carol", Some(10)));
    });
    assert_eq!(approve(&mut request, "carol"), Err(VoteError::NotAnApprover));
    assert_eq!(request.next_due(), Some(at(10)));
    assert!(!request.advance(at(9)));
    assert!(request.advance(at(12)));
    assert!(!request.advance(at(12)), "it escalates once");
    assert_eq!((request.escalated_at, request.expires_at), (Some(at(12)), at(100)));
    assert_eq!(request.next_due(), Some(at(100)));
    let mut first = request.clone();
    assert_eq!(approve(&mut first, "alice"), Ok(ApprovalState::Approved), "the first stay able");
    assert_eq!(approve(&mut request, "carol"), Ok(ApprovalState::Approved));
}

#[test]
fn on_timeout_the_time_runs_anew_once() {
    let mut request = request(|workflow| {
        workflow.timeout_seconds = 100;
        workflow.on_timeout = OnTimeout::Escalate;
        workflow.escalation = Some(escalation("carol", None));
    });
    assert!(!request.advance(at(99)));
    assert!(request.advance(at(130)), "the server was down at the time");
    assert_eq!((request.state, request.expires_at), (ApprovalState::Pending, at(230)));
    assert!(!request.advance(at(99)), "the clock went back");
    assert!(request.advance(at(230)));
    assert_eq!(request.state, ApprovalState::Expired);
    let kinds: Vec<EventKind> = request.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Requested, EventKind::Escalated, EventKind::Expired]);
}

#[test]
fn a_delay_that_nobody_saw_pass_before_the_end_adds_nobody() {
    let mut request = request(|workflow| {
        workflow.timeout_seconds = 100;
        workflow.escalation = Some(escalation("carol", Some(10)));
    });
    assert!(request.advance(at(100)));
    assert_eq!((request.state, request.escalated_at), (ApprovalState::Expired, None));
}

#[test]
fn a_timeline_does_not_run_backwards() {
    let mut request = request(|workflow| workflow.required_approvals = 2);
    let (ballot, eligible) = (says(VoteDecision::Approve), of(&request, &["alice", "bob"]));
    request.vote(voter("alice"), &ballot, &eligible, at(50)).unwrap();
    request.vote(voter("bob"), &ballot, &eligible, at(20)).unwrap();
    assert_eq!(request.decided_at, Some(at(50)));
    assert!(request.events.is_sorted_by_key(|event| event.at));
}

#[test]
fn an_approval_is_used_once_and_in_time() {
    let mut used = request(|workflow| workflow.timeout_seconds = 10);
    approve(&mut used, "bob").unwrap();
    assert_eq!(used.claim(at(2)), Ok(1));
    assert_eq!(used.claim(at(3)), Err(ClaimError::Used));
    assert!(!used.advance(at(100_000)), "a used approval does not lapse");
    let mut late = request(|workflow| workflow.timeout_seconds = 10);
    approve(&mut late, "bob").unwrap();
    assert_eq!(late.claim(at(301)), Err(ClaimError::NotApproved(ApprovalState::Expired)));
}

#[test]
fn only_a_pending_request_is_withdrawn() {
    let mut pending = request(|_| ());
    assert_eq!(pending.cancel(Some("agent-1"), None, at(1)), Ok(()));
    assert_eq!(pending.cancel(None, None, at(2)), Err(ApprovalState::Cancelled));
    assert_eq!(approve(&mut pending, "bob"), Err(VoteError::Settled(ApprovalState::Cancelled)));
}

fn request_without_model() -> Request {
    request(|_| ())
}

#[test]
fn a_use_is_given_back_by_whoever_has_it_and_once() {
    let mut request = request_without_model();
    approve(&mut request, "bob").unwrap();
    let first = request.claim(at(2)).unwrap();
    assert!(request.release(first, at(2)));
    assert!(!request.release(first, at(2)), "there is nothing to give back");
    let second = request.claim(at(2)).unwrap();
    assert!(!request.release(first, at(3)), "an attempt that comes late frees no other call's use");
    assert!(request.is_in_use(second) && !request.is_in_use(first));
    assert_eq!(request.claim(at(4)), Err(ClaimError::Used));
}

#[test]
fn repeats_are_counted_and_do_not_fill_the_timeline() {
    let mut request = request_without_model();
    for _ in 0..1_000 {
        request.join(None, at(5));
    }
    let noted = request.events.iter().filter(|event| event.kind == EventKind::Joined).count();
    assert_eq!((request.joins, noted), (1_000, 10));
    request.cancel(None, None, at(6)).unwrap();
    request.join(None, at(7));
    assert_eq!(request.joins, 1_000, "nobody joins what is over");
}

#[test]
fn another_reason_of_a_repeat_stands_in_the_timeline() {
    let mut request = request_without_model();
    request.join(None, at(5));
    request.join(Some("the customer is waiting"), at(6));
    request.join(Some(&"x".repeat(10_000)), at(7));
    let joins = request.events.iter().filter(|event| event.kind == EventKind::Joined);
    let said: Vec<Option<&str>> = joins.map(|event| event.message.as_deref()).collect();
    assert_eq!(said[..2], [None, Some("the customer is waiting")]);
    assert!(said[2].unwrap().len() < 1_000, "{said:?}");
}

#[test]
fn a_workflow_of_before_is_read_with_defaults() {
    let text = r#"{"name":"w","required_approvals":2,"timeout_seconds":60,"approvers":[{"team":"t"}],
        "require_reason":false,"allow_self_approval":false,"step_up":"none","async_approval":false}"#;
    let workflow: Workflow = serde_json::from_str(text).unwrap();
    assert_eq!((workflow.on_timeout, &workflow.escalation), (OnTimeout::Deny, &None));
    let again: Workflow = serde_json::from_str(&serde_json::to_string(&workflow).unwrap()).unwrap();
    assert_eq!(again, workflow);
}

#[test]
fn a_document_says_whom_an_escalation_means() {
    let document = |workflows: &str| {
        let text =
            format!("version: '1.0'\nmetadata: {{name: p}}\napproval_workflows: {workflows}\n");
        crate::parse::parse(&text).unwrap()
    };
    let plain = document("[{name: a, escalation: {escalate_to: [carol]}}]");
    let plain = Workflow::find(&plain, "a").unwrap();
    assert_eq!(plain.on_timeout, OnTimeout::Escalate, "people named without a time");
    let off = document("[{name: a, escalation: {enabled: false, escalate_to: [carol]}}]");
    assert_eq!(Workflow::find(&off, "a").unwrap().escalation, None);
    let other = document(
        "[{name: a, on_timeout: escalate, escalation_workflow: b}, {name: b, approvers: [carol]}]",
    );
    let other = Workflow::find(&other, "a").unwrap();
    assert_eq!(other.escalation, Some(escalation("carol", None)));
    assert_eq!(other.escalation_workflow, None);
    let ai = document(
        "[{name: a, approval_type: ai_driven, ai_model: m, ai_guidelines: g, escalation_workflow: b,
          notifications: [{channel: slack, url: 'https://example.com/literal'}]}, {name: b, approvers: [carol]}]",
    );
    let ai = Workflow::find(&ai, "a").unwrap();
    assert_eq!(ai.escalation_workflow.as_ref().map(|next| &*next.name), Some("b"));
    assert!(!serde_json::to_string(&ai).unwrap().contains("literal"), "no secret is kept");
}
