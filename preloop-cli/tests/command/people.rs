//! `preloop users` and `preloop teams`: the people of an account, by the real binary at a real server.

use serde_json::{Value, json};

use crate::support::{Place, Server};

const PASSWORD: &str = "correct horse battery";

/// A server without a policy.
pub(crate) fn server() -> Server {
    Server::start_in(Place::new(), &[])
}

/// Somebody with a home of their own, who accepted an invitation; what was printed as the token.
pub(crate) fn join(server: &Server, name: &str, role: &str) -> Place {
    let invited = server.run(&["users", "invite", &format!("{name}@example.com"), "--role", role]);
    assert_eq!(invited.code, 0, "{invited:?}");
    let token = invited.stdout.trim();
    assert!(token.starts_with("pli_"), "{invited:?}");
    assert!(invited.stderr.contains(&format!("invited {name}@example.com as {role}, until 20")));
    let place = Place::new();
    let url = server.text("url");
    let arguments =
        ["login", "--url", &url, "--name", name, "--password-stdin", "--invitation", token];
    let joined = place.run_with_input(&arguments, PASSWORD.as_bytes());
    assert_eq!(joined.code, 0, "{joined:?}");
    assert_eq!(joined.stdout, format!("signed in at {url} as {name} ({role})\n"));
    place
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("items").iter().filter_map(|it| it["name"].as_str()).collect()
}

#[test]
fn people_are_invited_changed_and_disabled() {
    let server = server();
    let ann = join(&server, "ann", "approver");
    let url = server.text("url");
    assert_eq!(ann.run(&["users", "list", "--url", &url]).code, 0);

    let shown = server.run(&["users", "show", "ANN@example.com"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(shown.stdout.starts_with("ann (approver)\n"), "{shown:?}");
    assert!(shown.stdout.contains("ann@example.com"), "{shown:?}");
    let changed = server.json(&["users", "change", "ann", "--role", "editor", "--name", "anna"]);
    assert_eq!((&changed["name"], &changed["role"]), (&json!("anna"), &json!("editor")));
    let id = changed["id"].as_str().expect("an id");
    assert_eq!(server.json(&["users", "show", id])["name"], "anna");

    let list = server.run(&["users", "list"]);
    assert!(list.stdout.lines().next().is_some_and(|line| line.contains("NAME")), "{list:?}");
    let line = list.stdout.lines().find(|line| line.contains("anna")).expect("a line");
    assert!(line.contains("editor") && line.ends_with("good"), "{line}");
    assert_eq!(names(&server.json(&["users", "list"])), ["owner", "anna"]);

    let disabled = server.run(&["users", "disable", "anna"]);
    assert_eq!(disabled.stdout, "disabled anna (editor)\n");
    let refused = ann.run(&["users", "list", "--url", &url]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let line = server.run(&["users", "list"]).stdout;
    assert!(line.lines().any(|line| line.contains("anna") && line.contains("disabled 20")));
    assert_eq!(server.run(&["users", "enable", "anna"]).stdout, "enabled anna (editor)\n");
}

#[test]
fn what_cannot_be_done_with_people_is_said() {
    let server = server();
    let ann = join(&server, "ann", "viewer");
    let url = server.text("url");
    for (arguments, code, words) in [
        (vec!["users", "show", "nobody"], 1, "error: there is no user `nobody`\nhelp: "),
        (vec!["users", "disable", "owner"], 1, "error: "),
        (vec!["users", "change", "ann"], 2, "error: the following required arguments"),
        (vec!["users", "invite", "x@example.com"], 2, "error: "),
        (vec!["users", "invite", "--role", "agent"], 1, "error: agents are made, not invited\n"),
        (vec!["users", "invite", "--role", "viewer", "--days", "99"], 1, "error: `expires_in`"),
    ] {
        let ran = server.run(&arguments);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.stderr.starts_with(words), "{arguments:?}: {ran:?}");
    }
    let ran = ann.run(&["users", "invite", "--role", "viewer", "--url", &url]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("users:write"), "{ran:?}");
}

#[test]
fn teams_are_made_filled_and_deleted() {
    let server = server();
    assert_eq!(server.run(&["teams", "list"]).stdout, "no teams\n");
    join(&server, "ann", "approver");
    let made = server.run(&["teams", "create", "payments", "--description", "who pays"]);
    assert!(made.stdout.starts_with("made payments ("), "{made:?}");
    let again = server.run(&["teams", "create", "payments"]);
    assert_eq!(again.code, 1, "{again:?}");

    let added = server.run(&["teams", "add", "payments", "Ann"]);
    assert_eq!((added.code, added.stdout.as_str()), (0, "Ann is in payments\n"), "{added:?}");
    let team = server.json(&["teams", "add", "payments", "agent"]);
    let members: Vec<&str> = team["members"]
        .as_array()
        .expect("members")
        .iter()
        .filter_map(|member| member["name"].as_str())
        .collect();
    assert_eq!(members, ["agent", "ann"]);
    let list = server.run(&["teams", "list"]).stdout;
    assert!(list.contains("payments") && list.contains("agent, ann"), "{list}");
    assert_eq!(server.json(&["users", "show", "ann"])["teams"], json!(["payments"]));

    let nobody = server.run(&["teams", "add", "payments", "nobody"]);
    assert!(nobody.stderr.starts_with("error: there is no user or agent `nobody`\n"), "{nobody:?}");
    let removed = server.run(&["teams", "remove", "payments", "ann"]);
    assert_eq!(removed.stdout, "ann is no longer in payments\n");
    let again = server.run(&["teams", "remove", "payments", "ann"]);
    assert!(again.stderr.starts_with("error: `ann` is not in the team `payments`\n"), "{again:?}");
    assert_eq!(server.run(&["teams", "delete", "payments"]).stdout, "deleted payments\n");
    assert_eq!(names(&server.json(&["teams", "list"])), Vec::<&str>::new());
    let gone = server.run(&["teams", "delete", "payments"]);
    assert_eq!(gone.code, 1, "{gone:?}");
}

#[test]
fn lists_longer_than_a_page_are_whole() {
    let server = server();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let key = std::fs::read_to_string(server.text("owner_key_file")).expect("a key");
    runtime.expect("a runtime").block_on(async {
        let client = preloop_client::Client::new(&server.text("url")).expect("a client");
        let client = client.with_token(key.trim()).expect("a key");
        for number in 0..105 {
            let name = format!("team {number:03}");
            let body = preloop_api::CreateTeam { name, description: None };
            client.team_create(&body).await.expect("a team");
        }
        assert_eq!(client.teams(None).await.expect("a page").items.len(), 100);
    });
    let list = server.json(&["teams", "list"]);
    let expected: Vec<String> = (0..105).map(|number| format!("team {number:03}")).collect();
    assert_eq!(names(&list), expected);
}
