//! `preloop serve --policy-git` and `--bundle`: what is committed or signed holds, everything else is refused.

use std::process::Command;

use serde_json::json;

use crate::support::{Place, Server, eventually};

pub(crate) fn document(action: &str) -> String {
    format!(
        "version: '1.0'\nmetadata: {{name: shop}}\ntools: [{{name: pay, conditions: [{{action: {action}}}]}}]\n"
    )
}

pub(crate) fn action(server: &Server) -> String {
    let decision = server.decide(&json!({"tool": "pay", "args": {}}));
    decision["action"].as_str().expect("an action").to_owned()
}

/// The messages of refused policies in the trail, oldest first.
fn refusals(server: &Server) -> Vec<String> {
    let listed = server.json(&["audit", "list", "--kind", "policy_refused"]);
    let items = listed["items"].as_array().or_else(|| listed.as_array()).expect("records").clone();
    items.iter().map(|item| item["message"].as_str().expect("a message").to_owned()).collect()
}

pub(crate) fn refused(server: &Server, part: &str) {
    eventually(part, || {
        refusals(server).iter().any(|message| message.contains(part)).then_some(())
    });
}

pub(crate) fn becomes(server: &Server, wanted: &str) {
    eventually(wanted, || (action(server) == wanted).then_some(()));
}

fn git(place: &Place, arguments: &[&str]) -> String {
    let who = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    let mut command = Command::new("git");
    for (name, _) in std::env::vars() {
        if name.starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    let ran = command.arg("-C").arg(place.path("repo")).args(who).args(arguments).output();
    let ran = ran.expect("git runs");
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("text").trim().to_owned()
}

#[test]
fn what_is_committed_is_the_policy() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("repo/policies")).expect("a directory");
    git(&place, &["init", "-q"]);
    let commit = |text: &str| {
        place.write("repo/policies/shop.yaml", text);
        git(&place, &["add", "-A"]);
        git(&place, &["commit", "-q", "-m", "x"]);
        git(&place, &["rev-parse", "HEAD"])
    };
    commit(&document("deny"));
    let folder = place.path("repo/policies").display().to_string();
    let other = Place::new();
    let server = Server::start_in(other, &["--policy-git", &folder]);
    assert_eq!(action(&server), "deny");
    // What is only written is nobody's policy yet.
    place.write("repo/policies/shop.yaml", document("require_approval"));
    let second = commit(&document("allow"));
    becomes(&server, "allow");
    let loaded = server.json(&["audit", "list", "--kind", "policy_loaded"]).to_string();
    assert!(loaded.contains(&second), "the trail names the commit: {loaded}");
    let broken = commit("version: '1.0'\n");
    refused(&server, &broken);
    assert_eq!(action(&server), "allow", "the last good one stays");
    commit(&document("deny"));
    becomes(&server, "deny");
}

/// A policy of lists, which denies `pay` or lets it through.
fn flat(list: &str) -> String {
    format!("name: shop\n{list}: [pay]\n")
}

#[test]
fn flat_policies_are_served_and_followed() {
    let place = Place::new();
    let file = place.write("flat.yaml", flat("denied_actions"));
    let server = Server::start_in(Place::new(), &["--policy", &file]);
    assert_eq!(action(&server), "deny");
    place.write("flat.yaml", flat("allowed_actions"));
    becomes(&server, "allow");
    place.write("flat.yaml", flat("denied_action"));
    refused(&server, "denied_action");
    assert_eq!(action(&server), "allow", "the last good one stays");

    std::fs::create_dir_all(place.path("repo/policies")).expect("a directory");
    git(&place, &["init", "-q"]);
    let commit = |text: &str| {
        place.write("repo/policies/shop.yaml", text);
        git(&place, &["add", "-A"]);
        git(&place, &["commit", "-q", "-m", "x"]);
    };
    commit(&flat("allowed_actions"));
    let folder = place.path("repo/policies").display().to_string();
    let server = Server::start_in(Place::new(), &["--policy-git", &folder]);
    assert_eq!(action(&server), "allow");
    commit(&flat("denied_action"));
    refused(&server, "denied_action");
    commit(&flat("denied_actions"));
    becomes(&server, "deny");
    let read = place.run(&["policy", "validate", &folder, "--format", "json"]);
    assert_eq!(read.code, 0, "a folder is read alike everywhere: {read:?}");
}

#[test]
fn a_folder_without_commits_starts_no_server() {
    let place = Place::new();
    let folder = place.path("none").display().to_string();
    let data_dir = place.path("data").display().to_string();
    let ran = place.run(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        &data_dir,
        "--policy-git",
        &folder,
    ]);
    assert_eq!((ran.code, &*ran.stdout), (1, ""));
    assert!(ran.stderr.contains("cannot use the commits of"), "{}", ran.stderr);
    let ran = place.run(&["serve", "--bundle", "x", "--data-dir", &data_dir]);
    assert_eq!(ran.code, 2, "a bundle needs a key");
}

