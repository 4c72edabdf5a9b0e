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

use super::{Row, Session, SqlError, Target, Trouble, Value, bound, many, sqlite, trouble};
use crate::store::{OnRead, StoreOptions};

/// How long a read waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one statement may take, connecting included.
const LONGEST: Duration = Duration::from_secs(40);

/// The reading connections of a store.
pub(crate) struct Db {
    target: Target,
    idle: Mutex<Vec<Session>>,
    permits: Semaphore,
    /// How often a read is begun: once more than there can be dead connections.
    attempts: u32,
    on_read: Option<OnRead>,
}

/// A statement that reads: once, or for each of some keys.
pub(crate) struct Question {
    sql: SqlStr,
    keys: Option<Vec<Value>>,
    values: Vec<Value>,
}

impl Question {
    fn answered_by(&self, connection: &rusqlite::Connection) -> Result<Vec<Row>, SqlError> {
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
        Ok(rows.into_iter().map(Row::Sqlite).collect())
    }

    fn query(&self) -> Query<'_, Postgres, PgArguments> {
        match &self.keys {
            Some(keys) => many::over_keys(self.sql.clone(), keys, &self.values),
            None => bound(self.sql.clone(), &self.values),
        }
    }
}

async fn answered_by_server(questions: &[Question], connection: &mut PgConnection) -> Result<Vec<Vec<Row>>, SqlError> {
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let rows = question.query().fetch_all(&mut *connection).await?;
        answers.push(rows.into_iter().map(Row::Postgres).collect());
    }
    Ok(answers)
}

impl Db {
    /// Makes the first connection, so that what cannot be reached is found at once.
    pub(crate) async fn open(target: Target, options: &StoreOptions) -> Result<Self, SqlError> {
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

    fn take(&self) -> Option<Session> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give_back(&self, session: Session) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }

    pub(crate) async fn fetch_all(&self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<Row>, SqlError> {
        self.answer_one(Question { sql: sql.into_sql_str(), keys: None, values }).await
    }

    /// Every row that a statement finds for some keys, each given once. `sql` is told how to say that a column is among
    /// them; further values are numbered from `$2`.
    pub(crate) async fn fetch_among(
        &self,
        sql: impl Fn(&str) -> String,
        keys: Vec<Value>,
        further: Vec<Value>,
    ) -> Result<Vec<Row>, SqlError> {
        self.answer_one(self.among(sql, keys, further)).await
    }

    /// The question that [`Db::fetch_among`] asks.
    pub(crate) fn among(&self, sql: impl Fn(&str) -> String, keys: Vec<Value>, further: Vec<Value>) -> Question {
        Question { sql: many::text(sql(many::among_keys(self.target.engine()))), keys: Some(keys), values: further }
    }

    /// The rows of several ranges of an index, merged: each gives its rows in the order that `order` says, with its limit.
    pub(crate) async fn fetch_merged(&self, ranges: &[String], order: &str, values: Vec<Value>) -> Result<Vec<Row>, SqlError> {
        self.fetch_all(many::text(many::merged(self.target.engine(), ranges, order)), values).await
    }

    async fn answer_one(&self, question: Question) -> Result<Vec<Row>, SqlError> {
        Ok(self.answer(vec![question]).await?.pop().unwrap_or_default())
    }

    /// Answers questions one after the other over one connection; for each the rows that were found.
    pub(crate) async fn answer(&self, questions: Vec<Question>) -> Result<Vec<Vec<Row>>, SqlError> {
        if let Some(on_read) = &self.on_read {
            questions.iter().for_each(|question| on_read(question.sql.as_str()));
        }
        let permit = timeout(PATIENCE, self.permits.acquire()).await.map_err(|_| SqlError::TimedOut)?;
        let _permit = permit.map_err(|_| SqlError::Closed)?;
        let questions: Arc<[Question]> = questions.into();
        let mut attempt = 1;
        loop {
            // Boxed: it is large, and would make everything large that might read.
            let reading = Box::pin(self.read(Arc::clone(&questions)));
            let read = timeout(LONGEST, reading).await.map_err(|_| SqlError::TimedOut)?;
            match read {
                Err(error) if trouble(&error) == Trouble::Lost && attempt < self.attempts => attempt += 1,
                done => return done,
            }
        }
    }

    /// One attempt. A connection that was lost, or whose reader has gone in the middle, is not lent again.
    async fn read(&self, questions: Arc<[Question]>) -> Result<Vec<Vec<Row>>, SqlError> {
        let session = match self.take() {
            Some(session) => session,
            None => self.target.reader().await?,
        };
        let (session, rows) = match session {
            // A disk may keep a reader waiting, which must not keep the other requests of a thread waiting.
            Session::Sqlite(connection) => {
                let reading = tokio::task::spawn_blocking(move || {
                    let rows = questions.iter().map(|question| question.answered_by(&connection)).collect();
                    (connection, rows)
                });
                let (connection, rows) = reading.await.map_err(|_| SqlError::Closed)?;
                (Session::Sqlite(connection), rows)
            }
            Session::Postgres(mut connection) => {
                let rows = answered_by_server(&questions, &mut connection).await;
                (Session::Postgres(connection), rows)
            }
        };
        if !rows.as_ref().is_err_and(|error| trouble(error) == Trouble::Lost) {
            self.give_back(session);
        }
        rows
    }

    pub(crate) async fn fetch_optional(&self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Option<Row>, SqlError> {
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
