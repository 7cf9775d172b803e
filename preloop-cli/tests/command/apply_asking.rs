//! `preloop policy apply` and `rollback` with a person at the terminal, and on every save.

use std::fs;

use crate::apply::{applied, policy, refund, server};
use crate::support::eventually;
use crate::watch::Watching;

#[test]
fn a_person_is_asked_where_more_gets_through() {
    let server = server();
    let file = server.place.write("policy.yaml", policy(500));
    let mut terminal = server.terminal(&["policy", "apply", &file]);
    let shown = terminal.reads("apply this to account? [y/N] ");
    assert!(shown.contains("there is no policy in account to compare with"), "{shown}");
    terminal.types("y");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("version 1 of `shop` is live in account"), "{shown}");
    server.place.write("policy.yaml", policy(1000));
    for answer in ["", "no", "n"] {
        let mut terminal = server.terminal(&["policy", "apply", &file]);
        let shown = terminal.reads("apply this to account? [y/N] ");
        assert!(shown.contains("loosened: more gets through"), "{shown}");
        terminal.types(answer);
        let (code, shown) = terminal.ends();
        assert_eq!(code, Some(1), "{shown}");
        assert!(shown.contains("nothing was applied"), "{shown}");
    }
    assert_eq!(refund(&server, 600), "deny");
    server.place.write("policy.yaml", policy(100));
    let (code, shown) = server.terminal(&["policy", "apply", &file]).ends();
    assert_eq!(code, Some(0), "less gets through, so nobody is asked: {shown}");
    assert_eq!(refund(&server, 200), "deny");
}

#[test]
fn who_was_overtaken_looks_again() {
    let server = server();
    applied(&server, &policy(500), &[]);
    let file = server.place.write("policy.yaml", policy(1000));
    let mut terminal = server.terminal(&["policy", "apply", &file]);
    let shown = terminal.reads("apply this to account? [y/N] ");
    assert!(shown.contains("args.amount > 500 -> args.amount > 1000"), "{shown}");
    applied(&server, &policy(700), &["--message", "a bit more"]);
    terminal.types("y");
    let shown = terminal.reads("apply this to account? [y/N] ");
    assert!(shown.contains("the policy was changed meanwhile:\n  version 2 by owner, "), "{shown}");
    assert!(shown.contains(": a bit more\n"), "{shown}");
    assert!(shown.contains("args.amount > 700 -> args.amount > 1000"), "{shown}");
    // Even what now lets less through is another change than the one that was agreed to.
    applied(&server, &policy(2000), &[]);
    terminal.types("y");
    let shown = terminal.reads("apply this to account? [y/N] ");
    assert!(shown.contains("tightened: less gets through"), "{shown}");
    assert_eq!(refund(&server, 1500), "allow");
    terminal.types("y");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(refund(&server, 1500), "deny");
    assert_eq!(refund(&server, 900), "allow");
}

#[test]
fn a_saved_policy_is_applied_and_more_waits_for_a_yes() {
    let server = server();
    applied(&server, &policy(500), &[]);
    server.place.write("policy.yaml", policy(500));
    let mut command = server.command(&["policy", "apply", "policy.yaml", "--watch"]);
    command.current_dir(server.place.path("."));
    let watching = Watching::of(command);
    watching.hears("nothing to change");
    watching.hears("waiting for a change");
    server.place.write(".policy.yaml.new", policy(200));
    fs::rename(server.place.path(".policy.yaml.new"), server.place.path("policy.yaml"))
        .expect("a file");
    watching.hears("applied: version 2");
    watching.hears("waiting for a change");
    server.place.write("policy.yaml", "version: \"1.0\"\n");
    watching.hears("policy.yaml:1:1: error: ");
    watching.hears("waiting for a change");
    assert_eq!(refund(&server, 300), "deny", "what is broken changes nothing");
    server.place.write("policy.yaml", policy(900));
    watching.hears("not applied: it lets more through, and nobody can be asked");
    watching.hears("waiting for a change");
    assert_eq!(refund(&server, 300), "deny");
    server.place.write("policy.yaml", policy(100));
    watching.hears("applied: version 3");
}

#[test]
fn a_person_is_asked_again_on_every_save() {
    let server = server();
    applied(&server, &policy(500), &[]);
    let file = server.place.write("policy.yaml", policy(500));
    let mut terminal = server.terminal(&["policy", "apply", &file, "--watch"]);
    terminal.reads("nothing to change");
    terminal.reads("waiting for a change");
    server.place.write("policy.yaml", policy(800));
    terminal.reads("apply this to account? [y/N] ");
    // Saved while the question stands: the answer is to what was shown, the rest comes next.
    server.place.write("policy.yaml", policy(900));
    terminal.types("y");
    terminal.reads("applied");
    terminal.reads("args.amount > 800 -> args.amount > 900");
    terminal.reads("apply this to account? [y/N] ");
    terminal.types("n");
    terminal.reads("nothing was applied");
    assert_eq!(refund(&server, 700), "allow");
    assert_eq!(refund(&server, 850), "deny");
}

#[test]
fn a_rollback_is_asked_about_too() {
    let server = server();
    applied(&server, &policy(500), &[]);
    applied(&server, &policy(100), &[]);
    let mut terminal = server.terminal(&["policy", "rollback", "1"]);
    let shown = terminal.reads("bring version 1 back in account? [y/N] ");
    assert!(shown.contains("loosened: more gets through"), "{shown}");
    terminal.types("y");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    eventually("the version that is back", || (refund(&server, 300) == "allow").then_some(()));
}
