//! What a run found: tables for people, JSON for programs, and what is not as it should be.

use serde_json::{Value, json};

use crate::group::threads::Throughput;
use crate::measure::{FLOOR, Figure, Limit, Outcome, PRELOOP};

/// One group's outcomes.
#[derive(Debug)]
pub struct Table {
    /// The word that selects it.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// Its rows.
    pub outcomes: Vec<Outcome>,
}

/// Prints a table: the ratio is to the hand-written floor, and how much slower than preloop each engine is.
pub fn print(table: &Table) {
    println!("\n## {}\n", table.title);
    println!(
        "{:<62} {:>12} {:>12} {:>8} {:>10} {:>8}",
        "ns an answer", "median", "min", "x floor", "x preloop", "allocs"
    );
    for outcome in &table.outcomes {
        println!("{}{}", outcome.name, shown_limit(outcome.limit));
        for figure in &outcome.figures {
            println!("{}", row(outcome, figure));
        }
        for (engine, why) in &outcome.absent {
            println!("  {engine:<60} {why}");
        }
    }
}

fn row(outcome: &Outcome, figure: &Figure) -> String {
    let times = |engine: &str| {
        let other = outcome.figure(engine);
        other.map_or_else(|| "-".to_owned(), |other| format!("{:.2}", figure.median / other.median))
    };
    format!(
        "  {:<60} {:>12} {:>12} {:>8} {:>10} {:>8.1}",
        figure.engine,
        nanoseconds(figure.median),
        nanoseconds(figure.min),
        times(FLOOR),
        times(PRELOOP),
        figure.allocations
    )
}

fn nanoseconds(time: f64) -> String {
    if time < 1000.0 { format!("{time:.1}") } else { format!("{time:.0}") }
}

fn shown_limit(limit: Limit) -> String {
    match limit {
        Limit::Ratio(limit) => format!("   [at most {limit} x the floor]"),
        Limit::Nanoseconds(limit) => format!("   [at most {limit:.0} ns]"),
        Limit::None => String::new(),
    }
}

/// Prints the throughput with threads.
pub fn print_threads(rows: &[Throughput]) {
    println!("\n## Decisions a second, last of 1000 tools x 5 rules\n");
    println!("{:<20} {:>14} {:>14} {:>8}", "", "1 thread", "2 threads", "scaling");
    for row in rows {
        if let [one, two] = *row.per_second {
            println!("{:<20} {one:>14.0} {two:>14.0} {:>8.2}", row.engine, two / one);
        }
    }
}

/// Everything as one object.
pub fn json(tables: &[Table], threads: &[Throughput]) -> Value {
    let figure = |figure: &Figure| {
        json!({
            "engine": figure.engine,
            "median_ns": figure.median,
            "min_ns": figure.min,
            "allocations": figure.allocations,
        })
    };
    let outcome = |outcome: &Outcome| {
        json!({
            "name": outcome.name,
            "figures": outcome.figures.iter().map(figure).collect::<Vec<_>>(),
            "complaints": outcome.complaints(),
        })
    };
    let table = |table: &Table| {
        json!({
            "group": table.name,
            "cases": table.outcomes.iter().map(outcome).collect::<Vec<_>>(),
        })
    };
    let threads: Vec<Value> = threads
        .iter()
        .map(|row| json!({"engine": row.engine, "per_second": row.per_second}))
        .collect();
    json!({"groups": tables.iter().map(table).collect::<Vec<_>>(), "threads": threads})
}
