//! Assigns nonces to transfers, and fills nonces that a refusal left unused.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rampart_core::id::TransferId;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Chain;
use rampart_core::outgoing::{Screening, Transfer, TransferPurpose, TransferSource, TransferStatus};
use rampart_core::ports::ChainPort;
use rampart_core::step::job::{Job, JobKind};
use rampart_core::step::watch::Wallet;
use rampart_core::time::Timestamp;

use super::timeouts::answer_in_time;
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::stops;

/// How often the chain's next nonce is compared with ours without a cause.
const COMPARE_INTERVAL: Duration = Duration::from_secs(60);
const PAGE_ROWS: u32 = 256;
/// How far back confirmed transfers are considered (business time).
const CONFIRMED_LOOKBACK: Duration = Duration::from_secs(24 * 60 * 60);
/// Most nonces filled in one step.
const MAX_FILLED_NONCES: usize = 64;

/// The transfers to sign with their nonces, and the wallet record to write with them.
pub(crate) struct NoncePlan {
    pub(crate) assigned: Vec<(u64, (Job, Transfer))>,
    pub(crate) wallet: Wallet,
    /// Transfers whose nonce the chain did not return, with the reason.
    pub(crate) without_nonce: Vec<(Job, Transfer, String)>,
}

/// Tracks which chains may be waiting for a nonce that no transfer carries.
#[derive(Default)]
pub(crate) struct NonceGaps {
    /// Real time.
    compared: Mutex<BTreeMap<Chain, Timestamp>>,
}

impl NonceGaps {
    /// Whether to ask the chain: after a refusal, after a start, and every [`COMPARE_INTERVAL`].
    pub(crate) fn is_suspected(&self, app: &App, chain: Chain) -> bool {
        self.compared.lock().get(&chain).is_none_or(|compared| compared.until(app.real.now()) > COMPARE_INTERVAL)
    }

    /// Marks a chain to be asked: a nonce may be missing after a refusal.
    pub(crate) fn suspect(&self, chain: Chain) {
        self.compared.lock().remove(&chain);
    }

    /// Assigns nonces: first those the chain waits for and no transfer carries, then the wallet's next ones.
    pub(crate) async fn plan(
        &self,
        app: &App,
        port: &Arc<dyn ChainPort>,
        mut wallet: Wallet,
        queued: &[(Job, Transfer)],
    ) -> AppResult<Option<NoncePlan>> {
        let (chain, before) = (wallet.id, wallet.clone());
        let (mut missing, mut recalled) = (VecDeque::new(), Vec::new());
        if wallet.version > 0 && self.is_suspected(app, chain) {
            // Set before the comparison, so that a refusal during it leads to another one.
            self.compared.lock().insert(chain, app.real.now());
            match find_gaps(app, port, &mut wallet).await.inspect_err(|_| self.suspect(chain))? {
                Some(gaps) => (missing, recalled) = gaps,
                None => {
                    self.suspect(chain);
                    return Ok(None);
                }
            }
        }
        let mut assigned = Vec::with_capacity(queued.len() + 1);
        let mut of_deposits: BTreeMap<u64, u64> = BTreeMap::new();
        let mut without_nonce = Vec::new();
        for (job, transfer) in queued {
            let nonce = match transfer.source {
                TransferSource::Hot => match missing.pop_front() {
                    Some(nonce) => nonce,
                    None => {
                        let nonce = wallet.next_nonce;
                        wallet.next_nonce += 1;
                        nonce
                    }
                },
                // A deposit address sends one transfer at a time, so the chain's own count is the nonce.
                TransferSource::Deposit(index) => match of_deposits.get_mut(&index) {
                    Some(_) => continue,
                    None if is_signed(app, chain, transfer.source).await? => continue,
                    None => match answer_in_time(app, port.next_nonce(transfer.source)).await {
                        Ok(nonce) => {
                            of_deposits.insert(index, nonce);
                            nonce
                        }
                        Err(AppError::Unavailable(reason)) => {
                            without_nonce.push((job.clone(), transfer.clone(), reason));
                            continue;
                        }
                        Err(error) => return Err(error),
                    },
                },
            };
            assigned.push((nonce, (job.clone(), transfer.clone())));
        }
        for nonce in missing.into_iter().chain(recalled) {
            assigned.push((nonce, filler_transfer(app, port, chain)?));
        }
        let has_changes = !assigned.is_empty() || !without_nonce.is_empty() || wallet != before;
        Ok(has_changes.then_some(NoncePlan { assigned, wallet, without_nonce }))
    }
}

