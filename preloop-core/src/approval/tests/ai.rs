//! What a model may decide, and what goes to people.

use super::*;

fn asks_a_model(change: impl FnOnce(&mut Workflow)) -> Request {
    request(|workflow| {
        workflow.ai = Some(AiReview {
            model: "m".to_owned(),
            guidelines: "be careful".to_owned(),
            confidence_threshold: 0.8,
            fallback: AiFallback::Escalate,
        });
        change(workflow);
    })
}

fn answer(decision: AiDecision, confidence: Option<f64>) -> AiVerdict {
    let (model, reasoning) = ("m".to_owned(), Some("because".to_owned()));
    AiVerdict { decision, model, confidence, reasoning, at: at(0), acted: true }
}

fn asked(change: impl FnOnce(&mut Workflow), verdict: AiVerdict) -> (Request, ApprovalState) {
    let mut request = asks_a_model(change);
    let state = request.ai_verdict(verdict, at(5)).unwrap();
    (request, state)
}

#[test]
fn a_sure_model_decides_and_others_go_to_people() {
    let state = |verdict| asked(|_| (), verdict).1;
    assert_eq!(state(answer(AiDecision::Approve, Some(0.8))), ApprovalState::Approved);
    assert_eq!(state(answer(AiDecision::Decline, Some(0.9))), ApprovalState::Declined);
    for (decision, confidence) in [
        (AiDecision::Approve, Some(0.79)),
        (AiDecision::Approve, None),
        (AiDecision::Approve, Some(f64::NAN)),
        (AiDecision::Approve, Some(1.1)),
        (AiDecision::Unsure, Some(1.0)),
        (AiDecision::Failed, Some(1.0)),
    ] {
        let (request, state) = asked(|_| (), answer(decision, confidence));
        assert_eq!(state, ApprovalState::Pending, "{decision:?} {confidence:?}");
        assert_eq!(request.ai.map(|verdict| verdict.acted), Some(false));
        let last = request.events.last().unwrap();
        assert_eq!((last.kind, last.actor.as_deref()), (EventKind::Escalated, Some("ai")));
    }
}

#[test]
fn people_are_asked_where_the_model_does_not_answer_in_time() {
    let mut request = asks_a_model(|workflow| workflow.timeout_seconds = 10);
    assert!(!request.advance(at(9)));
    assert_eq!(request.next_due(), Some(at(10)));
    assert!(request.advance(at(12)));
    assert_eq!(request.state, ApprovalState::Pending);
    let verdict = request.ai.clone().unwrap();
    assert_eq!((verdict.decision, verdict.acted), (AiDecision::Failed, false));
    let last = request.events.last().unwrap();
    assert_eq!((last.kind, last.actor.as_deref()), (EventKind::Escalated, Some("ai")));
    assert_eq!(request.expires_at, at(22), "their time begins when they are asked");
    let late = request.ai_verdict(answer(AiDecision::Approve, Some(1.0)), at(13));
    assert_eq!(late, Err(AiVerdictError::AlreadyAnswered));
    assert!(request.advance(at(22)));
    assert_eq!(request.state, ApprovalState::Expired);
}

#[test]
fn the_time_of_people_begins_when_the_model_was_done() {
    let (request, _) =
        asked(|workflow| workflow.timeout_seconds = 100, answer(AiDecision::Unsure, Some(0.1)));
    assert_eq!(request.expires_at, at(105));
}

#[test]
fn people_behind_a_model_have_others_added_as_without_one() {
    let text = "version: '1.0'\nmetadata: {name: t}\napproval_workflows:\n\
        - {name: ai, approval_type: ai_driven, ai_model: m, ai_guidelines: g, escalation_workflow: people}\n\
        - {name: people, approvers: [ann], on_timeout: escalate, escalation_workflow: managers}\n\
        - {name: managers, approvers: [bob]}\n";
    let policy = crate::ValidPolicy::parse(text).unwrap();
    let people = Workflow::find(policy.document(), "people").unwrap();
    let behind = Workflow::find(policy.document(), "ai").unwrap().escalation_workflow.unwrap();
    assert_eq!(*behind, people);
    assert!(behind.asks_when_escalated(voter("bob")) && !behind.asks(voter("bob")));
}

