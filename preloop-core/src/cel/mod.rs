//! The expression language of conditions.

pub mod lib;
