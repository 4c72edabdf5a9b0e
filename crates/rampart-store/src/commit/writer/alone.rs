//! What is a transaction of its own, between two batches.

use std::ops::Range;

use rampart_core::time::Timestamp;

use super::{MOST_ATTEMPTS, Task, real_now, stopped};
use crate::commit::memory::Memory;
use crate::commit::prune::{Pruned, prune};
use crate::error::StoreError;
use crate::sql::{Trouble, Value, trouble};

impl Task {
    pub(super) async fn reserve(&mut self, series: &str, count: i64) -> Result<Range<i64>, StoreError> {
        let sql = "INSERT INTO numbers (series, next) VALUES ($1, $2 + 1) ON CONFLICT (series) DO UPDATE SET next = numbers.next + $2 RETURNING next";
        let row = self.alone(sql, vec![series.into(), count.into()]).await?;
        let end = row.ok_or_else(|| StoreError::defect("numbers were not reserved"))?;
        Ok(end - count..end)
    }

    /// A statement that writes, is a transaction of its own and may be done twice.
    async fn alone(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Option<i64>, StoreError> {
        let done = self.try_alone(sql, values).await;
        match &done {
            Ok(_) => self.counted.wrote(),
            Err(StoreError::Unavailable(reason)) => self.counted.failing(reason.clone()),
            Err(_) => {}
        }
        done
    }

    async fn try_alone(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Option<i64>, StoreError> {
        let mut attempt = 1;
        loop {
            self.connected().await?;
            let Some(session) = &mut self.session else { return Err(stopped()) };
            match session.fetch_optional(sql, values.clone()).await {
                Ok(row) => return row.map(|row| Ok(row.int(0)?)).transpose(),
                Err(error) => {
                    let trouble = trouble(&error);
                    if trouble == Trouble::Lost {
                        self.session = None;
                    }
                    if attempt >= MOST_ATTEMPTS || !matches!(trouble, Trouble::Lost | Trouble::Again) {
                        return Err(error.into());
                    }
                    attempt += 1;
                }
            }
        }
    }

    pub(super) async fn prune(&mut self, now: Timestamp, limit: i64) -> Result<Pruned, StoreError> {
        self.connected().await?;
        self.memory = Memory::default();
        let Some(session) = &mut self.session else { return Err(stopped()) };
        let pruned = prune(session, now, real_now(), limit).await;
        if pruned.as_ref().is_err_and(|error| trouble(error) == Trouble::Lost) {
            self.session = None;
        }
        let pruned = pruned.map_err(StoreError::from);
        // Where nothing had expired, nothing was written.
        if let Err(StoreError::Unavailable(reason)) = &pruned {
            self.counted.failing(reason.clone());
        }
        pruned
    }
}
