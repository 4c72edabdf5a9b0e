//! Subscriptions, deliveries, and partners with events that are not fanned out yet.

use rampart_core::id::{DeliveryId, PartnerId, SubscriptionId};
use rampart_core::partner::webhook::{Delivery, Subscription};
use rampart_core::time::Timestamp;

use super::lower_bound;
use crate::Store;
use crate::error::StoreError;
use crate::sql::SqlValue;

/// A partner with events that are not fanned out yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnfannedPartner {
    pub partner: PartnerId,
    /// The last event that was fanned out; 0 when there is none.
    pub fanned: i64,
    pub last: i64,
}

/// Receivers with due deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DueReceivers {
    /// Each receiver with the due time of its earliest due delivery.
    pub receivers: Vec<(SubscriptionId, Timestamp)>,
    /// Where the next page continues; `None` at the end.
    pub next: Option<SubscriptionId>,
}

impl Store {
    /// A partner's subscriptions including deleted ones, oldest first.
    pub async fn subscriptions_of(&self, partner: PartnerId) -> Result<Vec<Subscription>, StoreError> {
        let sql = "SELECT version, data FROM subscriptions WHERE partner = $1 ORDER BY id LIMIT 1000";
        self.list(sql, vec![partner.to_string().into()]).await
    }

    /// Disabled subscriptions of all partners, oldest first, after `after`.
    pub async fn subscriptions_disabled(&self, after: Option<SubscriptionId>, limit: u32) -> Result<Vec<Subscription>, StoreError> {
        let sql = "SELECT version, data FROM subscriptions WHERE disabled AND id > $1 ORDER BY id LIMIT $2";
        self.list(sql, vec![lower_bound(after), i64::from(limit).into()]).await
    }

    /// Partners after `after` whose cursor `fanout-<partner>` (a number as text; absent means 0) is behind their log.
    pub async fn unfanned_partners(&self, after: Option<PartnerId>, limit: u32) -> Result<Vec<UnfannedPartner>, StoreError> {
        let sql = "SELECT e.partner, COALESCE(c.number, 0), e.last FROM event_counters e LEFT JOIN cursors c ON c.id = 'fanout-' || e.partner \
                   WHERE e.partner > $1 AND COALESCE(c.number, 0) < e.last ORDER BY e.partner LIMIT $2";
        let rows = self.rows(sql, vec![lower_bound(after), i64::from(limit).into()]).await?;
        rows.iter().map(|row| Ok(UnfannedPartner { partner: row.parse(0)?, fanned: row.int(1)?, last: row.int(2)? })).collect()
    }

    /// Receivers after `after` with a delivery that is due (business time) and not leased (real time). Looks at no more than `limit`
    /// receivers with pending deliveries, each once, however many deliveries wait for them.
    pub async fn receivers_due(
        &self,
        after: Option<SubscriptionId>,
        now: Timestamp,
        real_now: Timestamp,
        limit: u32,
    ) -> Result<DueReceivers, StoreError> {
        let sql = "WITH RECURSIVE receivers (id, place) AS (\
                   SELECT MIN(d.subscription), 1 FROM deliveries d WHERE d.state = 'pending' AND d.subscription > $1 UNION ALL \
                   SELECT (SELECT MIN(d.subscription) FROM deliveries d WHERE d.state = 'pending' AND d.subscription > receivers.id), \
                   receivers.place + 1 FROM receivers WHERE receivers.id IS NOT NULL AND receivers.place < $2) \
                   SELECT receivers.id, (SELECT d.due_at FROM deliveries d WHERE d.subscription = receivers.id AND d.state = 'pending' \
                   AND d.due_at <= $3 AND (d.leased_until IS NULL OR d.leased_until <= $4) ORDER BY d.due_at, d.id LIMIT 1) FROM receivers";
        let values = vec![lower_bound(after), i64::from(limit).into(), now.micros().into(), real_now.micros().into()];
        let mut due = DueReceivers::default();
        for row in &self.rows(sql, values).await? {
            due.next = row.parse_or_null(0)?;
            if let (Some(receiver), Some(due_at)) = (due.next, row.int_or_null(1)?) {
                due.receivers.push((receiver, Timestamp::from_micros(due_at)));
            }
        }
        Ok(due)
    }

