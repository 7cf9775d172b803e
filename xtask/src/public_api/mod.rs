//! `cargo xtask public-api`: whose types the engine's public items name.
//!
//! A program that holds the engine must not be tied to the crates that it happens to be made of, so that public
//! signatures, fields, bounds and implemented traits name only our own items, the standard library's and those of serde.
//! What is public is read from rustdoc's JSON, so that macros, derives, aliases and re-exports count for what they come to.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::cargo;
use crate::tree::Finding;

/// Whose items the engine's public items may name: `serde_core` is where serde's traits live.
const FRIENDS: &[&str] = &["alloc", "core", "serde", "serde_core", "serde_json", "std"];

/// The version of rustdoc's JSON that this reads; a newer toolchain may write another.
const FORMAT_VERSION: u64 = 57;

/// Items of other crates, with where the engine names them.
type Named = BTreeMap<String, BTreeSet<String>>;

/// Every item of a crate beside [`FRIENDS`] that the public items of `preloop-core` name.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    Ok(findings(&named(&description(root)?)?))
}

/// What rustdoc says of the engine's public items.
fn description(root: &Path) -> Result<Value, String> {
    let script = root.join("xtask/src/public_api/rustdoc.sh");
    let rustdoc = format!("build.rustdoc='{}'", script.display());
    let target = cargo::target_folder(root)?;
    cargo::run(
        root,
        &[
            &["--config", &rustdoc],
            &["rustdoc", "-p", "preloop-core", "--lib", "--locked", "--quiet", "--"][..],
            &["-Z", "unstable-options", "--output-format", "json", "--document-hidden-items"],
        ]
        .concat(),
    )?;
    let path = target.join("doc/preloop_core.json");
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// All items of other crates that public items name, friends or not.
fn named(description: &Value) -> Result<Named, String> {
    let version = description["format_version"].as_u64();
    if version != Some(FORMAT_VERSION) {
        return Err(format!(
            "rustdoc writes version {version:?} of its JSON and {FORMAT_VERSION} is what is read here: look at what \
             changed in it, then at xtask/src/public_api"
        ));
    }
    let mut named = Named::new();
    for item in description["index"].as_object().into_iter().flat_map(serde_json::Map::values) {
        let inner = &item["inner"];
        let implemented = &inner["impl"];
        // What others implement for every type is theirs to give, and nothing that we wrote.
        let is_theirs =
            !implemented["blanket_impl"].is_null() || implemented["is_synthetic"] == true;
        if item["crate_id"] == 0 && !is_theirs {
            collect(inner, &place(item), description, &mut named);
        }
    }
    Ok(named)
}

/// Adds what `value`, a part of an item, names.
fn collect(value: &Value, place: &str, description: &Value, named: &mut Named) {
    match value {
        Value::Array(items) => {
            for item in items {
                collect(item, place, description, named);
            }
        }
        Value::Object(parts) => {
            // A type or trait has a path, a re-export a source; other ids are of parts of our own items.
            let is_name = parts.contains_key("path") || parts.contains_key("source");
            if let Some(id) = parts.get("id").and_then(Value::as_u64).filter(|_| is_name)
                && let Some(path) = foreign(id, description)
            {
                named.entry(path).or_default().insert(place.to_owned());
            }
            for part in parts.values() {
                collect(part, place, description, named);
            }
        }
        _ => {}
    }
}

/// The path of an item of another crate, with that crate's name in front.
fn foreign(id: u64, description: &Value) -> Option<String> {
    let summary = description["paths"].get(id.to_string())?;
    let crate_id = summary["crate_id"].as_u64().filter(|crate_id| *crate_id != 0)?;
    let owner = description["external_crates"].get(crate_id.to_string())?["name"].as_str()?;
    let path: Vec<&str> =
        summary["path"].as_array()?.iter().skip(1).filter_map(Value::as_str).collect();
    Some(format!("{owner}::{}", path.join("::")))
}

fn place(item: &Value) -> String {
    let span = &item["span"];
    let name = item["name"].as_str().unwrap_or("an implementation");
    match (span["filename"].as_str(), span["begin"].get(0).and_then(Value::as_u64)) {
        (Some(file), Some(line)) => format!("{file}:{line} ({name})"),
        _ => name.to_owned(),
    }
}

fn findings(named: &Named) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (item, places) in named {
        let owner = item.split("::").next().unwrap_or_default();
        if !FRIENDS.contains(&owner) {
            findings.extend(places.iter().map(|place| {
                let message =
                    format!("`{item}` is in the engine's public items: wrap it in a type of ours");
                Finding::file(place, message)
            }));
        }
    }
    findings
}
