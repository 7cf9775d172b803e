//! How a request is shown to the people who decide: its effect, its risk, what its rule looked at.

mod asked;
mod effect;
mod risk;

#[cfg(test)]
mod tests;

pub use asked::{AskedValue, asked_values};
pub use effect::{EFFECT_CHARS_MAX, Told};
pub use risk::{Familiarity, Risk, RiskLevel};
