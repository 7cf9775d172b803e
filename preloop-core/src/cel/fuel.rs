//! The budget of an evaluation: one unit a node, one for each sixteen bytes scanned or made.

/// What a condition may spend unless the caller says otherwise.
pub const FUEL_DEFAULT: u64 = 100_000;

/// What a caller may allow at most.
pub const FUEL_MAX: u64 = 1_000_000;

/// The budget of one evaluation. Spending is deterministic: same expression, same input, same fuel.
#[derive(Clone, Debug)]
pub struct Fuel {
    limit: u64,
    left: u64,
    spent_out: bool,
}

impl Fuel {
    /// A budget of `limit` units, at most [`FUEL_MAX`].
    #[inline]
    pub fn new(limit: u64) -> Self {
        let limit = limit.min(FUEL_MAX);
        Self { limit, left: limit, spent_out: false }
    }

    /// What has been spent.
    pub fn used(&self) -> u64 {
        self.limit.saturating_sub(self.left)
    }

    /// What is left.
    #[inline]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Whether an evaluation asked for more than was left.
    pub fn is_spent(&self) -> bool {
        self.spent_out
    }

    #[inline]
    pub(crate) fn settle(&mut self, left: u64, spent_out: bool) {
        self.left = left;
        self.spent_out = spent_out;
    }
}

impl Default for Fuel {
    #[inline]
    fn default() -> Self {
        Self::new(FUEL_DEFAULT)
    }
}
