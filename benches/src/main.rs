//! `cargo run --release`: every question to every engine, side by side, in one run.

use std::process::ExitCode;
use std::time::Duration;

use preloop_bench::group::{GROUPS, Group, threads};
use preloop_bench::measure::Plan;
use preloop_bench::measure::allocations::Counting;
use preloop_bench::report::{self, Table};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const HELP: &str = "\
usage: cargo run --release -- [--quick] [--json] [--check] [GROUP ...]

  --quick   few and short batches: a glance, not a measurement
  --json    one JSON object instead of tables
  --check   exit with 1 where a limit is broken or a peer is faster

groups: expressions, shapes, decisions, many-rules, bytes, compile, hostile, threads; without any, all of them";

struct Options {
    plan: Plan,
    json: bool,
    check: bool,
    groups: Vec<String>,
}

impl Options {
    fn read() -> Option<Self> {
        let plan = Plan { rounds: 31, batch_nanoseconds: 1_000_000 };
        let mut options = Self { plan, json: false, check: false, groups: Vec::new() };
        for argument in std::env::args().skip(1) {
            let is_group =
                || argument == "threads" || GROUPS.iter().any(|group| group.name == argument);
            match argument.as_str() {
                "--quick" => options.plan = Plan { rounds: 7, batch_nanoseconds: 200_000 },
                "--json" => options.json = true,
                "--check" => options.check = true,
                _ if is_group() => options.groups.push(argument),
                _ => return None,
            }
        }
        Some(options)
    }

    fn wants(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|wanted| wanted == group)
    }

    fn run(&self, group: &'static Group) -> Table {
        let outcomes = (group.cases)().into_iter().map(|case| case.race(&self.plan)).collect();
        Table { name: group.name, title: group.title, outcomes }
    }
}

fn main() -> ExitCode {
    let Some(options) = Options::read() else {
        eprintln!("{HELP}");
        return ExitCode::from(2);
    };
    let mut tables = Vec::new();
    for group in GROUPS.iter().filter(|group| options.wants(group.name)) {
        let table = options.run(group);
        if !options.json {
            report::print(&table);
        }
        tables.push(table);
    }
    let mut throughput = Vec::new();
    if options.wants("threads") {
        let time = if options.plan.rounds < 31 { 100 } else { 1000 };
        throughput = threads::measure(Duration::from_millis(time));
    }
    if options.json {
        println!("{}", report::json(&tables, &throughput));
    } else if !throughput.is_empty() {
        report::print_threads(&throughput);
    }
    let complaints: Vec<String> = tables
        .iter()
        .flat_map(|table| &table.outcomes)
        .flat_map(preloop_bench::measure::Outcome::complaints)
        .collect();
    if !options.json {
        println!("\n{} limits broken", complaints.len());
        for complaint in &complaints {
            println!("  {complaint}");
        }
    }
    if options.check && !complaints.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
