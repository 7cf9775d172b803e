//! Kill -9 at each step between asking and answering: never a run that nobody approved, never two, no request lost.
//!
//! The database stops the server: a trigger makes the one statement last until the server is killed, so that the process
//! dies exactly there, with everything before it stored and nothing after it begun.

use std::path::{Path, PathBuf};
use std::process::Command;

use preloop_testbed::Database;
use serde_json::{Value, json};

use crate::support::parts;
use crate::support::preloop::{Preloop, policy};
use crate::support::session::{Session, tools_call};
use crate::support::upstream::Fixture;
use crate::support::wait::{until, until_true};
use crate::support::{is_error, text};

/// Where the server dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// The request is being stored.
    Asked,
    /// The vote is being stored.
    Voted,
    /// The approval is about to be used.
    Claimed,
    /// It is used, and that the call goes out is being stored.
    Running,
    /// The call went out, and its server has not answered.
    Sent,
    /// It answered, and the answer is being stored.
    Answered,
    /// The answer is stored, and that the call is over is being stored.
    Ended,
    /// The agent has the answer.
    Told,
}

const POINTS: [Point; 8] = [
    Point::Asked,
    Point::Voted,
    Point::Claimed,
    Point::Running,
    Point::Sent,
    Point::Answered,
    Point::Ended,
    Point::Told,
];

impl Point {
    /// The statement that is stopped: its table, what it does there, and which of them it is.
    fn statement(self) -> Option<(&'static str, &'static str, &'static str)> {
        match self {
            Self::Asked => Some(("approval", "insert", "1 = 1")),
            Self::Voted => Some(("approval_vote", "insert", "1 = 1")),
            Self::Claimed => {
                Some(("approval", "update", "old.used_at is null and new.used_at is not null"))
            }
            Self::Running => Some(("approval", "update", "new.outcome = 'running'")),
            Self::Answered => Some(("approval_call", "update", "new.ended_at is not null")),
            Self::Ended => Some(("approval", "update", "new.outcome = 'completed'")),
            Self::Sent | Self::Told => None,
        }
    }
}

/// The database that stops its server.
pub(crate) enum Stopper {
    Sqlite(PathBuf),
    Postgres(Database),
}

impl Stopper {
    pub(crate) fn stop_at(&self, point: Point) {
        let Some((table, verb, when)) = point.statement() else { return };
        match self {
            Self::Sqlite(file) => sqlite(
                file,
                &format!(
                    "create table stall (x integer);
                     insert into stall select value from json_each('[{rows}]');
                     create trigger stop before {verb} on {table} when {when} begin
                         select count(*) from stall a, stall b, stall c, stall d, stall e, stall f,
                             stall g, stall h;
                     end;",
                    rows = ["1"; 50].join(",")
                ),
            ),
            Self::Postgres(database) => database.run(&format!(
                "create function stop() returns trigger language plpgsql as
                     'begin perform pg_sleep(600); return new; end';
                 create trigger stop before {verb} on {table} for each row when ({when})
                     execute function stop();"
            )),
        }
    }

    /// Waits until the server is stopped there.
    pub(crate) fn reached(&self) {
        match self {
            Self::Sqlite(file) => until_true("a statement lasts", || {
                // Other writers are done in a moment.
                (0..15).all(|_| {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    is_locked(file)
                })
            }),
            Self::Postgres(database) => {
                until_true("a statement lasts", || database.answer(SLEEPERS) != "0");
            }
        }
    }

    /// Lets everything go on, once the server is dead.
    pub(crate) fn release(&self, point: Point) {
        let Some((table, ..)) = point.statement() else { return };
        match self {
            Self::Sqlite(file) => sqlite(file, "drop trigger stop; drop table stall;"),
            Self::Postgres(database) => {
                // What the dead server left running ends as it does when its connection is found broken.
                database.run(
                    "select pg_terminate_backend(pid) from pg_stat_activity
                     where wait_event = 'PgSleep' and datname = current_database()",
                );
                until_true("it is gone", || database.answer(SLEEPERS) == "0");
                database.run(&format!("drop trigger stop on {table}; drop function stop();"));
            }
        }
    }
}

