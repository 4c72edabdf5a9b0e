//! The one commit path: steps that wait together are evaluated in arrival order and become durable in one transaction.

mod alarms;
mod batch;
mod checkpoint;
mod counters;
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

pub(crate) use counters::Counters;
pub use prune::Pruned;
pub use stats::{Failing, Histogram, Stats};
pub(crate) use writer::{BATCH_SERIES, BatchNumberFile, Writer, read_batch_number};

use crate::error::{CommitError, StoreError};
use crate::store::Store;

/// An event of a committed step, with the number it got in its partner's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberedEvent {
    /// Whose log.
    pub partner: PartnerId,
    /// Its place there.
    pub sequence: i64,
}

/// What became durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The step's events with their numbers, in the step's order; who fans out is to be woken for their partners.
    pub events: Vec<NumberedEvent>,
    /// How many steps shared the transaction.
    pub batch: usize,
}

/// What tests let go wrong with a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    /// The connection is lost before the commit reaches the database.
    LostBefore,
    /// The database commits, and its answer is lost.
    LostAfter,
}

impl Store {
    /// Makes a step durable, all or nothing. When this returns [`Committed`], it is on disk.
    ///
    /// Steps of one process are evaluated in the order of arrival, each seeing what earlier accepted ones did: versions of
    /// records, claims, ceilings of counters, floors of accounts (those bind [`rampart_core::ledger::Origin::Request`] only).
    /// A fact that pushes an account below its floor is posted, and an open item of kind
    /// [`rampart_core::review::ReviewKind::BelowFloor`] is made beside it, one per account and asset, whose `source` is the
    /// account's path.
    ///
    /// A step that writes nothing is durable at once; what it relied upon is not looked at then.
    ///
    /// Checked in this order: claims, versions, ceilings, floors. Do not await this while holding a pooled connection.
    ///
    /// # Errors
    /// See [`CommitError`]; nothing of the step was stored then.
    pub async fn commit(&self, step: Step) -> Result<Committed, CommitError> {
        if step.is_empty() {
            return Ok(Committed { events: Vec::new(), batch: 0 });
        }
        let step = prepare::prepare(step)?;
        self.inner.writer.commit(step).await
    }

    /// Takes the next `count` numbers of a series (they start at 1). Numbers are never given out twice; what is not used
    /// is lost. Series are independent of each other, such as `concepts`, `deposits-polygon`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached.
    pub async fn reserve_numbers(&self, series: &str, count: i64) -> Result<Range<i64>, StoreError> {
        if count < 1 {
            return Err(StoreError::defect("at least one number must be reserved"));
        }
        self.inner.writer.reserve(series, count).await
    }

    /// Removes claims and counters that expired before `now` (business time) and batch rows older than a day before
    /// `now`, at most `limit` of each, in a transaction of its own between batches. Repeat while it removes as many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached.
    pub async fn prune(&self, now: Timestamp, limit: i64) -> Result<Pruned, StoreError> {
        self.inner.writer.prune(now, limit).await
    }

    /// What the commit path has done so far, for metrics and for telling whether it is stuck.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner.writer.stats()
    }
}
