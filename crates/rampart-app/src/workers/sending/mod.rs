//! Sends coins. Per chain, queued transfers get a slot each in one step: nonces, unsigned bytes and the wallet's next nonce are committed
//! before anything is signed, and what is signed before it is offered to the chain ([`transmit`]). A transfer that cannot be signed is set
//! aside by itself ([`unsigned`]), and its slot goes to the next one.
//!
//! **Nonces.** The wallet's record allocates them; its version makes two processes conflict instead of sharing a nonce. What was signed for
//! a nonce is offered until a final block has spent it; no answer of a node ends a transfer. A nonce for which nothing was signed goes to
//! the next transfer, or, where others wait behind it, to a transaction that only spends it ([`slots`]).

pub(crate) mod earlier;
pub(crate) mod replacing;
mod reserve;
mod slots;
pub(crate) mod transmit;
pub(crate) mod unsigned;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use parking_lot::Mutex;
use rampart_core::id::{CustomerId, TransferId};
use rampart_core::money::asset::Chain;
use rampart_core::outgoing::{FeeTerms, Screening, Transfer, TransferFact, TransferPurpose, TransferState, Transmission};
use rampart_core::ports::ChainPorts;
use rampart_core::step::Step;
use rampart_core::step::job::{Job, JobKind};
use rampart_core::step::record::RecordKey;
use rampart_core::text;
use rampart_store::CommitError;

use super::leases::{self, LeasedJob};
use super::observe::{Permission, Reading, describe_stop};
use super::pool::Pool;
use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use super::transfers;
use crate::app::{App, MAX_COMMIT_ATTEMPTS};
use crate::error::{AppError, AppResult};
use crate::workers::stops;
use reserve::{Readiness, ReservedTransfer};
use slots::{Comparisons, Slots};
use transmit::Sent;

/// Most transfers whose slots are reserved in one step.
const BATCH_TRANSFERS: usize = 128;

/// Concurrent reads of customers.
const CONCURRENT_READS: usize = 16;

/// A transfer that waits to be sent, with its job.
#[derive(Clone)]
struct Queued {
    job: Job,
    transfer: Transfer,
}

/// What there is to do on a chain.
#[derive(Default)]
struct ChainWork {
    queued: Vec<Queued>,
    /// A slot is reserved for them, by a process that recorded no outcome.
    reserved: Vec<Queued>,
}

pub(crate) struct Sender {
    app: App,
    pool: Pool,
    comparisons: Arc<Comparisons>,
    /// Chains on which nothing is left of what earlier versions signed.
    converted: Mutex<BTreeSet<Chain>>,
}

impl Sender {
    pub(crate) fn new(app: App) -> Self {
        let pool = Pool::new(app.config.workers.concurrency);
        Self { pool, comparisons: Arc::default(), converted: Mutex::default(), app }
    }

    async fn send(&self) -> AppResult<TurnOutcome> {
        let app = &self.app;
        for chain in &app.catalogue.chains {
            if !self.converted.lock().contains(&chain.name) {
                earlier::convert(app, chain.name).await?;
                self.converted.lock().insert(chain.name);
            }
        }
        let free = self.pool.free().min(BATCH_TRANSFERS);
        if free == 0 {
            return Ok(TurnOutcome::Idle);
        }
        let stops = stops::present(app).await?;
        if stops.everything {
            return Ok(TurnOutcome::Idle);
        }
        let asked = u32::try_from(self.pool.busy() + free).unwrap_or(u32::MAX);
        let due = app.store.jobs_due(JobKind::SendTransfer, app.business.now(), app.real.now(), asked).await?;
        let new_jobs: Vec<Job> = due.into_iter().filter(|job| !self.pool.has(&job.id.to_string())).take(free).collect();
        let is_full = new_jobs.len() == free;
        let mut first_error = None;
        for (chain, work) in self.by_chain(new_jobs).await? {
            if stops.holds(chain) {
                // Rescheduled, so that they do not crowd out jobs of other chains.
                let jobs = work.queued.into_iter().chain(work.reserved).map(|queued| queued.job).collect();
                leases::reschedule_all(app, jobs, "sending on its chain is stopped: see `rampart review list`").await?;
                continue;
            }
            // An error on one chain must not delay the others.
            if let Err(error) = self.on_chain(chain, work).await {
                first_error.get_or_insert(error);
            }
        }
        match first_error {
            Some(error) => Err(error),
            None if is_full => Ok(TurnOutcome::More),
            None => Ok(TurnOutcome::Idle),
        }
    }

