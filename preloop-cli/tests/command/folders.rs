//! A policy that is spread over the files of a folder.

use std::fs;

use serde_json::json;

use crate::support::{Place, Server, eventually};

const BASE: &str = "version: \"1.0\"\nmetadata: {name: team}\ndefaults: {unknown_tools: deny}\n";
const SHELL: &str = "\
tools:
  - name: bash
    conditions:
      - {expression: args.command.contains('rm'), action: deny, message: nothing is deleted}
";

/// A folder with these files in it, and its path.
fn folder(place: &Place, files: &[(&str, &str)]) -> String {
    fs::create_dir_all(place.path("policies/teams")).expect("a folder to write in");
    for (name, text) in files {
        place.write(&format!("policies/{name}"), text);
    }
    place.path("policies").to_str().expect("a folder to write in").to_owned()
}

#[test]
fn a_folder_is_one_policy_for_every_command() {
    let place = Place::new();
    let folder = folder(
        &place,
        &[("00-base.yaml", BASE), ("teams/shell.yml", SHELL), ("shell_test.yaml", "no: policy")],
    );
    let ran = place.run(&["policy", "validate", &folder]);
    assert_eq!((ran.code, ran.stdout), (0, format!("{folder}: valid\n")), "{}", ran.stderr);
    let eval = |tool: &str| {
        let args = r#"{"command": "rm -r x"}"#;
        place.run(&["policy", "eval", &folder, "--tool", tool, "--args", args, "--format", "json"])
    };
    assert_eq!(eval("bash").json()["message"], "nothing is deleted");
    assert_eq!(eval("other").json()["reason"], "unknown_tool");
}

#[test]
fn problems_name_the_file_and_the_other_place() {
    let place = Place::new();
    let folder = folder(
        &place,
        &[("a.yaml", BASE), ("b.yaml", SHELL), ("teams/c.yaml", SHELL), ("d.yaml", "x: [\n")],
    );
    let ran = place.run(&["policy", "validate", &folder]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains(&format!("{folder}/d.yaml:2:1: error: ")), "{}", ran.stderr);
    fs::remove_file(place.path("policies/d.yaml")).expect("a folder to write in");
    let ran = place.run(&["policy", "validate", &folder]);
    let twice = format!("{folder}/teams/c.yaml:2:11: error: duplicate entry for tool `bash`");
    assert!(ran.stderr.contains(&twice), "{}", ran.stderr);
    let other = format!("put the rules of both into `tools[0]`, at {folder}/b.yaml:2:11");
    assert!(ran.stderr.contains(&other), "{}", ran.stderr);
    let ran = place.run(&["policy", "validate", &folder, "--format", "json"]);
    assert_eq!(ran.json()["errors"][0]["file"], format!("{folder}/teams/c.yaml"));
}

#[test]
fn a_folder_without_a_policy_is_said_to_have_none() {
    let place = Place::new();
    let folder = folder(&place, &[("only_test.yaml", "tests: []")]);
    let ran = place.run(&["policy", "validate", &folder]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("the folder holds no policy"), "{}", ran.stderr);
}

#[test]
fn a_server_follows_the_files_of_a_folder() {
    let place = Place::new();
    let folder = folder(&place, &[("base.yaml", BASE), ("teams/shell.yaml", SHELL)]);
    let shell = place.path("policies/teams/shell.yaml");
    let server = Server::start_in(place, &["--policy", &folder]);
    let call = json!({"tool": "bash", "args": {"command": "rm x"}});
    assert_eq!(server.decide(&call)["message"], "nothing is deleted");
    fs::write(&shell, SHELL.replace("nothing is deleted", "never")).expect("a folder to write in");
    eventually("the change takes hold", || {
        (server.decide(&call)["message"] == "never").then_some(())
    });
}

#[test]
fn tests_in_a_folder_are_for_one_policy_however_it_is_named() {
    let place = Place::new();
    let one = |tool: &str, expect: &str| {
        format!("tests: [{{name: t, tool: {tool}, args: {{command: ls}}, expect: {expect}}}]\n")
    };
    let here = format!("policy: .\n{}", one("bash", "allow"));
    let there = format!("policy: ../../policies\n{}", one("other", "deny"));
    let folder = folder(
        &place,
        &[
            ("base.yaml", BASE),
            ("shell.yaml", SHELL),
            ("a_test.yaml", &here),
            ("teams/b_test.yaml", &there),
        ],
    );
    let ran = place.run(&["policy", "test", &folder, "--coverage", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let answer = ran.json();
    assert_eq!(answer["files"][0]["policy"], folder.as_str());
    let policies = answer["coverage"]["policies"].as_array().expect("policies");
    let calls: Vec<_> = policies.iter().map(|policy| &policy["calls"]).collect();
    assert_eq!(calls, [2]);
}

#[test]
fn an_explanation_names_the_file_of_a_condition_that_failed() {
    let place = Place::new();
    let folder = folder(&place, &[("base.yaml", BASE), ("shell.yaml", SHELL)]);
    let ran = place.run(&["policy", "eval", &folder, "--tool", "bash", "--explain"]);
    assert_eq!(ran.code, 4);
    let file = format!("{folder}/shell.yaml");
    let (failed, traced) = (format!(" at {file}:4:"), format!("tools[0].conditions[0] ({file}:4)"));
    assert!(ran.stdout.contains(&failed) && ran.stdout.contains(&traced), "{}", ran.stdout);
}

#[cfg(unix)]
#[test]
fn a_folder_with_a_pipe_in_it_is_told_and_not_waited_for() {
    let place = Place::new();
    let folder = folder(&place, &[("base.yaml", BASE)]);
    let socket = std::os::unix::net::UnixListener::bind(place.path("policies/pipe.yaml"));
    let socket = socket.expect("a file that is none");
    let ran = place.run(&["policy", "validate", &folder]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("pipe.yaml`: this is neither a file nor a folder"),
        "{}",
        ran.stderr
    );
    drop(socket);
}
