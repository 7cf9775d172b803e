//! MCP servers and stored credentials from the command line; the secret is found nowhere.

use std::fs::File;
use std::path::Path;

use crate::support::{Place, Server, eventually};

const SECRET: &str = "hunter2-is-not-told";
const DOCUMENT: &str = "version: \"1.0\"\nmetadata: {name: team}\n";

/// Every file below a folder that holds the secret.
fn holding(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(holding(&path));
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn servers_are_added_scanned_and_removed_and_their_credentials_told_nowhere() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_preloop");
    let (data_dir, log) = (place.path("data"), place.path("log"));
    let mut command = place.command(&[
        "serve",
        "--format",
        "json",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "trace",
        "--data-dir",
        data_dir.to_str().expect("text"),
        "--stdio-allow",
        &format!("{program} demo-tools"),
    ]);
    command.stderr(File::create(&log).expect("a file"));
    let token = place.write("token", SECRET);
    let server = Server::spawn(place, command);
    server.import(DOCUMENT);

    let added = server.json(&["servers", "add", "tools", "--", program, "demo-tools"]);
    assert_eq!((&added["applied"], &added["version"]["number"]), (&true.into(), &2.into()));
    let address = "https://192.0.2.1/mcp";
    let added =
        server.json(&["servers", "add", "web", "--address", address, "--bearer-file", &token]);
    assert_eq!(added["applied"], true);
    std::fs::remove_file(&token).expect("the token goes");
    eventually("both servers were dialled", || {
        let list = server.json(&["servers", "list"]);
        let states: Vec<&str> =
            list["items"].as_array()?.iter().filter_map(|item| item["state"].as_str()).collect();
        (states == ["connected", "failed"]).then_some(())
    });
    let scanned = server.run(&["servers", "scan", "tools"]);
    assert_eq!(scanned.code, 0, "{scanned:?}");
    assert!(scanned.stdout.ends_with(" tools\n"), "{scanned:?}");
    let scanned = server.run(&["servers", "scan", "web"]);
    assert_eq!(scanned.code, 1, "{scanned:?}");
    assert!(scanned.stdout.starts_with("not read: "), "{scanned:?}");
    let refused = server.run(&["servers", "add", "WEB", "--address", address]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("there is an MCP server `web`"), "{refused:?}");

    let rotated = server.run(&["secrets", "rotate"]);
    assert_eq!(rotated.code, 0, "{rotated:?}");
    assert!(rotated.stdout.starts_with("1 secrets are sealed with the key "), "{rotated:?}");
    assert_eq!(server.json(&["servers", "remove", "web"])["applied"], true);
    let trail = server.run(&["audit", "list", "--format", "json"]);
    assert!(trail.stdout.contains("secrets_rotated") && !trail.stdout.contains(SECRET));
    let verified = server.run(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    let folder = data_dir.parent().expect("a folder").to_owned();
    assert!(std::fs::metadata(&log).expect("a log").len() > 1_000);
    assert_eq!(holding(&folder), Vec::<String>::new());
}
