//! From the bytes of the arguments to the answer: nothing is parsed before the clock starts.

use std::hint::black_box;

use preloop_core::cel::JsonText;
use preloop_core::{Action, Call};
use serde_json::{Value, json};

use super::decisions::{document, large, small};
use crate::keep;
use crate::measure::{Case, FLOOR, Limit, PRELOOP};
use crate::peer::native::NativeIndex;
use crate::peer::preloop;

/// The table of bytes.
pub fn cases() -> Vec<Case> {
    let small = keep(small());
    let large = keep(large(1000));
    let command =
        json!({"command": "sudo rm -rf /var/lib/data", "timeout": 30, "cwd": "/home/user"});
    let target = json!({
        "target": "the prod cluster in eu-west-1",
        "options": {"force": false, "regions": ["eu-west-1", "eu-central-1"], "replicas": 3},
        "reason": "a new release of the \"checkout\" service"
    });
    let page = json!({"command": "sudo rm -rf /", "stdin": "lorem ipsum dolor \n".repeat(1000)});
    vec![
        case("S1 deny", small, "bash", &command),
        case("L1 last of 1000 x 5", large, "tool_999", &target),
        case("S1 with 19 KB of other text", small, "bash", &page),
    ]
}

fn case(
    name: &str,
    tools: &'static [super::decisions::ToolText],
    tool: &'static str,
    args: &Value,
) -> Case {
    let text: &'static str = keep(args.to_string());
    let is_long = text.len() > 1000;
    let limit = if is_long { Limit::None } else { Limit::Nanoseconds(1000.0) };
    let mut case = Case::new(name, limit);
    let native = keep(NativeIndex::new(tools));
    case.add(FLOOR, move || {
        let args: Value = serde_json::from_str(black_box(text)).ok()?;
        Some(native.decide(black_box(tool), &args))
    });
    let policy = preloop::kept_policy(&document(tools));
    let pulled = move || {
        let args = JsonText::pull(black_box(text), policy.arg_paths(black_box(tool), "")).ok()?;
        Some(policy.evaluate(&Call::new(tool, &args)).action)
    };
    assert_eq!(pulled(), Some(Action::Deny), "{name}");
    case.add(PRELOOP, pulled);
    case.add(format!("{PRELOOP}, a strict JSON value first"), move || {
        let args = preloop_core::json::parse(black_box(text)).ok()?;
        Some(policy.evaluate(&Call::new(black_box(tool), &args)).action)
    });
    case
}
