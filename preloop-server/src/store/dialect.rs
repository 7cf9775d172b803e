//! What differs between engines: how to connect, how a writing transaction begins, how writers wait for each other.

use std::fmt::Write as _;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::postgres::PgListener;
use sqlx::{Any, AnyPool, Connection as _, Executor as _, Transaction};

use super::timed::{Limit, Reader, Timed, within};
use super::{Location, StoreError};

/// A row of either engine.
pub(super) type EngineRow = sqlx::any::AnyRow;

/// How long a request waits for a connection, or for its turn to write.
const TURN_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a statement waits for PostgreSQL, which ends those that it works on sooner.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(20);
/// Connections of one server to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 16;
/// Connections that read beside the one that writes.
const SQLITE_READERS: u32 = 4;

/// WAL lets readers go on beside the writer; a vote or a claim that was answered must survive a power cut, so every commit is
/// synced; another process that holds the file is waited for.
const SQLITE_SESSION: &str = "pragma journal_mode = wal; pragma synchronous = full;
    pragma foreign_keys = on; pragma busy_timeout = 2000";
/// No request hangs on a statement that is stuck.
const POSTGRES_SESSION: &str = "set statement_timeout = '15s'; set lock_timeout = '3s';
    set idle_in_transaction_session_timeout = '30s'; set synchronous_commit = on;
    set client_min_messages = warning";

/// Where announcements between servers on one database go.
const CHANNEL: &str = "preloop";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    Postgres,
    Sqlite,
}

/// The connections of one server.
///
/// SQLite writes one at a time, and queueing here is fair where its own waiting is not: it has readers beside one writer.
/// PostgreSQL has one pool for both.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    engine: Engine,
    reader: AnyPool,
    writer: AnyPool,
    limit: Option<Limit>,
}

impl Connections {
    pub(super) async fn open(location: &Location) -> Result<Self, StoreError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        match location {
            Location::Sqlite(path) => Self::open_sqlite(path).await,
            Location::Postgres(url) => {
                let limit = Limit::new(STATEMENT_TIMEOUT);
                let of_released = limit.clone();
                let pool = pool(POSTGRES_SESSION)
                    .max_connections(POSTGRES_CONNECTIONS)
                    .after_release(move |connection, _| {
                        let limit = of_released.clone();
                        Box::pin(async move { limit.check(connection).await })
                    })
                    .connect(url)
                    .await?;
                Ok(Self {
                    engine: Engine::Postgres,
                    reader: pool.clone(),
                    writer: pool,
                    limit: Some(limit),
                })
            }
        }
    }

    async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        let url = sqlite_url(path)?;
        let writer = pool(SQLITE_SESSION).max_connections(1).connect(&url).await?;
        let reader = pool(SQLITE_SESSION).max_connections(SQLITE_READERS).connect(&url).await?;
        Ok(Self { engine: Engine::Sqlite, reader, writer, limit: None })
    }

    /// How many rows of ten values one statement inserts: with PostgreSQL each statement is a way there and back, and
    /// SQLite's driver looks through the names of all values of a statement for each of them.
    pub(super) fn rows_at_once(&self) -> usize {
        match self.engine {
            Engine::Postgres => 64,
            Engine::Sqlite => 8,
        }
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { pool: &self.reader, limit: self.limit.as_ref() }
    }

    pub(super) async fn write(&self) -> Result<WriteTransaction, StoreError> {
        let limit = self.limit.as_ref();
        let tx = match self.engine {
            Engine::Postgres => within(limit, self.writer.begin()).await?,
            // Taking the lock at once, so that two transactions that read and then write cannot deadlock.
            Engine::Sqlite => self.writer.begin_with("begin immediate").await?,
        };
        Ok(WriteTransaction {
            engine: self.engine,
            limit: limit.cloned(),
            tx: Timed::new(tx, limit),
        })
    }

    /// Fails where the database does not answer at once.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        let asked = sqlx::query("select 1").execute(self.reader());
        let answered = tokio::time::timeout(TURN_TIMEOUT, asked).await;
        answered.map_err(|_| sqlx::Error::PoolTimedOut)??;
        Ok(())
    }

    /// The database's own time in microseconds, as an expression.
    pub(super) fn now(&self) -> &'static str {
        match self.engine {
            Engine::Postgres => "(extract(epoch from clock_timestamp()) * 1000000)::bigint",
            Engine::Sqlite => "cast(unixepoch('subsec') * 1000000 as integer)",
        }
    }

    pub(super) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

