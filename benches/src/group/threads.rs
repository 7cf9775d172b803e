//! Decisions on one thread and on two at once: what is shared must not slow anybody down.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use preloop_core::{Call, CompiledPolicy};
use serde_json::{Value, json};

use super::decisions;
use crate::keep;
use crate::peer::native::NativeIndex;
use crate::peer::preloop;

/// Decisions a second.
#[derive(Clone, Debug)]
pub struct Throughput {
    /// Who decides.
    pub engine: &'static str,
    /// By number of threads, from one.
    pub per_second: Vec<f64>,
}

/// The throughput of each engine with one and with two threads.
pub fn measure(time: Duration) -> Vec<Throughput> {
    let tools = keep(decisions::large(1000));
    let args: &'static Value = keep(json!({"target": "the prod cluster in eu-west-1"}));
    let policy: &'static CompiledPolicy = preloop::kept_policy(&decisions::document(tools));
    let native = keep(NativeIndex::new(tools));
    vec![
        scaling("hand-written", time, move || {
            native.decide(black_box("tool_999"), black_box(args))
        }),
        scaling("preloop", time, move || {
            policy.evaluate(&Call::new(black_box("tool_999"), black_box(args))).action
        }),
    ]
}

fn scaling<R>(
    engine: &'static str,
    time: Duration,
    decide: impl Fn() -> R + Send + Sync + Copy + 'static,
) -> Throughput {
    let per_second = [1, 2].map(|threads| throughput(threads, time, decide)).to_vec();
    Throughput { engine, per_second }
}

fn throughput<R>(
    threads: usize,
    time: Duration,
    decide: impl Fn() -> R + Send + Sync + Copy,
) -> f64 {
    let start = Barrier::new(threads);
    let counts: Vec<f64> = std::thread::scope(|scope| {
        let count = || {
            start.wait();
            let begin = Instant::now();
            let mut count = 0_u32;
            loop {
                for _ in 0..1000 {
                    black_box(decide());
                }
                count += 1;
                let taken = begin.elapsed();
                if taken >= time {
                    return f64::from(count) * 1000.0 / taken.as_secs_f64();
                }
            }
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(count)).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(0.0)).collect()
    });
    counts.iter().sum()
}
