//! Sending coins. Per chain, many transfers are signed together; their nonces, bytes and transaction ids and the wallet's
//! next nonce are committed in one step, and only after that is anything broadcast. Only those bytes are ever sent again. One
//! that cannot be signed is put aside by itself ([`super::unsigned`]), and its nonce goes to the next.
//!
//! **Nonces.** The wallet's record hands them out, and its version makes two processes collide instead of sharing one. A
//! transfer that the chain refuses for good, and certainly never had, leaves its nonce unused: everything signed behind it
//! would wait for ever. So the chain's own next nonce is compared with ours ([`super::nonces`]); a nonce that the chain
//! waits for and no live transfer carries is given to the next transfer, or, when none is queued, to a transfer of the
//! smallest amount from the hot wallet to itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use rampart_core::asset::Chain;
use rampart_core::id::{CustomerId, TransferId};
use rampart_core::job::{Job, JobKind};
use rampart_core::outgoing::{
    Outgoing, Screening, SignedTransaction, Transfer, TransferFact, TransferPurpose, TransferSource, TransferState,
};
use rampart_core::ports::{CallOutcome, ChainPort, SigningRequest, TransactionStatus};
use rampart_core::record::RecordKey;
use rampart_core::step::Step;
use rampart_core::text;
use rampart_core::watch::Wallet;
use rampart_store::CommitError;

use super::jobs::{answer_in_time, in_time};
use super::leases::{self, Held};
use super::nonces::{Gaps, Plan};
use super::observe::{Permission, told};
use super::pool::Pool;
use super::settle::settle;
use super::supervisor::{Task, Turn, Worker};
use super::{transfers, unsigned};
use crate::app::{App, MOST_TRIES};
use crate::error::{AppError, AppResult};
use crate::stops;

/// The most transfers that are signed in one step.
const BATCH: usize = 128;

/// How many signatures are asked for, or customers read, at the same time.
const SIGNED_AT_ONCE: usize = 16;

/// Sends coins on every chain.
pub(crate) struct Sender {
    app: App,
    pool: Pool,
    gaps: Arc<Gaps>,
}

impl Sender {
    pub(crate) fn new(app: App) -> Self {
        let pool = Pool::new(app.config().workers.concurrency.max(BATCH));
        Self { pool, gaps: Arc::new(Gaps::default()), app }
    }

    async fn send(&self) -> AppResult<Turn> {
        let app = &self.app;
        let free = self.pool.free().min(BATCH);
        if free == 0 {
            return Ok(Turn::Idle);
        }
        let stops = stops::present(app).await?;
        if stops.everything {
            return Ok(Turn::Idle);
        }
        let asked = u32::try_from(self.pool.busy() + free).unwrap_or(u32::MAX);
        let due = app.store().jobs_due(JobKind::SendTransfer, app.business().now(), app.real().now(), asked).await?;
        let fresh: Vec<Job> = due.into_iter().filter(|job| !self.pool.has(&job.id.to_string())).take(free).collect();
        let is_full = fresh.len() == free;
        let mut first_error = None;
        for (chain, work) in self.by_chain(fresh).await? {
            if stops.holds(chain) {
                // They must not keep those of other chains from being looked at.
                let jobs = work.into_iter().map(|(job, _)| job).collect();
                leases::put_off_all(app, jobs, "sending on its chain is stopped: see `rampart review list`").await?;
                continue;
            }
            // Trouble with one chain must not keep the others waiting.
            if let Err(error) = self.on_chain(chain, work).await {
                first_error.get_or_insert(error);
            }
        }
        match first_error {
            Some(error) => Err(error),
            None if is_full => Ok(Turn::More),
            None => Ok(Turn::Idle),
        }
    }

    /// Jobs with their transfers, by chain; jobs that have nothing left to do are removed.
    async fn by_chain(&self, jobs: Vec<Job>) -> AppResult<BTreeMap<Chain, Vec<(Job, Transfer)>>> {
        let app = &self.app;
        let mut chains: BTreeMap<Chain, Vec<(Job, Transfer)>> = BTreeMap::new();
        for chain in app.catalogue().chains.iter().filter(|chain| self.gaps.is_suspected(chain.name)) {
            chains.entry(chain.name).or_default();
        }
        let ids = jobs.iter().map(leases::subject).collect::<AppResult<Vec<TransferId>>>()?;
        let mut transfers: BTreeMap<TransferId, Transfer> =
            app.store().transfers_by_id(&ids).await?.into_iter().map(|transfer| (transfer.id, transfer)).collect();
        for (job, id) in jobs.into_iter().zip(ids) {
            match transfers.remove(&id) {
                // One that nobody has answered about yet has a job of another kind.
                Some(transfer)
                    if transfer.screening != Screening::Due
                        && matches!(transfer.state, TransferState::Queued | TransferState::Signed(_)) =>
                {
                    chains.entry(transfer.chain()).or_default().push((job, transfer));
                }
                // The plan gives its nonce to a transfer to ourselves.
                Some(transfer) if matches!(transfer.state, TransferState::Recalled(_)) => {
                    self.gaps.suspect(transfer.chain());
                    chains.entry(transfer.chain()).or_default();
                    leases::drop_job(app, &Held::unleased(job)).await?;
                }
                _ => leases::drop_job(app, &Held::unleased(job)).await?,
            }
        }
        Ok(chains)
    }

