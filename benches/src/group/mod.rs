//! The questions, in groups; a group is a table.

pub mod bytes;
pub mod compile;
pub mod decisions;
pub mod expressions;
pub mod hostile;
pub mod many_rules;
pub mod shapes;
pub mod threads;

use crate::measure::Case;

/// A table of cases.
#[derive(Debug)]
pub struct Group {
    /// The word that selects it on the command line.
    pub name: &'static str,
    /// What the table shows.
    pub title: &'static str,
    /// Makes its cases; only what is measured is made.
    pub cases: fn() -> Vec<Case>,
}

/// Every group, in the order of the report.
pub const GROUPS: &[Group] = &[
    Group {
        name: "expressions",
        title: "One expression, from a parsed JSON value to true",
        cases: expressions::cases,
    },
    Group {
        name: "shapes",
        title: "Other expressions, so that nothing is made for four of them",
        cases: shapes::cases,
    },
    Group {
        name: "decisions",
        title: "One decision, from a parsed JSON value",
        cases: decisions::cases,
    },
    Group {
        name: "many-rules",
        title: "Many rules that look for text in one argument, none matches",
        cases: many_rules::cases,
    },
    Group {
        name: "bytes",
        title: "From the bytes of the arguments to the answer",
        cases: bytes::cases,
    },
    Group { name: "compile", title: "From text to something that answers", cases: compile::cases },
    Group {
        name: "hostile",
        title: "Expressions and arguments that mean harm, compiled and evaluated",
        cases: hostile::cases,
    },
];