#[test]
fn only_newer_bundles_of_the_trusted_key_hold() {
    let place = Place::new();
    let bundle = place.path("shop.bundle").display().to_string();
    let make = |version: &str, action: &str, key: Option<&str>| {
        let policy = place.write("shop.yaml", document(action));
        let made = place.path("made.bundle").display().to_string();
        let mut arguments = vec!["policy", "bundle", &policy, "--number", version, "-o", &made];
        arguments.extend(key.into_iter().flat_map(|key| ["--key", key]));
        let ran = place.run(&arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        // Put there whole, as a deployment does.
        std::fs::rename(&made, &bundle).expect("a bundle");
    };
    let keygen = |name: &str| {
        let name = place.path(name).display().to_string();
        assert_eq!(place.run(&["policy", "keygen", &name]).code, 0);
        (format!("{name}.key"), format!("{name}.pub"))
    };
    let ((key, public), (foreign, _)) = (keygen("ours"), keygen("theirs"));
    make("5", "deny", Some(&key));
    let serve =
        |place: Place| Server::start_in(place, &["--bundle", &bundle, "--bundle-key", &public]);
    let server = serve(Place::new());
    assert_eq!(action(&server), "deny");
    make("6", "allow", Some(&key));
    becomes(&server, "allow");

    make("7", "deny", None);
    refused(&server, "(unsigned)");
    // One that another environment's servers take.
    let policy = place.write("shop.yaml", document("deny"));
    let staging = place.path("staging.bundle").display().to_string();
    let ran = place.run(&[
        "policy",
        "bundle",
        &policy,
        "--number",
        "9",
        "--account",
        "staging",
        "--key",
        &key,
        "-o",
        &staging,
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    std::fs::rename(&staging, &bundle).expect("a bundle");
    refused(&server, "(wrong_account)");
    make("7", "deny", Some(&foreign));
    refused(&server, "(wrong_key)");
    make("5", "deny", Some(&key));
    refused(&server, "(older)");
    make("6", "deny", Some(&key));
    refused(&server, "(same_version)");
    make("7", "allow", Some(&key));
    let good = std::fs::read_to_string(&bundle).expect("a bundle");
    std::fs::write(&bundle, good.replace("\"allow\"", "\"deny\"")).expect("a bundle");
    refused(&server, "(altered)");
    std::fs::write(&bundle, "{").expect("a bundle");
    refused(&server, "(malformed)");
    assert_eq!(action(&server), "allow", "the last good one stays");
}

#[test]
fn a_bundle_holds_in_every_scope_that_it_has() {
    let place = Place::new();
    let bundle = place.path("shop.bundle").display().to_string();
    let keys = place.path("ours").display().to_string();
    assert_eq!(place.run(&["policy", "keygen", &keys]).code, 0);
    let (key, public) = (format!("{keys}.key"), format!("{keys}.pub"));
    let account = place.write("shop.yaml", document("allow"));
    let child = document("deny").replace("shop", "careful");
    let child = format!("agent:agent={}", place.write("careful.yaml", child));
    let make = |version: &str, scope: &[&str]| {
        let made = place.path("made.bundle").display().to_string();
        let mut arguments = vec!["policy", "bundle", &account, "--number", version, "--key", &key];
        arguments.extend(["-o", &made]);
        arguments.extend(scope);
        let ran = place.run(&arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        std::fs::rename(&made, &bundle).expect("a bundle");
    };
    make("1", &["--scope", &child]);
    let server = Server::start_in(Place::new(), &["--bundle", &bundle, "--bundle-key", &public]);
    assert_eq!(action(&server), "deny");
    let listed = eventually("both are kept", || {
        let listed = server.json(&["policy", "list"]);
        let text = listed.to_string();
        (text.contains("careful") && text.contains("shop")).then_some(text)
    });
    assert_eq!(listed.matches("\"is_read_only\":true").count(), 2, "{listed}");
    let other = place.write("other.yaml", document("allow").replace("shop", "other"));
    let ran = server.run(&["policy", "apply", &other, "--scope", "agent:agent", "--yes"]);
    assert!(ran.code != 0 && ran.stderr.contains("the operator gave to the server"), "{ran:?}");
    make("2", &[]);
    becomes(&server, "allow");
    eventually("the scope is gone", || {
        (!server.json(&["policy", "list"]).to_string().contains("careful")).then_some(())
    });
    // What is spelled as agents see it would be enforced nowhere.
    let servers = "mcp_servers: [{name: github, url: 'http://127.0.0.1:9/mcp'}]\n";
    place.write("shop.yaml", document("allow") + servers);
    place.write("careful.yaml", document("deny").replace("name: pay", "name: github__pay"));
    make("3", &["--scope", &child]);
    refused(&server, "the name that agents see");
    assert_eq!(action(&server), "allow", "the last good one stays");
}

#[test]
fn a_restart_does_not_go_back() {
    let place = Place::new();
    let bundle = place.path("shop.bundle").display().to_string();
    let keys = place.path("ours").display().to_string();
    assert_eq!(place.run(&["policy", "keygen", &keys]).code, 0);
    let (key, public) = (format!("{keys}.key"), format!("{keys}.pub"));
    let data_dir = place.path("shared").display().to_string();
    let make = |version: &str, action: &str| {
        let policy = place.write("shop.yaml", document(action));
        let ran = place
            .run(&["policy", "bundle", &policy, "--number", version, "--key", &key, "-o", &bundle]);
        assert_eq!(ran.code, 0, "{ran:?}");
    };
    let serve = || {
        Server::start_installed(
            Place::new(),
            &["--data-dir", &data_dir, "--bundle", &bundle, "--bundle-key", &public],
        )
    };
    make("6", "allow");
    let server = serve();
    assert_eq!(action(&server), "allow");
    assert_eq!(server.stop().0, Some(0));
    make("5", "deny");
    let server = serve();
    assert_eq!(action(&server), "allow", "what was accepted before holds");
    refused(&server, "(older)");
    assert_eq!(server.stop().0, Some(0));
    make("7", "deny");
    assert_eq!(action(&serve()), "deny");
}
