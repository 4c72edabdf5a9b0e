//! Reading connections, lent for one statement each.
//!
//! Not a general pool: nothing is pinged before it is lent and nothing runs in the background, because a read that finds
//! its connection dead is simply done again on another.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::{SqlSafeStr, SqlStr};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Row, Session, Target, Trouble, Value, trouble};
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

impl Db {
    /// Makes the first connection, so that what cannot be reached is found at once.
    pub(crate) async fn open(target: Target, options: &StoreOptions) -> Result<Self, sqlx::Error> {
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

    pub(crate) async fn fetch_all(&self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        let sql = sql.into_sql_str();
        if let Some(on_read) = &self.on_read {
            on_read(sql.as_str());
        }
        let permit = timeout(PATIENCE, self.permits.acquire()).await.map_err(|_| sqlx::Error::PoolTimedOut)?;
        let _permit = permit.map_err(|_| sqlx::Error::PoolClosed)?;
        let mut attempt = 1;
        loop {
            let read = timeout(LONGEST, self.read(sql.clone(), values.clone())).await.map_err(|_| sqlx::Error::PoolTimedOut)?;
            match read {
                Err(error) if trouble(&error) == Trouble::Lost && attempt < self.attempts => attempt += 1,
                done => return done,
            }
        }
    }

    /// One attempt. A connection that was lost, or whose reader has gone in the middle, is not lent again.
    async fn read(&self, sql: SqlStr, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        let mut session = match self.take() {
            Some(session) => session,
            None => self.target.reader().await?,
        };
        let rows = session.fetch_all(sql, values).await;
        if !rows.as_ref().is_err_and(|error| trouble(error) == Trouble::Lost) {
            self.give_back(session);
        }
        rows
    }

    pub(crate) async fn fetch_optional(&self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Option<Row>, sqlx::Error> {
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
