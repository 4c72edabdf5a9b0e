//! A pool of read connections, each lent for one read.
//!
//! Unlike a general pool it neither pings connections nor runs anything in the background: a read that meets a dead connection is
//! repeated on another.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::postgres::Request;
use super::{DatabaseTarget, DbRow, DbSession, ErrorClass, SqlError, SqlText, SqlValue, StatementResult, bulk, classify, sqlite};
use crate::options::{OnRead, StoreOptions};

/// How long a read waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a read may take, including the connection.
const QUERY_TIMEOUT: Duration = Duration::from_secs(40);

pub(crate) struct ReaderPool {
    target: DatabaseTarget,
    idle: Mutex<Vec<DbSession>>,
    permits: Semaphore,
    /// Attempts per read: one more than there can be dead connections.
    attempts: u32,
    on_read: Option<OnRead>,
}

/// A read statement, run once or for each of some keys.
pub(crate) struct ReadQuery {
    sql: SqlText,
    keys: Option<Vec<SqlValue>>,
    values: Vec<SqlValue>,
}

impl ReadQuery {
    fn run_on_sqlite(&self, connection: &rusqlite::Connection) -> Result<Vec<DbRow>, SqlError> {
        let rows = match &self.keys {
            Some(keys) => {
                // All keys are read from one snapshot.
                let snapshot = connection.unchecked_transaction()?;
                let rows = sqlite::fetch_each(&snapshot, &self.sql, 1, keys, &self.values)?;
                snapshot.commit()?;
                rows
            }
            None => sqlite::fetch_all(connection, &self.sql, &self.values)?,
        };
        Ok(rows.into_iter().map(DbRow::Sqlite).collect())
    }

    fn request(&self) -> Request<'_> {
        match &self.keys {
            Some(keys) => bulk::request(&self.sql, 1, keys, &self.values),
            None => Request::new(&self.sql, &self.values),
        }
    }
}

impl ReaderPool {
    /// Opens the first connection, so that an unreachable database is reported at once.
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

    pub(crate) async fn fetch_all(&self, sql: impl Into<SqlText>, values: Vec<SqlValue>) -> Result<Vec<DbRow>, SqlError> {
        self.run_one(ReadQuery { sql: sql.into(), keys: None, values }).await
    }

    /// Returns the rows of a statement for some keys. The keys must be distinct. `sql` receives the condition on the key column;
    /// further parameters are numbered from `$2`.
    pub(crate) async fn fetch_by_keys(
        &self,
        sql: impl Fn(&str) -> String,
        keys: Vec<SqlValue>,
        further: Vec<SqlValue>,
    ) -> Result<Vec<DbRow>, SqlError> {
        self.run_one(self.by_keys(sql, keys, further)).await
    }

    /// The query that [`ReaderPool::fetch_by_keys`] runs.
    pub(crate) fn by_keys(&self, sql: impl Fn(&str) -> String, keys: Vec<SqlValue>, further: Vec<SqlValue>) -> ReadQuery {
        ReadQuery { sql: sql(bulk::key_condition(self.target.engine())).into(), keys: Some(keys), values: further }
    }

    /// The merged rows of several index ranges. Each range has the order and limit that `order` states.
    pub(crate) async fn fetch_merged(&self, ranges: &[String], order: &str, values: Vec<SqlValue>) -> Result<Vec<DbRow>, SqlError> {
        self.fetch_all(bulk::merged(self.target.engine(), ranges, order), values).await
    }

    async fn run_one(&self, query: ReadQuery) -> Result<Vec<DbRow>, SqlError> {
        Ok(self.run(vec![query]).await?.pop().unwrap_or_default())
    }

    /// Runs queries one after the other on one connection, on PostgreSQL in one round trip, and returns the rows of each.
    pub(crate) async fn run(&self, queries: Vec<ReadQuery>) -> Result<Vec<Vec<DbRow>>, SqlError> {
        if let Some(on_read) = &self.on_read {
            queries.iter().for_each(|query| on_read(&query.sql));
        }
        let permit = timeout(ACQUIRE_TIMEOUT, self.permits.acquire()).await.map_err(|_| SqlError::TimedOut)?;
        let _permit = permit.map_err(|_| SqlError::Closed)?;
        let queries: Arc<[ReadQuery]> = queries.into();
        let mut attempt = 1;
        loop {
            // Boxed to keep the futures of all readers small.
            let reading = Box::pin(self.read(Arc::clone(&queries)));
            let read = timeout(QUERY_TIMEOUT, reading).await.map_err(|_| SqlError::TimedOut)?;
            match read {
                Err(error) if classify(&error) == ErrorClass::ConnectionLost && attempt < self.attempts => attempt += 1,
                done => return done,
            }
        }
    }

    /// One attempt. A lost connection, or one whose read was cancelled, does not return to the pool.
    async fn read(&self, queries: Arc<[ReadQuery]>) -> Result<Vec<Vec<DbRow>>, SqlError> {
        let session = match self.take() {
            Some(session) => session,
            None => self.target.reader().await?,
        };
        let (session, rows) = match session {
            // The disk may block, so the read runs on a blocking thread.
            DbSession::Sqlite(connection) => {
                let reading = tokio::task::spawn_blocking(move || {
                    let rows = queries.iter().map(|query| query.run_on_sqlite(&connection)).collect();
                    (connection, rows)
                });
                let (connection, rows) = reading.await.map_err(|_| SqlError::Closed)?;
                (DbSession::Sqlite(connection), rows)
            }
            DbSession::Postgres(mut session) => {
                let requests: Vec<Request<'_>> = queries.iter().map(ReadQuery::request).collect();
                let rows = session.run(&requests).await.map_err(SqlError::from);
                let rows = rows.map(|answers| answers.into_iter().map(|answer| StatementResult::from(answer).rows).collect());
                (DbSession::Postgres(session), rows)
            }
        };
        if !rows.as_ref().is_err_and(|error| classify(error) == ErrorClass::ConnectionLost) {
            self.give_back(session);
        }
        rows
    }

    pub(crate) async fn fetch_optional(&self, sql: impl Into<SqlText>, values: Vec<SqlValue>) -> Result<Option<DbRow>, SqlError> {
        Ok(self.fetch_all(sql, values).await?.into_iter().next())
    }

    /// Lends no more connections and closes the idle ones. Reads that have a connection finish.
    pub(crate) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for session in idle {
            session.close().await;
        }
    }
}