#[test]
fn a_fallback_is_for_valid_answers_alone() {
    let with = |fallback, decision, confidence| {
        let change = |workflow: &mut Workflow| {
            workflow.ai.as_mut().unwrap().fallback = fallback;
        };
        asked(change, answer(decision, confidence)).1
    };
    let unsure = AiDecision::Unsure;
    assert_eq!(with(AiFallback::Approve, unsure, Some(0.1)), ApprovalState::Approved);
    assert_eq!(with(AiFallback::Deny, unsure, Some(0.1)), ApprovalState::Declined);
    assert_eq!(with(AiFallback::Approve, AiDecision::Decline, Some(0.9)), ApprovalState::Declined);
    for fallback in [AiFallback::Approve, AiFallback::Deny] {
        assert_eq!(with(fallback, AiDecision::Failed, None), ApprovalState::Pending);
        assert_eq!(with(fallback, AiDecision::Approve, None), ApprovalState::Pending);
    }
}

#[test]
fn a_model_never_decides_where_a_proof_is_asked_for() {
    let (mut request, state) = asked(
        |workflow| workflow.step_up = StepUp::Passkey,
        answer(AiDecision::Approve, Some(1.0)),
    );
    assert_eq!(state, ApprovalState::Pending);
    assert_eq!(approve(&mut request, "bob"), Err(VoteError::StepUpRequired(StepUp::Passkey)));
}

#[test]
fn a_proof_that_the_people_behind_a_model_are_asked_for_keeps_the_model_out() {
    let behind = |step_up| Some(Box::new(Workflow { step_up, ..Workflow::built_in() }));
    for step_up in [StepUp::Passkey, StepUp::MatchCode] {
        let change = |workflow: &mut Workflow| workflow.escalation_workflow = behind(step_up);
        let (request, state) = asked(change, answer(AiDecision::Approve, Some(1.0)));
        assert_eq!((state, request.step_up()), (ApprovalState::Pending, step_up));
    }
    let both = asks_a_model(|workflow| {
        workflow.step_up = StepUp::Passkey;
        workflow.escalation_workflow = behind(StepUp::MatchCode);
    });
    assert_eq!(both.step_up(), StepUp::Passkey, "the stricter of both");
}

#[test]
fn a_model_overrules_nobody_who_has_voted() {
    let mut request = asks_a_model(|workflow| {
        let people = Workflow { required_approvals: 2, ..Workflow::built_in() };
        workflow.escalation_workflow = Some(Box::new(people));
    });
    assert_eq!(approve(&mut request, "bob"), Ok(ApprovalState::Pending));
    let state = request.ai_verdict(answer(AiDecision::Approve, Some(1.0)), at(6));
    assert_eq!(state, Ok(ApprovalState::Pending));
    assert_eq!(request.votes.len(), 1);
}

#[test]
fn a_model_is_not_one_of_a_quorum_and_answers_once() {
    let (mut request, state) =
        asked(|workflow| workflow.required_approvals = 2, answer(AiDecision::Approve, Some(1.0)));
    assert_eq!(state, ApprovalState::Pending);
    let again = request.ai_verdict(answer(AiDecision::Approve, Some(1.0)), at(6));
    assert_eq!(again, Err(AiVerdictError::AlreadyAnswered));
    assert_eq!(approve(&mut request, "bob"), Ok(ApprovalState::Pending));
    assert_eq!(approve(&mut request, "carol"), Ok(ApprovalState::Approved));
    let mut standard = request_without_model();
    let verdict = answer(AiDecision::Approve, Some(1.0));
    assert_eq!(standard.ai_verdict(verdict, at(1)), Err(AiVerdictError::NotAsked));
}

#[test]
fn behind_a_model_are_the_people_of_the_escalation_workflow() {
    let behind = Workflow {
        name: "security".to_owned(),
        approvers: vec![user("carol")],
        timeout_seconds: 600,
        on_timeout: OnTimeout::Escalate,
        escalation: Some(escalation("dave", Some(60))),
        ..Workflow::built_in()
    };
    let (mut request, _) = asked(
        |workflow| {
            workflow.timeout_seconds = 30;
            workflow.escalation_workflow = Some(Box::new(behind));
        },
        answer(AiDecision::Failed, None),
    );
    assert_eq!(request.expires_at, at(605), "people have their own time");
    assert_eq!(request.next_due(), Some(at(65)));
    assert_eq!(approve(&mut request, "bob"), Err(VoteError::NotAnApprover));
    assert!(request.advance(at(65)));
    assert_eq!(approve(&mut request, "dave"), Ok(ApprovalState::Approved));
}
