//! Reads for operators: review items, and the number of orders in each status.

use rampart_core::id::{FactId, OrderId, ReviewId};
use rampart_core::order::payment::Payment;
use rampart_core::order::rampoff::Rampoff;
use rampart_core::review::ReviewItem;
use rampart_core::time::Timestamp;

use super::lower_bound;
use crate::Store;
use crate::error::StoreError;
use crate::tables::{RecordTable, Stored};

/// Counts of unsettled work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderCounts {
    pub payments: Vec<(String, i64)>,
    pub rampoffs: Vec<(String, i64)>,
    pub facts_waiting: i64,
    /// When the oldest waiting fact was stored.
    pub oldest_fact_at: Option<Timestamp>,
    pub reviews_waiting: i64,
    /// Deliveries that wait for their first or next attempt.
    pub deliveries_pending: i64,
    pub deliveries_parked: i64,
    /// Subscriptions disabled because their receiver answered that it is gone.
    pub subscriptions_disabled: i64,
    /// Due time of the earliest pending delivery; the lag of deliveries.
    pub oldest_delivery_due_at: Option<Timestamp>,
    pub jobs: Vec<(String, i64, Timestamp)>,
    pub jobs_failing: i64,
}

impl Store {
    /// Open review items, oldest first, after `after`.
    pub async fn reviews_waiting(&self, after: Option<ReviewId>, limit: u32) -> Result<Vec<ReviewItem>, StoreError> {
        self.list(
            "SELECT version, data FROM reviews WHERE waiting AND id > $1 ORDER BY id LIMIT $2",
            vec![lower_bound(after), i64::from(limit).into()],
        )
        .await
    }

    /// Open items that stop the sending of money until an operator resumes it, ordered by what they stop.
    pub async fn stops(&self) -> Result<Vec<ReviewItem>, StoreError> {
        // Stops are among the alarms, which are few and unique per kind; `!` is the character after the space.
        self.list(
            "SELECT version, data FROM reviews WHERE alarm IS NOT NULL AND alarm >= 'stopped ' AND alarm < 'stopped!' ORDER BY alarm",
            Vec::new(),
        )
        .await
    }

    /// All review items, open or resolved, oldest first, after `after`.
    pub async fn reviews(&self, after: Option<ReviewId>, limit: u32) -> Result<Vec<ReviewItem>, StoreError> {
        self.list("SELECT version, data FROM reviews WHERE id > $1 ORDER BY id LIMIT $2", vec![lower_bound(after), i64::from(limit).into()])
            .await
    }

    /// The review items of an order, open or resolved, newest first.
    pub async fn reviews_of_order(&self, order: OrderId, limit: u32) -> Result<Vec<ReviewItem>, StoreError> {
        let sql = "SELECT version, data FROM reviews WHERE order_id = $1 ORDER BY id DESC LIMIT $2";
        self.list(sql, vec![order.to_string().into(), i64::from(limit).into()]).await
    }

    /// The review items about a fact, open or resolved, oldest first. There are several when resolving one failed, or when the money
    /// was lost afterwards.
    pub async fn reviews_of_fact(&self, fact: FactId) -> Result<Vec<ReviewItem>, StoreError> {
        self.list("SELECT version, data FROM reviews WHERE fact = $1 ORDER BY id", vec![fact.to_string().into()]).await
    }

    /// Open reversals of an order that had completed, oldest first.
    pub async fn reversals_waiting(&self, order: OrderId) -> Result<Vec<ReviewItem>, StoreError> {
        let sql = "SELECT version, data FROM reviews WHERE order_id = $1 AND kind = 'reversal' AND waiting ORDER BY id";
        self.list(sql, vec![order.to_string().into()]).await
    }

    /// Counts of unsettled work, for metrics. The cost grows with the open work, not with the history.
    pub async fn order_counts(&self) -> Result<OrderCounts, StoreError> {
        Ok(OrderCounts {
            payments: self.under_way(Payment::TABLE).await?,
            rampoffs: self.under_way(Rampoff::TABLE).await?,
            facts_waiting: self.count("SELECT COUNT(*) FROM facts WHERE waiting").await?,
            reviews_waiting: self.count("SELECT COUNT(*) FROM reviews WHERE waiting").await?,
            deliveries_pending: self.count("SELECT COUNT(*) FROM deliveries WHERE state = 'pending'").await?,
            deliveries_parked: self.count("SELECT COUNT(*) FROM deliveries WHERE state = 'parked'").await?,
            subscriptions_disabled: self.count("SELECT COUNT(*) FROM subscriptions WHERE disabled").await?,
            oldest_fact_at: self.oldest_fact_waiting_at().await?,
            oldest_delivery_due_at: self.next_delivery_due_at().await?,
            jobs: self.job_counts().await?,
            jobs_failing: self.count("SELECT COUNT(*) FROM jobs WHERE failing").await?,
        })
    }

    /// Open orders per status: those with a due time, and the others.
    async fn under_way(&self, table: &RecordTable) -> Result<Vec<(String, i64)>, StoreError> {
        let sql = format!(
            "SELECT status, COUNT(*) FROM (SELECT status FROM {table} WHERE due_at IS NOT NULL \
             UNION ALL SELECT status FROM {table} WHERE open AND due_at IS NULL) AS under_way GROUP BY status ORDER BY status",
            table = table.name
        );
        self.rows(sql, Vec::new()).await?.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
    }

    async fn job_counts(&self) -> Result<Vec<(String, i64, Timestamp)>, StoreError> {
        let rows = self.rows("SELECT kind, COUNT(*), MIN(due_at) FROM jobs GROUP BY kind ORDER BY kind", Vec::new()).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?, Timestamp::from_micros(row.int(2)?)))).collect()
    }

    async fn count(&self, sql: &'static str) -> Result<i64, StoreError> {
        self.rows(sql, Vec::new()).await?.first().map_or(Ok(0), |row| Ok(row.int(0)?))
    }
}