pub(crate) const SLEEPERS: &str = "select count(*) from pg_stat_activity
    where wait_event = 'PgSleep' and datname = current_database()";

/// Runs statements on the file beside the server.
fn sqlite(file: &Path, statements: &str) {
    let done = python(&format!("c.executescript({statements:?})"), 10, file);
    assert!(done, "{statements}");
}

/// Whether somebody is writing.
fn is_locked(file: &Path) -> bool {
    !python("c.execute('begin immediate'); c.rollback()", 0, file)
}

fn python(work: &str, patience: u32, file: &Path) -> bool {
    let script = format!(
        "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], timeout={patience}, isolation_level=None)\n{work}"
    );
    let output = Command::new(&parts().python).args(["-c", &script]).arg(file).output().unwrap();
    output.status.success()
}

/// A server whose database stops it, with one tool that people decide about.
struct Scene {
    preloop: Preloop,
    fixture: Fixture,
    stopper: Stopper,
}

impl Scene {
    fn start(on_postgres: bool, is_later: bool) -> Self {
        let fixture = Fixture::new(&["pay"]);
        let document = policy(
            vec![fixture.entry("bank")],
            json!([{"name": "pay", "approval_workflow": "people"}]),
            json!({"approval_workflows": [{"name": "people", "async_approval": is_later}]}),
        );
        if on_postgres {
            let database = Database::create();
            let key = "0a".repeat(32);
            let environment =
                [("PRELOOP_DATABASE_URL", &*database.url()), ("PRELOOP_SECRET_KEY", &*key)];
            let preloop = Preloop::start_with(&document, &environment);
            return Self { preloop, fixture, stopper: Stopper::Postgres(database) };
        }
        let preloop = Preloop::start(&document);
        let file = preloop.data_folder().join("preloop.db");
        Self { preloop, fixture, stopper: Stopper::Sqlite(file) }
    }

    fn session(&self) -> Session {
        Session::open(&self.preloop, "", &self.preloop.agent_key)
    }

    /// The call, made and waited for.
    fn pay(&self) -> Value {
        answer(&self.session(), "bank__pay", &arguments())
    }

    fn poll(&self, id: &str) -> Value {
        let arguments = json!({"request_id": id, "wait_seconds": 0});
        answer(&self.session(), "get_approval_status", &arguments)
    }

    /// The call, made while nobody looks; it has to wait for people.
    fn asks(&self) -> String {
        let session = self.session();
        let _open = session.post_and_watch(&tools_call(1, "bank__pay", &arguments()));
        self.preloop.pending()["id"].as_str().unwrap().to_owned()
    }

    fn kill_at(&mut self, point: Point) {
        if point.statement().is_some() {
            self.stopper.reached();
        }
        self.preloop.kill();
        self.stopper.release(point);
        self.preloop.kill_and_restart();
    }

    fn runs(&self) -> usize {
        self.fixture.calls().len()
    }
}

pub(crate) fn arguments() -> Value {
    json!({"amount": 5, "to": "ann"})
}

pub(crate) fn answer(session: &Session, tool: &str, arguments: &Value) -> Value {
    let message = session.post(&tools_call(2, tool, arguments)).message();
    assert!(message["result"].is_object(), "{message}");
    message["result"].clone()
}

/// Votes from another terminal, which does not hear of it where the server dies meanwhile.
pub(crate) fn vote(preloop: &Preloop, id: &str) -> std::thread::JoinHandle<()> {
    let (address, bearer) = (preloop.address.clone(), format!("Bearer {}", preloop.owner_key));
    let path = format!("/api/v1/approvals/{id}/approve");
    std::thread::spawn(move || {
        let headers = [("Authorization", &*bearer), ("Content-Type", "application/json")];
        let _ = std::panic::catch_unwind(|| {
            crate::support::wire::send(&address, "POST", &path, &headers, b"{}")
        });
    })
}

