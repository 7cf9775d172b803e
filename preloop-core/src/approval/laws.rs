//! Laws of the state machine, by random histories: whatever happens in whatever order, under a clock that may go back.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::tests::{at, of, request, voter};
use super::*;
use crate::document::{AiFallback, Approver, OnTimeout, StepUp};

const PEOPLE: [&str; 6] = ["p0", "p1", "p2", "p3", "p4", "p5"];
const TIMEOUT: i64 = 100;
const DELAY: i64 = 30;

#[derive(Clone, Copy, Debug)]
enum Step {
    Advance,
    Ai(AiDecision, f64),
    Cancel,
    Claim,
    Vote { voter: usize, approves: bool, code: u8 },
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
struct Shape {
    required: u32,
    asks_code: bool,
    asks_model: bool,
    names: bool,
    has_delay: bool,
    on_timeout: bool,
}

fn steps() -> impl Strategy<Value = Vec<(Step, i64)>> {
    let decision = prop_oneof![
        Just(AiDecision::Approve),
        Just(AiDecision::Decline),
        Just(AiDecision::Failed),
        Just(AiDecision::Unsure)
    ];
    let step = prop_oneof![
        8 => (0_usize..6, any::<bool>(), 0_u8..3)
            .prop_map(|(voter, approves, code)| Step::Vote { voter, approves, code }),
        2 => Just(Step::Claim),
        3 => Just(Step::Advance),
        1 => Just(Step::Cancel),
        1 => (decision, 0.0..1.0).prop_map(|(decision, sure)| Step::Ai(decision, sure)),
    ];
    // Now and then the clock goes back.
    prop::collection::vec((step, prop_oneof![9 => 0_i64..40, 1 => -60_i64..0]), 1..24)
}

fn shapes() -> impl Strategy<Value = Shape> {
    (1_u32..4, any::<[bool; 5]>()).prop_map(|(required, flags)| {
        let [asks_code, asks_model, names, has_delay, on_timeout] = flags;
        Shape { required, asks_code, asks_model, names, has_delay, on_timeout }
    })
}

fn open(shape: &Shape) -> Request {
    let mut request = request(|workflow| {
        workflow.required_approvals = shape.required;
        workflow.timeout_seconds = TIMEOUT.unsigned_abs();
        if shape.asks_code {
            workflow.step_up = StepUp::MatchCode;
        }
        if shape.names {
            workflow.approvers =
                ["p0", "p1", "p2"].map(|name| Approver::User(name.to_owned())).to_vec();
        }
        if shape.has_delay || shape.on_timeout {
            let escalate_to = vec![Approver::User("p3".to_owned())];
            let delay_seconds = shape.has_delay.then_some(DELAY.unsigned_abs());
            workflow.escalation = Some(Escalated { escalate_to, delay_seconds });
        }
        if shape.on_timeout {
            workflow.on_timeout = OnTimeout::Escalate;
        }
        workflow.ai = shape.asks_model.then(|| AiReview {
            model: "m".to_owned(),
            guidelines: String::new(),
            confidence_threshold: 0.5,
            fallback: AiFallback::Escalate,
        });
    });
    request.match_code = MatchCode::of(1);
    request.events.clear();
    request
}

fn take(request: &mut Request, step: Step, now: i64) -> bool {
    match step {
        Step::Advance => request.advance(at(now)),
        Step::Ai(decision, sure) => {
            let verdict = AiVerdict {
                decision,
                model: "m".to_owned(),
                confidence: Some(sure),
                reasoning: None,
                at: at(now),
                acted: false,
            };
            request.ai_verdict(verdict, at(now)).is_ok()
        }
        Step::Cancel => request.cancel(None, None, at(now)).is_ok(),
        Step::Claim => request.claim(at(now)).is_ok(),
        Step::Vote { voter: index, approves, code } => {
            let decision = if approves { VoteDecision::Approve } else { VoteDecision::Decline };
            let ballot =
                Ballot::new(decision, Via::Api).proving(Proof::MatchCode(format!("{code:02}")));
            let eligible = of(request, &PEOPLE);
            request.vote(voter(PEOPLE[index]), &ballot, &eligible, at(now)).is_ok()
        }
    }
}

/// What must hold of a request however it came about.
fn check_state(request: &Request, shape: &Shape) -> Result<(), TestCaseError> {
    let ids: BTreeSet<&str> = request.votes.iter().map(|vote| &*vote.voter_id).collect();
    prop_assert_eq!(ids.len(), request.votes.len(), "one vote each");
    let approvals =
        request.votes.iter().filter(|vote| vote.decision == VoteDecision::Approve).count();
    if request.state == ApprovalState::Approved {
        prop_assert!(approvals >= shape.required as usize, "the quorum was reached");
        prop_assert!(request.decided_at.unwrap() < request.expires_at, "in time");
    }
    if shape.names {
        let added = request.escalated_at.is_some();
        let is_asked =
            |id: &str| ["p0", "p1", "p2"].contains(&id) || (added && id == "p3") || id == "ai:m";
        prop_assert!(ids.iter().all(|id| is_asked(id)), "only those named: {ids:?}");
    }
    if shape.asks_code {
        let approved = request.votes.iter().filter(|vote| vote.decision == VoteDecision::Approve);
        for vote in approved {
            prop_assert_eq!(vote.proved, StepUp::MatchCode, "no vote without its proof");
        }
    }
    Ok(())
}

/// What may become of a request in one step.
fn check_step(before: &Request, after: &Request) -> Result<(), TestCaseError> {
    match before.state {
        ApprovalState::Pending => {}
        ApprovalState::Approved => {
            prop_assert!(matches!(after.state, ApprovalState::Approved | ApprovalState::Expired));
        }
        settled => prop_assert_eq!(after.state, settled, "no two outcomes"),
    }
    prop_assert!(after.votes.starts_with(&before.votes), "votes stand");
    if before.state != ApprovalState::Pending {
        prop_assert_eq!(after.votes.len(), before.votes.len(), "no vote after the end");
    }
    prop_assert!(before.used_at.is_none() || after.used_at == before.used_at);
    prop_assert!(after.expires_at >= before.expires_at, "a time is never cut short");
    prop_assert!(after.events.starts_with(&before.events));
    Ok(())
}

/// What the whole timeline must say.
fn check_events(request: &Request, shape: &Shape) -> Result<(), TestCaseError> {
    let count = |kind| request.events.iter().filter(|event| event.kind == kind).count();
    let ends = [EventKind::Approved, EventKind::Cancelled, EventKind::Declined];
    let ends: usize = ends.into_iter().map(count).sum();
    prop_assert!(ends <= 1 && count(EventKind::Expired) <= 1 && count(EventKind::Used) <= 1);
    let by_time = request
        .events
        .iter()
        .filter(|event| event.kind == EventKind::Escalated && event.actor.is_none());
    prop_assert!(by_time.clone().count() <= 1, "one escalation");
    for event in by_time {
        let earliest = if shape.has_delay { DELAY } else { TIMEOUT };
        prop_assert!(event.at >= at(earliest), "never early");
    }
    if request.state == ApprovalState::Expired && request.use_by.is_none() {
        prop_assert!(request.decided_at.unwrap() >= request.expires_at, "never early");
    }
    prop_assert!(request.events.is_sorted_by_key(|event| event.at), "time runs forward");
    Ok(())
}

proptest! {
    #[test]
    fn histories_keep_the_laws(shape in shapes(), steps in steps()) {
        let mut request = open(&shape);
        let (mut now, mut claims) = (0, 0);
        for (step, pause) in steps {
            now = (now + pause).max(0);
            let before = request.clone();
            let is_claim = matches!(step, Step::Claim);
            let done = take(&mut request, step, now);
            claims += u32::from(is_claim && done);
            check_step(&before, &request)?;
            check_state(&request, &shape)?;
            check_events(&request, &shape)?;
        }
        prop_assert!(claims <= 1, "used once");
    }

    /// What is due has been done once `advance` was asked, whoever asks and how often.
    #[test]
    fn advancing_is_idempotent(shape in shapes(), pauses in prop::collection::vec(0_i64..120, 1..6)) {
        let (mut often, mut once) = (open(&shape), open(&shape));
        let mut now = 0;
        for pause in pauses {
            now += pause;
            often.advance(at(now));
            prop_assert!(!often.clone().advance(at(now)), "nothing is left");
            prop_assert!(often.next_due().is_none_or(|due| due > at(now)));
        }
        once.advance(at(now));
        if once.state == ApprovalState::Expired {
            // Whoever looks late may give people more time, never less.
            prop_assert!(often.state == ApprovalState::Expired);
        }
    }
}
