//! Rules about layers inside a crate, where the crate graph cannot see: who may name what.

use crate::tree::{File, Finding};

/// A text that may be named only in some places.
struct Layer {
    /// What is looked for in shipped code, lower case.
    text: &'static str,
    /// Folders the rule looks at.
    within: &'static [&'static str],
    /// Folders inside them where the text belongs.
    except: &'static [&'static str],
    /// What to do instead.
    message: &'static str,
}

const STORE: &str = "preloop-server/src/store/";
const SQL_MESSAGE: &str = "SQL belongs in store/: call the service";

const LAYERS: &[Layer] = &[
    Layer {
        text: "sqlx::",
        within: &["preloop-"],
        except: &[STORE],
        message: "only store/ talks to the database",
    },
    Layer {
        text: "axum::",
        within: &["preloop-server/src/service/", STORE, "preloop-server/src/worker/"],
        except: &[],
        message: "service, store and worker know nothing of HTTP: map it in http/ or mcp/",
    },
    sql("\"select "),
    sql("insert into "),
    sql("delete from "),
    sql(" set state ="),
    Layer {
        text: "axum::",
        within: &["preloop-core/", "preloop-api/", "preloop-client/", "preloop-cli/src/"],
        except: &[],
        message: "only the server speaks HTTP with axum",
    },
    Layer {
        text: "permit {",
        within: &["preloop-server/src/mcp/", "preloop-server/src/http/"],
        except: &[],
        message: "no permit, no call: only service/ makes a `Permit`",
    },
];

const fn sql(text: &'static str) -> Layer {
    Layer {
        text,
        within: &["preloop-server/src/http/", "preloop-server/src/mcp/", "preloop-cli/src/"],
        except: &[],
        message: SQL_MESSAGE,
    }
}

/// No layer names what belongs to another.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.has_extension("rs")) {
        for layer in LAYERS {
            let starts = |folders: &[&str]| folders.iter().any(|at| file.path.starts_with(at));
            if !starts(layer.within) || starts(layer.except) {
                continue;
            }
            for (index, line) in file.shipped().lines().enumerate() {
                let is_comment = line.trim_start().starts_with("//");
                if !is_comment && line.to_lowercase().contains(layer.text) {
                    let number = index.saturating_add(1);
                    findings.push(Finding::line(&file.path, number, layer.message));
                }
            }
        }
    }
    findings
}

/// Every member takes its lints, and the versions of what it depends on, from the workspace.
pub(super) fn manifests(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let depth = file.path.matches('/').count();
        if !file.path.ends_with("/Cargo.toml") || depth != 1 || file.text.contains("[workspace]") {
            continue;
        }
        if !file.text.contains("[lints]\nworkspace = true") {
            findings.push(Finding::file(&file.path, "must take its lints from the workspace"));
        }
        let mut section = "";
        for (number, line) in file.lines() {
            if line.starts_with('[') {
                section = line;
            } else if section.contains("dependencies]")
                && !line.trim().is_empty()
                && !line.starts_with('#')
                && !line.contains("workspace = true")
            {
                let message = "pin it in the root's [workspace.dependencies], with the reason";
                findings.push(Finding::line(&file.path, number, message));
            }
        }
    }
    findings
}

/// Crates whose macros write unsafe code, as every native module of another language needs.
const BINDINGS: &[&str] = &["preloop-node/", "preloop-py/"];

/// Every crate but the bindings forbids unsafe code at its root, where nothing below can allow it again.
pub(super) fn no_unsafe_code(files: &[File]) -> Vec<Finding> {
    let is_root = |file: &&File| {
        let place = file.path.split_once('/').map(|(_, place)| place);
        matches!(place, Some("src/lib.rs" | "src/main.rs"))
    };
    files
        .iter()
        .filter(is_root)
        .filter(|file| !file.path.starts_with("benches/"))
        .filter(|file| !BINDINGS.iter().any(|folder| file.path.starts_with(folder)))
        .filter(|file| !file.text.contains("\n#![forbid(unsafe_code)]\n"))
        .map(|file| Finding::file(&file.path, "must say `#![forbid(unsafe_code)]`"))
        .collect()
}

/// A crate's own clippy.toml replaces the root's, so core's must repeat every setting of the root.
pub(super) fn core_lints(files: &[File]) -> Vec<Finding> {
    let text_of = |path: &str| files.iter().find(|file| file.path == path).map(|file| &file.text);
    let core = "preloop-core/clippy.toml";
    let (Some(root), Some(own)) = (text_of("clippy.toml"), text_of(core)) else {
        return vec![Finding::file(core, "is missing: it keeps core pure")];
    };
    root.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .filter(|line| !own.lines().any(|kept| kept == *line))
        .map(|line| Finding::file(core, format!("lacks a line of the root's clippy.toml: {line}")))
        .collect()
}