fn pool(session: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .acquire_timeout(TURN_TIMEOUT)
        .after_connect(move |connection, _| {
            Box::pin(async move { connection.execute(sqlx::raw_sql(session)).await.map(drop) })
        })
        // Where the disk is full, SQLite itself rolls back, which the driver does not notice: such a connection never
        // begins another transaction, so it makes room for a new one.
        .before_acquire(|connection, _| {
            let is_usable = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_usable) })
        })
}

/// A URL for a file whose name may hold anything.
fn sqlite_url(path: &Path) -> Result<String, StoreError> {
    let absolute = path.canonicalize().map_err(sqlx::Error::Io)?;
    let Some(text) = absolute.to_str() else {
        return Err(StoreError::Location {
            message: format!("the path `{}` is not UTF-8; take another one", absolute.display()),
        });
    };
    let mut url = String::from("sqlite://");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url.push_str("?mode=rwc");
    Ok(url)
}

// === transactions ===

/// A transaction that writes.
#[derive(Debug)]
pub(super) struct WriteTransaction {
    engine: Engine,
    limit: Option<Limit>,
    tx: Timed<Transaction<'static, Any>>,
}

impl WriteTransaction {
    /// Waits until no other transaction of any server holds `what`, and holds it until this one ends. Who takes several
    /// takes them in one order, the same everywhere.
    pub(super) async fn hold(&mut self, what: &str) -> Result<(), StoreError> {
        if self.engine == Engine::Postgres {
            sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))")
                .bind(what)
                .execute(&mut **self)
                .await?;
        }
        Ok(())
    }

    /// Tells the other servers on this database what changed, once this transaction is through.
    pub(super) async fn announce(&mut self, change: &str) -> Result<(), StoreError> {
        if self.engine == Engine::Postgres {
            sqlx::query("select pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(change)
                .execute(&mut **self)
                .await?;
        }
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        Ok(within(self.limit.as_ref(), self.tx.into_link().commit()).await?)
    }
}

impl Deref for WriteTransaction {
    type Target = Timed<Transaction<'static, Any>>;

    fn deref(&self) -> &Self::Target {
        &self.tx
    }
}

impl DerefMut for WriteTransaction {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.tx
    }
}

// === announcements ===

/// What other servers on the same database announce.
#[derive(Debug)]
pub(super) struct Announcements {
    listener: PgListener,
}

impl Announcements {
    /// Begins to listen; `None` where the database has one server.
    pub(super) async fn listen(location: &Location) -> Result<Option<Self>, StoreError> {
        let Location::Postgres(url) = location else { return Ok(None) };
        let mut listener = PgListener::connect(url).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Self { listener }))
    }

    /// The next announcement; `None` where the connection was lost and some may be missing.
    pub(super) async fn next(&mut self) -> Result<Option<String>, StoreError> {
        let next = self.listener.try_recv().await?;
        Ok(next.map(|notification| notification.payload().to_owned()))
    }
}

// === statements ===

/// A statement put together from parts, with its values numbered as both engines take them.
#[derive(Default)]
pub(super) struct Statement {
    text: String,
    arguments: sqlx::any::AnyArguments,
    count: usize,
}

impl Statement {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Adds text, which must not come from outside.
    pub(super) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value in the place of its number.
    pub(super) fn bind<'t, T>(&mut self, value: T) -> Result<&mut Self, StoreError>
    where
        T: sqlx::Encode<'t, Any> + sqlx::Type<Any>,
    {
        sqlx::Arguments::add(&mut self.arguments, value).map_err(sqlx::Error::Encode)?;
        self.count = self.count.saturating_add(1);
        let _ = write!(self.text, "${}", self.count);
        Ok(self)
    }

    /// The whole, ready to be run.
    pub(super) fn query(self) -> sqlx::query::Query<'static, Any, sqlx::any::AnyArguments> {
        // The text is of static parts and numbers alone.
        sqlx::query_with(sqlx::AssertSqlSafe(self.text), self.arguments)
    }
}
