//! Which transfer gets which nonce, and how a nonce that was burnt by a refusal is filled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rampart_core::amount::Amount;
use rampart_core::asset::Chain;
use rampart_core::job::{Job, JobKind};
use rampart_core::outgoing::{Transfer, TransferPurpose, TransferSource, TransferState};
use rampart_core::ports::{ChainPort, Unavailable};
use rampart_core::watch::Wallet;

use crate::app::App;
use crate::error::{AppError, Reply};

/// How often the chain's next nonce is compared with ours without a reason.
const LOOK_EVERY: Duration = Duration::from_secs(60);
const PAGE: u32 = 256;

/// What is to be signed, and the wallet as it is written beside it.
pub(crate) struct Plan {
    pub(crate) assigned: Vec<(u64, (Job, Transfer))>,
    pub(crate) wallet: Wallet,
}

/// Which chains may wait for a nonce that nobody carries.
#[derive(Default)]
pub(crate) struct Gaps {
    looked: Mutex<BTreeMap<Chain, Instant>>,
}

fn unavailable(fault: Unavailable) -> AppError {
    AppError::Unavailable(fault.0)
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
    ) -> Reply<Option<Plan>> {
        let (chain, before) = (wallet.id, wallet.clone());
        let mut missing = None;
        if wallet.version > 0 && self.is_suspected(chain) {
            // Before looking: a refusal that comes while we look must be looked at again.
            self.looked.lock().insert(chain, Instant::now());
            missing = find_gap(app, port, &mut wallet).await.inspect_err(|_| self.suspect(chain))?;
        }
        let mut assigned = Vec::with_capacity(queued.len() + 1);
        let mut of_deposits: BTreeMap<u64, u64> = BTreeMap::new();
        for (job, transfer) in queued {
            let nonce = match transfer.source {
                TransferSource::Hot => match missing.take() {
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
                    None if is_under_way(app, chain, transfer.source).await? => continue,
                    None => {
                        let nonce = port.next_nonce(transfer.source).await.map_err(unavailable)?;
                        of_deposits.insert(index, nonce);
                        nonce
                    }
                },
            };
            assigned.push((nonce, (job.clone(), transfer.clone())));
        }
        if let Some(nonce) = missing {
            let filler = filler(app, port, chain)?;
            assigned.push((nonce, filler));
        }
        let is_worth_it = !assigned.is_empty() || wallet != before;
        Ok(is_worth_it.then_some(Plan { assigned, wallet }))
    }
}

/// The nonce that the chain waits for and no live transfer carries. When nothing was signed behind it, the wallet simply
/// takes it back. Ours is read before the chain's, and the plan is fenced by the wallet's version, so that a transfer
/// that is signed or mined meanwhile cannot be mistaken for a gap.
async fn find_gap(app: &App, port: &Arc<dyn ChainPort>, wallet: &mut Wallet) -> Reply<Option<u64>> {
    let mut live: BTreeSet<u64> = BTreeSet::new();
    for state in ["signed", "broadcast"] {
        let mut behind = None;
        loop {
            let page = app.store().transfers_in_state(wallet.id, state, behind, PAGE).await?;
            let of_hot = page.iter().filter(|transfer| transfer.source == TransferSource::Hot);
            live.extend(of_hot.filter_map(|transfer| transfer.state.signed().map(|signed| signed.nonce)));
            if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                break;
            }
            behind = page.last().map(|transfer| transfer.id);
        }
    }
    let expected = port.next_nonce(TransferSource::Hot).await.map_err(unavailable)?;
    if expected > wallet.next_nonce {
        // Somebody has sent from the wallet past us; a nonce below is used up.
        tracing::warn!(chain = %wallet.id, expected, ours = wallet.next_nonce, "the hot wallet has sent transactions that are not ours");
        wallet.next_nonce = expected;
        return Ok(None);
    }
    if expected == wallet.next_nonce || live.contains(&expected) {
        return Ok(None);
    }
    if live.iter().any(|nonce| *nonce > expected) {
        tracing::warn!(chain = %wallet.id, nonce = expected, "a nonce was burnt by a refusal and is filled");
        return Ok(Some(expected));
    }
    wallet.next_nonce = expected;
    Ok(None)
}

async fn is_under_way(app: &App, chain: Chain, source: TransferSource) -> Reply<bool> {
    for state in ["signed", "broadcast"] {
        let transfers = app.store().transfers_in_state(chain, state, None, PAGE).await?;
        if transfers.iter().any(|transfer| transfer.source == source) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A transfer of the smallest amount from the hot wallet to itself, with its job, both new.
fn filler(app: &App, port: &Arc<dyn ChainPort>, chain: Chain) -> Reply<(Job, Transfer)> {
    let native = app.catalogue().chain(chain).ok_or_else(|| AppError::defect(format!("the chain {chain} is not traded")))?.native;
    let mint = app.mint();
    let transfer = Transfer {
        id: mint.id(),
        version: 0,
        purpose: TransferPurpose::Sweep,
        order: None,
        customer: None,
        coin: native,
        amount: Amount::from_minor(1),
        source: TransferSource::Hot,
        to: port.hot_address(),
        state: TransferState::Queued,
        created_at: mint.now,
    };
    Ok((Job::due_now(&mint, JobKind::SendTransfer, transfer.id), transfer))
}
