//! Decisions on the hot path allocate nothing.

#![expect(clippy::unwrap_used, reason = "a policy that does not compile ends the test")]

use allocation_counter::measure;
use preloop_core::{Action, Call, CompiledPolicy, ValidPolicy};
use serde_json::{Value, json};

fn policy() -> CompiledPolicy {
    let many: Vec<Value> = (0..50)
        .map(|number| json!({"expression": format!("args.command.contains('text {number}')"), "action": "deny"}))
        .collect();
    let document = json!({
        "version": "1.0",
        "metadata": {"name": "hot"},
        "tools": [
            {"name": "bash", "conditions": [
                {"expression": "args.command.contains('rm')", "action": "deny"},
                {"expression": "args.command.matches('^sudo ')", "action": "deny"},
                {"expression": "args.command.startsWith('git ')", "action": "allow"}
            ]},
            {"name": "pay", "conditions": [
                {"expression": "args.amount > 500 && args.currency in ['USD', 'EUR'] && args.items.exists(i, i.price > 100)"},
                {"expression": "!has(args.note) || size(args.note) > 100", "action": "deny"}
            ]},
            {"name": "many", "conditions": many},
            {"name": "who", "conditions": [
                {"expression": "principal.name == 'ann'", "action": "deny"},
                {"expression": "principal.roles.contains('admin')", "action": "allow"}
            ]},
            {"name": "off_*", "enabled": false}
        ]
    });
    CompiledPolicy::compile(ValidPolicy::parse(&document.to_string()).unwrap())
}

#[track_caller]
fn decides(policy: &CompiledPolicy, tool: &str, args: &Value, wanted: Action) {
    for source in ["", "mcp", "github", "builtin"] {
        let call = Call::new(tool, args).with_source(source);
        // What a pattern keeps between calls is made at its first use.
        assert_eq!(policy.evaluate(&call).action, wanted, "{tool}");
        let counted = measure(|| {
            std::hint::black_box(policy.evaluate(std::hint::black_box(&call)));
        });
        assert_eq!(counted.count_total, 0, "{tool} from `{source}`");
    }
}

#[test]
fn the_hot_path_allocates_nothing() {
    let policy = policy();
    decides(&policy, "bash", &json!({"command": "rm -rf /tmp/x"}), Action::Deny);
    decides(&policy, "bash", &json!({"command": "sudo ls"}), Action::Deny);
    decides(&policy, "bash", &json!({"command": "git status"}), Action::Allow);
    let items = json!([{"price": 5}, {"price": 500}]);
    decides(
        &policy,
        "pay",
        &json!({"amount": 750, "currency": "EUR", "items": items}),
        Action::RequireApproval,
    );
    decides(&policy, "pay", &json!({"amount": 7, "note": "lunch"}), Action::Allow);
    decides(&policy, "many", &json!({"command": "find . | sort | uniq -c"}), Action::Allow);
    decides(&policy, "many", &json!({"command": "a text 49 here"}), Action::Deny);
    decides(&policy, "who", &json!({}), Action::Allow);
    decides(&policy, "off_it", &json!({}), Action::Deny);
    decides(&policy, "unknown", &json!({}), Action::Allow);
}
