//! What a user does with the package, each from its beginning.

use std::fs;
use std::path::Path;

use crate::support::{self, Package, node, run};

/// What `sample.mts` prints.
const SAMPLE: &str = r#"["allow",null,"sample",false,"git statusgit status","sh ls",2,"shipped","rule_matched",true]"#;

#[test]
fn the_package_answers_in_node() {
    let package = Package::built();
    let mut command = node(&package.folder);
    command.args(["--test", "--test-reporter=spec"]);
    check_tests(command);
}

#[test]
fn every_decision_case_in_node() {
    let package = Package::built();
    let runner = package.folder.join("conformance.mjs");
    fs::copy(package.source.join("tests/package/conformance.mjs"), runner).unwrap();
    let cases = crate::conformance::written(&package.folder);
    let mut command = node(&package.folder);
    command.env("PRELOOP_CONFORMANCE", cases);
    command.args(["--test", "--test-reporter=spec", "conformance.mjs"]);
    check_tests(command);
}

#[test]
fn the_tarball_works_in_a_fresh_project() {
    let package = Package::built();
    let tarball = support::packed(&package.folder);
    let project = package.fresh_project("fresh", &[&tarball]);
    check_readme(&project);
    check_types(package, &project);
}

#[test]
fn the_packages_of_a_release_work_in_a_fresh_project() {
    let package = Package::built();
    let mut command = node(&package.folder);
    command.args(["scripts/platforms.mjs", "--out", "release"]);
    let names = run(command);
    let folders = names.lines().map(|name| package.folder.join("release").join(name));
    let tarballs: Vec<_> = folders.map(|folder| support::packed(&folder)).collect();
    assert_eq!(tarballs.len(), 2, "one platform and the root: {names}");
    let tarballs: Vec<&str> = tarballs.iter().map(String::as_str).collect();
    let project = package.fresh_project("released", &tarballs);
    assert!(!project.join("node_modules/preloop-engine/dist").join(&package.module).exists());
    check_readme(&project);

    // Without the platform's package the error says what to do.
    let platform = names.lines().next().unwrap();
    fs::remove_dir_all(project.join("node_modules").join(platform)).unwrap();
    let output = node(&project).args(["agent.cjs"]).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(printed.contains(&format!("install the optional package `{platform}`")), "{printed}");
}

/// Node's tests all ran, and none failed.
#[track_caller]
fn check_tests(command: std::process::Command) {
    let printed = run(command);
    for wanted in ["fail 0", "skipped 0", "todo 0"] {
        assert!(printed.contains(wanted), "`{wanted}` is not in what was printed:\n{printed}");
    }
    assert!(!printed.contains("tests 0"), "no test ran:\n{printed}");
    println!("{printed}");
}

/// The lines of the README do what it says that they do.
fn check_readme(project: &Path) {
    let readme = project.join("node_modules/preloop-engine/README.md");
    let blocks = support::blocks(&fs::read_to_string(readme).unwrap());
    for (file, block) in [("policy.yaml", 1), ("agent.mjs", 2), ("agent.cjs", 4)] {
        fs::write(project.join(file), &blocks[block]).unwrap();
    }
    let mut command = node(project);
    command.arg("agent.mjs");
    assert_eq!(run(command).trim(), blocks[3].trim());
    let mut command = node(project);
    command.arg("agent.cjs");
    let wanted = "require_approval rule_matched args.command.startsWith('git push')";
    assert_eq!(run(command).trim(), wanted);
}

/// Strict TypeScript takes the types, and what it makes of the sample runs.
fn check_types(package: &Package, project: &Path) {
    fs::copy(package.source.join("tests/package/sample.mts"), project.join("sample.mts")).unwrap();
    let compiler = package.folder.join("node_modules/typescript/bin/tsc");
    let mut command = node(project);
    command.arg(compiler).args([
        "--strict",
        "--noEmitOnError",
        "--exactOptionalPropertyTypes",
        "--noUncheckedIndexedAccess",
        "--noPropertyAccessFromIndexSignature",
        "--isolatedModules",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--types",
        "node",
        "--typeRoots",
    ]);
    command.arg(package.folder.join("node_modules/@types")).arg("sample.mts");
    run(command);
    // Neither the types of Node.js nor those of a browser are needed.
    let bare = "import { Engine, Guard } from 'preloop-engine';\n\
                export const guard = new Guard(Engine.fromFile('policy.yaml'), { timeout: 5 });\n";
    fs::write(project.join("bare.mts"), bare).unwrap();
    let mut command = node(project);
    command.arg(package.folder.join("node_modules/typescript/bin/tsc")).args([
        "--strict", "--noEmit", "--target", "es2022", "--lib", "es2022", "--module", "nodenext",
    ]);
    command.args(["--types", "", "bare.mts"]);
    run(command);
    let mut command = node(project);
    command.arg("sample.mjs");
    assert_eq!(run(command).trim(), SAMPLE);
}
