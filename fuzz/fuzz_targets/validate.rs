//! Any bytes are validated; what is valid compiles and decides without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use preloop_core::{Call, CompiledPolicy, ValidPolicy, validate};

fuzz_target!(|bytes: &[u8]| {
    let report = validate(bytes);
    assert_eq!(report.is_valid, report.errors.is_empty());
    let parsed = ValidPolicy::parse(bytes);
    assert_eq!(parsed.is_ok(), report.is_valid);
    let Ok(policy) = parsed else { return };
    let policy = CompiledPolicy::compile(policy);
    let args = serde_json::json!({"command": "rm -rf /", "amount": 750.5, "path": null, "items": [1, {"a": []}]});
    for tool in ["bash", "pay", "", "a*b"] {
        let call = Call::new(tool, &args);
        let decision = policy.evaluate(&call).into_owned();
        assert_eq!(policy.explain(&call).action, decision.action);
    }
});
