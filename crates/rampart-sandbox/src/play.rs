//! Left alone, the world plays itself: what is on the agenda happens and blocks are made, in business time, by the one
//! process that holds the lease.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::Row;

use crate::agenda;
use crate::books::{Batch, Books};
use crate::chain;
use crate::clock::real_micros;
use crate::error::WorldError;

/// How often the player looks whether something is due (real time). It is woken earlier when the clock moves.
const TICK: Duration = Duration::from_millis(100);
/// How long a lease lasts (real time); it is renewed when half of it is over.
const LEASE_MICROS: i64 = 2_000_000;

/// Plays until the books are closed.
pub(crate) async fn play(books: Weak<Books>) {
    loop {
        let Some(books) = books.upgrade() else { return };
        let again = match tick(&books).await {
            Ok(again) => again,
            Err(error) => {
                tracing::warn!(%error, "the sandbox world could not play");
                false
            }
        };
        if !again {
            let mut settings = books.signals.settings.subscribe();
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                // The books hold the sender, so this cannot fail.
                _ = settings.changed() => {}
            }
        }
    }
}

/// Does what is due, if this process may, and says whether to look again at once.
async fn tick(books: &Arc<Books>) -> Result<bool, WorldError> {
    let now = books.now().micros();
    let row = sqlx::query(
        "SELECT (SELECT min(due_at) FROM agenda), (SELECT min(mined_at + every_micros) FROM chains WHERE every_micros > 0), \
         (SELECT owner FROM lease), (SELECT until FROM lease)",
    )
    .fetch_one(&books.readers)
    .await?;
    let (agenda, block): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let (holder, until): (Option<String>, Option<i64>) = (row.try_get(2)?, row.try_get(3)?);
    let left = until.unwrap_or(0) - real_micros();
    let mine = holder.as_deref() == Some(books.owner.as_str());
    let something_due = agenda.is_some_and(|at| at <= now) || block.is_some_and(|at| at <= now);
    let may = mine || left <= 0;
    if !may || (mine && left > LEASE_MICROS / 2 && !something_due) {
        return Ok(false);
    }
    let owner = books.owner.clone();
    books
        .write(move |batch| {
            Box::pin(async move {
                if !take_lease(batch, &owner).await? {
                    return Ok(false);
                }
                let more = agenda::perform_due(batch).await?;
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
pub(crate) async fn let_go(books: &Books) -> Result<(), WorldError> {
    let owner = books.owner.clone();
    books
        .write(move |batch| {
            Box::pin(async move {
                sqlx::query("DELETE FROM lease WHERE owner = ?1").bind(owner).execute(&mut batch.connection).await?;
                Ok(())
            })
        })
        .await
}
