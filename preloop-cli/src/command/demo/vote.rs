//! How the held call of the demo is answered: from another terminal, with Enter, or by itself.

use std::io::IsTerminal;
use std::time::Duration;

use preloop_api::{Approval, ApprovalState, VoteDecision, VoteRequest};
use preloop_client::{ApprovalFilter, Client};

use crate::failure::Failure;

const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Waits until the held call shows up among the approval requests.
pub(super) async fn pending(owner: &Client, tool: &str) -> Result<Approval, Failure> {
    let filter = ApprovalFilter {
        state: Some(ApprovalState::Pending),
        tool: Some(tool.to_owned()),
        ..ApprovalFilter::default()
    };
    loop {
        let page = owner.approvals(&filter).await?;
        if let Some(approval) = page.items.into_iter().next() {
            return Ok(approval);
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// Whether there is somebody who can press Enter here.
pub(super) fn can_press_enter() -> bool {
    std::io::stdin().is_terminal()
}

/// Waits for Enter; for ever where nobody can press it.
pub(super) async fn enter() {
    if !can_press_enter() {
        return std::future::pending().await;
    }
    let (pressed, wait) = tokio::sync::oneshot::channel();
    // Reading a terminal cannot be called off, so the thread is left behind when the demo ends first.
    std::thread::spawn(move || {
        let mut line = String::new();
        if matches!(std::io::stdin().read_line(&mut line), Ok(length) if length > 0) {
            // The demo has gone on when nobody waits any more.
            let _ = pressed.send(());
        }
    });
    if wait.await.is_err() {
        // Standard input ended: the answer comes from elsewhere.
        std::future::pending::<()>().await;
    }
}

/// Approves the call with the owner key, as the person at the other terminal would.
pub(super) async fn approve(owner: &Client, approval: &Approval) -> Result<(), Failure> {
    let vote = owner.vote(approval.id, VoteDecision::Approve, &VoteRequest::default()).await;
    match vote {
        Ok(_) => Ok(()),
        // Somebody was faster at another terminal; the call is answered all the same.
        Err(error) if error.status() == Some(409) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
