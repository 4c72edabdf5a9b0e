//! One attempt at one batch, inside a transaction that the writer has begun and will end.

use std::sync::Arc;

use rampart_core::id::Randomness;
use rampart_core::time::Timestamp;

use super::Committed;
use super::evaluate::BatchState;
use super::prepare::Prepared;
use super::writer_cache::WriterCache;
use crate::error::{CommitError, StoreError};
use crate::sql::{DbSession, SqlError};

/// What became of a batch's steps, if its transaction commits.
pub(super) type Answers = Vec<Result<Committed, CommitError>>;

/// Why an attempt did not come to its end.
#[derive(Debug)]
pub(super) enum BatchError {
    /// The database said so.
    Sql(SqlError),
    /// A fault of ours.
    Defect(String),
}

impl From<SqlError> for BatchError {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for BatchError {
    fn from(error: StoreError) -> Self {
        Self::Defect(error.to_string())
    }
}

/// What an attempt works with.
pub(super) struct BatchAttempt<'a> {
    pub(super) session: &'a mut DbSession,
    pub(super) randomness: &'a dyn Randomness,
    /// The batch's identifier.
    pub(super) batch: Arc<str>,
    /// Business time: whether claims have expired.
    pub(super) now: Timestamp,
    /// When the last posting was booked (real time, growing), in microseconds.
    pub(super) booked_at: &'a mut i64,
    /// What is known of the batches before.
    pub(super) cache: WriterCache,
}

impl BatchAttempt<'_> {
    /// Decides on what was loaded, and writes. Afterwards only the commit is missing; nothing was written when every step was
    /// refused.
    pub(super) async fn run(&mut self, state: &mut BatchState, steps: &[Prepared]) -> Result<Answers, BatchError> {
        let mut answers: Answers = Vec::with_capacity(steps.len());
        for index in 0..steps.len() {
            answers.push(state.evaluate(steps, index).map(|()| Committed { events: Vec::new(), batch: 0 }));
        }
        let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
        if accepted > 0 {
            self.write(state, steps, &mut answers).await?;
        }
        for committed in answers.iter_mut().flatten() {
            committed.batch = accepted;
        }
        Ok(answers)
    }
}
