//! What operators look at: the list of what needs a person, and how many orders stand where.

use rampart_core::id::{FactId, OrderId, ReviewId};
use rampart_core::payment::Payment;
use rampart_core::rampoff::Rampoff;
use rampart_core::review::ReviewItem;
use rampart_core::time::Timestamp;
use sqlx::AssertSqlSafe;

use super::lower_bound;
use crate::error::StoreError;
use crate::store::Store;
use crate::tables::{RecordTable, Stored};

/// How many orders that are not settled stand in each status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderCounts {
    /// Payments: (status, how many).
    pub payments: Vec<(String, i64)>,
    /// Ramp-offs: (status, how many).
    pub rampoffs: Vec<(String, i64)>,
    /// Facts that wait to be applied.
    pub facts_waiting: i64,
    /// When the oldest of them was stored.
    pub oldest_fact_at: Option<Timestamp>,
    /// Items that wait for a person.
    pub reviews_waiting: i64,
    /// Deliveries that wait or are being retried.
    pub deliveries_pending: i64,
    /// Deliveries that were parked.
    pub deliveries_parked: i64,
    /// Subscriptions that are disabled because their receivers want no more.
    pub subscriptions_disabled: i64,
    /// When the one that is due longest (or next) is due; the lag of deliveries.
    pub oldest_delivery_due_at: Option<Timestamp>,
    /// Jobs: (kind, how many, when the one that is due longest or next is due).
    pub jobs: Vec<(String, i64, Timestamp)>,
    /// Jobs that were tried again and again.
    pub jobs_failing: i64,
}

impl Store {
    /// What waits for a person, oldest first, behind `after`.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn reviews_waiting(&self, after: Option<ReviewId>, limit: u32) -> Result<Vec<ReviewItem>, StoreError> {
        self.list(
            "SELECT version, data FROM reviews WHERE waiting AND id > $1 ORDER BY id LIMIT $2",
            vec![lower_bound(after), i64::from(limit).into()],
        )
        .await
    }

    /// What has stopped sending and waits for a person to say go on, in the order of what is stopped.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn stops(&self) -> Result<Vec<ReviewItem>, StoreError> {
        // Among the alarms, which are few and each the only one of its kind; `!` is the character behind a blank.
        self.list(
            "SELECT version, data FROM reviews WHERE alarm IS NOT NULL AND alarm >= 'stopped ' AND alarm < 'stopped!' ORDER BY alarm",
            Vec::new(),
        )
        .await
    }

    /// What waited or waits for a person, resolved or not, oldest first, behind `after`.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn reviews(&self, after: Option<ReviewId>, limit: u32) -> Result<Vec<ReviewItem>, StoreError> {
        self.list("SELECT version, data FROM reviews WHERE id > $1 ORDER BY id LIMIT $2", vec![lower_bound(after), i64::from(limit).into()])
            .await
    }

    /// The items of an order, resolved or not, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn reviews_of_order(&self, order: OrderId, limit: u32) -> Result<Vec<ReviewItem>, StoreError> {
        let sql = "SELECT version, data FROM reviews WHERE order_id = $1 ORDER BY id DESC LIMIT $2";
        self.list(sql, vec![order.to_string().into(), i64::from(limit).into()]).await
    }

    /// The items about a fact, resolved or not, oldest first: more than one when what an item was resolved by did not work, and
    /// when what it brought was lost afterwards.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn reviews_of_fact(&self, fact: FactId) -> Result<Vec<ReviewItem>, StoreError> {
        self.list("SELECT version, data FROM reviews WHERE fact = $1 ORDER BY id", vec![fact.to_string().into()]).await
    }

    /// What was taken back after an order had completed and waits for a person, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn reversals_waiting(&self, order: OrderId) -> Result<Vec<ReviewItem>, StoreError> {
        let sql = "SELECT version, data FROM reviews WHERE order_id = $1 AND kind = 'reversal' AND waiting ORDER BY id";
        self.list(sql, vec![order.to_string().into()]).await
    }

    /// How much is under way, for metrics. Costs as much as is under way, and not as much as was ever done.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
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

    /// How many orders are under way in each status: those that time will change, and the others.
    async fn under_way(&self, table: &RecordTable) -> Result<Vec<(String, i64)>, StoreError> {
        let sql = format!(
            "SELECT status, COUNT(*) FROM (SELECT status FROM {table} WHERE due_at IS NOT NULL \
             UNION ALL SELECT status FROM {table} WHERE open AND due_at IS NULL) AS under_way GROUP BY status ORDER BY status",
            table = table.name
        );
        self.rows(AssertSqlSafe(sql), Vec::new()).await?.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
    }

    async fn job_counts(&self) -> Result<Vec<(String, i64, Timestamp)>, StoreError> {
        let rows = self.rows("SELECT kind, COUNT(*), MIN(due_at) FROM jobs GROUP BY kind ORDER BY kind", Vec::new()).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?, Timestamp::from_micros(row.int(2)?)))).collect()
    }

    async fn count(&self, sql: &'static str) -> Result<i64, StoreError> {
        self.rows(sql, Vec::new()).await?.first().map_or(Ok(0), |row| Ok(row.int(0)?))
    }
}
