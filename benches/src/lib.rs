//! The engine measured beside its peers: the questions, who answers them, how they are timed and shown.

pub mod group;
pub mod measure;
pub mod peer;
pub mod report;

/// Keeps something for the rest of the program, so that what is measured can borrow it.
pub fn keep<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}
