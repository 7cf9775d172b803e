//! `cargo xtask crate-graph`: who may depend on whom, read from `cargo metadata`.
//!
//! The rules are the ones of docs/ARCHITECTURE.md: the core is pure, and each door has its own tools.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::tree::Finding;

/// Everything the core may depend on directly. A new line here is a decision, not a chore.
const CORE: &[&str] = &[
    "aho-corasick",
    "arc-swap",
    "base64",
    "bumpalo",
    "ed25519-dalek",
    "jiff",
    "memchr",
    "regex-automata",
    "regex-syntax",
    "saphyr-parser",
    // Optional: the shapes of types for the description of the HTTP API.
    "schemars",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
];

/// What must not be reachable from the core at all: runtimes, sockets, databases, chance.
const IMPURE: &[&str] = &[
    "async-std",
    "axum",
    "getrandom",
    "hyper",
    "mio",
    "notify",
    "rand",
    "rand_core",
    "reqwest",
    "smol",
    "sqlx",
    "tempfile",
    "tokio",
    "ureq",
];

/// Where the walk from the core ends: it is optional there, and what the HTTP API's types switch on in it is not the
/// core's (`cargo tree -p preloop-core --features schema` has none of that).
const DESCRIBES: &str = "schemars";

/// Direct dependencies that a crate must not have, with the reason.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("preloop-api", &["axum", "reqwest", "sqlx", "tokio"], "it is only the types of the wire"),
    ("preloop-client", &["axum", "preloop-server", "sqlx"], "it is the other side of the wire"),
    ("preloop-files", &["axum", "reqwest", "sqlx", "tokio"], "the bindings read files by it"),
    ("preloop-server", &["clap", "preloop-cli", "preloop-client"], "the server is below the CLI"),
    (
        "preloop-py",
        &["axum", "preloop-cli", "preloop-server", "reqwest", "sqlx", "tokio"],
        "it only moves values between Python and the core",
    ),
    (
        "preloop-node",
        &["axum", "preloop-client", "preloop-server", "reqwest", "sqlx", "tokio"],
        "it only moves values between JavaScript and the core",
    ),
    ("preloop-cli", &["axum", "sqlx"], "the CLI speaks to the server, never to its store"),
];

/// Packages that nothing may depend on.
const BANNED: &[(&str, &str)] = &[
    ("cel", "expressions have one engine: preloop-core/src/cel/"),
    ("cel-interpreter", "expressions have one engine: preloop-core/src/cel/"),
    ("openssl", "TLS is rustls"),
    ("openssl-sys", "TLS is rustls"),
    ("serde_yaml", "documents are read with their places"),
    ("preloop-testbed", "it is for tests, as a dev-dependency"),
    ("xtask", "chores are not part of the product"),
];

/// The workspace's packages and who depends on whom.
struct Graph {
    /// Package id to name.
    names: BTreeMap<String, String>,
    /// Package id to the ids that its shipped code or build script needs.
    needs: BTreeMap<String, BTreeSet<String>>,
    /// Ids of the workspace's own packages.
    members: BTreeSet<String>,
    /// Names of what the core reaches when it is built alone; unknown in made-up graphs. The graph of the workspace has the
    /// features that other crates switch on in it, too.
    core_alone: Option<BTreeSet<String>>,
}

/// Every broken rule of the graph of the workspace at `root`.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        // Only this platform's packages are on disk after a build; no check should download more.
        .args(["--offline", "--filter-platform", &host()?])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let metadata = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata printed no JSON: {error}"))?;
    let mut graph = Graph::read(&metadata);
    graph.core_alone = Some(core_alone(root)?);
    Ok(graph.findings())
}

/// Names of all that the core needs when nothing else is built.
fn core_alone(root: &Path) -> Result<BTreeSet<String>, String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--package", "preloop-core"])
        .args(["--edges", "normal,build", "--prefix", "none"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let listed = String::from_utf8_lossy(&output.stdout);
    Ok(listed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

/// The platform that cargo builds for here.
fn host() -> Result<String, String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .map_err(|error| format!("rustc could not be started: {error}"))?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| "rustc -vV names no host".to_owned())
}

// === impl Graph ===

impl Graph {
    /// The graph of normal and build dependencies in the output of `cargo metadata`.
    fn read(metadata: &Value) -> Self {
        let mut graph = Self {
            core_alone: None,
            names: BTreeMap::new(),
            needs: BTreeMap::new(),
            members: list(&metadata["workspace_members"]).map(text).collect(),
        };
        for package in list(&metadata["packages"]) {
            graph.names.insert(text(&package["id"]), text(&package["name"]));
        }
        for node in metadata.pointer("/resolve/nodes").into_iter().flat_map(list) {
            let needs = list(&node["deps"])
                .filter(|dep| list(&dep["dep_kinds"]).any(|kind| kind["kind"] != "dev"))
                .map(|dep| text(&dep["pkg"]))
                .collect();
            graph.needs.insert(text(&node["id"]), needs);
        }
        graph
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = self.core_is_pure();
        for (name, banned, reason) in FORBIDDEN {
            let direct = self.direct(name);
            for dependency in banned.iter().filter(|banned| direct.contains(**banned)) {
                let message = format!("must not depend on `{dependency}`: {reason}");
                findings.push(Finding::file(name, message));
            }
        }
        for (id, needs) in &self.needs {
            for (banned, reason) in BANNED {
                if needs.iter().any(|need| self.name(need) == *banned) {
                    let message = format!("must not depend on `{banned}`: {reason}");
                    findings.push(Finding::file(self.name(id), message));
                }
            }
        }
        findings
    }

    fn core_is_pure(&self) -> Vec<Finding> {
        let direct = self.direct("preloop-core");
        let expected: BTreeSet<&str> = CORE.iter().copied().collect();
        let mut findings: Vec<Finding> = direct
            .symmetric_difference(&expected)
            .map(|name| {
                let message = if direct.contains(name) {
                    format!("depends on `{name}`, which is not in the list of what core may use")
                } else {
                    format!("no longer depends on `{name}`: take it off the list")
                };
                Finding::file("preloop-core", message)
            })
            .collect();
        for id in self.reachable("preloop-core") {
            let name = self.name(&id);
            let is_others = self.core_alone.as_ref().is_some_and(|alone| !alone.contains(name));
            if IMPURE.contains(&name) && !is_others {
                let message = format!("reaches `{name}`: core has no I/O, clock or chance");
                findings.push(Finding::file("preloop-core", message));
            }
        }
        findings
    }

    /// Names of what a workspace member depends on directly.
    fn direct(&self, member: &str) -> BTreeSet<&str> {
        self.member(member)
            .and_then(|id| self.needs.get(id))
            .into_iter()
            .flatten()
            .map(|id| self.name(id))
            .collect()
    }

    /// Ids of everything a workspace member's shipped code is built from.
    fn reachable(&self, member: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<String> = self.member(member).cloned().into_iter().collect();
        while let Some(id) = open.pop() {
            if seen.insert(id.clone()) && self.name(&id) != DESCRIBES {
                open.extend(self.needs.get(&id).into_iter().flatten().cloned());
            }
        }
        seen
    }

    fn member(&self, name: &str) -> Option<&String> {
        self.members.iter().find(|id| self.name(id) == name)
    }

    fn name(&self, id: &str) -> &str {
        self.names.get(id).map_or("", String::as_str)
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
