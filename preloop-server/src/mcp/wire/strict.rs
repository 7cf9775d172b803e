//! Refuses JSON that two readers could understand differently.

use preloop_core::json::{self, JsonErrorKind};

/// Why the text is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Whether it is no JSON at all, rather than JSON that is not taken.
    pub(crate) is_syntax: bool,
    /// What is wrong, and where.
    pub(crate) message: String,
}

/// Duplicate keys at any depth, deep nesting, lone surrogates and the like are refused.
pub(crate) fn check(body: &[u8]) -> Result<(), Refusal> {
    json::check(body).map_err(|error| {
        let is_taken =
            matches!(error.kind(), JsonErrorKind::DuplicateKey | JsonErrorKind::NestingTooDeep);
        Refusal { is_syntax: !is_taken, message: format!("the body is refused: {error}") }
    })
}
