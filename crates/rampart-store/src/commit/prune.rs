//! Removes expired rows.

use std::time::Duration;

use rampart_core::id::BatchId;
use rampart_core::time::Timestamp;

use crate::sql::{DbSession, SqlError, SqlValue};

/// How long batch rows are kept. A writer looks for the row of its own batch within seconds.
const BATCH_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// The number of rows removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    pub claims: u64,
    pub counters: u64,
    pub batches: u64,
}

pub(super) async fn prune(session: &mut DbSession, now: Timestamp, real_now: Timestamp, limit: i64) -> Result<Pruned, SqlError> {
    session.begin().await?;
    let pruned = remove(session, now, real_now, limit).await;
    match &pruned {
        Ok(_) => session.commit().await?,
        // The first error is the one to report.
        Err(_) => drop(session.rollback().await),
    }
    pruned
}

async fn remove(session: &mut DbSession, now: Timestamp, real_now: Timestamp, limit: i64) -> Result<Pruned, SqlError> {
    let expired: Vec<SqlValue> = vec![now.micros().into(), limit.into()];
    // A batch's identifier holds its time of creation.
    let old: Vec<SqlValue> = vec![SqlValue::display(BatchId::first_at(real_now.before(BATCH_RETENTION))), limit.into()];
    // The condition is repeated outside: between selection and deletion another step may take the claim again.
    let claims = "DELETE FROM claims WHERE id IN (SELECT id FROM claims WHERE expires_at IS NOT NULL AND expires_at <= $1 \
                  ORDER BY expires_at, id LIMIT $2) AND expires_at <= $1";
    let counters = "DELETE FROM counters WHERE id IN (SELECT id FROM counters WHERE expires_at IS NOT NULL AND expires_at <= $1 \
                    ORDER BY expires_at, id LIMIT $2) AND expires_at <= $1";
    let batches = "DELETE FROM batches WHERE id IN (SELECT id FROM batches WHERE id < $1 ORDER BY id LIMIT $2)";
    // In the lock order of the commit path.
    let batches = session.execute(batches, old).await?;
    let counters = session.execute(counters, expired.clone()).await?;
    let claims = session.execute(claims, expired).await?;
    Ok(Pruned { claims, counters, batches })
}
