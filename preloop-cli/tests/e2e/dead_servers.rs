//! Two servers on one PostgreSQL: one dies for good, or stands still until it is taken for dead; the other one deals with
//! what it left open. Never a run that nobody approved, never two, no request lost.

use std::time::{Duration, Instant};

use preloop_testbed::Database;
use serde_json::{Value, json};

use crate::crashing::{Point, SLEEPERS, Stopper, answer, arguments, vote};
use crate::support::preloop::{Preloop, policy};
use crate::support::session::{Session, tools_call};
use crate::support::upstream::Fixture;
use crate::support::wait::{until, until_true};
use crate::support::{is_error, text};

/// Two servers, one of which is about to die.
struct Pair {
    database: Database,
    fixture: Fixture,
    dying: Preloop,
    other: Preloop,
    /// The agent of both.
    key: String,
}

impl Pair {
    fn start() -> Self {
        let fixture = Fixture::new(&["pay"]);
        let document = policy(
            vec![fixture.entry("bank")],
            json!([{"name": "pay", "approval_workflow": "people"}]),
            json!({"approval_workflows": [{"name": "people"}]}),
        );
        let database = Database::create();
        let (url, key) = (database.url(), "0a".repeat(32));
        let environment = [("PRELOOP_DATABASE_URL", &*url), ("PRELOOP_SECRET_KEY", &*key)];
        let dying = Preloop::start_with(&document, &environment);
        let other = Preloop::start_with(&document, &environment);
        let key = dying.agent_key.clone();
        Self { database, fixture, dying, other, key }
    }

    /// The call, made at the server that stays, by the same principal.
    fn pay(&self) -> Value {
        answer(&Session::open(&self.other, "", &self.key), "bank__pay", &arguments())
    }

    /// Moves the time at which the dying server was seen last a minute back, so that no test waits for it.
    fn a_minute_passes(&self) {
        let name = std::fs::read_to_string(self.dying.data_folder().join("replica")).unwrap();
        self.database.run(&format!(
            "update replica set steady_since = steady_since - 70000000,
                 seen_at = seen_at - case when name = '{}' then 70000000 else 0 end",
            name.trim()
        ));
    }

    /// Waits until the other server says that the use of the approval ended so; none: it was given back.
    fn is_settled(&self, id: &str, outcome: Option<&str>) {
        until_true("the other server settles it", || {
            self.other.approval(id)["outcome"].as_str() == outcome
        });
    }

    fn runs(&self) -> usize {
        self.fixture.calls().len()
    }
}

/// The server dies there and never comes back.
fn dies(point: Point) {
    let mut pair = Pair::start();
    if point == Point::Sent {
        pair.fixture.answers("pay", "never");
    }
    let stopper = Stopper::Postgres(pair.database.clone());
    stopper.stop_at(point);
    let session = Session::open(&pair.dying, "", &pair.key);
    let _open = session.post_and_watch(&tools_call(1, "bank__pay", &arguments()));
    let id = pair.other.pending()["id"].as_str().unwrap().to_owned();
    let voter = vote(&pair.other, &id);
    if point == Point::Sent {
        until_true("the call arrives", || pair.runs() == 1);
    } else {
        stopper.reached();
    }
    pair.dying.kill();
    stopper.release(point);
    voter.join().unwrap();
    let ran_before = usize::from(point != Point::Running);
    assert_eq!(pair.runs(), ran_before, "{point:?}: at its death");
    pair.a_minute_passes();
    match point {
        Point::Running => {
            pair.is_settled(&id, None);
            assert!(pair.other.approvals("pending").is_empty(), "nobody is asked twice");
            assert_eq!(text(&pair.pay()), "ran pay");
        }
        Point::Ended => {
            pair.is_settled(&id, Some("completed"));
            assert_eq!(text(&pair.pay()), "ran pay");
        }
        _ => {
            pair.is_settled(&id, Some("unknown"));
            let told = pair.pay();
            assert!(is_error(&told) && text(&told).contains("nobody knows how it ended"), "{told}");
        }
    }
    assert_eq!(pair.runs(), 1, "{point:?}: in the end");
    let verified = pair.other.cli(&["audit", "verify"]);
    assert!(verified.status.success(), "{point:?}: {verified:?}");
}

#[test]
fn what_a_server_leaves_that_never_comes_back_is_settled_by_another() {
    for point in [Point::Running, Point::Sent, Point::Answered, Point::Ended] {
        dies(point);
    }
}

#[test]
fn a_server_is_dead_after_a_minute_and_not_before() {
    let mut pair = Pair::start();
    pair.fixture.answers("pay", "never");
    let session = Session::open(&pair.dying, "", &pair.key);
    let _open = session.post_and_watch(&tools_call(1, "bank__pay", &arguments()));
    let id = pair.other.pending()["id"].as_str().unwrap().to_owned();
    pair.other.approve(&id);
    until_true("the call arrives", || pair.runs() == 1);
    // The other server is to have been steady for longer than this one is dead.
    until_true("both were heard", || {
        pair.database.answer("select count(*) from replica where seen_at > steady_since") == "2"
    });
    let died = Instant::now();
    pair.dying.kill();
    while died.elapsed() < Duration::from_secs(45) {
        assert_eq!(pair.other.approval(&id)["outcome"], "running", "{:?}", died.elapsed());
        std::thread::sleep(Duration::from_secs(3));
    }
    pair.is_settled(&id, Some("unknown"));
    assert_eq!(pair.runs(), 1);
}

/// Stops a server just after it took the approval, and before it says that the call goes out.
#[test]
fn a_server_that_stood_still_sends_nothing_that_another_took_over() {
    let pair = Pair::start();
    pair.database.run(
        "create function linger() returns trigger language plpgsql as
             'begin perform pg_sleep(4); return null; end';
         create constraint trigger linger after update on approval deferrable initially deferred
             for each row when (old.used_at is null and new.used_at is not null)
             execute function linger();",
    );
    let session = Session::open(&pair.dying, "", &pair.key);
    let mut open = session.post_and_watch(&tools_call(1, "bank__pay", &arguments()));
    let id = pair.other.pending()["id"].as_str().unwrap().to_owned();
    pair.other.approve(&id);
    until_true("it is being taken", || pair.database.answer(SLEEPERS) != "0");
    pair.dying.signal("STOP");
    let outcome = || pair.other.approval(&id)["outcome"].clone();
    until("it is taken", || (outcome() == "claimed").then_some(()));
    pair.database.run("drop trigger linger on approval; drop function linger();");
    pair.a_minute_passes();
    pair.is_settled(&id, None);
    assert_eq!(text(&pair.pay()), "ran pay");
    pair.dying.signal("CONT");
    assert!(open.read_until("isError"), "its own caller is told: {}", open.text());
    assert!(!open.text().contains("ran pay"), "{}", open.text());
    assert_eq!(pair.runs(), 1, "once, by the other server");
    assert_eq!(outcome(), "completed");
}