/// What the agent makes of it that waits on its connection and makes the same call again after the crash.
fn held(on_postgres: bool, point: Point) {
    let mut scene = Scene::start(on_postgres, false);
    if point == Point::Sent {
        scene.fixture.answers("pay", "never");
    }
    scene.stopper.stop_at(point);
    let session = scene.session();
    let open = session.post_and_watch(&tools_call(1, "bank__pay", &arguments()));
    let mut voter = None;
    let mut id = String::new();
    if point != Point::Asked {
        scene.preloop.pending()["id"].as_str().unwrap().clone_into(&mut id);
        voter = Some(vote(&scene.preloop, &id));
    }
    match point {
        Point::Sent => until_true("the call arrives", || scene.runs() == 1),
        Point::Told => {
            let mut open = open;
            assert!(open.read_until("ran pay"), "{}", open.text());
        }
        _ => {}
    }
    scene.kill_at(point);
    if let Some(voter) = voter {
        voter.join().unwrap();
    }
    let ran_before = matches!(point, Point::Sent | Point::Answered | Point::Ended | Point::Told);
    assert_eq!(scene.runs(), usize::from(ran_before), "{point:?}: at the crash");
    match point {
        Point::Asked | Point::Voted => {
            let asked = scene.asks();
            assert!(point == Point::Asked || asked == id, "the request is not lost");
            assert_eq!(scene.runs(), 0, "{point:?}: nobody approved");
            scene.preloop.approve(&asked);
            assert_eq!(text(&scene.pay()), "ran pay");
        }
        Point::Claimed | Point::Running => {
            assert!(scene.preloop.approvals("pending").is_empty(), "nobody is asked twice");
            assert_eq!(text(&scene.pay()), "ran pay");
        }
        Point::Sent | Point::Answered => {
            let told = scene.pay();
            assert!(is_error(&told) && text(&told).contains("nobody knows how it ended"), "{told}");
            assert_eq!(scene.preloop.approval(&id)["outcome"], "unknown");
            assert_ne!(scene.asks(), id, "once it was told");
        }
        Point::Ended => {
            assert_eq!(text(&scene.pay()), "ran pay");
            assert_eq!(scene.preloop.approval(&id)["outcome"], "completed");
            assert_ne!(scene.asks(), id, "once it was told");
        }
        Point::Told => assert_ne!(scene.asks(), id, "an approval is used once"),
    }
    assert_eq!(scene.runs(), 1, "{point:?}: in the end");
    let verified = scene.preloop.cli(&["audit", "verify"]);
    assert!(verified.status.success(), "{point:?}: {verified:?}");
}

/// What the agent makes of it that has a handle and comes back for it after the crash.
fn later(on_postgres: bool, point: Point) {
    let mut scene = Scene::start(on_postgres, true);
    if point == Point::Sent {
        scene.fixture.answers("pay", "never");
    }
    let given = scene.pay();
    let id = given["structuredContent"]["request_id"].as_str().unwrap().to_owned();
    scene.preloop.approve(&id);
    scene.stopper.stop_at(point);
    let session = scene.session();
    let arguments = json!({"request_id": id});
    let mut open = session.post_and_watch(&tools_call(3, "get_approval_status", &arguments));
    match point {
        Point::Sent => until_true("the call arrives", || scene.runs() == 1),
        Point::Told => assert!(open.read_until("ran pay"), "{}", open.text()),
        _ => {}
    }
    scene.kill_at(point);
    let polled = scene.poll(&id);
    match point {
        Point::Sent | Point::Answered => {
            assert_eq!(polled["structuredContent"]["status"], "outcome_unknown", "{polled}");
            assert_eq!(scene.poll(&id)["structuredContent"]["status"], "outcome_unknown");
        }
        _ => {
            assert_eq!(text(&polled), "ran pay", "{point:?}");
            assert_eq!(text(&scene.poll(&id)), "ran pay", "the answer is kept");
        }
    }
    assert_eq!(scene.runs(), 1, "{point:?}: in the end");
}

const AFTER_THE_VOTE: &[Point] =
    &[Point::Claimed, Point::Running, Point::Sent, Point::Answered, Point::Ended, Point::Told];

#[test]
fn kill_9_at_every_step_of_a_held_call_on_sqlite() {
    for point in POINTS {
        held(false, point);
    }
}

#[test]
fn kill_9_at_every_step_of_a_held_call_on_postgres() {
    for point in POINTS {
        held(true, point);
    }
}

#[test]
fn kill_9_at_every_step_of_a_call_made_later_on_sqlite() {
    for &point in AFTER_THE_VOTE {
        later(false, point);
    }
}

