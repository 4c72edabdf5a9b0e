//! Sends coins. Per chain, transfers are signed in batches: nonces, signed bytes, transaction ids and the wallet's next nonce are committed
//! in one step before anything is broadcast. Only those bytes are ever sent again. A transfer that cannot be signed is set aside by itself
//! ([`super::unsigned`]), and its nonce goes to the next one.
//!
//! **Nonces.** The wallet's record allocates them; its version makes two processes conflict instead of sharing a nonce. A transfer that the
//! chain refused for good and never had leaves its nonce unused, and everything signed after it would wait forever. So the chain's own next
//! nonce is compared with ours ([`super::nonces`]). A nonce that the chain waits for and no live transfer carries goes to the next
//! transfer, or, when none is queued, to a transfer of the smallest amount from the hot wallet to itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use rampart_core::id::{CustomerId, TransferId};
use rampart_core::money::asset::Chain;
use rampart_core::outgoing::{
    Outgoing, Screening, SignedTransaction, Transfer, TransferFact, TransferPurpose, TransferSource, TransferState,
};
use rampart_core::ports::{CallOutcome, ChainPort, SigningRequest, TransactionStatus};
use rampart_core::step::Step;
use rampart_core::step::job::{Job, JobKind};
use rampart_core::step::record::RecordKey;
use rampart_core::step::watch::Wallet;
use rampart_core::text;
use rampart_store::CommitError;

use super::jobs::{JobOutcome, finish};
use super::leases::{self, LeasedJob};
use super::nonces::{NonceGaps, NoncePlan};
use super::observe::{Permission, Reading, describe_stop};
use super::pool::Pool;
use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use super::timeouts::{answer_in_time, in_time};
use super::{transfers, unsigned};
use crate::app::{App, MAX_COMMIT_ATTEMPTS};
use crate::error::{AppError, AppResult};
use crate::retry::InHand;
use crate::workers::outgoing;
use crate::workers::stops;

/// Most transfers signed in one step.
const BATCH_TRANSFERS: usize = 128;

/// Concurrent calls for signatures, and concurrent reads of customers.
const CONCURRENT_SIGNATURES: usize = 16;

pub(crate) struct Sender {
    app: App,
    pool: Pool,
    gaps: Arc<NonceGaps>,
}

impl Sender {
    pub(crate) fn new(app: App) -> Self {
        Self { pool: Pool::new(app.config.workers.concurrency), gaps: Arc::new(NonceGaps::default()), app }
    }

