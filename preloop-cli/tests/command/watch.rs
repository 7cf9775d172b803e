//! `--watch`: a saved file is checked or tested again.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::support::Place;

const POLICY: &str = "version: \"1.0\"\nmetadata: {name: shop}\ntools: [{name: refund}]\n";
const TESTS: &str = "policy: policies/shop.yaml\ntests: [{name: t, tool: refund, expect: allow}]\n";
const PATIENCE: Duration = Duration::from_mins(1);

/// A command that watches, ended with the test.
pub(crate) struct Watching {
    child: Child,
    said: Receiver<String>,
}

impl Watching {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut command = place.command(arguments);
        command.current_dir(place.path("."));
        Self::of(command)
    }

    pub(crate) fn of(mut command: Command) -> Self {
        // One pipe, so that lines come in the order in which they were said.
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let messages = writer.try_clone().expect("a pipe");
        command.stdin(Stdio::null()).stdout(writer).stderr(messages);
        let child = command.spawn().expect("preloop starts");
        drop(command);
        let (sender, said) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(reader).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, said }
    }

    /// Waits until a line is said that holds the text.
    pub(crate) fn hears(&self, part: &str) {
        let mut heard = Vec::new();
        while let Ok(line) = self.said.recv_timeout(PATIENCE) {
            assert!(!line.contains('\u{1b}'), "nothing is wiped outside a terminal: {line:?}");
            if line.contains(part) {
                return;
            }
            heard.push(line);
        }
        panic!("`{part}` was not said: {heard:#?}");
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn tests_run_again_when_the_tests_or_the_policy_are_saved() {
    let place = Place::new();
    fs::create_dir(place.path("policies")).expect("a folder");
    place.write("policies/shop.yaml", POLICY);
    place.write("shop_test.yaml", TESTS);
    let watching = Watching::start(&place, &["policy", "test", "shop_test.yaml", "--watch"]);
    watching.hears("shop_test.yaml: 1 passed");
    watching.hears("waiting for a change");
    place.write("shop_test.yaml", TESTS.replace("allow", "deny"));
    watching.hears("expected deny, found allow");
    watching.hears("waiting for a change");
    // The policy is in another folder, and editors replace a file by another.
    place.write("policies/.shop.yaml.new", POLICY.replace("refund}", "refund, enabled: false}"));
    fs::rename(place.path("policies/.shop.yaml.new"), place.path("policies/shop.yaml"))
        .expect("a new file");
    watching.hears("shop_test.yaml: 1 passed");
    watching.hears("waiting for a change");
    fs::remove_file(place.path("shop_test.yaml")).expect("no file");
    watching.hears("cannot read `shop_test.yaml`");
    watching.hears("waiting for a change");
    place.write("shop_test.yaml", TESTS);
    watching.hears("expected allow, found deny");
}

#[test]
fn documents_are_checked_again_when_they_are_saved() {
    let place = Place::new();
    fs::create_dir(place.path("policies")).expect("a folder");
    place.write("policies/shop.yaml", POLICY);
    let watching = Watching::start(&place, &["policy", "validate", "policies", "--watch"]);
    watching.hears("policies: valid");
    watching.hears("waiting for a change");
    place.write("policies/more.yaml", "tols: []\n");
    watching.hears("policies/more.yaml:1:1: error: unknown key `tols`");
    watching.hears("waiting for a change");
    fs::remove_file(place.path("policies/more.yaml")).expect("no file");
    watching.hears("policies: valid");
}

#[test]
fn folders_that_come_and_go_are_seen() {
    let place = Place::new();
    fs::create_dir_all(place.path("all")).expect("a folder");
    fs::create_dir_all(place.path("more")).expect("a folder");
    for folder in ["all", "more"] {
        place.write(&format!("{folder}/shop.yaml"), POLICY);
        place.write(&format!("{folder}/shop_test.yaml"), TESTS.replace("policies/", ""));
    }
    let watching = Watching::start(&place, &["policy", "test", "all", "--watch"]);
    watching.hears("all/shop_test.yaml: 1 passed");
    watching.hears("waiting for a change");
    // As a version control system does: nothing is told of the files that come with a folder.
    fs::rename(place.path("more"), place.path("all/more")).expect("a folder");
    watching.hears("all/more/shop_test.yaml: 1 passed");
    watching.hears("waiting for a change");
    fs::rename(place.path("all/more"), place.path("more")).expect("a folder");
    watching.hears("all/shop_test.yaml: 1 passed");
}

#[test]
fn standard_input_cannot_be_watched() {
    let ran = Place::new().run(&["policy", "validate", "-", "--watch"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("standard input cannot be watched"), "{}", ran.stderr);
}
