//! A PostgreSQL server for the tests of one process, and a database of its own for each that asks.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::program;

/// Variable with the URL of a PostgreSQL server to use instead; its user must be allowed to make databases.
const VARIABLE: &str = "DATABASE_URL";
/// How long the server may take to answer; an emulated or busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(90);
/// Runs the server until the standard input ends, which it does however the tests end, and removes its folder.
const KEEPER: &str = r#"
"$@" &
server=$!
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$FOLDER"
"#;

/// A new, empty database.
///
/// The server is the one that `DATABASE_URL` names, else one that this process starts from Debian's package, which is
/// installed where it is missing; it ends with the process.
#[derive(Clone, Debug)]
pub struct Database {
    server: &'static Server,
    name: String,
}

impl Database {
    /// Makes it.
    ///
    /// # Panics
    /// Where there is no server to be had: a test of PostgreSQL must not pass without one.
    pub fn create() -> Self {
        static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = SERVER.get_or_init(Server::find).as_ref();
        let server = server.unwrap_or_else(|error| panic!("{error}"));
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("preloop_test_{}_{count}", std::process::id());
        // A server that outlives the tests may have one from a process that had this number before.
        server.must(&format!("drop database if exists {name}"));
        server.must(&format!("create database {name}"));
        Self { server, name }
    }

    /// How clients reach it.
    pub fn url(&self) -> String {
        let (server, rest) = self.server.url.rsplit_once('/').unwrap_or((&self.server.url, ""));
        let options = rest.split_once('?').map(|(_, options)| format!("?{options}"));
        format!("{server}/{}{}", self.name, options.unwrap_or_default())
    }

    /// Runs statements in it.
    ///
    /// # Panics
    /// Where they fail.
    pub fn run(&self, sql: &str) {
        self.answer(sql);
    }

    /// What a query answers, one row a line, without any dress.
    ///
    /// # Panics
    /// Where it fails.
    pub fn answer(&self, sql: &str) -> String {
        let output = Command::new(program::psql())
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "-c", sql])
            .arg(self.url())
            .output();
        match output {
            Ok(output) if output.status.success() => {
                String::from_utf8_lossy(&output.stdout).trim().to_owned()
            }
            other => panic!("`psql` failed: {other:?}"),
        }
    }

    /// Ends every connection to it and refuses new ones, as if its machine were gone.
    ///
    /// # Panics
    /// Where the server does not do it.
    pub fn take_away(&self) {
        self.server.must(&format!("alter database {} allow_connections false", self.name));
        self.server.must(&format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'",
            self.name
        ));
    }

    /// Stops everything that works for its clients and refuses new ones, as if its machine hung: connections stay, and
    /// nothing is answered, until the frost is dropped.
    ///
    /// # Panics
    /// Where the server does not do it, or is not of this machine.
    pub fn freeze(&self) -> Frost {
        let workers = self.answer(
            "select pid from pg_stat_activity where datname = current_database()
                 and backend_type = 'client backend' and pid <> pg_backend_pid()",
        );
        self.server.must(&format!("alter database {} allow_connections false", self.name));
        let frost =
            Frost { database: self.clone(), workers: workers.lines().map(str::to_owned).collect() };
        assert!(!frost.workers.is_empty(), "nobody uses it");
        frost.signal("-STOP").unwrap_or_else(|error| panic!("{error}"));
        frost
    }

    /// Takes connections again.
    ///
    /// # Panics
    /// Where the server does not do it.
    pub fn bring_back(&self) {
        self.server.must(&format!("alter database {} allow_connections true", self.name));
    }
}

/// A database that hangs.
#[derive(Debug)]
pub struct Frost {
    database: Database,
    /// The processes that work for its clients.
    workers: Vec<String>,
}

impl Frost {
    fn signal(&self, name: &str) -> Result<(), String> {
        run(Command::new("kill").arg(name).args(&self.workers))
    }
}

impl Drop for Frost {
    fn drop(&mut self) {
        // One that its client gave up is gone.
        let _ = self.signal("-CONT");
        self.database.bring_back();
    }
}

#[derive(Debug)]
struct Server {
    /// URL of a database that is there.
    url: String,
    /// Ends when this process does: it holds the other end of its standard input.
    _keeper: Option<Child>,
}

impl Server {
    fn find() -> Result<Self, String> {
        match std::env::var(VARIABLE) {
            Ok(url) if url.starts_with("postgres") => Ok(Self { url, _keeper: None }),
            Ok(_) | Err(_) => Self::start(),
        }
    }

    fn start() -> Result<Self, String> {
        let programs = program::folder()?;
        let folder = tempfile::Builder::new().prefix("preloop-postgres-").tempdir_in("/tmp");
        let folder = folder.map_err(|error| error.to_string())?;
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        fs::write(&password, "test\n").map_err(|error| error.to_string())?;
        if program::is_root() {
            run(Command::new("chown").arg("-R").arg("postgres").arg(folder.path()))?;
        }
        let initdb = programs.join("initdb");
        run(as_postgres(&initdb, folder.path())
            .args(["--no-sync", "--encoding=UTF8", "--locale=C", "--username=preloop"])
            // Not SCRAM: its thousands of hashes, unoptimized, make connections slow enough to be given up under load.
            .args(["--auth=password", "--pwfile"])
            .arg(&password)
            .arg("--pgdata")
            .arg(&data))?;
        let port = free_port().map_err(|error| error.to_string())?;
        let keeper = keep(&programs.join("postgres"), folder, &data, port)?;
        let url = format!("postgres://preloop:test@127.0.0.1:{port}/postgres");
        let mut server = Self { url, _keeper: Some(keeper) };
        server.wait()?;
        Ok(server)
    }

    /// Waits until the server answers.
    fn wait(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let Err(error) = self.ask("select 1") else { return Ok(()) };
            if begun.elapsed() > PATIENCE {
                return Err(format!("PostgreSQL does not answer after {PATIENCE:?}: {error}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn must(&self, sql: &str) {
        self.ask(sql).unwrap_or_else(|error| panic!("{error}"));
    }

    fn ask(&self, sql: &str) -> Result<(), String> {
        run(Command::new(program::psql())
            .args(["--no-psqlrc", "--quiet", "-c", sql])
            .arg(&self.url))
    }
}

fn keep(postgres: &Path, folder: TempDir, data: &Path, port: u16) -> Result<Child, String> {
    let mut command = as_postgres(Path::new("sh"), folder.path());
    command.args(["-c", KEEPER, "keeper"]).arg(postgres).arg("-D").arg(data);
    for setting in [
        "listen_addresses=127.0.0.1",
        &format!("port={port}"),
        "unix_socket_directories=",
        "max_connections=300",
        // What is thrown away need not survive a power cut.
        "fsync=off",
        "log_destination=stderr",
    ] {
        command.args(["-c", setting]);
    }
    let log = fs::File::create(folder.path().join("log")).map_err(|error| error.to_string())?;
    let keeper = command
        // From here on the keeper removes the folder.
        .env("FOLDER", folder.keep())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    keeper.map_err(|error| format!("cannot start `{}`: {error}", postgres.display()))
}

/// A command as the user that Debian's package makes where this process is the superuser.
fn as_postgres(program: &Path, folder: &Path) -> Command {
    let mut command = if program::is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder);
    command
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("cannot run `{name}`: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let mut words = String::new();
    let _ = output.stderr.as_slice().read_to_string(&mut words);
    Err(format!("`{name}` failed: {words}"))
}
