//! Runs a bounded number of tasks concurrently, each identified by a key: a slow task delays no other, and none runs twice in one process.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// A bounded number of concurrent tasks.
#[derive(Clone)]
pub(crate) struct Pool {
    shared: Arc<PoolState>,
    capacity: usize,
}

struct PoolState {
    busy: Mutex<HashSet<String>>,
    freed: Notify,
}

/// Removes the key when the task ends, also by a panic.
struct BusyGuard {
    shared: Arc<PoolState>,
    key: String,
}

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.shared.busy.lock().remove(&self.key);
        self.shared.freed.notify_one();
    }
}

impl Pool {
    /// A pool of this capacity, at least one.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { shared: Arc::new(PoolState { busy: Mutex::default(), freed: Notify::new() }), capacity: capacity.max(1) }
    }

    /// How many more tasks may start.
    pub(crate) fn free(&self) -> usize {
        self.capacity.saturating_sub(self.busy())
    }

    /// How many tasks are running.
    pub(crate) fn busy(&self) -> usize {
        self.shared.busy.lock().len()
    }

    /// Whether the task with this key is running.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.shared.busy.lock().contains(key)
    }

    /// Starts a task, unless one with this key is running.
    pub(crate) fn begin(&self, key: String, work: impl Future<Output = ()> + Send + 'static) {
        if !self.shared.busy.lock().insert(key.clone()) {
            return;
        }
        let guard = BusyGuard { shared: self.shared.clone(), key };
        tokio::spawn(async move {
            let _guard = guard;
            work.await;
        });
    }

    /// Completes when a task has ended.
    pub(crate) async fn freed(&self) {
        self.shared.freed.notified().await;
    }

    /// Waits until no task is running, at most for `timeout`.
    pub(crate) async fn drain(&self, timeout: Duration) {
        let emptied = async {
            while self.busy() > 0 {
                let freed = self.shared.freed.notified();
                if self.busy() > 0 {
                    freed.await;
                }
            }
        };
        if tokio::time::timeout(timeout, emptied).await.is_err() {
            tracing::warn!(left = self.busy(), "tasks were still running at the stop; their leases will expire");
        }
    }
}
