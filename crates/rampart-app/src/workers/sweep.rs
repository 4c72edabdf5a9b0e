//! The safety net: recreates lost jobs of orders, transfers and payouts that wait for one, and deletes expired rows.

use std::time::{Duration, Instant};

use rampart_core::id::{DeliveryId, PayoutId, TransferId};
use rampart_core::order::arrival::Leg;
use rampart_core::order::{Order, PaymentStatus, RampoffStatus};
use rampart_core::outgoing::{Payout, PayoutState, PayoutStatus, TransferStatus};
use rampart_core::step::Step;
use rampart_core::step::job::{Job, JobKind};
use rampart_core::step::record::RecordKey;
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use crate::app::App;
use crate::error::AppResult;

/// The age at which a waiting record is examined (business time); jobs usually finish within a second.
const MIN_AGE: Duration = Duration::from_secs(60);
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);
const PAGE_ROWS: u32 = 256;
/// Rows of each table deleted in one transaction, which occupies the writer for some milliseconds.
const PRUNE_ROWS: u32 = 1_000;
/// Deletion time per turn; the rest is left to the next turn, which follows at once.
const PRUNE_TIME_LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct Sweep {
    app: App,
}

impl Sweep {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }

    async fn sweep(&self) -> AppResult<TurnOutcome> {
        let before = self.app.business.now().before(MIN_AGE);
        self.orders(Leg::Buying, before).await?;
        self.orders(Leg::Selling, before).await?;
        self.transfers(before).await?;
        self.payouts(before, PayoutStatus::Queued).await?;
        self.payouts(before, PayoutStatus::Unknown).await?;
        self.delete_expired().await
    }

    async fn orders(&self, leg: Leg, before: Timestamp) -> AppResult<()> {
        let (store, mut after) = (&self.app.store, None);
        loop {
            let (kind, orders): (_, Vec<Order>) = match leg {
                Leg::Buying => {
                    let stuck = store.stuck_payments(PaymentStatus::PaymentReceived, before, after, PAGE_ROWS).await?;
                    (JobKind::ScreenPayment, stuck.into_iter().map(Order::from).collect())
                }
                Leg::Selling => {
                    let stuck = store.stuck_rampoffs(RampoffStatus::CryptoReceived, before, after, PAGE_ROWS).await?;
                    (JobKind::ScreenRampoff, stuck.into_iter().map(Order::from).collect())
                }
            };
            for order in orders.iter().filter(|order| order.awaits_screening()) {
                let (key, version) = order.relied();
                self.recreate_job(kind, &order.id().to_string(), key, version).await?;
            }
            after = orders.last().map(|order| (order.head().updated_at, order.id()));
            if orders.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX) {
                return Ok(());
            }
        }
    }

    async fn transfers(&self, before: Timestamp) -> AppResult<()> {
        let newest = TransferId::first_at(before);
        for chain in &self.app.catalogue.chains {
            for state in [TransferStatus::Queued, TransferStatus::Signed] {
                let mut after = None;
                loop {
                    let page = self.app.store.transfers_in_state(chain.name, state, after, PAGE_ROWS).await?;
                    let is_last =
                        page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX) || page.iter().any(|each| each.id >= newest);
                    after = page.last().map(|transfer| transfer.id);
                    for transfer in page.iter().filter(|transfer| transfer.id < newest) {
                        let key = RecordKey::Transfer(transfer.id);
                        self.recreate_job(transfer.next_job(), &transfer.id.to_string(), key, transfer.version).await?;
                    }
                    if is_last {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    async fn payouts(&self, before: Timestamp, state: PayoutStatus) -> AppResult<()> {
        let newest = PayoutId::first_at(before);
        let mut after = None;
        loop {
            let page = self.app.store.payouts_in_state(state, after, PAGE_ROWS).await?;
            let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX) || page.iter().any(|each| each.id >= newest);
            after = page.last().map(|payout| payout.id);
            let waits = |payout: &&Payout| payout.id < newest && matches!(payout.state, PayoutState::Queued | PayoutState::Unknown);
            for payout in page.iter().filter(waits) {
                let kind = if payout.state == PayoutState::Queued { payout.next_job() } else { JobKind::CheckPayout };
                self.recreate_job(kind, &payout.id.to_string(), RecordKey::Payout(payout.id), payout.version).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Creates the missing job. The step relies on the record's version: a process that completes the job at this moment changes it.
    async fn recreate_job(&self, kind: JobKind, subject: &str, key: RecordKey, version: i64) -> AppResult<()> {
        let app = &self.app;
        if app.store.jobs_of_subject(subject).await?.iter().any(|job| job.kind == kind) {
            return Ok(());
        }
        let mut step = Step::new();
        step.rely(key, version);
        step.write(Job::due_now(&app.mint(), kind, subject));
        match app.commit(step).await {
            Ok(_) => {
                tracing::warn!(kind = kind.as_str(), subject, "a lost job was recreated");
                Ok(())
            }
            Err(CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Sweep {
    /// Deletes expired rows as fast as they arise: every write leaves rows that expire, so a fixed number per turn would let the tables
    /// grow without bound.
    async fn delete_expired(&self) -> AppResult<TurnOutcome> {
        let begun = Instant::now();
        let mut more = self.prune(begun).await?;
        more |= self.delete_delivered(begun).await?;
        Ok(if more { TurnOutcome::More } else { TurnOutcome::Idle })
    }

    /// Deletes expired claims, counters and batches. Returns whether more is left.
    async fn prune(&self, begun: Instant) -> AppResult<bool> {
        let app = &self.app;
        let limit = u64::from(PRUNE_ROWS);
        loop {
            let round = Instant::now();
            let pruned = app.store.prune(app.business.now(), PRUNE_ROWS.into()).await?;
            if pruned.claims < limit && pruned.counters < limit && pruned.batches < limit {
                return Ok(false);
            }
            if begun.elapsed() >= PRUNE_TIME_LIMIT {
                return Ok(true);
            }
            // Pauses as long as the deletion took, so that commits keep at least half of the writer's time.
            app.real.sleep_until(app.real.now().after(round.elapsed())).await;
        }
    }

    /// Deletes old delivered deliveries; events are kept. Returns whether more is left.
    async fn delete_delivered(&self, begun: Instant) -> AppResult<bool> {
        let app = &self.app;
        let kept = Duration::from_secs(u64::from(app.config.retention.delivered_days) * 24 * 60 * 60);
        let before = DeliveryId::first_at(app.business.now().before(kept));
        loop {
            let page = app.store.deliveries_delivered(before, PAGE_ROWS).await?;
            let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
            let mut step = Step::new();
            step.removals = page.into_iter().map(|delivery| (RecordKey::Delivery(delivery.id), delivery.version)).collect();
            match app.commit(step).await {
                Ok(_) if is_last => return Ok(false),
                Ok(_) if begun.elapsed() >= PRUNE_TIME_LIMIT => return Ok(true),
                Ok(_) => {}
                // Another process is deleting the same rows.
                Err(CommitError::Conflict(_)) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Worker for Sweep {
    fn name(&self) -> String {
        "sweep".to_owned()
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.sweep())
    }

    fn interval(&self) -> Option<Duration> {
        Some(SWEEP_INTERVAL)
    }
}
