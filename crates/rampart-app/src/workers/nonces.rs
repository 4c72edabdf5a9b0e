//! Which transfer gets which nonce, and how a nonce that was burnt by a refusal is filled.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rampart_core::amount::Amount;
use rampart_core::asset::Chain;
use rampart_core::id::TransferId;
use rampart_core::job::{Job, JobKind};
use rampart_core::outgoing::{Screening, Transfer, TransferPurpose, TransferSource};
use rampart_core::ports::ChainPort;
use rampart_core::watch::Wallet;

use super::jobs::answer_in_time;
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::stops;

/// How often the chain's next nonce is compared with ours without a reason.
const LOOK_EVERY: Duration = Duration::from_secs(60);
const PAGE: u32 = 256;
/// How far back confirmed transfers are taken into account (business time).
const CONFIRMED_SINCE: Duration = Duration::from_secs(24 * 60 * 60);
/// The most nonces that are filled in one step.
const MOST_GAPS: usize = 64;

/// What is to be signed, and the wallet as it is written beside it.
pub(crate) struct Plan {
    pub(crate) assigned: Vec<(u64, (Job, Transfer))>,
    pub(crate) wallet: Wallet,
    /// Transfers of which nobody tells the nonce, and why.
    pub(crate) without_nonce: Vec<(Job, Transfer, String)>,
}

/// Which chains may wait for a nonce that nobody carries.
#[derive(Default)]
pub(crate) struct Gaps {
    looked: Mutex<BTreeMap<Chain, Instant>>,
}

impl Gaps {
    /// Whether the chain is to be asked: after a refusal, after a start, and now and then.
    pub(crate) fn is_suspected(&self, chain: Chain) -> bool {
        self.looked.lock().get(&chain).is_none_or(|looked| looked.elapsed() > LOOK_EVERY)
    }

    /// A transfer was refused: its nonce may be missing.
    pub(crate) fn suspect(&self, chain: Chain) {
        self.looked.lock().remove(&chain);
    }

    /// Gives out nonces: first the one the chain waits for and nobody carries, then those of the wallet.
    pub(crate) async fn plan(
        &self,
        app: &App,
        port: &Arc<dyn ChainPort>,
        mut wallet: Wallet,
        queued: &[(Job, Transfer)],
    ) -> AppResult<Option<Plan>> {
        let (chain, before) = (wallet.id, wallet.clone());
        let (mut missing, mut recalled) = (VecDeque::new(), Vec::new());
        if wallet.version > 0 && self.is_suspected(chain) {
            // Before looking: a refusal that comes while we look must be looked at again.
            self.looked.lock().insert(chain, Instant::now());
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
                // A deposit address sends one transfer at a time, so the chain's own count is all there is to know.
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
            assigned.push((nonce, filler(app, port, chain)?));
        }
        let is_worth_it = !assigned.is_empty() || !without_nonce.is_empty() || wallet != before;
        Ok(is_worth_it.then_some(Plan { assigned, wallet, without_nonce }))
    }
}

/// The nonces that the chain waits for, or will, and no live transfer carries, lowest first. Those behind which nothing was
/// signed are simply taken back by the wallet. Ours are read before the chain's, and the plan is fenced by the wallet's
/// version, so that a transfer that is signed or mined meanwhile cannot be mistaken for a gap. Those of recalled transfers are
/// apart: only a transfer to ourselves takes them, because the chain may know the recalled one after all. Nothing when somebody
/// has sent from the wallet past us, which stops the chain.
async fn find_gaps(app: &App, port: &Arc<dyn ChainPort>, wallet: &mut Wallet) -> AppResult<Option<(VecDeque<u64>, Vec<u64>)>> {
    let mut recalled: BTreeSet<u64> = BTreeSet::new();
    carried(app, wallet.id, "recalled", None, &mut recalled).await?;
    let mut live: BTreeSet<u64> = BTreeSet::new();
    for state in ["signed", "broadcast"] {
        carried(app, wallet.id, state, None, &mut live).await?;
    }
    let expected = answer_in_time(app, port.next_nonce(TransferSource::Hot)).await?;
    if expected > wallet.next_nonce {
        // Another node may have signed and sent between our two readings; what it sent, it stored before.
        let ours = app.store().wallet(wallet.id).await?.map_or(wallet.next_nonce, |present| present.next_nonce);
        if expected > ours {
            stops::stop_chain(app, wallet.id, expected, ours).await?;
        }
        return Ok(None);
    }
    if (expected..wallet.next_nonce).all(|nonce| live.contains(&nonce)) {
        return Ok(Some((VecDeque::new(), Vec::new())));
    }
    // A reorganisation may have thrown out what was confirmed; its bytes go out again, so its nonce is taken.
    let since = TransferId::first_at(app.business().now().before(CONFIRMED_SINCE));
    carried(app, wallet.id, "confirmed", Some(since), &mut live).await?;
    // Everything below `expected` is used up; of what follows, the highest live nonce is the last that must stay.
    let last = live.last().max(recalled.last());
    wallet.next_nonce = last.map_or(expected, |last| expected.max(last + 1));
    let gaps: Vec<u64> = (expected..wallet.next_nonce).filter(|nonce| !live.contains(nonce)).take(MOST_GAPS).collect();
    if let Some(first) = gaps.first() {
        tracing::warn!(chain = %wallet.id, first, count = gaps.len(), "nonces of refused or recalled transfers are filled");
    }
    let (recalled, gaps): (Vec<u64>, Vec<u64>) = gaps.into_iter().partition(|nonce| recalled.contains(nonce));
    Ok(Some((gaps.into(), recalled)))
}

/// Adds the nonces that transfers of the hot wallet in a state carry.
async fn carried(app: &App, chain: Chain, state: &str, mut behind: Option<TransferId>, nonces: &mut BTreeSet<u64>) -> AppResult<()> {
    loop {
        let page = app.store().transfers_in_state(chain, state, behind, PAGE).await?;
        let of_hot = page.iter().filter(|transfer| transfer.source == TransferSource::Hot);
        nonces.extend(of_hot.filter_map(|transfer| transfer.state.signed().map(|signed| signed.nonce)));
        if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            return Ok(());
        }
        behind = page.last().map(|transfer| transfer.id);
    }
}

/// Whether a transfer from a wallet is signed and not known to be broadcast: the chain does not count it yet.
async fn is_signed(app: &App, chain: Chain, source: TransferSource) -> AppResult<bool> {
    let mut behind = None;
    loop {
        let page = app.store().transfers_in_state(chain, "signed", behind, PAGE).await?;
        if page.iter().any(|transfer| transfer.source == source) {
            return Ok(true);
        }
        if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            return Ok(false);
        }
        behind = page.last().map(|transfer| transfer.id);
    }
}

/// A transfer of the smallest amount from the hot wallet to itself, with its job, both new.
fn filler(app: &App, port: &Arc<dyn ChainPort>, chain: Chain) -> AppResult<(Job, Transfer)> {
    let native = app.catalogue().chain(chain).ok_or_else(|| AppError::defect(format!("the chain {chain} is not traded")))?.native;
    let mint = app.mint();
    let transfer = Transfer {
        screening: Screening::Exempt,
        ..Transfer::new(&mint, TransferPurpose::Sweep, native, Amount::from_minor(1), port.hot_address())
    };
    Ok((Job::due_now(&mint, JobKind::SendTransfer, transfer.id), transfer))
}
