//! The engine's public items name no stranger, and one that is named is found wherever it stands.

use serde_json::{Value, json};

use super::{FORMAT_VERSION, description, findings, named};
use crate::tree;

#[test]
fn the_engine_names_only_itself_and_its_friends() {
    let named = named(&description(&tree::root()).unwrap()).unwrap();
    // Were these not seen, the check would see nothing.
    for seen in ["serde_json::value::Value", "serde_core::de::Deserialize", "core::clone::Clone"] {
        assert!(named.contains_key(seen), "{seen} is named in the engine: {:?}", named.keys());
    }
    let found: Vec<String> = findings(&named).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "strangers in the engine's public items:\n{}", found.join("\n"));
}

#[test]
fn a_stranger_is_found_in_fields_signatures_bounds_and_traits() {
    let instant = json!({"resolved_path": {"path": "Timestamp", "id": 7, "args": null}});
    let list = json!({"resolved_path": {"path": "Vec", "id": 9, "args": {"angle_bracketed": {"args": [{"type": instant}]}}}});
    for inner in [
        json!({"struct_field": instant}),
        json!({"function": {"sig": {"inputs": [["now", {"borrowed_ref": {"type": list}}]], "output": null}}}),
        json!({"function": {"generics": {"params": [{"kind": {"type": {"bounds": [{"trait_bound": {"trait": {"path": "Timestamp", "id": 7}}}]}}}]}}}),
        json!({"impl": {"trait": {"path": "From", "id": 8, "args": {"angle_bracketed": {"args": [{"type": instant}]}}}, "blanket_impl": null, "is_synthetic": false}}),
        json!({"use": {"source": "jiff::Timestamp", "name": "Timestamp", "id": 7, "is_glob": false}}),
    ] {
        assert_eq!(
            shown(&inner),
            [
                "src/call.rs:3 (now): `jiff::timestamp::Timestamp` is in the engine's public items: wrap it in a type of ours"
            ],
            "{inner}"
        );
    }
}

#[test]
fn what_others_implement_for_every_type_is_no_finding() {
    let theirs = json!({"path": "Timestamp", "id": 7});
    assert!(
        shown(&json!({"impl": {"trait": theirs, "blanket_impl": {"generic": "T"}}})).is_empty()
    );
    assert!(
        shown(&json!({"impl": {"trait": theirs, "blanket_impl": null, "is_synthetic": true}}))
            .is_empty()
    );
}

#[test]
fn another_form_of_the_description_is_refused() {
    let error = named(&json!({"format_version": FORMAT_VERSION + 1, "index": {}})).unwrap_err();
    assert!(error.contains("xtask/src/public_api"), "{error}");
}

fn shown(inner: &Value) -> Vec<String> {
    let description = json!({
        "format_version": FORMAT_VERSION,
        "index": {"1": {
            "crate_id": 0, "name": "now", "inner": inner,
            "span": {"filename": "src/call.rs", "begin": [3, 1]},
        }},
        "paths": {
            "7": {"crate_id": 2, "path": ["jiff", "timestamp", "Timestamp"]},
            "8": {"crate_id": 1, "path": ["core", "convert", "From"]},
            "9": {"crate_id": 1, "path": ["alloc", "vec", "Vec"]},
        },
        "external_crates": {"1": {"name": "core"}, "2": {"name": "jiff"}},
    });
    findings(&named(&description).unwrap()).iter().map(ToString::to_string).collect()
}
