//! The safety net: orders, transfers and payouts that wait for a job which nobody holds any more get a new one, and what
//! has expired is forgotten.

use std::time::{Duration, Instant};

use rampart_core::id::{DeliveryId, PayoutId, TransferId};
use rampart_core::job::{Job, JobKind};
use rampart_core::outgoing::{Payout, PayoutState};
use rampart_core::payment::PaymentState;
use rampart_core::rampoff::RampoffState;
use rampart_core::record::RecordKey;
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use super::supervisor::{Task, Turn, Worker};
use crate::app::App;
use crate::error::AppResult;

/// How long something waits before it is looked at (business time): jobs are usually done within a second.
const OLD_ENOUGH: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(30);
const PAGE: u32 = 256;
/// How many rows of each table one transaction forgets: it holds the writer for some milliseconds.
const PRUNED_AT_ONCE: u32 = 1_000;
/// How long one turn forgets at most. What is left then is forgotten by the next, which follows at once.
const PRUNED_FOR: Duration = Duration::from_secs(10);

/// Sweeps.
pub(crate) struct Sweep {
    app: App,
}

impl Sweep {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }

    async fn sweep(&self) -> AppResult<Turn> {
        let before = self.app.business().now().before(OLD_ENOUGH);
        self.payments(before).await?;
        self.rampoffs(before).await?;
        self.transfers(before).await?;
        self.payouts(before, "queued").await?;
        self.payouts(before, "unknown").await?;
        self.forget().await
    }

    async fn payments(&self, before: Timestamp) -> AppResult<()> {
        let mut behind = None;
        loop {
            let orders = self.app.store().stuck_payments("payment_received", before, behind, PAGE).await?;
            for order in orders.iter().filter(|order| matches!(order.state, PaymentState::PaymentReceived { .. })) {
                self.revive(JobKind::ScreenPayment, &order.id.to_string(), RecordKey::Payment(order.id), order.version).await?;
            }
            behind = orders.last().map(|order| (order.updated_at, order.id));
            if orders.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                return Ok(());
            }
        }
    }

    async fn rampoffs(&self, before: Timestamp) -> AppResult<()> {
        let mut behind = None;
        loop {
            let orders = self.app.store().stuck_rampoffs("crypto_received", before, behind, PAGE).await?;
            for order in orders.iter().filter(|order| matches!(order.state, RampoffState::CryptoReceived { .. })) {
                self.revive(JobKind::ScreenRampoff, &order.id.to_string(), RecordKey::Rampoff(order.id), order.version).await?;
            }
            behind = orders.last().map(|order| (order.updated_at, order.id));
            if orders.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                return Ok(());
            }
        }
    }

    async fn transfers(&self, before: Timestamp) -> AppResult<()> {
        let young = TransferId::first_at(before);
        for chain in &self.app.catalogue().chains {
            for state in ["queued", "signed"] {
                let mut behind = None;
                loop {
                    let page = self.app.store().transfers_in_state(chain.name, state, behind, PAGE).await?;
                    let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) || page.iter().any(|each| each.id >= young);
                    behind = page.last().map(|transfer| transfer.id);
                    for transfer in page.iter().filter(|transfer| transfer.id < young) {
                        let key = RecordKey::Transfer(transfer.id);
                        self.revive(transfer.next_job(), &transfer.id.to_string(), key, transfer.version).await?;
                    }
                    if is_last {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    async fn payouts(&self, before: Timestamp, state: &str) -> AppResult<()> {
        let young = PayoutId::first_at(before);
        let mut behind = None;
        loop {
            let page = self.app.store().payouts_in_state(state, behind, PAGE).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) || page.iter().any(|each| each.id >= young);
            behind = page.last().map(|payout| payout.id);
            let waits = |payout: &&Payout| payout.id < young && matches!(payout.state, PayoutState::Queued | PayoutState::Unknown);
            for payout in page.iter().filter(waits) {
                let kind = if payout.state == PayoutState::Queued { payout.next_job() } else { JobKind::CheckPayout };
                self.revive(kind, &payout.id.to_string(), RecordKey::Payout(payout.id), payout.version).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Makes the job that is missing. The record is relied upon: whoever finishes its job at this moment changes it.
    async fn revive(&self, kind: JobKind, subject: &str, key: RecordKey, version: i64) -> AppResult<()> {
        let app = &self.app;
        if app.store().jobs_of_subject(subject).await?.iter().any(|job| job.kind == kind) {
            return Ok(());
        }
        let mut step = Step::new();
        step.rely(key, version);
        step.write(Job::due_now(&app.mint(), kind, subject));
        match app.commit(step).await {
            Ok(_) => {
                tracing::warn!(kind = kind.as_str(), subject, "a lost job was made again");
                Ok(())
            }
            Err(CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Sweep {
    /// Forgets what has expired as fast as it arises: every write leaves rows behind that expire, so a fixed number a turn
    /// would let the tables grow for ever.
    async fn forget(&self) -> AppResult<Turn> {
        let begun = Instant::now();
        let mut more = self.prune(begun).await?;
        more |= self.forget_delivered(begun).await?;
        Ok(if more { Turn::More } else { Turn::Idle })
    }

    /// Claims, counters and batches. Tells whether there is more.
    async fn prune(&self, begun: Instant) -> AppResult<bool> {
        let app = &self.app;
        let limit = u64::from(PRUNED_AT_ONCE);
        loop {
            let round = Instant::now();
            let pruned = app.store().prune(app.business().now(), PRUNED_AT_ONCE.into()).await?;
            if pruned.claims < limit && pruned.counters < limit && pruned.batches < limit {
                return Ok(false);
            }
            if begun.elapsed() >= PRUNED_FOR {
                return Ok(true);
            }
            // The writer is left alone for as long as it was taken: commits keep at least half of it.
            app.real().sleep_until(app.real().now().after(round.elapsed())).await;
        }
    }

    /// Deliveries that arrived long ago; the events themselves stay. Tells whether there is more.
    async fn forget_delivered(&self, begun: Instant) -> AppResult<bool> {
        let app = &self.app;
        let kept = Duration::from_secs(u64::from(app.config().retention.delivered_days) * 24 * 60 * 60);
        let before = DeliveryId::first_at(app.business().now().before(kept));
        loop {
            let page = app.store().deliveries_delivered(before, PAGE).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            let mut step = Step::new();
            step.removals = page.into_iter().map(|delivery| (RecordKey::Delivery(delivery.id), delivery.version)).collect();
            match app.commit(step).await {
                Ok(_) if is_last => return Ok(false),
                Ok(_) if begun.elapsed() >= PRUNED_FOR => return Ok(true),
                Ok(_) => {}
                // Another process forgets the same.
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

    fn turn(&self) -> Task<'_, AppResult<Turn>> {
        Box::pin(self.sweep())
    }

    fn woken(&self) -> Task<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn interval(&self) -> Option<Duration> {
        Some(EVERY)
    }
}
