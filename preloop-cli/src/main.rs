//! The `preloop` command line.

fn main() {}
