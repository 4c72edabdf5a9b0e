//! Left alone, the world plays itself: what is on the agenda happens and blocks are made, in business time, by the one
//! process that holds the lease.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::Row;

use crate::chain;
use crate::clock::real_micros;
use crate::database::{Batch, SandboxDatabase};
use crate::error::WorldError;
use crate::schedule;

/// How often the player looks whether something is due (real time). It is woken earlier when the clock moves.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How long a lease lasts (real time); it is renewed when half of it is over.
const LEASE_MICROS: i64 = 2_000_000;

/// Plays until the books are closed.
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
                // The books hold the sender, so this cannot fail.
                _ = settings.changed() => {}
            }
        }
    }
}

/// Does what is due, if this process may, and says whether to look again at once.
async fn run_due_work(database: &Arc<SandboxDatabase>) -> Result<bool, WorldError> {
    let now = database.now().micros();
    let row = sqlx::query(
        "SELECT (SELECT min(due_at) FROM agenda), (SELECT min(mined_at + every_micros) FROM chains WHERE every_micros > 0), \
         (SELECT owner FROM lease), (SELECT until FROM lease)",
    )
    .fetch_one(&database.readers)
    .await?;
    let (next_action, next_block): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let (holder, until): (Option<String>, Option<i64>) = (row.try_get(2)?, row.try_get(3)?);
    let left_micros = until.unwrap_or(0) - real_micros();
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

/// Takes or renews the lease, unless another process holds it.
async fn take_lease(batch: &mut Batch, owner: &str) -> Result<bool, WorldError> {
    let now = real_micros();
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

/// Gives the lease back, so that another process need not wait for its end.
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