    /// Jobs with their transfers by chain. Jobs that have nothing left to do are removed.
    async fn by_chain(&self, jobs: Vec<Job>) -> AppResult<BTreeMap<Chain, ChainWork>> {
        let app = &self.app;
        let mut chains: BTreeMap<Chain, ChainWork> = BTreeMap::new();
        for chain in app.catalogue.chains.iter().filter(|chain| self.comparisons.is_due(app, chain.name)) {
            chains.entry(chain.name).or_default();
        }
        let ids = jobs.iter().map(leases::subject).collect::<AppResult<Vec<TransferId>>>()?;
        let mut transfers: BTreeMap<TransferId, Transfer> =
            app.store.transfers_by_id(&ids).await?.into_iter().map(|transfer| (transfer.id, transfer)).collect();
        for (job, id) in jobs.into_iter().zip(ids) {
            let Some(transfer) = transfers.remove(&id) else {
                leases::remove_job(app, &LeasedJob::without_lease(job)).await?;
                continue;
            };
            let chain = transfer.chain();
            match transfer.state {
                // Before it is screened, a transfer has a job of another kind.
                TransferState::Queued if transfer.screening != Screening::Due => {
                    chains.entry(chain).or_default().queued.push(Queued { job, transfer });
                }
                TransferState::Signed(_) | TransferState::Recalled(_) => {
                    chains.entry(chain).or_default().reserved.push(Queued { job, transfer });
                }
                _ => leases::remove_job(app, &LeasedJob::without_lease(job)).await?,
            }
        }
        Ok(chains)
    }

    async fn on_chain(&self, chain: Chain, work: ChainWork) -> AppResult<()> {
        let app = &self.app;
        let ports = app.ports.chain(chain).ok_or_else(|| AppError::defect(format!("the chain {chain} has no adapter")))?;
        let (jobs, transfers): (Vec<Job>, Vec<Transfer>) = work.reserved.into_iter().map(|each| (each.job, each.transfer)).unzip();
        for leased in leases::lease(app, jobs).await? {
            let id = leases::subject::<TransferId>(&leased.job)?;
            if let Some(transfer) = transfers.iter().find(|transfer| transfer.id == id) {
                self.resume(ports, leased, transfer.clone()).await?;
            }
        }
        self.reserve(chain, ports, work.queued).await
    }

    /// Goes on with a transfer whose slot is reserved. A recalled one has its slot spent for nothing.
    async fn resume(&self, ports: &ChainPorts, leased: LeasedJob, transfer: Transfer) -> AppResult<()> {
        let app = &self.app;
        let id = transfer.state.sent_in().and_then(|sent| sent.transmission);
        let id = id.ok_or_else(|| AppError::defect(format!("transfer {} has no transmission", transfer.id)))?;
        let mut transmission = transmit::load(app, id).await?;
        if matches!(transfer.state, TransferState::Recalled(_)) && transmission.cancel.is_none() {
            match transmit::commit_alone(app, transmission.cancelled("it was recalled".to_owned())).await? {
                Ok(cancelled) => transmission = cancelled,
                Err(reason) => return leases::reschedule(app, &leased, &reason).await,
            }
        }
        self.start(ports, leased, transfer, transmission);
        Ok(())
    }

