//! `preloop policy fmt`.

use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::json;

use crate::support::{Place, preloop};

const UGLY: &str = "# mine\nmetadata: {name: p} # who\nversion: 1.0\ntools:\n- rules: [{action: deny}]\n  name: bash\n";

fn pretty() -> String {
    format!(
        "# yaml-language-server: $schema={}\n\n# mine\nversion: \"1.0\"\nmetadata: {{name: p}}  # who\n\ntools:\n  - name: bash\n    conditions: [{{action: deny}}]\n",
        preloop_core::format::SCHEMA_ADDRESS
    )
}

#[test]
fn a_file_is_formatted_in_its_place_and_keeps_its_mode() {
    let place = Place::new();
    let file = place.write("policy.yaml", UGLY);
    let link = place.path("link.yaml");
    symlink("policy.yaml", &link).expect("a link");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).expect("a mode");
    let ran = place.run(&["policy", "fmt", link.to_str().expect("text")]);
    assert_eq!((ran.code, ran.stdout.trim_end()), (0, link.to_str().expect("text")), "{ran:?}");
    let text = std::fs::read_to_string(&file).expect("text");
    assert_eq!(text, pretty());
    assert!(link.is_symlink());
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o640);
    let again = place.run(&["policy", "fmt", &file]);
    assert_eq!((again.code, &*again.stdout), (0, ""));
    let left = std::fs::read_dir(place.path(".")).expect("a folder").count();
    assert_eq!(left, 2, "no other file is left behind");
}

#[test]
fn check_lists_what_differs_and_writes_nothing() {
    let place = Place::new();
    std::fs::create_dir(place.path("policies")).expect("a folder");
    let ugly = place.write("policies/a.yaml", UGLY);
    let part = place.write("policies/b.json", "{\"tools\": []}");
    place.write("policies/a_test.yaml", "cases: []  # of another form\n");
    let folder = place.path("policies").to_str().expect("text").to_owned();
    let ran = place.run(&["policy", "fmt", "--check", &folder]);
    assert_eq!((ran.code, ran.stdout), (6, format!("{ugly}\n{part}\n")));
    assert_eq!(std::fs::read_to_string(&ugly).expect("text"), UGLY);
    let ran = place.run(&["policy", "fmt", "--check", &folder, "--format", "json"]);
    assert_eq!(ran.code, 6);
    let wanted =
        json!({ "files": [{ "file": ugly, "changed": true }, { "file": part, "changed": true }] });
    assert_eq!(ran.json(), wanted);
    assert_eq!(place.run(&["policy", "fmt", &folder]).code, 0);
    let ran = place.run(&["policy", "fmt", "--check", &folder]);
    assert_eq!((ran.code, &*ran.stdout), (0, ""));
}

#[test]
fn standard_input_is_formatted_to_standard_output() {
    let place = Place::new();
    let ran = place.run_with_input(&["policy", "fmt", "-"], UGLY.as_bytes());
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stdout, pretty());
    let same = place.run_with_input(&["policy", "fmt", "-"], ran.stdout.as_bytes());
    assert_eq!((same.code, same.stdout), (0, ran.stdout.clone()));
    let json =
        place.run_with_input(&["policy", "fmt", "-", "--format=json"], UGLY.as_bytes()).json();
    assert_eq!(json["files"][0]["text"], ran.stdout);
    let check = place.run_with_input(&["policy", "fmt", "-", "--check"], UGLY.as_bytes());
    assert_eq!((check.code, &*check.stdout), (6, "<stdin>\n"));
    assert_eq!(preloop(&["policy", "fmt", "-", "-"]).code, 2);
}

#[test]
fn the_change_is_shown_line_by_line() {
    let place = Place::new();
    let file = place.write("policy.yaml", UGLY);
    let ran = place.run(&["policy", "fmt", "--check", "--diff", &file]);
    assert_eq!(ran.code, 6);
    assert!(ran.stdout.starts_with(&format!("--- {file}\n+++ {file}\n")), "{}", ran.stdout);
    for line in ["-version: 1.0\n", "+version: \"1.0\"\n", "+    conditions: [{action: deny}]\n"] {
        assert!(ran.stdout.contains(line), "{}", ran.stdout);
    }
}

#[test]
fn what_cannot_be_formatted_is_left_as_it_is() {
    let place = Place::new();
    let broken = place.write("broken.yaml", "version: \"1.0\"\nmetadata: {name: p}\ntols: []\n");
    let odd = place.write("odd.yaml", "version: \"1.0\"\nmetadata: {&a name: p}\n");
    let ran = place.run(&["policy", "fmt", &broken, &odd]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.stderr.contains(&format!("{broken}:3:1: error: unknown key `tols`")),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("[not_formattable]"), "{}", ran.stderr);
    assert!(std::fs::read_to_string(&odd).expect("text").contains("&a"));
    let json = place.run(&["policy", "fmt", &broken, "--format", "json"]);
    assert_eq!(
        (json.code, json.json()["files"][0]["errors"][0]["code"].as_str()),
        (3, Some("unknown_key"))
    );
    let good = place.write("good.yaml", UGLY);
    std::fs::set_permissions(&good, PermissionsExt::from_mode(0o440)).expect("a mode");
    let ran = place.run(&["policy", "fmt", &good]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("it is read-only"), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(&good).expect("text"), UGLY);
}

#[test]
fn the_examples_are_in_the_style() {
    let ran = preloop(&["policy", "fmt", "--check", "--diff", "examples"]);
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "run `preloop policy fmt examples`");
}
