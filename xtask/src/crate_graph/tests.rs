//! The graph of this workspace is clean, and each rule fires on a graph that breaks it.

use serde_json::{Value, json};

use super::{Graph, check};
use crate::tree;

#[test]
fn this_workspace_keeps_the_rules() {
    let findings = check(&tree::root()).unwrap();
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "the crate graph breaks its rules:\n{}", shown.join("\n"));
}

#[test]
fn core_with_a_runtime_behind_a_friend_is_found() {
    let found = findings(&[
        ("preloop-core", CORE_LIST, true),
        ("jiff", &["tokio"], false),
        ("tokio", &[], false),
    ]);
    assert_eq!(found, ["preloop-core: reaches `tokio`: core has no I/O, clock or chance"]);
}

#[test]
fn core_with_one_more_or_one_less_dependency_is_found() {
    let mut list = CORE_LIST.to_vec();
    list.retain(|name| *name != "memchr");
    list.push("left-pad");
    let found = findings(&[("preloop-core", &list, true), ("left-pad", &[], false)]);
    assert_eq!(
        found,
        [
            "preloop-core: depends on `left-pad`, which is not in the list of what core may use",
            "preloop-core: no longer depends on `memchr`: take it off the list",
        ]
    );
}

#[test]
fn a_door_with_the_tools_of_another_is_found() {
    let found = findings(&[
        ("preloop-core", CORE_LIST, true),
        ("preloop-cli", &["sqlx"], true),
        ("preloop-client", &["preloop-server"], true),
        ("preloop-server", &["cel"], true),
        ("sqlx", &[], false),
        ("cel", &[], false),
    ]);
    assert_eq!(
        found,
        [
            "preloop-client: must not depend on `preloop-server`: it is the other side of the wire",
            "preloop-cli: must not depend on `sqlx`: the CLI speaks to the server, never to its store",
            "preloop-server: must not depend on `cel`: expressions have one engine: preloop-core/src/cel/",
        ]
    );
}

const CORE_LIST: &[&str] = super::CORE;

/// Findings on a made-up graph of (name, dependencies, is a member).
fn findings(packages: &[(&str, &[&str], bool)]) -> Vec<String> {
    let mut all: Vec<(&str, &[&str], bool)> = packages.to_vec();
    for name in CORE_LIST {
        if !all.iter().any(|(known, ..)| known == name) {
            all.push((name, &[], false));
        }
    }
    let metadata = json!({
        "packages": all.iter().map(|(name, ..)| json!({"id": name, "name": name})).collect::<Vec<_>>(),
        "workspace_members": all.iter().filter(|(_, _, member)| *member).map(|(name, ..)| *name).collect::<Vec<_>>(),
        "resolve": {"nodes": all.iter().map(|(name, needs, _)| json!({
            "id": name,
            "deps": needs.iter().map(|need| json!({"pkg": need, "dep_kinds": [{"kind": Value::Null}]})).collect::<Vec<_>>(),
        })).collect::<Vec<_>>()},
    });
    Graph::read(&metadata).findings().iter().map(ToString::to_string).collect()
}
