//! `preloop serve --bundle URL`: signed bundles from a web server, followed by their tags.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::follow::{action, becomes, document, refused};
use crate::support::{Place, Server};

/// A web server with one thing at one address, which waits where it is asked to.
struct Web {
    address: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// None: it answers 500.
    body: Option<Vec<u8>>,
    version: u32,
    /// The lines of the heads that came, and how each was answered.
    seen: Vec<(Vec<String>, u16)>,
}

// === impl Web ===

impl Web {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { address, shared }
    }

    fn url(&self) -> String {
        format!("{}/team/policy.bundle?signature=s3cret", self.address)
    }

    fn put(&self, body: Option<Vec<u8>>) {
        let mut state = self.shared.state.lock().expect("the state");
        state.version += 1;
        state.body = body;
        self.shared.changed.notify_all();
    }

    fn seen(&self) -> Vec<(Vec<String>, u16)> {
        self.shared.state.lock().expect("the state").seen.clone()
    }
}

// === impl Shared ===

impl Shared {
    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        loop {
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                match line.trim() {
                    "" => break,
                    text => head.push(text.to_lowercase()),
                }
            }
            let value = |name: &str| {
                head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            };
            let mut state = self.state.lock().expect("the state");
            let known = value("if-none-match").map(str::to_owned);
            let waits = value("prefer").is_some_and(|prefer| prefer == "wait=60");
            if waits && known == Some(format!("\"{}\"", state.version)) {
                let patience = Duration::from_mins(1);
                let version = state.version;
                let same = |state: &mut State| state.version == version;
                let waited = self.changed.wait_timeout_while(state, patience, same);
                state = waited.expect("the state").0;
            }
            let tag = format!("\"{}\"", state.version);
            let (status, body) = match &state.body {
                Some(_) if known.as_ref() == Some(&tag) => (304, Vec::new()),
                Some(body) => (200, body.clone()),
                None => (500, b"no".to_vec()),
            };
            state.seen.push((head, status));
            drop(state);
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} X\r\netag: {tag}\r\ncontent-length: {length}\r\n\r\n");
            let stream = reader.get_mut();
            if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                return;
            }
        }
    }
}

/// A key, and what makes bundles signed with it.
struct Maker {
    place: Place,
    public: String,
}

impl Maker {
    fn new() -> Self {
        let place = Place::new();
        let keys = place.path("ours").display().to_string();
        assert_eq!(place.run(&["policy", "keygen", &keys]).code, 0);
        Self { place, public: format!("{keys}.pub") }
    }

    fn bundle(&self, version: &str, action: &str, is_signed: bool) -> Vec<u8> {
        let policy = self.place.write("shop.yaml", document(action));
        let key = self.place.path("ours.key").display().to_string();
        let made = self.place.path("made.bundle").display().to_string();
        let mut arguments = vec!["policy", "bundle", &policy, "--number", version, "-o", &made];
        if is_signed {
            arguments.extend(["--key", &key]);
        }
        let ran = self.place.run(&arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        std::fs::read(&made).expect("a bundle")
    }
}

#[test]
fn bundles_are_fetched_as_they_change_and_believed_as_little_as_files() {
    let (web, maker) = (Web::start(), Maker::new());
    web.put(Some(maker.bundle("5", "deny", true)));
    let url = web.url();
    let options = ["--bundle", &url, "--bundle-key", &maker.public, "--bundle-token", "t0ken"];
    let server = Server::start_in(Place::new(), &options);
    assert_eq!(action(&server), "deny");
    assert_eq!(server.text("policy"), format!("{}/team/policy.bundle", web.address));
    web.put(Some(maker.bundle("6", "allow", true)));
    becomes(&server, "allow");

    web.put(Some(maker.bundle("7", "deny", false)));
    refused(&server, "(unsigned)");
    web.put(Some(maker.bundle("4", "deny", true)));
    refused(&server, "(older)");
    web.put(None);
    web.put(Some(b"<html>".to_vec()));
    refused(&server, "(malformed)");
    assert_eq!(action(&server), "allow", "the last good one stays");
    let records = server.json(&["audit", "list", "--kind", "policy_refused"]).to_string();
    assert!(records.contains("/team/policy.bundle") && !records.contains("s3cret"), "{records}");

    let seen = web.seen();
    let has = |head: &[String], line: &str| head.iter().any(|each| each == line);
    assert!(seen.iter().all(|(head, _)| has(head, "authorization: bearer t0ken")), "{seen:?}");
    let (first, rest) = seen.split_first().expect("requests");
    assert!(!first.0.iter().any(|line| line.starts_with("if-none-match")), "{first:?}");
    assert!(has(&rest[0].0, "if-none-match: \"1\""), "{rest:?}");
}

#[test]
fn what_was_accepted_answers_while_nothing_can_be_fetched() {
    let (web, maker) = (Web::start(), Maker::new());
    let data = Place::new();
    let data_dir = data.path("data").display().to_string();
    let url = web.url();
    let options = ["--data-dir", &data_dir, "--bundle", &url, "--bundle-key", &maker.public];
    let place = Place::new();
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0"];
    arguments.extend(options);
    let ran = place.run(&arguments);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "without any bundle it does not start");
    let shown = format!("cannot use the bundle `{}/team/policy.bundle`", web.address);
    assert!(ran.stderr.contains(&shown), "{ran:?}");
    assert!(ran.stderr.contains("the bundle is not fetched"), "{ran:?}");
    assert!(ran.stderr.contains("status 500") && !ran.stderr.contains("s3cret"), "{ran:?}");

    web.put(Some(maker.bundle("5", "allow", true)));
    let server = Server::start_installed(Place::new(), &options);
    assert_eq!(action(&server), "allow");
    let (code, _) = server.stop();
    assert_eq!(code, Some(0));
    web.put(None);
    let server = Server::start_installed(Place::new(), &options);
    assert_eq!(action(&server), "allow", "what was accepted before is in force");
    web.put(Some(maker.bundle("6", "deny", true)));
    becomes(&server, "deny");
}

#[test]
fn the_key_of_the_server_itself_is_not_sent_to_the_address() {
    let (web, maker) = (Web::start(), Maker::new());
    web.put(Some(maker.bundle("5", "allow", true)));
    let place = Place::new();
    let (url, data_dir) = (web.url(), place.path("data").display().to_string());
    let mut arguments = vec!["serve", "--format", "json", "--listen", "127.0.0.1:0"];
    arguments.extend(["--data-dir", &data_dir, "--bundle", &url, "--bundle-key", &maker.public]);
    let mut command = place.command(&arguments);
    command.env("PRELOOP_TOKEN", "plo_owners_own");
    let server = Server::spawn(place, command);
    assert_eq!(action(&server), "allow");
    let seen = web.seen();
    let tells = |line: &String| line.starts_with("authorization") || line.contains("plo_owners");
    assert!(!seen.iter().any(|(head, _)| head.iter().any(tells)), "{seen:?}");
}

#[test]
fn a_token_is_not_sent_where_everybody_reads_it() {
    let maker = Maker::new();
    let ran = Place::new().run(&[
        "serve",
        "--bundle",
        "http://bundles.example.com/b",
        "--bundle-key",
        &maker.public,
        "--bundle-token",
        "t0ken",
    ]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("a token is sent over `https://` alone"), "{ran:?}");
}
