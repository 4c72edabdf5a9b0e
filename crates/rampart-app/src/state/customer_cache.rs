//! A cache of customers, used for the first attempt to create an order and to apply what follows.
//!
//! No decision is final on a cached customer: its step relies on the customer's version, so the commit refuses an outdated
//! one, which is evicted then, and refusals are decided again on the stored customer.

use std::sync::Arc;

use hashlink::LruCache;
use parking_lot::Mutex;
use rampart_core::customer::Customer;
use rampart_core::id::CustomerId;
use rampart_store::Store;

use crate::error::AppResult;

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

    /// A customer from the cache or the database.
    pub(crate) async fn load(&self, store: &Store, id: CustomerId) -> AppResult<Option<Arc<Customer>>> {
        if let Some(customer) = self.get(id) {
            return Ok(Some(customer));
        }
        let Some(customer) = store.customer(id).await?.map(Arc::new) else { return Ok(None) };
        self.put(customer.clone());
        Ok(Some(customer))
    }

    pub(crate) fn forget(&self, id: CustomerId) {
        self.0.lock().remove(&id);
    }
}
