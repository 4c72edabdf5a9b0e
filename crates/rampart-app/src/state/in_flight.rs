//! Requests in flight that name a key: a concurrent request with the same key waits for the first.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

/// The keyed requests in flight in this process: a concurrent request with the same key waits for the first. An entry
/// lives as long as its requests, so the map is bounded by the requests in flight.
#[derive(Debug, Default)]
pub(crate) struct InFlightRequests {
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// The lock of a key in flight. The next request with the key proceeds when this is dropped.
pub(crate) struct InFlightGuard<'a> {
    in_flight: &'a InFlightRequests,
    key: String,
    lock: Option<OwnedMutexGuard<()>>,
}

impl InFlightRequests {
    /// Waits for the requests in flight with the same key.
    pub(crate) async fn acquire(&self, key: String) -> InFlightGuard<'_> {
        let lock = self.locks.lock().entry(key.clone()).or_default().clone();
        // Created before waiting, so that a request cancelled while it waits removes its entry.
        let mut guard = InFlightGuard { in_flight: self, key, lock: None };
        guard.lock = Some(lock.lock_owned().await);
        guard
    }
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        drop(self.lock.take());
        let mut locks = self.in_flight.locks.lock();
        // Only the map holds the lock: no request owns it or waits for it.
        if locks.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn concurrent_requests_with_one_key_wait_and_leave_nothing_behind() {
        let in_flight = InFlightRequests::default();
        let first = in_flight.acquire("a".into()).await;
        let other = in_flight.acquire("b".into()).await;
        let mut second = Box::pin(in_flight.acquire("a".into()));
        assert!(futures::poll!(&mut second).is_pending());
        let mut given_up = Box::pin(in_flight.acquire("a".into()));
        assert!(futures::poll!(&mut given_up).is_pending());
        drop(given_up);
        drop(first);
        let second = second.await;
        assert_eq!(in_flight.locks.lock().len(), 2);
        drop((second, other));
        assert!(in_flight.locks.lock().is_empty());
    }
}
