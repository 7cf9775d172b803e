//! What time alone does to a request: a model that does not answer is not waited for, it escalates once, then lapses; never
//! early, and the same whoever looks.

use super::{ApprovalState, Event, EventKind, Request};
use crate::document::OnTimeout;
use crate::time::Timestamp;

// === impl Request ===

impl Request {
    /// Does what is due at `now`, and says whether anything was. A clock that went back does nothing.
    pub fn advance(&mut self, now: Timestamp) -> bool {
        match self.state {
            ApprovalState::Pending => {
                let fails = self.awaits_ai() && now >= self.expires_at;
                if fails {
                    self.ai_too_late(now);
                }
                let escalates = self.escalation_due().is_some_and(|due| now >= due);
                if escalates {
                    self.escalate(now);
                }
                let lapses = now >= self.expires_at;
                if lapses {
                    self.lapse(now, "nobody decided in time");
                }
                fails || escalates || lapses
            }
            ApprovalState::Approved => {
                let lapses =
                    self.used_at.is_none() && self.use_by.is_some_and(|use_by| now >= use_by);
                if lapses {
                    self.lapse(now, "approved, and not used in time");
                }
                lapses
            }
            ApprovalState::Cancelled | ApprovalState::Declined | ApprovalState::Expired => false,
        }
    }

    /// When time will next do something to it; none where it never will.
    pub fn next_due(&self) -> Option<Timestamp> {
        match self.state {
            ApprovalState::Pending => {
                Some(self.escalation_due().map_or(self.expires_at, |due| due.min(self.expires_at)))
            }
            ApprovalState::Approved if self.used_at.is_none() => self.use_by,
            ApprovalState::Approved
            | ApprovalState::Cancelled
            | ApprovalState::Declined
            | ApprovalState::Expired => None,
        }
    }

    /// When people are added; none where they were, or never are.
    fn escalation_due(&self) -> Option<Timestamp> {
        if self.escalated_at.is_some() {
            return None;
        }
        let deciding = self.deciding();
        let escalation = deciding.escalation.as_ref()?;
        let on_timeout = (deciding.on_timeout == OnTimeout::Escalate).then_some(self.expires_at);
        let asked_at = match (&self.workflow.ai, &self.ai) {
            // Nobody is added before people were asked.
            (Some(_), None) => return None,
            (Some(_), Some(verdict)) => verdict.at,
            (None, _) => self.created_at,
        };
        let delayed = escalation.delay_seconds.map(|delay| super::request::after(asked_at, delay));
        match (delayed, on_timeout) {
            (Some(delayed), Some(on_timeout)) => Some(delayed.min(on_timeout)),
            // After the end there is nothing to escalate.
            (Some(delayed), None) => Some(delayed).filter(|due| *due < self.expires_at),
            (None, on_timeout) => on_timeout,
        }
    }

    fn escalate(&mut self, now: Timestamp) {
        let at = self.not_before(now);
        let deciding = self.deciding();
        let is_timeout = now >= self.expires_at;
        if is_timeout && deciding.on_timeout == OnTimeout::Deny {
            // Nobody looked between the delay and the end: it is over.
            return;
        }
        let message = if is_timeout {
            "nobody decided in time; more people are asked, and the time runs anew"
        } else {
            "nobody decided for a while; more people are asked"
        };
        if is_timeout {
            self.expires_at = super::request::after(at, deciding.timeout_seconds);
        }
        self.escalated_at = Some(at);
        self.note(Event::new(EventKind::Escalated, at).saying(message));
    }

    fn lapse(&mut self, now: Timestamp, message: &str) {
        let at = self.not_before(now);
        self.state = ApprovalState::Expired;
        self.decided_at = Some(at);
        self.note(Event::new(EventKind::Expired, at).saying(message));
    }
}
