//! Laws of the state machine, by case and by random histories.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::document::{Approver, StepUp};
use crate::time::Timestamp;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000 + seconds).unwrap()
}

fn voter(id: &str) -> Voter<'_> {
    Voter { id, name: id, email: None, roles: &[], teams: &[], is_owner: false }
}

fn request(change: impl FnOnce(&mut Workflow)) -> Request {
    let mut workflow = Workflow::built_in();
    change(&mut workflow);
    Request::open(workflow, "agent-1".to_owned(), at(0))
}

fn approve(request: &mut Request, id: &str) -> Result<ApprovalState, VoteError> {
    request.vote(voter(id), VoteDecision::Approve, None, at(1))
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
fn one_decline_is_enough() {
    let mut request = request(|workflow| workflow.required_approvals = 3);
    assert_eq!(approve(&mut request, "alice"), Ok(ApprovalState::Pending));
    let declined = request.vote(voter("bob"), VoteDecision::Decline, Some("no"), at(2));
    assert_eq!(declined, Ok(ApprovalState::Declined));
    assert_eq!(request.claim(at(3)), Err(ClaimError::NotApproved(ApprovalState::Declined)));
}

#[test]
fn the_requester_votes_only_where_the_workflow_says_so() {
    let mut strict = request(|_| ());
    assert_eq!(approve(&mut strict, "agent-1"), Err(VoteError::SelfApproval));
    let mut lenient = request(|workflow| workflow.allow_self_approval = true);
    assert_eq!(approve(&mut lenient, "agent-1"), Ok(ApprovalState::Approved));
}

#[test]
fn named_approvers_are_users_teams_roles_or_the_owner() {
    let named = |approver: Approver| request(|workflow| workflow.approvers = vec![approver]);
    let alice = || Approver::User("alice".to_owned());
    assert_eq!(approve(&mut named(alice()), "bob"), Err(VoteError::NotAnApprover));
    assert_eq!(approve(&mut named(alice()), "alice"), Ok(ApprovalState::Approved));
    let security = ["security".to_owned()];
    let in_team = Voter { teams: &security, ..voter("bob") };
    let mut team = named(Approver::Team("security".to_owned()));
    let vote = team.vote(in_team, VoteDecision::Approve, None, at(1));
    assert_eq!(vote, Ok(ApprovalState::Approved));
    let with_role = Voter { roles: &security, ..voter("bob") };
    let mut team = named(Approver::Team("security".to_owned()));
    let vote = team.vote(with_role, VoteDecision::Approve, None, at(1));
    assert_eq!(vote, Err(VoteError::NotAnApprover), "a role is no team");
    let owner = Voter { is_owner: true, ..voter("owner") };
    let vote = named(alice()).vote(owner, VoteDecision::Approve, None, at(1));
    assert_eq!(vote, Ok(ApprovalState::Approved));
}

#[test]
fn a_blank_reason_is_none() {
    let mut request = request(|workflow| workflow.require_reason = true);
    let blank = request.vote(voter("bob"), VoteDecision::Approve, Some(" \n"), at(1));
    assert_eq!(blank, Err(VoteError::ReasonRequired));
    let given = request.vote(voter("bob"), VoteDecision::Approve, Some(" checked "), at(1));
    assert_eq!(given, Ok(ApprovalState::Approved));
    assert_eq!(request.votes.first().and_then(|vote| vote.reason.as_deref()), Some("checked"));
}

#[test]
fn a_proof_is_needed_to_approve_and_not_to_decline() {
    let mut request = request(|workflow| workflow.step_up = StepUp::Passkey);
    assert_eq!(approve(&mut request, "bob"), Err(VoteError::StepUpUnavailable));
    let declined = request.vote(voter("bob"), VoteDecision::Decline, None, at(1));
    assert_eq!(declined, Ok(ApprovalState::Declined));
}

#[test]
fn it_lapses_at_its_time_and_not_before() {
    let mut waiting = request(|workflow| workflow.timeout_seconds = 10);
    let just_before = at(10).checked_sub(Duration::from_nanos(1)).unwrap();
    assert!(!waiting.expire(just_before));
    assert!(waiting.expire(at(10)));
    assert!(!waiting.expire(at(11)), "it lapses once");
    assert_eq!(waiting.state, ApprovalState::Expired);
    let mut late = request(|workflow| workflow.timeout_seconds = 10);
    let vote = late.vote(voter("bob"), VoteDecision::Approve, None, at(10));
    assert_eq!(vote, Err(VoteError::Settled(ApprovalState::Expired)));
}

#[test]
fn an_approval_is_used_once_and_in_time() {
    let mut used = request(|workflow| workflow.timeout_seconds = 10);
    approve(&mut used, "bob").unwrap();
    assert_eq!(used.claim(at(2)), Ok(()));
    assert_eq!(used.claim(at(3)), Err(ClaimError::Used));
    assert!(!used.expire(at(100_000)), "a used approval does not lapse");
    let mut late = request(|workflow| workflow.timeout_seconds = 10);
    approve(&mut late, "bob").unwrap();
    assert_eq!(late.claim(at(301)), Err(ClaimError::NotApproved(ApprovalState::Expired)));
}

#[test]
fn only_a_pending_request_is_withdrawn() {
    let mut pending = request(|_| ());
    assert_eq!(pending.cancel(at(1)), Ok(()));
    assert_eq!(pending.cancel(at(2)), Err(ApprovalState::Cancelled));
    assert_eq!(approve(&mut pending, "bob"), Err(VoteError::Settled(ApprovalState::Cancelled)));
}

#[derive(Clone, Debug)]
enum Step {
    Cancel,
    Claim,
    Expire,
    Vote { voter: u8, approves: bool },
}

fn steps() -> impl Strategy<Value = Vec<(Step, i64)>> {
    let step = prop_oneof![
        8 => (0_u8..6, any::<bool>()).prop_map(|(voter, approves)| Step::Vote { voter, approves }),
        2 => Just(Step::Claim),
        1 => Just(Step::Expire),
        1 => Just(Step::Cancel),
    ];
    prop::collection::vec((step, 0_i64..40), 1..24)
}

proptest! {
    /// Whatever happens in whatever order: settled stays settled, nothing is approved without its quorum or late, and
    /// at most one claim succeeds.
    #[test]
    fn histories_keep_the_laws(required in 1_u32..5, steps in steps()) {
        let mut request = request(|workflow| {
            workflow.required_approvals = required;
            workflow.timeout_seconds = 100;
        });
        let mut now = 0;
        let mut claims = 0;
        for (step, pause) in steps {
            now += pause;
            let before = request.clone();
            match step {
                Step::Cancel => { let _ = request.cancel(at(now)); }
                Step::Claim => claims += u32::from(request.claim(at(now)).is_ok()),
                Step::Expire => { request.expire(at(now)); }
                Step::Vote { voter: index, approves } => {
                    let id = format!("person-{index}");
                    let decision =
                        if approves { VoteDecision::Approve } else { VoteDecision::Decline };
                    let _ = request.vote(voter(&id), decision, None, at(now));
                }
            }
            let approvals: BTreeSet<&str> = request
                .votes
                .iter()
                .filter(|vote| vote.decision == VoteDecision::Approve)
                .map(|vote| vote.voter_id.as_str())
                .collect();
            if request.state == ApprovalState::Approved {
                prop_assert!(approvals.len() >= required as usize);
                prop_assert!(request.decided_at.unwrap() < request.expires_at);
                prop_assert!(request.votes.iter().all(|v| v.decision == VoteDecision::Approve));
            }
            match before.state {
                ApprovalState::Pending => {}
                ApprovalState::Approved => prop_assert!(matches!(
                    request.state, ApprovalState::Approved | ApprovalState::Expired)),
                settled => prop_assert_eq!(request.state, settled),
            }
            prop_assert!(request.votes.len() >= before.votes.len());
        }
        prop_assert!(claims <= 1);
    }
}