/// Unused nonces: those the chain waits for, now or later, and no live transfer carries, lowest first. Those with nothing signed after them
/// are simply returned to the wallet.
///
/// Our nonces are read before the chain's, and the plan is fenced by the wallet's version, so a transfer signed or mined in between cannot
/// be mistaken for a gap. Nonces of recalled transfers come second in the pair: only a transfer to ourselves takes them, because the chain
/// may still know the recalled one. `None` when the wallet was used outside this system, which stops the chain.
async fn find_gaps(app: &App, port: &Arc<dyn ChainPort>, wallet: &mut Wallet) -> AppResult<Option<(VecDeque<u64>, Vec<u64>)>> {
    let mut recalled: BTreeSet<u64> = BTreeSet::new();
    add_carried(app, wallet.id, TransferStatus::Recalled, None, &mut recalled).await?;
    let mut live: BTreeSet<u64> = BTreeSet::new();
    for state in [TransferStatus::Signed, TransferStatus::Broadcast] {
        add_carried(app, wallet.id, state, None, &mut live).await?;
    }
    let expected = answer_in_time(app, port.next_nonce(TransferSource::Hot)).await?;
    if expected > wallet.next_nonce {
        // Another node may have signed and sent between our two reads; it stored what it sent beforehand.
        let ours = app.store.wallet(wallet.id).await?.map_or(wallet.next_nonce, |present| present.next_nonce);
        if expected > ours {
            stops::stop_chain(app, wallet.id, expected, ours).await?;
        }
        return Ok(None);
    }
    if (expected..wallet.next_nonce).all(|nonce| live.contains(&nonce)) {
        return Ok(Some((VecDeque::new(), Vec::new())));
    }
    // A reorganisation may have dropped a confirmed transaction. Its bytes are sent again, so its nonce is taken.
    let since = TransferId::first_at(app.business.now().before(CONFIRMED_LOOKBACK));
    add_carried(app, wallet.id, TransferStatus::Confirmed, Some(since), &mut live).await?;
    // Everything below `expected` is used; the highest live nonce is the last that must stay allocated.
    let last = live.last().max(recalled.last());
    wallet.next_nonce = last.map_or(expected, |last| expected.max(last + 1));
    let gaps: Vec<u64> = (expected..wallet.next_nonce).filter(|nonce| !live.contains(nonce)).take(MAX_FILLED_NONCES).collect();
    if let Some(first) = gaps.first() {
        tracing::warn!(chain = %wallet.id, first, count = gaps.len(), "nonces of refused or recalled transfers are filled");
    }
    let (recalled, gaps): (Vec<u64>, Vec<u64>) = gaps.into_iter().partition(|nonce| recalled.contains(nonce));
    Ok(Some((gaps.into(), recalled)))
}

/// Adds the nonces carried by hot wallet transfers in one state.
async fn add_carried(
    app: &App,
    chain: Chain,
    state: TransferStatus,
    mut after: Option<TransferId>,
    nonces: &mut BTreeSet<u64>,
) -> AppResult<()> {
    loop {
        let page = app.store.transfers_in_state(chain, state, after, PAGE_ROWS).await?;
        let of_hot = page.iter().filter(|transfer| transfer.source == TransferSource::Hot);
        nonces.extend(of_hot.filter_map(|transfer| transfer.state.signed().map(|signed| signed.nonce)));
        if page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX) {
            return Ok(());
        }
        after = page.last().map(|transfer| transfer.id);
    }
}

/// Whether a transfer from this source is signed but not known to be broadcast: the chain does not count it yet.
async fn is_signed(app: &App, chain: Chain, source: TransferSource) -> AppResult<bool> {
    let mut after = None;
    loop {
        let page = app.store.transfers_in_state(chain, TransferStatus::Signed, after, PAGE_ROWS).await?;
        if page.iter().any(|transfer| transfer.source == source) {
            return Ok(true);
        }
        if page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX) {
            return Ok(false);
        }
        after = page.last().map(|transfer| transfer.id);
    }
}

/// A transfer of the smallest amount from the hot wallet to itself, with its job; both are new records.
fn filler_transfer(app: &App, port: &Arc<dyn ChainPort>, chain: Chain) -> AppResult<(Job, Transfer)> {
    let native = app.catalogue.chain(chain).ok_or_else(|| AppError::defect(format!("the chain {chain} is not in the catalogue")))?.native;
    let mint = app.mint();
    let transfer = Transfer {
        screening: Screening::Exempt,
        ..Transfer::new(&mint, TransferPurpose::Sweep, native, Amount::from_minor(1), port.hot_address())
    };
    Ok((Job::due_now(&mint, JobKind::SendTransfer, transfer.id), transfer))
}
