//! Checkpoints SQLite's WAL beside the writer instead of inside its commits.
//!
//! PASSIVE checkpoints block no one, and their flushes to disk are outside any batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::stats::CommitCounters;
use crate::sql::DatabaseTarget;

/// How often to checkpoint. A page that several batches wrote in between is moved once.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);

/// Runs until the writer stops. After a failed checkpoint the writer's own checkpoint moves the pages.
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
