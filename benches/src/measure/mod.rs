//! Races: every engine answers the same question, one batch each, round by round.

pub mod allocations;
pub mod clock;

use std::hint::black_box;

use allocations::allocations;
use clock::thread_nanoseconds;

/// The engine that this repository builds.
pub const PRELOOP: &str = "preloop";

/// What everything is compared with.
pub const FLOOR: &str = "hand-written";

/// One engine with its question, ready to answer it any number of times.
pub struct Contestant {
    /// The engine, and what it is handed where that differs.
    pub engine: String,
    batch: Box<dyn FnMut(u64)>,
}

/// What [`PRELOOP`] has to stay under.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// Times the floor.
    Ratio(f64),
    /// Nanoseconds.
    Nanoseconds(f64),
    /// There is none.
    None,
}

/// One question.
#[derive(Debug)]
pub struct Case {
    /// What is asked.
    pub name: String,
    /// Who answers.
    pub contestants: Vec<Contestant>,
    /// Who cannot, and why.
    pub absent: Vec<(String, String)>,
    /// What is asked of the engine.
    pub limit: Limit,
    /// Peers that may be as fast, since there is nothing to win.
    pub may_tie: bool,
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Batches of each engine.
    pub rounds: usize,
    /// What a batch takes at least.
    pub batch_nanoseconds: u64,
}

/// What one engine took.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The engine.
    pub engine: String,
    /// Median of the batches, nanoseconds an answer.
    pub median: f64,
    /// The best batch.
    pub min: f64,
    /// Allocations an answer.
    pub allocations: f64,
}

/// What came out of a case.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was asked.
    pub name: String,
    /// In the order of the contestants.
    pub figures: Vec<Figure>,
    /// Who could not answer, and why.
    pub absent: Vec<(String, String)>,
    /// What was asked of the engine.
    pub limit: Limit,
    /// Peers that may be as fast.
    pub may_tie: bool,
}

// === impl Contestant ===

impl Contestant {
    /// An engine that answers once a call.
    pub fn new<R>(engine: impl Into<String>, mut answer: impl FnMut() -> R + 'static) -> Self {
        let batch = Box::new(move |times| {
            for _ in 0..times {
                black_box(answer());
            }
        });
        Self { engine: engine.into(), batch }
    }

    /// Nanoseconds that so many answers take.
    fn time(&mut self, times: u64) -> u64 {
        let start = thread_nanoseconds();
        (self.batch)(times);
        thread_nanoseconds().saturating_sub(start)
    }

    /// How many answers fill a batch.
    fn calibrate(&mut self, plan: &Plan) -> u64 {
        let mut times = 1;
        loop {
            let taken = self.time(times);
            if taken >= plan.batch_nanoseconds || times > 1 << 30 {
                return times;
            }
            // Well short of a batch the clock says little, so the step is bounded.
            let wanted = plan.batch_nanoseconds.saturating_mul(times) / taken.max(1) + 1;
            times = wanted.clamp(times + 1, times * 10);
        }
    }

    fn allocations(&mut self) -> f64 {
        const ANSWERS: u64 = 10;
        let before = allocations();
        (self.batch)(ANSWERS);
        as_float(allocations() - before) / as_float(ANSWERS)
    }
}

impl std::fmt::Debug for Contestant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contestant").field("engine", &self.engine).finish_non_exhaustive()
    }
}

// === impl Case ===

impl Case {
    /// A question without contestants.
    pub fn new(name: impl Into<String>, limit: Limit) -> Self {
        Self {
            name: name.into(),
            contestants: Vec::new(),
            absent: Vec::new(),
            limit,
            may_tie: false,
        }
    }

    /// Adds an engine.
    pub fn add<R>(&mut self, engine: impl Into<String>, answer: impl FnMut() -> R + 'static) {
        self.contestants.push(Contestant::new(engine, answer));
    }

    /// Says why an engine is not there.
    pub fn miss(&mut self, engine: impl Into<String>, why: impl Into<String>) {
        self.absent.push((engine.into(), why.into()));
    }

    /// Lets the engines race.
    pub fn race(mut self, plan: &Plan) -> Outcome {
        let times: Vec<u64> =
            self.contestants.iter_mut().map(|engine| engine.calibrate(plan)).collect();
        let mut batches = vec![Vec::with_capacity(plan.rounds); times.len()];
        for _ in 0..plan.rounds {
            for ((engine, times), batches) in
                self.contestants.iter_mut().zip(&times).zip(&mut batches)
            {
                batches.push(as_float(engine.time(*times)) / as_float(*times));
            }
        }
        let figures = self
            .contestants
            .iter_mut()
            .zip(batches)
            .map(|(engine, mut batches)| {
                batches.sort_by(f64::total_cmp);
                Figure {
                    engine: engine.engine.clone(),
                    median: batches.get(batches.len() / 2).copied().unwrap_or(f64::NAN),
                    min: batches.first().copied().unwrap_or(f64::NAN),
                    allocations: engine.allocations(),
                }
            })
            .collect();
        Outcome {
            name: self.name,
            figures,
            absent: self.absent,
            limit: self.limit,
            may_tie: self.may_tie,
        }
    }
}

// === impl Outcome ===

impl Outcome {
    /// The figure of an engine.
    pub fn figure(&self, engine: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.engine == engine)
    }

    /// What is not as it should be.
    pub fn complaints(&self) -> Vec<String> {
        let Some(ours) = self.figure(PRELOOP) else { return Vec::new() };
        let mut complaints = Vec::new();
        match self.limit {
            Limit::Ratio(limit) => {
                let ratio = self.figure(FLOOR).map_or(f64::NAN, |floor| ours.median / floor.median);
                if ratio > limit {
                    let name = &self.name;
                    complaints.push(format!("{name}: {ratio:.2}x the floor, at most {limit}x"));
                }
            }
            Limit::Nanoseconds(limit) if ours.median > limit => {
                let (name, median) = (&self.name, ours.median);
                complaints.push(format!("{name}: {median:.0} ns, at most {limit:.0} ns"));
            }
            Limit::Nanoseconds(_) | Limit::None => {}
        }
        let is_peer = |figure: &&Figure| {
            !figure.engine.starts_with(PRELOOP) && !figure.engine.starts_with(FLOOR)
        };
        for peer in self.figures.iter().filter(is_peer) {
            if peer.median <= ours.median && !self.may_tie {
                complaints.push(format!("{}: {} is faster", self.name, peer.engine));
            }
        }
        complaints
    }
}

#[expect(clippy::cast_precision_loss, reason = "no count here is near 2^52")]
const fn as_float(count: u64) -> f64 {
    count as f64
}
