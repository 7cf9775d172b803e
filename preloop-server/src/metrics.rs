//! Counters for Prometheus: what was decided, how long it took, what became of upstream calls.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use preloop_core::decision::Action;

/// Upper bounds of the buckets, in microseconds.
const BUCKETS_US: [u64; 12] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000, 10_000_000];

/// The counters of one server.
#[derive(Debug, Default)]
pub struct Metrics {
    allowed: AtomicU64,
    denied: AtomicU64,
    asked: AtomicU64,
    held: AtomicU64,
    decisions: Histogram,
    upstream_completed: AtomicU64,
    upstream_failed: AtomicU64,
    upstream_unknown: AtomicU64,
    upstream: Histogram,
}

/// How an upstream call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamEnd {
    /// It was answered.
    Completed,
    /// It failed.
    Failed,
    /// Nobody knows.
    Unknown,
}

#[derive(Debug, Default)]
struct Histogram {
    buckets: [AtomicU64; BUCKETS_US.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

// === impl Metrics ===

impl Metrics {
    /// Counts a decision.
    pub fn decided(&self, action: Action, took: Duration) {
        let counter = match action {
            Action::Allow => &self.allowed,
            Action::Deny => &self.denied,
            Action::RequireApproval => &self.asked,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.decisions.observe(took);
    }

    /// Counts a call that begins to wait for people.
    pub fn hold(&self) {
        self.held.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a call that no longer waits.
    pub fn release(&self) {
        self.held.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts an upstream call.
    pub fn upstream(&self, end: UpstreamEnd, took: Duration) {
        let counter = match end {
            UpstreamEnd::Completed => &self.upstream_completed,
            UpstreamEnd::Failed => &self.upstream_failed,
            UpstreamEnd::Unknown => &self.upstream_unknown,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.upstream.observe(took);
    }

    /// The counters as Prometheus reads them.
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(4096);
        counter(
            &mut text,
            "preloop_decisions_total",
            "Decisions by action.",
            "action",
            &[
                ("allow", load(&self.allowed)),
                ("deny", load(&self.denied)),
                ("require_approval", load(&self.asked)),
            ],
        );
        let waiting = load(&self.held);
        let _ = write!(
            text,
            "# HELP preloop_held_calls Calls that wait for people on an open connection.\n\
             # TYPE preloop_held_calls gauge\npreloop_held_calls {waiting}\n"
        );
        counter(
            &mut text,
            "preloop_upstream_calls_total",
            "Upstream calls by outcome.",
            "outcome",
            &[
                ("completed", load(&self.upstream_completed)),
                ("failed", load(&self.upstream_failed)),
                ("unknown", load(&self.upstream_unknown)),
            ],
        );
        self.decisions.render(&mut text, "preloop_decision_seconds", "Time to decide a call.");
        let about = "Time from sending a call to its answer.";
        self.upstream.render(&mut text, "preloop_upstream_call_seconds", about);
        text
    }
}

// === impl Histogram ===

impl Histogram {
    fn observe(&self, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        for (bound, bucket) in BUCKETS_US.iter().zip(&self.buckets) {
            if took_us <= *bound {
                bucket.fetch_add(1, Ordering::Relaxed);
                break;
            }
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(took_us, Ordering::Relaxed);
    }

    fn render(&self, text: &mut String, name: &str, help: &str) {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} histogram\n");
        let mut below = 0_u64;
        for (bound, bucket) in BUCKETS_US.iter().zip(&self.buckets) {
            below = below.saturating_add(load(bucket));
            let seconds = Duration::from_micros(*bound).as_secs_f64();
            let _ = writeln!(text, "{name}_bucket{{le=\"{seconds}\"}} {below}");
        }
        let count = load(&self.count);
        let sum = Duration::from_micros(load(&self.sum_us)).as_secs_f64();
        let _ = write!(
            text,
            "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {sum}\n{name}_count {count}\n"
        );
    }
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn counter(text: &mut String, name: &str, help: &str, label: &str, values: &[(&str, u64)]) {
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} counter\n");
    for (value, count) in values {
        let _ = writeln!(text, "{name}{{{label}=\"{value}\"}} {count}");
    }
}
