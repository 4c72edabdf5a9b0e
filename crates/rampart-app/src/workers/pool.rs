//! Pieces of work under way at the same time: a bounded number, each known by its key, so that a slow one delays none of
//! the others and none is begun twice in one process.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// A bounded number of pieces of work under way.
#[derive(Clone)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    most: usize,
}

struct Shared {
    busy: Mutex<HashSet<String>>,
    freed: Notify,
}

/// Frees a place however the work ends, a panic included.
struct Place {
    shared: Arc<Shared>,
    key: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.busy.lock().remove(&self.key);
        self.shared.freed.notify_one();
    }
}

impl Pool {
    /// A pool of at most so many.
    pub(crate) fn new(most: usize) -> Self {
        Self { shared: Arc::new(Shared { busy: Mutex::default(), freed: Notify::new() }), most: most.max(1) }
    }

    /// How many more may begin.
    pub(crate) fn free(&self) -> usize {
        self.most.saturating_sub(self.busy())
    }

    /// How many are under way.
    pub(crate) fn busy(&self) -> usize {
        self.shared.busy.lock().len()
    }

    /// Whether this one is under way.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.shared.busy.lock().contains(key)
    }

    /// Begins a piece of work, unless it is under way already.
    pub(crate) fn begin(&self, key: String, work: impl Future<Output = ()> + Send + 'static) {
        if !self.shared.busy.lock().insert(key.clone()) {
            return;
        }
        let place = Place { shared: self.shared.clone(), key };
        tokio::spawn(async move {
            let _place = place;
            work.await;
        });
    }

    /// Completes when a place was freed.
    pub(crate) async fn freed(&self) {
        self.shared.freed.notified().await;
    }

    /// Waits until nothing is under way, but no longer than this.
    pub(crate) async fn drain(&self, patience: Duration) {
        let emptied = async {
            while self.busy() > 0 {
                let freed = self.shared.freed.notified();
                if self.busy() > 0 {
                    freed.await;
                }
            }
        };
        if tokio::time::timeout(patience, emptied).await.is_err() {
            tracing::warn!(left = self.busy(), "work was still under way at the stop; its leases run out");
        }
    }
}
