//! Subscriptions, deliveries, and which partners have events that were not put on their way yet.

use rampart_core::id::{DeliveryId, PartnerId};
use rampart_core::time::Timestamp;
use rampart_core::webhook::{Delivery, Subscription};

use super::after;
use crate::error::StoreError;
use crate::sql::Value;
use crate::store::Store;

/// A partner whose log goes on behind what was fanned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnfannedPartner {
    /// The partner.
    pub partner: PartnerId,
    /// The last event that was fanned out; 0 before the first.
    pub fanned: i64,
    /// The last event of the log.
    pub last: i64,
}

impl Store {
    /// A partner's subscriptions, deleted ones among them, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn subscriptions_of(&self, partner: PartnerId) -> Result<Vec<Subscription>, StoreError> {
        let sql = "SELECT version, data FROM subscriptions WHERE partner = $1 ORDER BY id LIMIT 1000";
        self.list(sql, vec![partner.to_string().into()]).await
    }

    /// Partners whose cursor `fanout-<partner>` (a number as text; absent means 0) stands before the end of their log.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn unfanned_partners(&self, limit: u32) -> Result<Vec<UnfannedPartner>, StoreError> {
        let sql = "SELECT e.partner, COALESCE(c.number, 0), e.last FROM event_counters e LEFT JOIN cursors c ON c.id = 'fanout-' || e.partner \
                   WHERE COALESCE(c.number, 0) < e.last ORDER BY e.partner LIMIT $1";
        let rows = self.rows(sql, vec![i64::from(limit).into()]).await?;
        rows.iter().map(|row| Ok(UnfannedPartner { partner: row.parse(0)?, fanned: row.int(1)?, last: row.int(2)? })).collect()
    }

    /// Deliveries that are to be tried now (business time) and not leased past the real present, those due longest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn deliveries_due(&self, now: Timestamp, real_now: Timestamp, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT version, data FROM deliveries WHERE state = 'pending' AND due_at <= $1 AND (leased_until IS NULL OR leased_until <= $2) \
                   ORDER BY due_at, id LIMIT $3";
        self.list(sql, vec![now.micros().into(), real_now.micros().into(), i64::from(limit).into()]).await
    }

    /// When the delivery that is due longest (or next) is due; nothing when none is pending. The lag of deliveries.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn next_delivery_due_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT due_at FROM deliveries WHERE state = 'pending' ORDER BY due_at, id LIMIT 1";
        let row = self.inner.db.fetch_optional(sql, Vec::new()).await?;
        row.map(|row| Ok(Timestamp::from_micros(row.int(0)?))).transpose()
    }

    /// Deliveries that arrived and were made before `before`, oldest first: what may be forgotten.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn deliveries_delivered(&self, before: DeliveryId, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT version, data FROM deliveries WHERE id < $1 AND state = 'delivered' ORDER BY id LIMIT $2";
        self.list(sql, vec![Value::display(before), i64::from(limit).into()]).await
    }

    /// Parked deliveries, oldest first, behind `behind`.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn deliveries_parked(&self, behind: Option<DeliveryId>, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT version, data FROM deliveries WHERE state = 'parked' AND id > $1 ORDER BY id LIMIT $2";
        self.list(sql, vec![after(behind), i64::from(limit).into()]).await
    }

    /// A partner's parked deliveries, oldest first, behind `behind`.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn deliveries_parked_of(
        &self,
        partner: PartnerId,
        behind: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT version, data FROM deliveries WHERE state = 'parked' AND partner = $1 AND id > $2 ORDER BY id LIMIT $3";
        self.list(sql, vec![partner.to_string().into(), after(behind), i64::from(limit).into()]).await
    }
}
