//! Customers in memory, as they were when they were last read: what an order is first tried with.
//!
//! Nothing is decided on them for good. An order relies on its customer's version, so that the commit refuses one that was
//! made with a customer who has changed; and what is refused is decided again on what is stored.

use std::sync::Arc;

use hashlink::LruCache;
use parking_lot::Mutex;
use rampart_core::customer::Customer;
use rampart_core::id::CustomerId;

/// How many are remembered: those who were longest not asked for are forgotten first. A customer takes about 2 KiB.
const CACHE_ENTRIES: usize = 4_096;

/// The customers that are remembered.
pub(crate) struct CustomerCache(Mutex<LruCache<CustomerId, Arc<Customer>>>);

impl Default for CustomerCache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CACHE_ENTRIES)))
    }
}

impl CustomerCache {
    /// A customer, if it is remembered.
    pub(crate) fn get(&self, id: CustomerId) -> Option<Arc<Customer>> {
        self.0.lock().get(&id).cloned()
    }

    /// Remembers a customer, unless a later version is known.
    pub(crate) fn put(&self, customer: Arc<Customer>) {
        let mut customers = self.0.lock();
        if customers.peek(&customer.id).is_none_or(|known| known.version <= customer.version) {
            customers.insert(customer.id, customer);
        }
    }

    /// Forgets a customer.
    pub(crate) fn forget(&self, id: CustomerId) {
        self.0.lock().remove(&id);
    }
}
