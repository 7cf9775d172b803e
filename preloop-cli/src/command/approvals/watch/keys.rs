//! What is typed while requests are watched: votes by the numbers that stand before them.

use preloop_api::{VoteDecision, VoteRequest};
use preloop_client::Client;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::super::show::describe;
use crate::ask::means_yes;
use crate::failure::Failure;
use crate::output::{Output, prompt};

/// Lines that are typed.
#[derive(Debug)]
pub(super) struct Keys {
    lines: mpsc::UnboundedReceiver<String>,
}

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Nothing was typed.
    Nothing,
    /// To end.
    Quit,
    /// To vote.
    Vote(TypedVote),
}

/// A vote as it is typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TypedVote {
    number: usize,
    decision: VoteDecision,
    reason: Option<String>,
}

// === impl Keys ===

impl Keys {
    /// Begins to read the terminal.
    pub(super) fn start() -> Self {
        let (typed, lines) = mpsc::unbounded_channel();
        // Reading a terminal cannot be called off, so the thread is left behind when watching ends.
        std::thread::spawn(move || {
            for line in std::io::stdin().lines() {
                let Ok(line) = line else { return };
                if typed.send(line).is_err() {
                    return;
                }
            }
        });
        Self { lines }
    }

    /// The next line; none once the terminal is closed.
    pub(super) async fn next(&mut self) -> Option<String> {
        self.lines.recv().await
    }

    /// Forgets the lines that nobody has looked at yet.
    fn forget_typed(&mut self) {
        while self.lines.try_recv().is_ok() {}
    }
}

// === impl Key ===

impl Key {
    /// What a line asks for; else what can be typed.
    pub(super) fn read(line: &str) -> Result<Self, &'static str> {
        let mut words = line.trim().splitn(3, ' ');
        let decision = match words.next() {
            None | Some("") => return Ok(Self::Nothing),
            Some("q") => return Ok(Self::Quit),
            Some("a") => Some(VoteDecision::Approve),
            Some("d") => Some(VoteDecision::Decline),
            Some(_) => None,
        };
        let number = words.next().and_then(|text| text.parse().ok());
        let reason = words.next().map(str::to_owned);
        let (Some(decision), Some(number)) = (decision, number) else {
            return Err(
                "type `a 1` to approve the request with the number 1, `d 1` to decline it, `q` to end",
            );
        };
        Ok(Self::Vote(TypedVote { number, decision, reason }))
    }
}

// === impl TypedVote ===

impl TypedVote {
    /// Shows what is voted on, asks, and votes; what does not work is told, and watching goes on.
    pub(super) async fn cast(
        self,
        client: &Client,
        numbered: &[Uuid],
        keys: &mut Keys,
        output: Output,
    ) {
        if let Err(failure) = self.try_cast(client, numbered, keys, output).await {
            output.failure(&failure);
        }
    }

    async fn try_cast(
        self,
        client: &Client,
        numbered: &[Uuid],
        keys: &mut Keys,
        output: Output,
    ) -> Result<(), Failure> {
        let id = self.number.checked_sub(1).and_then(|at| numbered.get(at));
        let Some(id) = id else {
            let words = format!("no request has the number {}", self.number);
            return Err(Failure::new("no_such_number", words));
        };
        let approval = client.approval(*id).await?;
        output.message(|page| describe(page, &approval));
        // What was typed before the call was shown does not answer for it.
        keys.forget_typed();
        prompt(&format!("{} this call? [y/N] ", self.decision.as_str()));
        if !keys.next().await.is_some_and(|answer| means_yes(&answer)) {
            return Err(Failure::new("not_voted", "no vote was cast"));
        }
        let body = VoteRequest {
            reason: self.reason,
            call_hash: Some(approval.call_hash),
            ..VoteRequest::default()
        };
        // How it stands then is the next line.
        client.vote(*id, self.decision, &body).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let vote = |number, decision, reason: Option<&str>| {
            Ok(Key::Vote(TypedVote { number, decision, reason: reason.map(str::to_owned) }))
        };
        assert_eq!(Key::read("a 2"), vote(2, VoteDecision::Approve, None));
        assert_eq!(Key::read(" d 12 not now "), vote(12, VoteDecision::Decline, Some("not now")));
        assert_eq!(Key::read("q"), Ok(Key::Quit));
        assert_eq!(Key::read(""), Ok(Key::Nothing));
        for bad in ["a", "a x", "approve 1", "y", "a -1", "1"] {
            assert!(Key::read(bad).is_err(), "{bad}");
        }
    }
}
