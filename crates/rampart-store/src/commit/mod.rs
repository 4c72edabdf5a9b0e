//! The only commit path: queued steps are evaluated in order of arrival and become durable in one transaction.

mod alarms;
mod batch;
mod checkpoint;
mod evaluate;
mod load;
mod prepare;
mod prune;
mod stats;
mod write;
mod writer;
mod writer_cache;

use std::ops::Range;

use rampart_core::id::PartnerId;
use rampart_core::step::Step;
use rampart_core::time::Timestamp;

pub use prune::Pruned;
pub use stats::{Failing, Histogram, Stats};
pub(crate) use writer::{BATCH_SERIES, BatchNumberFile, Writer, read_batch_number};

use crate::Store;
use crate::error::{CommitError, StoreError};

/// An event of a committed step, with its number in its partner's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberedEvent {
    pub partner: PartnerId,
    pub sequence: i64,
}

/// The result of a committed step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The step's events in the step's order. The caller wakes the fan-out of their partners.
    pub events: Vec<NumberedEvent>,
    /// Steps in the same transaction; 0 for an empty step.
    pub batch: usize,
}

impl Store {
    /// Commits a step atomically. When this returns [`Committed`], the step is on disk.
    ///
    /// Steps of one process are evaluated in order of arrival, each against what the accepted steps before it left: versions of
    /// records, claims, ceilings of counters, floors of accounts (floors bind only [`rampart_core::ledger::Origin::Request`]). A
    /// fact that pushes an account below its floor is posted, and an open review item of kind
    /// [`rampart_core::review::ReviewKind::BelowFloor`] is written with it: one per account and asset, with the account's path as
    /// `source`.
    ///
    /// A step that writes nothing returns at once; the versions it relies on are not checked.
    ///
    /// Order of checks: claims, versions, ceilings, floors. Do not await this while holding a pooled connection.
    ///
    /// # Errors
    /// [`CommitError`]; nothing of the step is stored then.
    pub async fn commit(&self, step: Step) -> Result<Committed, CommitError> {
        if step.is_empty() {
            return Ok(Committed { events: Vec::new(), batch: 0 });
        }
        let step = prepare::prepare(step)?;
        self.inner.writer.commit(step).await
    }

    /// Reserves the next `count` numbers of a series; the first number is 1. A number is never given out twice, and unused numbers
    /// are lost. Series, such as `concepts`, are independent of each other.
    ///
    /// # Errors
    /// [`StoreError::Defect`] for a `count` below 1.
    pub async fn reserve_numbers(&self, series: &str, count: i64) -> Result<Range<i64>, StoreError> {
        if count < 1 {
            return Err(StoreError::defect("at least one number must be reserved"));
        }
        self.inner.writer.reserve(series, count).await
    }

    /// Removes claims and counters that expired before `now` (business time) and batch rows older than a day (real time), at most
    /// `limit` of each, in one transaction between batches. Repeat while it removes `limit` rows.
    pub async fn prune(&self, now: Timestamp, limit: i64) -> Result<Pruned, StoreError> {
        self.inner.writer.prune(now, limit).await
    }

    /// Statistics of the commit path, for metrics and for detecting a stuck writer.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner.writer.stats()
    }
}
