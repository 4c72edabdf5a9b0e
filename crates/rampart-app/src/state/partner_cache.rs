//! Partners as every call needs them: cached for a moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use rampart_core::id::PartnerId;
use rampart_core::partner::Partner;
use rampart_store::Store;

use crate::error::AppResult;

/// How long a partner is cached. A command that changes one answers no earlier than this after its commit: by then
/// every node's cached copy has expired, without any messages between nodes.
pub(crate) const PARTNER_CACHE_TTL: Duration = Duration::from_millis(250);

/// Cached partners, each with the moment its read began.
#[derive(Debug, Default)]
pub(crate) struct PartnerCache {
    partners: RwLock<HashMap<PartnerId, (Instant, Arc<Partner>)>>,
}

impl PartnerCache {
    /// Caches a partner whose read began at `asked_at`, unless a later version is cached.
    pub(crate) fn put(&self, asked_at: Instant, partner: Arc<Partner>) {
        let mut partners = self.partners.write();
        if partners.get(&partner.id).is_none_or(|(_, known)| known.version <= partner.version) {
            partners.insert(partner.id, (asked_at, partner));
        }
    }

    fn get(&self, id: PartnerId) -> Option<Arc<Partner>> {
        let partners = self.partners.read();
        let (asked_at, partner) = partners.get(&id)?;
        (asked_at.elapsed() < PARTNER_CACHE_TTL).then(|| partner.clone())
    }

    /// Evicts a partner, so that the next lookup reads the database.
    pub(crate) fn forget(&self, id: PartnerId) {
        self.partners.write().remove(&id);
    }

    /// A partner from the cache or the database; never older than a change that was answered.
    pub(crate) async fn load(&self, store: &Store, id: PartnerId) -> AppResult<Option<Arc<Partner>>> {
        if let Some(partner) = self.get(id) {
            return Ok(Some(partner));
        }
        let asked_at = Instant::now();
        let Some(partner) = store.partner(id).await? else {
            self.forget(id);
            return Ok(None);
        };
        let partner = Arc::new(partner);
        self.put(asked_at, partner.clone());
        Ok(Some(partner))
    }
}