#[test]
fn kill_9_at_every_step_of_a_call_made_later_on_postgres() {
    for &point in AFTER_THE_VOTE {
        later(true, point);
    }
}

/// Both look at one request of one principal; one makes the call.
#[test]
fn two_servers_make_a_call_that_is_approved_once() {
    let database = Database::create();
    let fixture = Fixture::new(&["pay"]);
    let document = policy(
        vec![fixture.entry("bank")],
        json!([{"name": "pay", "approval_workflow": "people"}]),
        json!({"approval_workflows": [{"name": "people", "async_approval": true}]}),
    );
    let key = "0a".repeat(32);
    let environment = [("PRELOOP_DATABASE_URL", &*database.url()), ("PRELOOP_SECRET_KEY", &*key)];
    let here = Preloop::start_with(&document, &environment);
    let there = Preloop::start_with(&document, &environment);
    let given = answer(&Session::open(&here, "", &here.agent_key), "bank__pay", &arguments());
    let id = given["structuredContent"]["request_id"].as_str().unwrap();
    there.approve(id);
    let arguments = json!({"request_id": id, "wait_seconds": 20});
    let polls: Vec<Value> = std::thread::scope(|scope| {
        let polls = [&here, &there, &here, &there].map(|server| {
            let (arguments, key) = (arguments.clone(), here.agent_key.clone());
            scope.spawn(move || {
                // The same principal, whichever server it speaks to.
                let session = Session::open(server, "", &key);
                answer(&session, "get_approval_status", &arguments)
            })
        });
        polls.map(|poll| poll.join().unwrap()).into()
    });
    for polled in &polls {
        assert_eq!(text(polled), "ran pay");
    }
    assert_eq!(fixture.calls().len(), 1);
}

#[test]
fn a_held_call_outlives_half_a_minute_of_a_database_that_hangs() {
    let mut scene = Scene::start(true, false);
    let session = scene.session();
    let mut open = session.post_and_watch(&tools_call(1, "bank__pay", &arguments()));
    let id = scene.preloop.pending()["id"].as_str().unwrap().to_owned();
    let Stopper::Postgres(database) = &scene.stopper else { panic!("it is PostgreSQL") };
    let frost = database.freeze();
    // Whoever votes meanwhile may wait for an answer, or be told that there is none.
    let voters = [vote(&scene.preloop, &id), vote(&scene.preloop, &id)];
    std::thread::sleep(std::time::Duration::from_secs(30));
    assert_eq!(scene.runs(), 0, "nothing is let through");
    drop(frost);
    for voter in voters {
        voter.join().unwrap();
    }
    let path = format!("/api/v1/approvals/{id}/approve");
    until("the vote counts", || {
        let status = scene.preloop.post(&path, &scene.preloop.owner_key, &json!({})).status;
        // 409: one of the first two does.
        [200, 409].contains(&status).then_some(())
    });
    assert!(open.read_until("ran pay"), "{}", open.text());
    assert_eq!(scene.runs(), 1, "however many voted");
    assert_eq!(scene.preloop.approval(&id)["votes"].as_array().unwrap().len(), 1);
    scene.preloop.kill();
}

#[test]
fn a_held_call_outlives_half_a_minute_without_the_database() {
    let mut scene = Scene::start(true, false);
    let session = scene.session();
    let mut open = session.post_and_watch(&tools_call(1, "bank__pay", &arguments()));
    let id = scene.preloop.pending()["id"].as_str().unwrap().to_owned();
    let Stopper::Postgres(database) = &scene.stopper else { panic!("it is PostgreSQL") };
    database.take_away();
    let path = format!("/api/v1/approvals/{id}/approve");
    let vote = || scene.preloop.post(&path, &scene.preloop.owner_key, &json!({})).status;
    assert_eq!(vote(), 503, "no vote is taken that cannot be stored");
    std::thread::sleep(std::time::Duration::from_secs(30));
    assert_eq!(scene.runs(), 0, "nothing is let through");
    database.bring_back();
    until("the vote is taken", || (vote() == 200).then_some(()));
    assert!(open.read_until("ran pay"), "{}", open.text());
    assert_eq!(scene.runs(), 1);
    scene.preloop.kill();
}
