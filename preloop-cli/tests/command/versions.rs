//! `preloop policy versions`, `show`, `tag`, `untag`, `rollback` and `prune` on a real server.

use serde_json::json;

use crate::apply::{applied, policy, refund, server};

#[test]
fn versions_say_who_changed_what_and_why() {
    let server = server();
    let ran = server.run(&["policy", "versions"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "no versions in account\n"), "{ran:?}");
    applied(&server, &policy(500), &["--message", "as agreed\u{1b}[2J"]);
    applied(&server, &policy(100), &[]);
    let ran = server.run(&["policy", "versions"]);
    let rows: Vec<Vec<&str>> =
        ran.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1][..2], ["2", "live"], "{ran:?}");
    assert_eq!(rows[2][0], "1", "{ran:?}");
    assert!(rows[2].contains(&"owner") && rows[2].contains(&"import"), "{ran:?}");
    assert!(ran.stdout.contains("as agreed") && !ran.stdout.contains('\u{1b}'), "{ran:?}");
    let first = server.run(&["policy", "versions", "--limit", "1"]);
    let more = first.stdout.lines().last().expect("a line").trim();
    let cursor = more.strip_prefix("more with --cursor ").expect("a cursor");
    let second = server.json(&["policy", "versions", "--limit", "1", "--cursor", cursor]);
    assert_eq!(second["items"][0]["number"], 1);
}

#[test]
fn a_version_is_shown_with_its_document() {
    let server = server();
    applied(&server, &policy(500), &["--message", "as agreed"]);
    applied(&server, &policy(100), &[]);
    let ran = server.run(&["policy", "show", "1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr.contains("as agreed") && ran.stderr.contains("by             owner\n"),
        "{ran:?}"
    );
    let file = server.place.write("shown.yaml", &ran.stdout);
    let given = server.place.write("given.yaml", policy(500));
    assert_eq!(server.run(&["policy", "diff", &given, &file]).code, 0, "{ran:?}");
    let shown = server.json(&["policy", "show", "1"]);
    assert_eq!(shown["document"]["metadata"]["name"], "shop");
    let id = shown["id"].as_str().expect("an id");
    assert_eq!(server.json(&["policy", "show", id])["number"], 1);
    let ran = server.run(&["policy", "show", "7"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(
        ran.stderr,
        "error: there is no version 7 in account\nhelp: see `preloop policy versions`\n"
    );
    let ran = server.run(&["policy", "show", "stable", "--scope", "team:payments"]);
    let expected = "error: no version has the tag `stable` in team:payments\n\
        help: see `preloop policy versions --scope 'team:payments'`\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (1, expected));
}

#[test]
fn a_tag_moves_and_a_rollback_follows_it() {
    let server = server();
    applied(&server, &policy(500), &[]);
    applied(&server, &policy(100), &[]);
    let ran = server.run(&["policy", "tag", "2", "stable"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "version 2 is tagged `stable`\n"), "{ran:?}");
    let ran = server.run(&["policy", "tag", "1", "stable"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let versions = server.json(&["policy", "versions"]);
    assert_eq!(versions["items"][0]["tag"], json!(null));
    let ran = server.run(&["policy", "rollback", "stable", "--preview"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.starts_with("loosened: more gets through\n"), "{ran:?}");
    assert!(ran.stdout.contains("after          version 1  sha256:"), "{ran:?}");
    let ran = server.run(&["policy", "rollback", "stable"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("it lets more through, and nobody can be asked"), "{ran:?}");
    assert_eq!(refund(&server, 300), "deny");
    let ran = server.run(&["policy", "rollback", "stable", "--yes", "--message", "too strict"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.ends_with("applied: version 3 of `shop` is live in account\n"), "{ran:?}");
    assert_eq!(refund(&server, 300), "allow");
    let versions = server.json(&["policy", "versions"]);
    assert_eq!(versions["items"][0]["cause"], "rollback");
    assert_eq!(versions["items"][0]["message"], "too strict");
    let ran = server.run(&["policy", "rollback", "3"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.starts_with("nothing to change: "), "{ran:?}");
    let ran = server.run(&["policy", "untag", "stable"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "version 1 has lost the tag `stable`\n"),
        "{ran:?}"
    );
    assert_eq!(server.run(&["policy", "untag", "stable"]).code, 1);
    assert_eq!(server.run(&["policy", "tag", "1", "7"]).code, 1, "a number is no tag");
}

#[test]
fn old_versions_are_deleted_and_what_counts_stays() {
    let server = server();
    for limit in [100, 200, 300, 400] {
        applied(&server, &policy(limit), &[]);
    }
    server.json(&["policy", "tag", "1", "first"]);
    let all = ["policy", "prune", "--older-than", "0", "--keep", "0"];
    let ran = server.run(&all);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("nothing was deleted: nobody can be asked"), "{ran:?}");
    let mut terminal = server.terminal(&all);
    let shown = terminal.reads("delete them? [y/N] ");
    assert!(shown.contains("the versions of every policy that are older than 0 days"), "{shown}");
    terminal.types("n");
    assert_eq!(terminal.ends().0, Some(1));
    let ran = server.run(&[&all[..], &["--yes"]].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "deleted 2 versions\n"), "{ran:?}");
    let versions = server.json(&["policy", "versions"]);
    let numbers: Vec<u64> = versions["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|version| version["number"].as_u64())
        .collect();
    assert_eq!(numbers, [4, 1]);
}
