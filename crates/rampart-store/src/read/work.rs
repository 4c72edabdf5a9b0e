//! Reads for workers: jobs, facts, deposits, transfers and payouts.

use rampart_core::id::{DepositId, FactId, JobId, OrderId, PayoutId, TransferId, TransmissionId};
use rampart_core::money::asset::Chain;
use rampart_core::outgoing::{Payout, PayoutStatus, Slot, Transfer, TransferStatus, Transmission, TransmissionStatus};
use rampart_core::step::fact::Fact;
use rampart_core::step::job::{Job, JobKind};
use rampart_core::step::watch::{Deposit, DepositState};
use rampart_core::time::Timestamp;

use super::lower_bound;
use crate::Store;
use crate::error::StoreError;
use crate::tables::read;

impl Store {
    /// Jobs of a kind that are due (business time) and not leased (real time), longest overdue first.
    pub async fn jobs_due(&self, kind: JobKind, now: Timestamp, real_now: Timestamp, limit: u32) -> Result<Vec<Job>, StoreError> {
        let sql = "SELECT version, data FROM jobs WHERE kind = $1 AND due_at <= $2 AND (leased_until IS NULL OR leased_until <= $3) \
                   ORDER BY due_at, id LIMIT $4";
        self.list(sql, vec![kind.as_str().into(), now.micros().into(), real_now.micros().into(), i64::from(limit).into()]).await
    }

    /// The jobs of a subject, such as an order or a payout.
    pub async fn jobs_of_subject(&self, subject: &str) -> Result<Vec<Job>, StoreError> {
        self.list("SELECT version, data FROM jobs WHERE subject = $1 ORDER BY kind, id LIMIT 100", vec![subject.into()]).await
    }

    /// Jobs that failed repeatedly, oldest first, after `after`.
    pub async fn jobs_failing(&self, after: Option<JobId>, limit: u32) -> Result<Vec<Job>, StoreError> {
        let sql = "SELECT version, data FROM jobs WHERE failing AND id > $1 ORDER BY id LIMIT $2";
        self.list(sql, vec![lower_bound(after), i64::from(limit).into()]).await
    }

    /// Facts that are neither applied nor quarantined, oldest first, after `after`.
    pub async fn facts_waiting(&self, after: Option<FactId>, limit: u32) -> Result<Vec<Fact>, StoreError> {
        self.list(
            "SELECT version, data FROM facts WHERE waiting AND id > $1 ORDER BY id LIMIT $2",
            vec![lower_bound(after), i64::from(limit).into()],
        )
        .await
    }

    /// Like [`Store::facts_waiting`], with a result per fact: a record that cannot be read does not block the others.
    pub async fn facts_to_apply(&self, after: Option<FactId>, limit: u32) -> Result<Vec<(FactId, Result<Fact, StoreError>)>, StoreError> {
        let sql = "SELECT version, data, id FROM facts WHERE waiting AND id > $1 ORDER BY id LIMIT $2";
        let rows = self.rows(sql, vec![lower_bound(after), i64::from(limit).into()]).await?;
        rows.iter().map(|row| Ok((row.parse(2)?, read(row)))).collect()
    }

