//! Runs one hot case so many times and nothing else, for a counter of instructions: `hot CASE TIMES`.
//!
//! What is set up counts too, so a counter compares two runs that differ only in the number of times.

use std::hint::black_box;
use std::process::ExitCode;

use preloop_bench::group::{decisions, expressions, many_rules};
use preloop_bench::peer::preloop;
use preloop_core::cel::{ArgumentSource, Environment, Fuel, Input, Slot, Slots, compile};
use preloop_core::{Call, CompiledPolicy, ValidPolicy};
use serde_json::{Value, json};

/// A case by name.
type Hot = (&'static str, fn(u64));

/// What a harmless call has for a command.
const LISTING: &str = "ls -la /home/user/project";

const CASES: &[Hot] = &[
    ("expression-a", |times| evaluate(expressions::A, &expressions::args_a(), times)),
    ("expression-b", |times| evaluate(expressions::B, &expressions::args_b(), times)),
    ("expression-c", |times| evaluate(expressions::C, &expressions::args_c(), times)),
    ("expression-d", |times| evaluate(expressions::D, &expressions::args_d(), times)),
    ("arithmetic", |times| {
        evaluate("args.amount * 2 + 1 > 1000", &expressions::args_c(), times);
    }),
    ("filter", |times| {
        evaluate("args.items.filter(i, i.price > 15).size() == 2", &expressions::args_c(), times);
    }),
    ("decision-s1", |times| {
        decide(&decisions::document(&decisions::small()), "bash", &command(), times);
    }),
    ("decision-s3", |times| {
        let args = json!({"environment": "production", "version": "1.2.3"});
        decide(&decisions::document(&decisions::small()), "deploy", &args, times);
    }),
    ("decision-l1", |times| {
        let args = json!({"target": "the prod cluster in eu-west-1"});
        decide(&decisions::document(&decisions::large(1000)), "tool_999", &args, times);
    }),
    ("decision-l2", |times| {
        decide(&decisions::document(&decisions::large(1000)), "nothing", &command(), times);
    }),
    ("rules-3", |times| {
        decide(many_rules::THREE, "bash", &json!({"command": LISTING}), times);
    }),
    ("rules-3-asked", |times| {
        // As bindings hand out arguments: each when it is asked for.
        let slots = Slots::new(vec![Slot::Text(LISTING.into())]);
        decide(many_rules::THREE, "bash", &slots, times);
    }),
    ("rules-number", |times| {
        decide(many_rules::NUMBER, "refund", &json!({"amount": 180, "order": "A-1001"}), times);
    }),
    ("rules-1000", |times| {
        let args =
            json!({"command": "cargo build --release && strip target/release/app && ls -la"});
        decide(&many_rules::document(1000), "bash", &args, times);
    }),
    ("globs-1000", |times| {
        decide(&many_rules::globs(1000), "create_pull_request_review", &command(), times);
    }),
    ("compile-a", |times| load(expressions::A, times)),
    ("compile-b", |times| load(expressions::B, times)),
    ("compile-c", |times| load(expressions::C, times)),
    ("load-10x5", |times| {
        let text = decisions::document(&decisions::large(10));
        for _ in 0..times {
            black_box(ValidPolicy::parse(black_box(&text)).map(CompiledPolicy::compile).is_ok());
        }
    }),
];

fn command() -> Value {
    json!({"command": "sudo rm -rf /var/lib/data"})
}

fn evaluate(source: &str, args: &Value, times: u64) {
    let program = preloop::program(source);
    for _ in 0..times {
        black_box(program.test(&Input::new(black_box(args)), &mut Fuel::default()));
    }
}

fn decide(document: &str, tool: &str, args: &dyn ArgumentSource, times: u64) {
    let policy = preloop::policy(document);
    for _ in 0..times {
        black_box(policy.evaluate(&Call::new(black_box(tool), black_box(args))).action);
    }
}

fn load(source: &str, times: u64) {
    let environment = Environment::policy();
    for _ in 0..times {
        black_box(compile(black_box(source), &environment).is_ok());
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted = match arguments.as_slice() {
        [word] if word == "list" => {
            for (name, _) in CASES {
                println!("{name}");
            }
            return ExitCode::SUCCESS;
        }
        [name, times] => CASES.iter().find(|(known, _)| known == name).zip(times.parse().ok()),
        _ => None,
    };
    let Some(((_, run), times)) = wanted else {
        eprintln!("usage: hot list | hot CASE TIMES");
        return ExitCode::from(2);
    };
    run(times);
    ExitCode::SUCCESS
}
