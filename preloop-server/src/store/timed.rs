//! Statements that end in time. PostgreSQL bounds those that it works on; a machine or a network that hangs says nothing at
//! all, and whoever asked would wait for ever.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::ops::DerefMut;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Either, Error, Execute, Executor, SqlStr};

/// What a statement answers, piece by piece.
type Step = Either<AnyQueryResult, AnyRow>;

/// A connection, for reading or in a transaction.
pub(super) trait Link: DerefMut<Target = AnyConnection> + Debug + Send {}

impl<L: DerefMut<Target = AnyConnection> + Debug + Send> Link for L {}

/// How long statements wait for an answer, and whether one was left without.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    time: Duration,
    /// How many gave up since a released connection was last seen to answer: the next may be the one that hangs.
    given_up: Arc<AtomicU64>,
}

/// A statement under way; one that is dropped before it is answered was given up.
struct Asking<'l> {
    limit: &'l Limit,
    is_answered: bool,
}

/// A connection whose statements end in time.
#[derive(Debug)]
pub(super) struct Timed<L> {
    link: L,
    /// None: the database is a file of this machine.
    limit: Option<Limit>,
}

/// The connections for reading: each statement takes one that is free.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'p> {
    pub(super) pool: &'p AnyPool,
    pub(super) limit: Option<&'p Limit>,
}

/// Does it within the limit.
pub(super) async fn within<T>(
    limit: Option<&Limit>,
    work: impl Future<Output = Result<T, Error>> + Send,
) -> Result<T, Error> {
    let Some(limit) = limit else { return work.await };
    let mut asking = Asking { limit, is_answered: false };
    let Ok(answer) = tokio::time::timeout(limit.time, work).await else {
        let message = format!("no answer within {} seconds", limit.time.as_secs());
        return Err(Error::Io(io::Error::new(io::ErrorKind::TimedOut, message)));
    };
    asking.is_answered = true;
    answer
}

// === impl Limit ===

impl Limit {
    pub(super) fn new(time: Duration) -> Self {
        Self { time, given_up: Arc::default() }
    }

    /// Looks whether a connection that is released still answers, where one was given up since the last that did: the pool
    /// would wait for it without end, and keep its place taken. A transaction whose beginning was given up may have begun.
    pub(super) async fn check(&self, connection: &mut AnyConnection) -> Result<bool, Error> {
        let seen = self.given_up.load(Ordering::Relaxed);
        if seen > 0 {
            within(Some(self), connection.execute("rollback")).await?;
            // Who gave up meanwhile counts for the next.
            let _ = self.given_up.compare_exchange(seen, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
        Ok(true)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.limit.given_up.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// === impl Timed ===

impl<L: Link> Timed<L> {
    pub(super) fn new(link: L, limit: Option<&Limit>) -> Self {
        Self { link, limit: limit.cloned() }
    }

    pub(super) fn into_link(self) -> L {
        self.link
    }

    /// Waits for what follows as long as the database works on it.
    pub(super) fn without_limit(&mut self) {
        self.limit = None;
    }

    /// Everything that a statement answers: all that the store reads is small, and is wanted whole.
    async fn steps<'q>(&mut self, query: impl Execute<'q, Any> + 'q) -> Result<Vec<Step>, Error> {
        within(self.limit.as_ref(), self.link.fetch_many(query).try_collect()).await
    }
}

impl<'c, L: Link> Executor<'c> for &'c mut Timed<L> {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        one_by_one(self.steps(query))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(within(self.limit.as_ref(), self.link.fetch_optional(query)))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        Box::pin(within(self.limit.as_ref(), self.link.prepare_with(sql, parameters)))
    }
}

// === impl Reader ===

impl Reader<'_> {
    /// A connection for several statements.
    pub(super) async fn acquire(self) -> Result<Timed<PoolConnection<Any>>, Error> {
        Ok(Timed::new(self.pool.acquire().await?, self.limit))
    }
}

impl<'c> Executor<'c> for Reader<'c> {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        one_by_one(async move { self.acquire().await?.steps(query).await })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(async move { self.acquire().await?.fetch_optional(query).await })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move { self.acquire().await?.prepare_with(sql, parameters).await })
    }
}

fn one_by_one<'e>(
    steps: impl Future<Output = Result<Vec<Step>, Error>> + Send + 'e,
) -> BoxStream<'e, Result<Step, Error>> {
    stream::once(steps)
        .map_ok(|steps| stream::iter(steps.into_iter().map(Ok)))
        .try_flatten()
        .boxed()
}
