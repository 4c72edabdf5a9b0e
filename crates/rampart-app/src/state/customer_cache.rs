//! A cache of customers, used for the first attempt to create an order.
//!
//! No decision is final on a cached customer: the order's step relies on the customer's version, so the commit refuses
//! an outdated one, and refusals are decided again on the stored customer.

use std::sync::Arc;

use hashlink::LruCache;
use parking_lot::Mutex;
use rampart_core::customer::Customer;
use rampart_core::id::CustomerId;

/// Least recently used entries are evicted first. A customer takes about 2 KiB.
const CACHE_ENTRIES: usize = 4_096;

/// Customers by number, least recently used first.
pub(crate) struct CustomerCache(Mutex<LruCache<CustomerId, Arc<Customer>>>);

impl Default for CustomerCache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CACHE_ENTRIES)))
    }
}

impl CustomerCache {
    pub(crate) fn get(&self, id: CustomerId) -> Option<Arc<Customer>> {
        self.0.lock().get(&id).cloned()
    }

    /// Caches a customer, unless a later version is cached.
    pub(crate) fn put(&self, customer: Arc<Customer>) {
        let mut customers = self.0.lock();
        if customers.peek(&customer.id).is_none_or(|known| known.version <= customer.version) {
            customers.insert(customer.id, customer);
        }
    }

    pub(crate) fn forget(&self, id: CustomerId) {
        self.0.lock().remove(&id);
    }
}
