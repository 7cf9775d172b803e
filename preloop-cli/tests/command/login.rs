//! `preloop login`, `logout` and `whoami`: passwords typed and piped, keys, and sign-ins that end.

use std::fs;

use preloop_testbed::Terminal;
use serde_json::{Value, json};

use crate::people::{join, server};
use crate::support::{Place, Server};

const PASSWORD: &str = "correct horse battery";

/// The file that a sign-in leaves behind.
fn kept(place: &Place) -> Option<Value> {
    let text = fs::read_to_string(place.path(".config/preloop/sign-in.json")).ok()?;
    Some(serde_json::from_str(&text).expect("JSON"))
}

fn at_terminal(server: &Server, place: &Place, arguments: &[&str]) -> Terminal {
    let url = server.text("url");
    let mut all = arguments.to_vec();
    all.extend(["--url", url.as_str()]);
    Terminal::start(place.command(&all))
}

#[test]
fn a_password_is_asked_for_and_not_shown() {
    let server = server();
    join(&server, "ann", "approver");
    let place = Place::new();
    let url = server.text("url");
    let mut terminal = at_terminal(&server, &place, &["login"]);
    terminal.reads(&format!("name at {url}: "));
    terminal.types("ann");
    terminal.reads("password: ");
    // What is taken back is not part of it.
    terminal.types(&format!("wrongä\u{7f}\u{7f}\u{15}{PASSWORD}ü\u{7f}"));
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(shown, format!("\nsigned in at {url} as ann (approver)\n"));
    let told = place.run(&["whoami", "--url", &url]);
    assert!(told.stdout.starts_with("ann (approver) in the account "), "{told:?}");
    let file = place.path(".config/preloop/sign-in.json");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(file).expect("it").permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert!(!kept(&place).expect("a sign-in").to_string().contains("horse"));

    let left = place.run(&["logout", "--url", &url]);
    assert_eq!(left.stdout, format!("signed out of {url}\n"));
    let told = place.run(&["whoami", "--url", &url]);
    assert_eq!(told.code, 1, "{told:?}");
    let again = place.run(&["logout", "--url", &url]);
    assert_eq!((again.code, again.stdout), (0, format!("was not signed in at {url}\n")));
}

#[test]
fn a_wrong_password_and_a_changed_mind_keep_nothing() {
    let server = server();
    join(&server, "ann", "approver");
    let place = Place::new();
    let mut terminal = at_terminal(&server, &place, &["login", "--name", "ann"]);
    terminal.reads("password: ");
    terminal.types("wrong horse battery");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("name and password do not fit") && !shown.contains("horse"), "{shown}");
    assert!(!shown.contains("--token"), "{shown}");

    let mut terminal = at_terminal(&server, &place, &["login", "--name", "ann"]);
    terminal.reads("password: ");
    // The terminal makes no signal of it while nothing is shown.
    terminal.types("corr\u{3}");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("nothing was typed, so nothing was done"), "{shown}");

    let url = server.text("url");
    let arguments =
        ["login", "--url", &url, "--name", "ann", "--password-stdin", "--format", "json"];
    let ran = place.run_with_input(&arguments, b"wrong horse battery\n");
    assert_eq!((ran.code, &ran.json()["error"]["status"]), (1, &json!(401)), "{ran:?}");
    let nobody = place.run(&["login", "--url", &url]);
    assert_eq!(nobody.code, 1);
    assert!(nobody.stderr.starts_with("error: nothing to sign in with\nhelp: "), "{nobody:?}");
    assert_eq!(kept(&place), None);
}

#[test]
fn an_invitation_is_accepted_at_a_terminal_with_the_password_typed_twice() {
    let server = server();
    let token = server.run(&["users", "invite", "--role", "viewer"]).stdout;
    let arguments = ["login", "--name", "bob", "--invitation", token.trim()];
    let place = Place::new();
    for (second, code) in [("another horse battery", 1), (PASSWORD, 0)] {
        let mut terminal = at_terminal(&server, &place, &arguments);
        terminal.reads("password: ");
        terminal.types(PASSWORD);
        terminal.reads("the same again: ");
        terminal.types(second);
        let (ended, shown) = terminal.ends();
        assert_eq!(ended, Some(code), "{shown}");
    }
    assert_eq!(
        kept(&place).map(|kept| kept["servers"].as_object().map(serde_json::Map::len)),
        Some(Some(1))
    );
    let used = place.run_with_input(
        &[&arguments[..], &["--password-stdin", "--url", &server.text("url")]].concat(),
        PASSWORD.as_bytes(),
    );
    assert_eq!(used.code, 1, "an invitation makes one user: {used:?}");
}

#[test]
fn tokens_are_refreshed_silently_and_an_ended_sign_in_is_told() {
    let server = server();
    let ann = join(&server, "ann", "approver");
    let url = server.text("url");
    let file = ann.path(".config/preloop/sign-in.json");
    let end = |sign_in: &mut Value| {
        sign_in["servers"][&url]["refresh"]["ends_at"] = json!("2026-01-01T00:00:00Z");
        fs::write(&file, sign_in.to_string()).expect("a file");
    };
    let mut before = kept(&ann).expect("a sign-in");
    end(&mut before);
    let told = ann.run(&["whoami", "--url", &url]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{told:?}");
    let mut after = kept(&ann).expect("a sign-in");
    for path in ["/token", "/refresh/token"] {
        let at = |it: &Value| it["servers"][&url].pointer(path).cloned();
        assert_ne!(at(&after), at(&before), "{path}");
    }

    // A refresh token is good once: with the spent one the sign-in is over, for whoever has it.
    end(&mut before);
    let told = ann.run(&["whoami", "--url", &url]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(
        told.stderr
            .starts_with(&format!("error: the sign-in at `{url}` has ended\nhelp: sign in again")),
        "{told:?}"
    );
    end(&mut after);
    assert_eq!(ann.run(&["whoami", "--url", &url]).code, 1);
}

#[test]
fn a_key_is_kept_only_where_the_server_knows_it() {
    let server = server();
    let url = server.text("url");
    let place = Place::new();
    let wrong = place.run(&["login", "--url", &url, "--token", "plu_wrong"]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert_eq!(kept(&place), None);
    let key = server.run(&["keys", "create", "laptop", "--role", "viewer"]).stdout;
    let kept_key = place.run(&["login", "--url", &url, "--token", key.trim()]);
    assert_eq!(kept_key.stdout, format!("signed in at {url} as laptop (viewer)\n"));
    assert_eq!(place.run(&["whoami", "--url", &url]).code, 0);
}