    /// A receiver's deliveries that are due (business time) and not leased (real time), longest overdue first.
    pub async fn deliveries_due_to(
        &self,
        receiver: SubscriptionId,
        now: Timestamp,
        real_now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT version, data FROM deliveries WHERE subscription = $1 AND state = 'pending' AND due_at <= $2 \
                   AND (leased_until IS NULL OR leased_until <= $3) ORDER BY due_at, id LIMIT $4";
        let values = vec![SqlValue::display(receiver), now.micros().into(), real_now.micros().into(), i64::from(limit).into()];
        self.list(sql, values).await
    }

    /// The due time of the earliest pending delivery; `None` when none is pending. The lag of deliveries.
    pub async fn next_delivery_due_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "WITH RECURSIVE receivers (id) AS (\
                   SELECT MIN(d.subscription) FROM deliveries d WHERE d.state = 'pending' UNION ALL \
                   SELECT (SELECT MIN(d.subscription) FROM deliveries d WHERE d.state = 'pending' AND d.subscription > receivers.id) \
                   FROM receivers WHERE receivers.id IS NOT NULL) \
                   SELECT MIN((SELECT MIN(d.due_at) FROM deliveries d WHERE d.subscription = receivers.id AND d.state = 'pending')) FROM receivers";
        let row = self.inner.readers.fetch_optional(sql, Vec::new()).await?;
        Ok(row.map(|row| row.int_or_null(0)).transpose()?.flatten().map(Timestamp::from_micros))
    }

    /// Delivered deliveries older than `before`, oldest first, for deletion.
    pub async fn deliveries_delivered(&self, before: DeliveryId, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT version, data FROM deliveries WHERE id < $1 AND state = 'delivered' ORDER BY id LIMIT $2";
        self.list(sql, vec![SqlValue::display(before), i64::from(limit).into()]).await
    }

    /// Parked deliveries, oldest first, after `after`.
    pub async fn deliveries_parked(&self, after: Option<DeliveryId>, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT version, data FROM deliveries WHERE state = 'parked' AND id > $1 ORDER BY id LIMIT $2";
        self.list(sql, vec![lower_bound(after), i64::from(limit).into()]).await
    }

    /// A partner's parked deliveries, oldest first, after `after`.
    pub async fn deliveries_parked_of(
        &self,
        partner: PartnerId,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT version, data FROM deliveries WHERE state = 'parked' AND partner = $1 AND id > $2 ORDER BY id LIMIT $3";
        self.list(sql, vec![partner.to_string().into(), lower_bound(after), i64::from(limit).into()]).await
    }

    /// A receiver's parked deliveries, oldest first, after `after`.
    pub async fn deliveries_parked_to(
        &self,
        receiver: SubscriptionId,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT version, data FROM deliveries WHERE subscription = $1 AND state = 'parked' AND id > $2 ORDER BY id LIMIT $3";
        self.list(sql, vec![SqlValue::display(receiver), lower_bound(after), i64::from(limit).into()]).await
    }

    /// The number of parked deliveries per receiver of a partner, counting at most `most` for each.
    pub async fn parked_counts(&self, partner: PartnerId, most: u32) -> Result<Vec<(SubscriptionId, i64)>, StoreError> {
        let sql = "SELECT s.id, (SELECT COUNT(*) FROM (SELECT 1 FROM deliveries d WHERE d.subscription = s.id AND d.state = 'parked' \
                   LIMIT $2) AS parked) FROM subscriptions s WHERE s.partner = $1 ORDER BY s.id LIMIT 1000";
        let rows = self.rows(sql, vec![partner.to_string().into(), i64::from(most).into()]).await?;
        rows.iter().map(|row| Ok((row.parse(0)?, row.int(1)?))).collect()
    }
}
