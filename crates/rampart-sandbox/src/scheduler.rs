//! Runs scheduled actions and makes blocks in business time. Of the processes that share the database, the one that
//! has the lease does it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::Row;

use crate::chain;
use crate::database::{Batch, SandboxDatabase};
use crate::error::WorldError;
use crate::schedule;

/// How often the scheduler looks for due work, in real time. A change of the clock wakes it earlier.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Duration of a lease, in real time. It is renewed when half of it is over.
const LEASE_MICROS: i64 = 2_000_000;

/// Runs until the database is dropped.
pub(crate) async fn run(database: Weak<SandboxDatabase>) {
    loop {
        let Some(database) = database.upgrade() else { return };
        let run_again = match run_due_work(&database).await {
            Ok(run_again) => run_again,
            Err(error) => {
                tracing::warn!(%error, "the sandbox scheduler could not run what is due");
                false
            }
        };
        if !run_again {
            let mut settings = database.signals.settings.subscribe();
            tokio::select! {
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                // The database owns the sender, so this cannot fail.
                _ = settings.changed() => {}
            }
        }
    }
}

/// Runs what is due if this process has or gets the lease. Returns whether more may be due.
pub(crate) async fn run_due_work(database: &Arc<SandboxDatabase>) -> Result<bool, WorldError> {
    let now = database.now().micros();
    let row = sqlx::query(
        "SELECT (SELECT min(due_at) FROM agenda), (SELECT min(mined_at + every_micros) FROM chains WHERE every_micros > 0), \
         (SELECT owner FROM lease), (SELECT until FROM lease)",
    )
    .fetch_one(&database.readers)
    .await?;
    let (next_action, next_block): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let (holder, until): (Option<String>, Option<i64>) = (row.try_get(2)?, row.try_get(3)?);
    let left_micros = until.unwrap_or(0) - database.clock.real_micros();
    let is_holder = holder.as_deref() == Some(database.owner.as_str());
    let is_due = next_action.is_some_and(|at| at <= now) || next_block.is_some_and(|at| at <= now);
    let may_run = is_holder || left_micros <= 0;
    if !may_run || (is_holder && left_micros > LEASE_MICROS / 2 && !is_due) {
        return Ok(false);
    }
    let owner = database.owner.clone();
    database
        .write(move |batch| {
            Box::pin(async move {
                if !take_lease(batch, &owner).await? {
                    return Ok(false);
                }
                let more = schedule::run_due(batch).await?;
                chain::mine_due(batch).await?;
                Ok(more)
            })
        })
        .await
}

/// Takes or renews the lease. Returns `false` while another process has it.
async fn take_lease(batch: &mut Batch, owner: &str) -> Result<bool, WorldError> {
    let now = batch.clock.real_micros();
    let taken = sqlx::query(
        "INSERT INTO lease (id, owner, until) VALUES (1, ?1, ?2) \
         ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE owner = ?1 OR until <= ?3",
    )
    .bind(owner)
    .bind(now + LEASE_MICROS)
    .bind(now)
    .execute(&mut batch.connection)
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Releases the lease, so that another process need not wait for its end.
pub(crate) async fn release_lease(database: &SandboxDatabase) -> Result<(), WorldError> {
    let owner = database.owner.clone();
    database
        .write(move |batch| {
            Box::pin(async move {
                sqlx::query("DELETE FROM lease WHERE owner = ?1").bind(owner).execute(&mut batch.connection).await?;
                Ok(())
            })
        })
        .await
}
