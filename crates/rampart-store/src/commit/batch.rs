//! One attempt to write a batch, inside a transaction that the writer begins and ends.

use std::sync::Arc;

use rampart_core::id::Randomness;
use rampart_core::time::Timestamp;

use super::Committed;
use super::evaluate::BatchState;
use super::prepare::Prepared;
use super::writer_cache::WriterCache;
use crate::error::{CommitError, StoreError};
use crate::sql::{BulkStatement, DbSession, SqlError};

/// The result of each step of a batch, valid once its transaction commits.
pub(super) type Answers = Vec<Result<Committed, CommitError>>;

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum BatchError {
    Sql(SqlError),
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

/// The context of an attempt.
pub(super) struct BatchAttempt<'a> {
    pub(super) session: &'a mut DbSession,
    pub(super) randomness: &'a dyn Randomness,
    pub(super) batch: Arc<str>,
    /// Business time; decides whether claims have expired.
    pub(super) now: Timestamp,
    /// Booking time of the last posting: real time in microseconds, strictly increasing.
    pub(super) booked_at: &'a mut i64,
    pub(super) cache: WriterCache,
}

impl BatchAttempt<'_> {
    /// Evaluates the steps against the loaded state and writes the accepted ones. Returns the last statements, which are left to be
    /// run with the commit. Writes nothing when every step is refused.
    pub(super) async fn run(&mut self, state: &mut BatchState, steps: &[Prepared]) -> Result<(Answers, Vec<BulkStatement>), BatchError> {
        let mut answers: Answers = Vec::with_capacity(steps.len());
        for index in 0..steps.len() {
            answers.push(state.evaluate(steps, index).map(|()| Committed { events: Vec::new(), batch: 0 }));
        }
        let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
        let last = if accepted > 0 { self.write(state, steps, &mut answers).await? } else { Vec::new() };
        for committed in answers.iter_mut().flatten() {
            committed.batch = accepted;
        }
        Ok((answers, last))
    }
}
