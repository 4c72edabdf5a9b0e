//! Writes that are transactions of their own, between two batches.

use std::ops::Range;

use rampart_core::time::Timestamp;

use super::{MAX_ATTEMPTS, WriterTask, real_now, stopped};
use crate::commit::prune::{Pruned, prune};
use crate::commit::writer_cache::WriterCache;
use crate::error::StoreError;
use crate::sql::{ErrorClass, SqlValue, classify};

impl WriterTask {
    pub(super) async fn reserve(&mut self, series: &str, count: i64) -> Result<Range<i64>, StoreError> {
        let sql = "INSERT INTO numbers (series, next) VALUES ($1, $2 + 1) ON CONFLICT (series) DO UPDATE SET next = numbers.next + $2 RETURNING next";
        let row = self.run_standalone(sql, vec![series.into(), count.into()]).await?;
        let end = row.ok_or_else(|| StoreError::defect("numbers were not reserved"))?;
        Ok(end - count..end)
    }

    /// Runs a write statement in its own transaction. It must be safe to run twice.
    async fn run_standalone(&mut self, sql: &'static str, values: Vec<SqlValue>) -> Result<Option<i64>, StoreError> {
        let done = self.try_standalone(sql, values).await;
        match &done {
            Ok(_) => self.counters.record_write(),
            Err(StoreError::Unavailable(reason)) => self.counters.record_failure(reason.clone()),
            Err(_) => {}
        }
        done
    }

    async fn try_standalone(&mut self, sql: &'static str, values: Vec<SqlValue>) -> Result<Option<i64>, StoreError> {
        let mut attempt = 1;
        loop {
            self.ensure_connected().await?;
            let Some(session) = &mut self.session else { return Err(stopped()) };
            match session.fetch_optional(sql, values.clone()).await {
                Ok(row) => return row.map(|row| Ok(row.int(0)?)).transpose(),
                Err(error) => {
                    let class = classify(&error);
                    if class == ErrorClass::ConnectionLost {
                        self.session = None;
                    }
                    if attempt >= MAX_ATTEMPTS || !matches!(class, ErrorClass::ConnectionLost | ErrorClass::Retry) {
                        return Err(error.into());
                    }
                    attempt += 1;
                }
            }
        }
    }

    pub(super) async fn prune(&mut self, now: Timestamp, limit: i64) -> Result<Pruned, StoreError> {
        self.ensure_connected().await?;
        self.cache = WriterCache::default();
        let Some(session) = &mut self.session else { return Err(stopped()) };
        let pruned = prune(session, now, real_now(), limit).await;
        if pruned.as_ref().is_err_and(|error| classify(error) == ErrorClass::ConnectionLost) {
            self.session = None;
        }
        let pruned = pruned.map_err(StoreError::from);
        // Not counted as a write: where nothing had expired, nothing was written.
        if let Err(StoreError::Unavailable(reason)) = &pruned {
            self.counters.record_failure(reason.clone());
        }
        pruned
    }
}
