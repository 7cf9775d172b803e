//! Repository chores, run as `cargo xtask <verb>`.

fn main() {}
