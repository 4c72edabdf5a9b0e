//! Moving what SQLite's log holds into the file, beside the writer instead of inside its commits.
//!
//! A passive checkpoint waits for nobody and makes nobody wait, so that its flushes to disk are not part of any batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::stats::CommitCounters;
use crate::sql::DatabaseTarget;

/// How often is looked whether there is something to move. A page that many batches write is moved once for all of them.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);

/// Runs until the writer has stopped. A checkpoint that fails is left to the writer.
pub(super) async fn checkpoint(target: DatabaseTarget, counters: Arc<CommitCounters>, running: Arc<AtomicBool>) {
    let mut checkpointer = None;
    let mut moved = 0;
    while running.load(Ordering::Relaxed) {
        tokio::time::sleep(CHECKPOINT_INTERVAL).await;
        let committed = counters.committed.load(Ordering::Relaxed);
        if committed == moved {
            continue;
        }
        if checkpointer.is_none() {
            checkpointer = match target.checkpointer() {
                Ok(Some(opened)) => Some(opened),
                Ok(None) => return,
                Err(_) => continue,
            };
        }
        if let Some(open) = checkpointer.take() {
            match tokio::task::spawn_blocking(move || open.run().map(|()| open)).await {
                Ok(Ok(open)) => {
                    moved = committed;
                    checkpointer = Some(open);
                }
                Ok(Err(error)) => tracing::warn!(%error, "a checkpoint failed"),
                Err(_) => return,
            }
        }
    }
}