    async fn send(&self) -> AppResult<TurnOutcome> {
        let app = &self.app;
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
                let jobs = work.into_iter().map(|(job, _)| job).collect();
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
    async fn by_chain(&self, jobs: Vec<Job>) -> AppResult<BTreeMap<Chain, Vec<(Job, Transfer)>>> {
        let app = &self.app;
        let mut chains: BTreeMap<Chain, Vec<(Job, Transfer)>> = BTreeMap::new();
        for chain in app.catalogue.chains.iter().filter(|chain| self.gaps.is_suspected(app, chain.name)) {
            chains.entry(chain.name).or_default();
        }
        let ids = jobs.iter().map(leases::subject).collect::<AppResult<Vec<TransferId>>>()?;
        let mut transfers: BTreeMap<TransferId, Transfer> =
            app.store.transfers_by_id(&ids).await?.into_iter().map(|transfer| (transfer.id, transfer)).collect();
        for (job, id) in jobs.into_iter().zip(ids) {
            match transfers.remove(&id) {
                // Before it is screened, a transfer has a job of another kind.
                Some(transfer)
                    if transfer.screening != Screening::Due
                        && matches!(transfer.state, TransferState::Queued | TransferState::Signed(_)) =>
                {
                    chains.entry(transfer.chain()).or_default().push((job, transfer));
                }
                // The nonce plan gives its nonce to a transfer to ourselves.
                Some(transfer) if matches!(transfer.state, TransferState::Recalled(_)) => {
                    self.gaps.suspect(transfer.chain());
                    chains.entry(transfer.chain()).or_default();
                    leases::remove_job(app, &LeasedJob::without_lease(job)).await?;
                }
                _ => leases::remove_job(app, &LeasedJob::without_lease(job)).await?,
            }
        }
        Ok(chains)
    }

    async fn on_chain(&self, chain: Chain, work: Vec<(Job, Transfer)>) -> AppResult<()> {
        let app = &self.app;
        let port = app.ports.chain(chain).ok_or_else(|| AppError::defect(format!("the chain {chain} has no adapter")))?;
        let (signed, queued): (Vec<_>, Vec<_>) = work.into_iter().partition(|(_, transfer)| transfer.state.signed().is_some());
        // Signed and committed by a process that recorded no outcome: the same bytes go out again.
        let (jobs, transfers): (Vec<Job>, Vec<Transfer>) = signed.into_iter().unzip();
        let leased = leases::lease(app, jobs).await?;
        for leased in leased {
            let id = leases::subject::<TransferId>(&leased.job)?;
            if let Some(transfer) = transfers.iter().find(|transfer| transfer.id == id) {
                self.start_broadcast(port, leased, transfer.clone());
            }
        }
        for (leased, transfer) in self.sign(chain, port, queued).await? {
            self.start_broadcast(port, leased, transfer);
        }
        Ok(())
    }

    /// Signs the queued transfers and commits them with their leases before anything is broadcast.
    async fn sign(
        &self,
        chain: Chain,
        port: &Arc<dyn ChainPort>,
        mut queued: Vec<(Job, Transfer)>,
    ) -> AppResult<Vec<(LeasedJob, Transfer)>> {
        let app = &self.app;
        for _ in 0..MAX_COMMIT_ATTEMPTS {
            let permissions = self.permissions(&mut queued).await?;
            let plan = match self.plan(chain, port, &queued).await? {
                Some(plan) => plan,
                // The next turn skips the stopped chain.
                None if stops::present(app).await?.holds(chain) => return Ok(Vec::new()),
                None => {
                    self.reschedule_skipped(&queued, &[]).await?;
                    return Ok(Vec::new());
                }
            };
            let asked: Vec<_> = plan.assigned.iter().map(|(nonce, (_, transfer))| signature(app, port, *nonce, transfer)).collect();
            let signatures: Vec<Result<SignedTransaction, String>> = stream::iter(asked).buffered(CONCURRENT_SIGNATURES).collect().await;
            let unsignable = without_signature(&plan, &signatures)?;
            if !unsignable.is_empty() {
                // Their nonces must not stay unused: the rest is planned anew.
                self.gaps.suspect(chain);
                for (job, transfer, reason) in &unsignable {
                    unsigned::record_failure(app, job, transfer, reason).await?;
                }
                queued.retain(|(_, transfer)| unsignable.iter().all(|(_, other, _)| other.id != transfer.id));
                continue;
            }
            let mut step = Step::new();
            let mut signed_batch = Vec::new();
            for ((_, (job, transfer)), signed) in plan.assigned.iter().zip(signatures.into_iter().flatten()) {
                unsigned::resolve_review(app, job, transfer.id, &mut step).await?;
                signed_batch.push(write_signed(app, &mut step, job, transfer, signed));
            }
            step.write(plan.wallet);
            permissions.iter().for_each(|permission| permission.rely_on(&mut step));
            match app.commit(step).await {
                Ok(_) => {
                    self.reschedule_skipped(&queued, &signed_batch).await?;
                    return Ok(signed_batch);
                }
                Err(CommitError::Conflict(key)) => {
                    self.gaps.suspect(chain);
                    self.without_changed(key, &mut queued).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Unavailable("the wallet is changing too fast".to_owned()))
    }

    /// Checks which transfers may leave now. The others are stopped, and their orders record the reason.
    async fn permissions(&self, queued: &mut Vec<(Job, Transfer)>) -> AppResult<Vec<Permission>> {
        let customers: BTreeSet<CustomerId> = queued.iter().filter_map(|(_, transfer)| transfer.customer).collect();
        let read = |customer| async move { AppResult::Ok((customer, Permission::of(&self.app, customer, Reading::Remembered).await?)) };
        let known: BTreeMap<CustomerId, Permission> =
            stream::iter(customers).map(read).buffer_unordered(CONCURRENT_SIGNATURES).try_collect().await?;
        let mut kept = Vec::with_capacity(queued.len());
        for (job, transfer) in queued.drain(..) {
            let permission = transfer.customer.and_then(|customer| known.get(&customer));
            let (now, max_age) = (self.app.business.now(), self.app.config.workers.screening_fresh());
            let goes_back = transfer.purpose != TransferPurpose::Buy;
            match permission.and_then(|permission| permission.stops(goes_back, transfer.by_person, transfer.screening)) {
                None if transfer.is_outdated(now, max_age) => self.withdraw(TransferFact::Outdated, permission, job, transfer).await?,
                None => kept.push((job, transfer)),
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

    /// A transfer that waits for another of the same deposit address is rescheduled, so that it does not crowd out the rest.
    async fn reschedule_skipped(&self, queued: &[(Job, Transfer)], signed_batch: &[(LeasedJob, Transfer)]) -> AppResult<()> {
        for (job, transfer) in queued {
            if !signed_batch.iter().any(|(_, sent)| sent.id == transfer.id) {
                leases::reschedule(&self.app, &LeasedJob::without_lease(job.clone()), "another transfer from its address is under way")
                    .await?;
            }
        }
        Ok(())
    }

    /// Assigns nonces; `None` when there is nothing to sign.
    async fn plan(&self, chain: Chain, port: &Arc<dyn ChainPort>, queued: &[(Job, Transfer)]) -> AppResult<Option<NoncePlan>> {
        let app = &self.app;
        let wallet = match app.store.wallet(chain).await? {
            Some(wallet) => wallet,
            None if queued.is_empty() => return Ok(None),
            None => Wallet { id: chain, version: 0, next_nonce: answer_in_time(app, port.next_nonce(TransferSource::Hot)).await? },
        };
        self.gaps.plan(app, port, wallet, queued).await
    }

    /// After a conflict, drops what is no longer queued or whose job another process has taken.
    async fn without_changed(&self, key: RecordKey, queued: &mut Vec<(Job, Transfer)>) -> AppResult<()> {
        // Another node has signed, or customer or partner have changed: everything is checked again.
        if matches!(key, RecordKey::Wallet(_) | RecordKey::Customer(_) | RecordKey::Partner(_)) {
            return Ok(());
        }
        let mut kept = Vec::with_capacity(queued.len());
        for (job, transfer) in queued.drain(..) {
            let stored_job = self.app.store.job(job.id).await?;
            let stored = self.app.store.transfer(transfer.id).await?;
            if stored_job.is_some_and(|stored| stored.version == job.version)
                && let Some(stored) = stored
                && stored.state == TransferState::Queued
            {
                kept.push((job, stored));
            }
        }
        *queued = kept;
        Ok(())
    }

    fn start_broadcast(&self, port: &Arc<dyn ChainPort>, leased: LeasedJob, transfer: Transfer) {
        let (app, port, gaps) = (self.app.clone(), port.clone(), self.gaps.clone());
        self.pool.begin(leased.job.id.to_string(), async move {
            let outcome = match broadcast(&app, &port, &gaps, &leased, &transfer).await {
                Ok(None) => "finished",
                Ok(Some(reason)) => reschedule(&app, &leased, &reason).await,
                Err(error) => reschedule(&app, &leased, &error.to_string()).await,
            };
            app.metrics.job(leased.job.kind.as_str(), outcome);
        });
    }
}

async fn reschedule(app: &App, leased: &LeasedJob, reason: &str) -> &'static str {
    if let Err(error) = leases::reschedule(app, leased, reason).await {
        tracing::warn!(job = %leased.job.id, %error, "a transfer could not be rescheduled; its lease will expire");
    }
    "again"
}

/// Signs a transfer with a nonce, or returns the reason why it cannot be signed.
async fn signature(app: &App, port: &Arc<dyn ChainPort>, nonce: u64, transfer: &Transfer) -> Result<SignedTransaction, String> {
    let Transfer { coin, amount, source, ref to, .. } = *transfer;
    // An order of an earlier version may have a destination that is no longer accepted.
    let family = app.catalogue.chain(coin.chain).map(|chain| chain.addresses);
    if let Some(Err(fault)) = family.map(|family| family.normalize(to)) {
        return Err(format!("the destination {fault}"));
    }
    let request = SigningRequest { coin, amount, source, to: to.clone(), nonce };
    match in_time(app, port.sign(&request)).await {
        Some(signed) => signed.map_err(|fault| fault.0),
        None => Err("signing took too long".to_owned()),
    }
}

/// The transfers of a plan that cannot be sent now, with the reason.
///
/// # Errors
/// [`AppError::Unavailable`] when a filler transfer cannot be signed: then the fault is not one transfer's.
fn without_signature(plan: &NoncePlan, signatures: &[Result<SignedTransaction, String>]) -> AppResult<Vec<(Job, Transfer, String)>> {
    let mut unsignable = plan.without_nonce.clone();
    for ((nonce, (job, transfer)), signature) in plan.assigned.iter().zip(signatures) {
        match signature {
            Ok(_) => {}
            // A filler exists only for its nonce; nothing of it is stored.
            Err(reason) if job.version == 0 => return Err(AppError::Unavailable(format!("the nonce {nonce} cannot be filled: {reason}"))),
            Err(reason) => unsignable.push((job.clone(), transfer.clone(), reason.clone())),
        }
    }
    Ok(unsignable)
}

/// Writes the signed transfer and the lease of its job. Returns both as they are after the commit.
fn write_signed(app: &App, step: &mut Step, job: &Job, transfer: &Transfer, signed: SignedTransaction) -> (LeasedJob, Transfer) {
    // Nothing has left yet, so the records it references stay unchanged.
    step.extend(transfer.clone().observe(TransferFact::Signed(signed.clone()), Outgoing::default(), &app.context(None)));
    let transfer = Transfer { state: TransferState::Signed(signed), ..transfer.clone() };
    let leased = leases::with_lease(app, job);
    step.write(leased.clone());
    (leases::after_commit(job, leased), Transfer { version: transfer.version + 1, ..transfer })
}

/// Broadcasts the committed bytes. Returns the reason if it has to be tried again.
async fn broadcast(
    app: &App,
    port: &Arc<dyn ChainPort>,
    gaps: &NonceGaps,
    leased: &LeasedJob,
    transfer: &Transfer,
) -> AppResult<Option<String>> {
    let Some(signed) = transfer.state.signed() else { return Ok(None) };
    match in_time(app, port.broadcast(signed)).await {
        Some(CallOutcome::Accepted(())) => record_broadcast(app, leased, transfer).await.map(|_| None),
        Some(CallOutcome::NotSent { reason } | CallOutcome::Unknown { reason }) => Ok(Some(reason)),
        None => Ok(Some("the chain did not answer in time".to_owned())),
        // A node also refuses bytes that it has already accepted, by their nonce. Only what the chain does not know was refused.
        Some(CallOutcome::Refused { reason }) => match in_time(app, port.transaction(&signed.txid)).await {
            Some(Ok(TransactionStatus::Unknown)) => {
                record_refusal(app, leased, transfer.id, &reason).await?;
                gaps.suspect(transfer.chain());
                app.wake.ring_jobs(JobKind::SendTransfer);
                Ok(None)
            }
            Some(Ok(_)) => record_broadcast(app, leased, transfer).await.map(|_| None),
            Some(Err(unavailable)) => Ok(Some(unavailable.to_string())),
            None => Ok(Some("the chain did not answer in time".to_owned())),
        },
    }
}

async fn record_broadcast(app: &App, leased: &LeasedJob, transfer: &Transfer) -> AppResult<JobOutcome> {
    let known = &InHand::new(transfer.clone());
    finish(app, leased, |_| async move {
        let transfer = known.or_load(|| outgoing::load_transfer(app, transfer.id)).await?;
        transfers::observe(app, transfer, TransferFact::Broadcast).await
    })
    .await
}

async fn record_refusal(app: &App, leased: &LeasedJob, id: TransferId, reason: &str) -> AppResult<JobOutcome> {
    finish(app, leased, |_| async move {
        let record_refusal = TransferFact::Refused { reason: text::reason(reason) };
        transfers::observe(app, outgoing::load_transfer(app, id).await?, record_refusal).await
    })
    .await
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
