//! Reading connections, lent for one statement each.
//!
//! Not a general pool: nothing is pinged before it is lent and nothing runs in the background, because a read that finds
//! its connection dead is simply done again on another.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use sqlx::{Postgres, SqlSafeStr, SqlStr};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{DatabaseTarget, DbRow, DbSession, ErrorClass, SqlError, SqlValue, bound, bulk, classify, sqlite};
use crate::store::{OnRead, StoreOptions};

/// How long a read waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one statement may take, connecting included.
const QUERY_TIMEOUT: Duration = Duration::from_secs(40);

/// The reading connections of a store.
pub(crate) struct ReaderPool {
    target: DatabaseTarget,
    idle: Mutex<Vec<DbSession>>,
    permits: Semaphore,
    /// How often a read is begun: once more than there can be dead connections.
    attempts: u32,
    on_read: Option<OnRead>,
}

/// A statement that reads: once, or for each of some keys.
pub(crate) struct ReadQuery {
    sql: SqlStr,
    keys: Option<Vec<SqlValue>>,
    values: Vec<SqlValue>,
}

impl ReadQuery {
    fn run_on_sqlite(&self, connection: &rusqlite::Connection) -> Result<Vec<DbRow>, SqlError> {
        let rows = match &self.keys {
            Some(keys) => {
                // One snapshot for all of them.
                let snapshot = connection.unchecked_transaction()?;
                let rows = sqlite::fetch_each(&snapshot, self.sql.as_str(), 1, keys, &self.values)?;
                snapshot.commit()?;
                rows
            }
            None => sqlite::fetch_all(connection, self.sql.as_str(), &self.values)?,
        };
        Ok(rows.into_iter().map(DbRow::Sqlite).collect())
    }

    fn bound(&self) -> Query<'_, Postgres, PgArguments> {
        match &self.keys {
            Some(keys) => bulk::over_keys(self.sql.clone(), keys, &self.values),
            None => bound(self.sql.clone(), &self.values),
        }
    }
}

async fn run_on_postgres(queries: &[ReadQuery], connection: &mut PgConnection) -> Result<Vec<Vec<DbRow>>, SqlError> {
    let mut results = Vec::with_capacity(queries.len());
    for query in queries {
        let rows = query.bound().fetch_all(&mut *connection).await?;
        results.push(rows.into_iter().map(DbRow::Postgres).collect());
    }
    Ok(results)
}

impl ReaderPool {
    /// Makes the first connection, so that what cannot be reached is found at once.
    pub(crate) async fn open(target: DatabaseTarget, options: &StoreOptions) -> Result<Self, SqlError> {
        let readers = options.readers.max(1);
        let first = target.reader().await?;
        Ok(Self {
            target,
            idle: Mutex::new(vec![first]),
            permits: Semaphore::new(usize::try_from(readers).unwrap_or(1)),
            attempts: readers + 1,
            on_read: options.on_read.clone(),
        })
    }

    fn take(&self) -> Option<DbSession> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give_back(&self, session: DbSession) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }

    pub(crate) async fn fetch_all(&self, sql: impl SqlSafeStr, values: Vec<SqlValue>) -> Result<Vec<DbRow>, SqlError> {
        self.run_one(ReadQuery { sql: sql.into_sql_str(), keys: None, values }).await
    }

    /// Every row that a statement finds for some keys, each given once. `sql` is told how to say that a column is among
    /// them; further values are numbered from `$2`.
    pub(crate) async fn fetch_by_keys(
        &self,
        sql: impl Fn(&str) -> String,
        keys: Vec<SqlValue>,
        further: Vec<SqlValue>,
    ) -> Result<Vec<DbRow>, SqlError> {
        self.run_one(self.by_keys(sql, keys, further)).await
    }

    /// The question that [`ReaderPool::fetch_by_keys`] asks.
    pub(crate) fn by_keys(&self, sql: impl Fn(&str) -> String, keys: Vec<SqlValue>, further: Vec<SqlValue>) -> ReadQuery {
        ReadQuery { sql: bulk::text(sql(bulk::key_condition(self.target.engine()))), keys: Some(keys), values: further }
    }

    /// The rows of several ranges of an index, merged: each gives its rows in the order that `order` says, with its limit.
    pub(crate) async fn fetch_merged(&self, ranges: &[String], order: &str, values: Vec<SqlValue>) -> Result<Vec<DbRow>, SqlError> {
        self.fetch_all(bulk::text(bulk::merged(self.target.engine(), ranges, order)), values).await
    }

    async fn run_one(&self, query: ReadQuery) -> Result<Vec<DbRow>, SqlError> {
        Ok(self.run(vec![query]).await?.pop().unwrap_or_default())
    }

    /// Answers questions one after the other over one connection; for each the rows that were found.
    pub(crate) async fn run(&self, queries: Vec<ReadQuery>) -> Result<Vec<Vec<DbRow>>, SqlError> {
        if let Some(on_read) = &self.on_read {
            queries.iter().for_each(|query| on_read(query.sql.as_str()));
        }
        let permit = timeout(ACQUIRE_TIMEOUT, self.permits.acquire()).await.map_err(|_| SqlError::TimedOut)?;
        let _permit = permit.map_err(|_| SqlError::Closed)?;
        let queries: Arc<[ReadQuery]> = queries.into();
        let mut attempt = 1;
        loop {
            // Boxed: it is large, and would make everything large that might read.
            let reading = Box::pin(self.read(Arc::clone(&queries)));
            let read = timeout(QUERY_TIMEOUT, reading).await.map_err(|_| SqlError::TimedOut)?;
            match read {
                Err(error) if classify(&error) == ErrorClass::ConnectionLost && attempt < self.attempts => attempt += 1,
                done => return done,
            }
        }
    }

    /// One attempt. A connection that was lost, or whose reader has gone in the middle, is not lent again.
    async fn read(&self, queries: Arc<[ReadQuery]>) -> Result<Vec<Vec<DbRow>>, SqlError> {
        let session = match self.take() {
            Some(session) => session,
            None => self.target.reader().await?,
        };
        let (session, rows) = match session {
            // A disk may keep a reader waiting, which must not keep the other requests of a thread waiting.
            DbSession::Sqlite(connection) => {
                let reading = tokio::task::spawn_blocking(move || {
                    let rows = queries.iter().map(|query| query.run_on_sqlite(&connection)).collect();
                    (connection, rows)
                });
                let (connection, rows) = reading.await.map_err(|_| SqlError::Closed)?;
                (DbSession::Sqlite(connection), rows)
            }
            DbSession::Postgres(mut connection) => {
                let rows = run_on_postgres(&queries, &mut connection).await;
                (DbSession::Postgres(connection), rows)
            }
        };
        if !rows.as_ref().is_err_and(|error| classify(error) == ErrorClass::ConnectionLost) {
            self.give_back(session);
        }
        rows
    }

    pub(crate) async fn fetch_optional(&self, sql: impl SqlSafeStr, values: Vec<SqlValue>) -> Result<Option<DbRow>, SqlError> {
        Ok(self.fetch_all(sql, values).await?.into_iter().next())
    }

    /// Lets those who read end, and lends no more.
    pub(crate) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for session in idle {
            session.close().await;
        }
    }
}