    async fn on_chain(&self, chain: Chain, work: Vec<(Job, Transfer)>) -> AppResult<()> {
        let app = &self.app;
        let port = app.ports().chain(chain).ok_or_else(|| AppError::defect(format!("the chain {chain} has no adapter")))?;
        let (signed, queued): (Vec<_>, Vec<_>) = work.into_iter().partition(|(_, transfer)| transfer.state.signed().is_some());
        // Signed and committed by somebody who did not come to tell what became of it: the same bytes go out again.
        let (jobs, transfers): (Vec<Job>, Vec<Transfer>) = signed.into_iter().unzip();
        let held = leases::lease(app, jobs).await?;
        for held in held {
            let id = leases::subject::<TransferId>(&held.job)?;
            if let Some(transfer) = transfers.iter().find(|transfer| transfer.id == id) {
                self.begin_broadcast(port, held, transfer.clone());
            }
        }
        for (held, transfer) in self.sign(chain, port, queued).await? {
            self.begin_broadcast(port, held, transfer);
        }
        Ok(())
    }

    /// Signs what is queued and commits it, leases included, before anybody outside hears of it.
    async fn sign(&self, chain: Chain, port: &Arc<dyn ChainPort>, mut queued: Vec<(Job, Transfer)>) -> AppResult<Vec<(Held, Transfer)>> {
        let app = &self.app;
        for _ in 0..MOST_TRIES {
            let standing = self.standing(&mut queued).await?;
            let plan = match self.plan(chain, port, &queued).await? {
                Some(plan) => plan,
                // The next turn knows that it is stopped.
                None if stops::present(app).await?.holds(chain) => return Ok(Vec::new()),
                None => {
                    self.put_off_skipped(&queued, &[]).await?;
                    return Ok(Vec::new());
                }
            };
            let asked: Vec<_> = plan.assigned.iter().map(|(nonce, (_, transfer))| signature(app, port, *nonce, transfer)).collect();
            let signatures: Vec<Result<SignedTransaction, String>> = stream::iter(asked).buffered(SIGNED_AT_ONCE).collect().await;
            let aside = without_signature(&plan, &signatures)?;
            if !aside.is_empty() {
                // Their nonces go to others, so that none is left out: everything is planned anew without them.
                self.gaps.suspect(chain);
                for (job, transfer, reason) in &aside {
                    unsigned::put_aside(app, job, transfer, reason).await?;
                }
                queued.retain(|(_, transfer)| aside.iter().all(|(_, other, _)| other.id != transfer.id));
                continue;
            }
            let mut step = Step::new();
            let mut begun = Vec::new();
            for ((_, (job, transfer)), signed) in plan.assigned.iter().zip(signatures.into_iter().flatten()) {
                unsigned::signed(app, job, transfer.id, &mut step).await?;
                begun.push(write_signed(app, &mut step, job, transfer, signed));
            }
            step.write(plan.wallet);
            standing.iter().for_each(|permission| permission.relied_upon(&mut step));
            match app.commit(step).await {
                Ok(_) => {
                    self.put_off_skipped(&queued, &begun).await?;
                    return Ok(begun);
                }
                Err(CommitError::Conflict(key)) => {
                    self.gaps.suspect(chain);
                    self.without_the_changed(key, &mut queued).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Unavailable("the wallet is changing too fast".to_owned()))
    }

    /// Whose coins may leave at this moment. What may not is stopped, and its order says why.
    async fn standing(&self, queued: &mut Vec<(Job, Transfer)>) -> AppResult<Vec<Permission>> {
        let customers: BTreeSet<CustomerId> = queued.iter().filter_map(|(_, transfer)| transfer.customer).collect();
        let read = |customer| async move { AppResult::Ok((customer, Permission::of(&self.app, customer).await?)) };
        let known: BTreeMap<CustomerId, Permission> =
            stream::iter(customers).map(read).buffer_unordered(SIGNED_AT_ONCE).try_collect().await?;
        let mut kept = Vec::with_capacity(queued.len());
        for (job, transfer) in queued.drain(..) {
            let permission = transfer.customer.and_then(|customer| known.get(&customer));
            let (now, fresh) = (self.app.business().now(), self.app.config().workers.screening_fresh());
            let goes_back = transfer.purpose != TransferPurpose::Buy;
            match permission.and_then(|permission| permission.stops(goes_back, transfer.by_person, transfer.screening)) {
                None if transfer.is_outdated(now, fresh) => self.withdraw(TransferFact::Outdated, permission, job, transfer).await?,
                None => kept.push((job, transfer)),
                Some(by) => {
                    tracing::warn!(transfer = %transfer.id, reason = told(by), "a transfer is stopped before it is signed");
                    let stopped = TransferFact::Stopped { by, reason: told(by).to_owned() };
                    self.withdraw(stopped, permission, job, transfer).await?;
                }
            }
        }
        *queued = kept;
        Ok(known.into_values().collect())
    }

    /// It is not signed now, and its job is done. Whoever has changed something of it meanwhile has it looked at again.
    async fn withdraw(&self, fact: TransferFact, permission: Option<&Permission>, job: Job, transfer: Transfer) -> AppResult<()> {
        let mut step = transfers::observe(&self.app, transfer, fact).await?;
        step.removals.push((RecordKey::Job(job.id), job.version));
        permission.into_iter().for_each(|permission| permission.relied_upon(&mut step));
        match self.app.commit(step).await {
            Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What waits for another transfer of its deposit address must not keep the others from being looked at.
    async fn put_off_skipped(&self, queued: &[(Job, Transfer)], begun: &[(Held, Transfer)]) -> AppResult<()> {
        for (job, transfer) in queued {
            if !begun.iter().any(|(_, sent)| sent.id == transfer.id) {
                leases::put_off(&self.app, &Held::unleased(job.clone()), "another transfer from its address is under way").await?;
            }
        }
        Ok(())
    }

    /// Which transfer gets which nonce; nothing when there is nothing to sign.
    async fn plan(&self, chain: Chain, port: &Arc<dyn ChainPort>, queued: &[(Job, Transfer)]) -> AppResult<Option<Plan>> {
        let app = &self.app;
        let wallet = match app.store().wallet(chain).await? {
            Some(wallet) => wallet,
            None if queued.is_empty() => return Ok(None),
            None => Wallet { id: chain, version: 0, next_nonce: answer_in_time(app, port.next_nonce(TransferSource::Hot)).await? },
        };
        self.gaps.plan(app, port, wallet, queued).await
    }

    /// After a conflict: what is not queued any more, or whose job somebody else has taken, is left out.
    async fn without_the_changed(&self, key: RecordKey, queued: &mut Vec<(Job, Transfer)>) -> AppResult<()> {
        // Another node has signed, or customer or partner stand otherwise: everything is looked at again.
        if matches!(key, RecordKey::Wallet(_) | RecordKey::Customer(_) | RecordKey::Partner(_)) {
            return Ok(());
        }
        let mut kept = Vec::with_capacity(queued.len());
        for (job, transfer) in queued.drain(..) {
            let stored_job = self.app.store().job(job.id).await?;
            let stored = self.app.store().transfer(transfer.id).await?;
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

    fn begin_broadcast(&self, port: &Arc<dyn ChainPort>, held: Held, transfer: Transfer) {
        let (app, port, gaps) = (self.app.clone(), port.clone(), self.gaps.clone());
        self.pool.begin(held.job.id.to_string(), async move {
            let outcome = match broadcast(&app, &port, &gaps, &held, &transfer).await {
                Ok(None) => "finished",
                Ok(Some(reason)) => put_off(&app, &held, &reason).await,
                Err(error) => put_off(&app, &held, &error.to_string()).await,
            };
            app.metrics().job(held.job.kind.as_str(), outcome);
        });
    }
}

async fn put_off(app: &App, held: &Held, reason: &str) -> &'static str {
    if let Err(error) = leases::put_off(app, held, reason).await {
        tracing::warn!(job = %held.job.id, %error, "a transfer could not be put off; its lease runs out");
    }
    "again"
}

/// A transfer's signature with a nonce, or why there is none.
async fn signature(app: &App, port: &Arc<dyn ChainPort>, nonce: u64, transfer: &Transfer) -> Result<SignedTransaction, String> {
    let Transfer { coin, amount, source, ref to, .. } = *transfer;
    // An order of an earlier version may name what is no destination any more.
    let family = app.catalogue().chain(coin.chain).map(|chain| chain.addresses);
    if let Some(Err(fault)) = family.map(|family| family.normalize(to)) {
        return Err(format!("the destination {fault}"));
    }
    let request = SigningRequest { coin, amount, source, to: to.clone(), nonce };
    match in_time(app, port.sign(&request)).await {
        Some(signed) => signed.map_err(|fault| fault.0),
        None => Err("signing took too long".to_owned()),
    }
}

/// The transfers of a plan that cannot be sent now, and why.
///
/// # Errors
/// [`AppError::Unavailable`] when not even a nonce can be filled: that is no matter of one transfer.
fn without_signature(plan: &Plan, signatures: &[Result<SignedTransaction, String>]) -> AppResult<Vec<(Job, Transfer, String)>> {
    let mut aside = plan.without_nonce.clone();
    for ((nonce, (job, transfer)), signature) in plan.assigned.iter().zip(signatures) {
        match signature {
            Ok(_) => {}
            // A filler is made for its nonce, and nothing of it is stored.
            Err(reason) if job.version == 0 => return Err(AppError::Unavailable(format!("the nonce {nonce} cannot be filled: {reason}"))),
            Err(reason) => aside.push((job.clone(), transfer.clone(), reason.clone())),
        }
    }
    Ok(aside)
}

/// The transfer as signed, under a lease of its job; both as they are after the commit.
fn write_signed(app: &App, step: &mut Step, job: &Job, transfer: &Transfer, signed: SignedTransaction) -> (Held, Transfer) {
    // Nothing that it names hears of this: nobody outside has, either.
    step.extend(transfer.clone().observe(TransferFact::Signed(signed.clone()), Outgoing::default(), &app.context(None)));
    let transfer = Transfer { state: TransferState::Signed(signed), ..transfer.clone() };
    let leased = leases::leased(app, job);
    step.write(leased.clone());
    (leases::held(job, leased), Transfer { version: transfer.version + 1, ..transfer })
}

/// Sends committed bytes. Gives the reason why it has to be done again, if it has.
async fn broadcast(app: &App, port: &Arc<dyn ChainPort>, gaps: &Gaps, held: &Held, transfer: &Transfer) -> AppResult<Option<String>> {
    let Some(signed) = transfer.state.signed() else { return Ok(None) };
    match in_time(app, port.broadcast(signed)).await {
        Some(CallOutcome::Accepted(())) => taken(app, held, transfer.id).await.map(|()| None),
        Some(CallOutcome::NotSent { reason } | CallOutcome::Unknown { reason }) => Ok(Some(reason)),
        None => Ok(Some("the chain did not answer in time".to_owned())),
        // A node refuses bytes it has had before, too: by their nonce. Only what the chain does not know was refused.
        Some(CallOutcome::Refused { reason }) => match in_time(app, port.transaction(&signed.txid)).await {
            Some(Ok(TransactionStatus::Unknown)) => {
                refused(app, held, transfer.id, &reason).await?;
                gaps.suspect(transfer.chain());
                app.wake().ring_jobs(JobKind::SendTransfer);
                Ok(None)
            }
            Some(Ok(_)) => taken(app, held, transfer.id).await.map(|()| None),
            Some(Err(unavailable)) => Ok(Some(unavailable.to_string())),
            None => Ok(Some("the chain did not answer in time".to_owned())),
        },
    }
}

async fn taken(app: &App, held: &Held, id: TransferId) -> AppResult<()> {
    settle(app, Some(held.fence()), || async move {
        let mut step = transfers::observe(app, transfers::load(app, id).await?, TransferFact::Broadcast).await?;
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(())
}

async fn refused(app: &App, held: &Held, id: TransferId, reason: &str) -> AppResult<()> {
    settle(app, Some(held.fence()), || async move {
        let refused = TransferFact::Refused { reason: text::reason(reason) };
        let mut step = transfers::observe(app, transfers::load(app, id).await?, refused).await?;
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(())
}

impl Worker for Sender {
    fn name(&self) -> String {
        "sender".to_owned()
    }

    fn turn(&self) -> Task<'_, AppResult<Turn>> {
        Box::pin(self.send())
    }

    fn woken(&self) -> Task<'_, ()> {
        Box::pin(async move {
            let is_full = self.pool.free() == 0;
            tokio::select! {
                () = self.app.wake().jobs(JobKind::SendTransfer), if !is_full => {}
                () = self.pool.freed(), if is_full => {}
            }
        })
    }

    fn finish(&self) -> Task<'_, ()> {
        Box::pin(self.pool.drain(self.app.config().workers.drain()))
    }
}