    /// When the oldest waiting fact was stored; `None` when none waits.
    pub async fn oldest_fact_waiting_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = self.inner.readers.fetch_optional("SELECT id FROM facts WHERE waiting ORDER BY id LIMIT 1", Vec::new()).await?;
        row.map(|row| Ok(row.parse::<FactId>(0)?.minted_at())).transpose()
    }

    /// Deposits of a chain in a state, oldest first, after `after`.
    pub async fn deposits_in_state(
        &self,
        chain: Chain,
        state: DepositState,
        after: Option<DepositId>,
        limit: u32,
    ) -> Result<Vec<Deposit>, StoreError> {
        let sql = "SELECT version, data FROM deposits WHERE chain = $1 AND state = $2 AND id > $3 ORDER BY id LIMIT $4";
        self.list(sql, vec![chain.as_str().into(), state.as_str().into(), lower_bound(after), i64::from(limit).into()]).await
    }

    /// Deposits of a chain at this block height or higher, lowest first, after `after` (height and identifier of the last one of the
    /// previous page): those a reorganisation may undo.
    pub async fn deposits_from_height(
        &self,
        chain: Chain,
        height: u64,
        after: Option<(u64, DepositId)>,
        limit: u32,
    ) -> Result<Vec<Deposit>, StoreError> {
        let sql =
            "SELECT version, data FROM deposits WHERE chain = $1 AND height >= $2 AND (height, id) > ($3, $4) ORDER BY height, id LIMIT $5";
        let number = |height: u64| i64::try_from(height).unwrap_or(i64::MAX);
        let (from, id) = after.map_or_else(|| (-1, String::new()), |(height, id)| (number(height), id.to_string()));
        self.list(sql, vec![chain.as_str().into(), number(height).into(), from.into(), id.into(), i64::from(limit).into()]).await
    }

    /// Confirmed deposits of a chain that are not swept into the hot wallet, oldest first, after `after`.
    pub async fn deposits_to_sweep(&self, chain: Chain, after: Option<DepositId>, limit: u32) -> Result<Vec<Deposit>, StoreError> {
        let sql = "SELECT version, data FROM deposits WHERE chain = $1 AND to_sweep AND id > $2 ORDER BY id LIMIT $3";
        self.list(sql, vec![chain.as_str().into(), lower_bound(after), i64::from(limit).into()]).await
    }

    /// The deposits of a ramp-off, oldest first.
    pub async fn deposits_of_order(&self, order: OrderId) -> Result<Vec<Deposit>, StoreError> {
        let sql = "SELECT version, data FROM deposits WHERE order_id = $1 ORDER BY id LIMIT 1000";
        self.list(sql, vec![order.to_string().into()]).await
    }

    /// Transfers of a chain in a state, oldest first, after `after`.
    pub async fn transfers_in_state(
        &self,
        chain: Chain,
        state: TransferStatus,
        after: Option<TransferId>,
        limit: u32,
    ) -> Result<Vec<Transfer>, StoreError> {
        let sql = "SELECT version, data FROM transfers WHERE chain = $1 AND state = $2 AND id > $3 ORDER BY id LIMIT $4";
        self.list(sql, vec![chain.as_str().into(), state.as_str().into(), lower_bound(after), i64::from(limit).into()]).await
    }

    /// Transmissions of a chain in a state, oldest first, after `after`.
    pub async fn transmissions_in_state(
        &self,
        chain: Chain,
        state: TransmissionStatus,
        after: Option<TransmissionId>,
        limit: u32,
    ) -> Result<Vec<Transmission>, StoreError> {
        let sql = "SELECT version, data FROM transmissions WHERE chain = $1 AND state = $2 AND id > $3 ORDER BY id LIMIT $4";
        self.list(sql, vec![chain.as_str().into(), state.as_str().into(), lower_bound(after), i64::from(limit).into()]).await
    }

    /// The transmission of a slot.
    pub async fn transmission_of_slot(&self, chain: Chain, slot: &Slot) -> Result<Option<Transmission>, StoreError> {
        let sql = "SELECT version, data FROM transmissions WHERE chain = $1 AND slot = $2";
        self.single(sql, vec![chain.as_str().into(), slot.key().into()]).await
    }

    /// Transmissions whose slot was spent in a block of this height or above, lowest first, after `after`.
    pub async fn transmissions_from_height(
        &self,
        chain: Chain,
        height: u64,
        after: Option<(u64, TransmissionId)>,
        limit: u32,
    ) -> Result<Vec<Transmission>, StoreError> {
        let sql = "SELECT version, data FROM transmissions WHERE chain = $1 AND height >= $2 AND (height, id) > ($3, $4) \
                   ORDER BY height, id LIMIT $5";
        let number = |height: u64| i64::try_from(height).unwrap_or(i64::MAX);
        let (from, id) = after.map_or_else(|| (-1, String::new()), |(height, id)| (number(height), id.to_string()));
        self.list(sql, vec![chain.as_str().into(), number(height).into(), from.into(), id.into(), i64::from(limit).into()]).await
    }

    /// The transfers of an order, oldest first.
    pub async fn transfers_of_order(&self, order: OrderId) -> Result<Vec<Transfer>, StoreError> {
        let sql = "SELECT version, data FROM transfers WHERE order_id = $1 ORDER BY id LIMIT 1000";
        self.list(sql, vec![order.to_string().into()]).await
    }

    /// Payouts in a state, oldest first, after `after`.
    pub async fn payouts_in_state(&self, state: PayoutStatus, after: Option<PayoutId>, limit: u32) -> Result<Vec<Payout>, StoreError> {
        let sql = "SELECT version, data FROM payouts WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3";
        self.list(sql, vec![state.as_str().into(), lower_bound(after), i64::from(limit).into()]).await
    }

    /// The payouts of an order, oldest first.
    pub async fn payouts_of_order(&self, order: OrderId) -> Result<Vec<Payout>, StoreError> {
        let sql = "SELECT version, data FROM payouts WHERE order_id = $1 ORDER BY id LIMIT 1000";
        self.list(sql, vec![order.to_string().into()]).await
    }
}