    /// Reserves slots for the queued transfers and commits them with what is to be signed, then starts sending.
    async fn reserve(&self, chain: Chain, ports: &ChainPorts, mut queued: Vec<Queued>) -> AppResult<()> {
        let app = &self.app;
        if self.comparisons.is_due(app, chain) {
            // Set before the comparison, so that a slot that becomes free during it leads to another one.
            self.comparisons.compared(app, chain);
            let may_go_on = slots::compare(app, ports, chain).await.inspect_err(|_| self.comparisons.suspect(chain))?;
            if !may_go_on {
                self.comparisons.suspect(chain);
                // The next turn skips the chain, if it is stopped.
                let jobs = queued.into_iter().map(|queued| queued.job).collect();
                return leases::reschedule_all(app, jobs, "the chain counts more nonces than were reserved").await;
            }
        }
        for _ in 0..MAX_COMMIT_ATTEMPTS {
            let permissions = self.permissions(&mut queued).await?;
            let ready = self.ready(ports, &queued).await?;
            let mut step = Step::new();
            let slots = Slots::of(app, ports, chain).await?;
            let (reserved, spent) = match reserve::write(app, ports, slots, &ready, &mut step).await? {
                Ok(written) => written,
                Err((index, reason)) => {
                    let Queued { job, transfer } = &ready[index].0;
                    unsigned::record_failure(app, job, transfer, &reason).await?;
                    queued = ready.iter().map(|(queued, _)| queued.clone()).filter(|other| other.transfer.id != transfer.id).collect();
                    continue;
                }
            };
            queued = ready.into_iter().map(|(queued, _)| queued).collect();
            if step.is_empty() {
                return Ok(());
            }
            permissions.iter().for_each(|permission| permission.rely_on(&mut step));
            match app.commit(step).await {
                Ok(_) => {
                    for ReservedTransfer { leased, transfer, transmission } in reserved {
                        self.start(ports, leased, transfer, transmission);
                    }
                    spent.into_iter().for_each(|transmission| self.start_alone(ports, transmission));
                    return Ok(());
                }
                Err(CommitError::Conflict(key)) => self.without_changed(key, &mut queued).await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Unavailable("the wallet is changing too fast".to_owned()))
    }

    /// The transfers that the chain would carry out now, with what to offer for them. The others wait, stop, or are set aside.
    async fn ready(&self, ports: &ChainPorts, queued: &[Queued]) -> AppResult<Vec<(Queued, FeeTerms)>> {
        let app = &self.app;
        let mut ready = Vec::with_capacity(queued.len());
        for (queued, prepared) in queued.iter().zip(reserve::prepare(app, ports, queued).await?) {
            let Queued { job, transfer } = queued.clone();
            match prepared {
                Readiness::Ready(fee) => ready.push((queued.clone(), fee)),
                Readiness::WouldFail(reason) => {
                    tracing::warn!(transfer = %transfer.id, reason, "the chain would not carry out a transfer: it is stopped");
                    self.withdraw(TransferFact::Refused { reason: text::reason(&reason) }, None, job, transfer).await?;
                }
                Readiness::Impossible(reason) => unsigned::record_failure(app, &job, &transfer, &reason).await?,
                Readiness::Waits(reason) => leases::reschedule(app, &LeasedJob::without_lease(job), &reason).await?,
            }
        }
        Ok(ready)
    }

    /// Checks which transfers may leave now. The others are stopped, and their orders record the reason.
    async fn permissions(&self, queued: &mut Vec<Queued>) -> AppResult<Vec<Permission>> {
        let customers: BTreeSet<CustomerId> = queued.iter().filter_map(|queued| queued.transfer.customer).collect();
        let read = |customer| async move { AppResult::Ok((customer, Permission::of(&self.app, customer, Reading::Remembered).await?)) };
        let known: BTreeMap<CustomerId, Permission> =
            stream::iter(customers).map(read).buffer_unordered(CONCURRENT_READS).try_collect().await?;
        let mut kept = Vec::with_capacity(queued.len());
        for Queued { job, transfer } in queued.drain(..) {
            let permission = transfer.customer.and_then(|customer| known.get(&customer));
            let (now, max_age) = (self.app.business.now(), self.app.config.workers.screening_fresh());
            let goes_back = transfer.purpose != TransferPurpose::Buy;
            match permission.and_then(|permission| permission.stops(goes_back, transfer.by_person, transfer.screening)) {
                None if transfer.is_outdated(now, max_age) => self.withdraw(TransferFact::Outdated, permission, job, transfer).await?,
                None => kept.push(Queued { job, transfer }),
                Some(by) => {
                    tracing::warn!(transfer = %transfer.id, reason = describe_stop(by), "a transfer is stopped before it is signed");
                    let stopped = TransferFact::Stopped { by, reason: describe_stop(by).to_owned() };
                    self.withdraw(stopped, permission, job, transfer).await?;
                }
            }
        }
        *queued = kept;
        Ok(known.into_values().collect())
    }

    /// Removes the job without signing. If a record has changed in the meantime, the next turn looks again.
    async fn withdraw(&self, fact: TransferFact, permission: Option<&Permission>, job: Job, transfer: Transfer) -> AppResult<()> {
        let mut step = transfers::observe(&self.app, transfer, fact).await?;
        step.removals.push((RecordKey::Job(job.id), job.version));
        permission.into_iter().for_each(|permission| permission.rely_on(&mut step));
        self.app.commit_if_unchanged(step).await
    }

    /// After a conflict, drops what is no longer queued or whose job another process has taken.
    async fn without_changed(&self, key: RecordKey, queued: &mut Vec<Queued>) -> AppResult<()> {
        // Another node has signed, or customer or partner have changed: everything is checked again.
        if matches!(key, RecordKey::Wallet(_) | RecordKey::Customer(_) | RecordKey::Partner(_)) {
            return Ok(());
        }
        let mut kept = Vec::with_capacity(queued.len());
        for Queued { job, transfer } in queued.drain(..) {
            let stored_job = self.app.store.job(job.id).await?;
            let stored = self.app.store.transfer(transfer.id).await?;
            if stored_job.is_some_and(|stored| stored.version == job.version)
                && let Some(stored) = stored
                && stored.state == TransferState::Queued
            {
                kept.push(Queued { job, transfer: stored });
            }
        }
        *queued = kept;
        Ok(())
    }

    /// Sends in the background; the job ends when a node has it.
    fn start(&self, ports: &ChainPorts, leased: LeasedJob, transfer: Transfer, transmission: Transmission) {
        let (app, ports, comparisons) = (self.app.clone(), ports.clone(), self.comparisons.clone());
        self.pool.begin(leased.job.id.to_string(), async move {
            let transfers = match transmission.transfers.len() {
                1 => Ok(vec![transfer.clone()]),
                _ => transmit::transfers_of(&app, &transmission).await,
            };
            let sent = match transfers {
                Ok(transfers) => transmit::transmit(&app, &ports, transmission, transfers, Some(&leased)).await,
                Err(error) => Err(error),
            };
            let outcome = match sent {
                Ok(Sent::Taken) => "finished",
                Ok(Sent::Waits(reason)) => reschedule(&app, &leased, &reason).await,
                Ok(Sent::NotSigned(reason)) => {
                    // Its slot goes to another transfer.
                    comparisons.suspect(transfer.chain());
                    app.wake.ring_jobs(JobKind::SendTransfer);
                    match unsigned::record_failure(&app, &leased.job, &transfer, &reason).await {
                        Ok(()) => "again",
                        Err(error) => reschedule(&app, &leased, &error.to_string()).await,
                    }
                }
                Err(error) => reschedule(&app, &leased, &error.to_string()).await,
            };
            app.metrics.job(leased.job.kind.as_str(), outcome);
        });
    }

    /// Sends what only spends a slot. What does not get through now is offered again with the next block.
    fn start_alone(&self, ports: &ChainPorts, transmission: Transmission) {
        let (app, ports) = (self.app.clone(), ports.clone());
        self.pool.begin(transmission.id.to_string(), async move {
            let id = transmission.id;
            match transmit::transmit(&app, &ports, transmission, Vec::new(), None).await {
                Ok(Sent::Taken) => {}
                Ok(Sent::Waits(reason) | Sent::NotSigned(reason)) => {
                    tracing::warn!(transmission = %id, reason, "a nonce could not be spent yet")
                }
                Err(error) => tracing::warn!(transmission = %id, %error, "a nonce could not be spent yet"),
            }
        });
    }
}

async fn reschedule(app: &App, leased: &LeasedJob, reason: &str) -> &'static str {
    if let Err(error) = leases::reschedule(app, leased, reason).await {
        tracing::warn!(job = %leased.job.id, %error, "a transfer could not be rescheduled; its lease will expire");
    }
    "again"
}

impl Worker for Sender {
    fn name(&self) -> String {
        "sender".to_owned()
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.send())
    }

    fn woken(&self) -> WorkerFuture<'_, ()> {
        Box::pin(async move {
            let is_full = self.pool.free() == 0;
            tokio::select! {
                () = self.app.wake.jobs(JobKind::SendTransfer), if !is_full => {}
                () = self.pool.freed(), if is_full => {}
            }
        })
    }

    fn finish(&self) -> WorkerFuture<'_, ()> {
        Box::pin(self.pool.drain(self.app.config.workers.drain_timeout()))
    }
}
