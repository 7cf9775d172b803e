//! The Preloop policy engine.
