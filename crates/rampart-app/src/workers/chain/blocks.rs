//! Blocks: where the chain and what we followed of it part, and what moved to our addresses.

use std::collections::HashMap;

use rampart_core::asset::Chain;
use rampart_core::fact::DepositChange;
use rampart_core::id::FactId;
use rampart_core::ports::{BlockHead, ChainPort, ChainTransfer};
use rampart_core::rampoff::Rampoff;
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::time::Timestamp;
use rampart_core::watch::{Deposit, DepositState};

use super::{Followed, Watcher, write_changes};
use crate::app::App;
use crate::error::AppResult;

/// Which order coins at an address are noted with, where orders of different chains share it: the one that waits for coins on
/// this chain, else one that is open.
fn precedence(order: &Rampoff, chain: Chain) -> (bool, bool) {
    (order.chain() == chain, !order.is_settled())
}

/// Where the chain and what we followed part.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ancestor {
    /// The newest block that was followed is still in the chain.
    Newest,
    /// So many of the followed blocks, from the oldest, are still in it.
    At(usize),
    /// None of the followed blocks is in it any more.
    Forgotten,
}

/// Walks back from the newest followed block to one that is still in the chain.
pub(super) async fn common_ancestor(watcher: &Watcher, followed: &Followed) -> AppResult<Ancestor> {
    for (index, (height, hash)) in followed.iter().enumerate().rev() {
        let block = watcher.answer(watcher.port.block(*height)).await?;
        if block.is_some_and(|block| block.head.hash == *hash) {
            let kept = index + 1;
            return Ok(if kept == followed.len() { Ancestor::Newest } else { Ancestor::At(kept) });
        }
    }
    Ok(Ancestor::Forgotten)
}

/// What moved to our deposit addresses, as deposits and facts: to those of every chain of the family, because whoever sends
/// coins on the wrong one of them sends them to us. What we have seen before (in a block that was undone) is the same deposit
/// again.
pub(super) async fn deposits(
    app: &App,
    port: &dyn ChainPort,
    transfers: Vec<(BlockHead, ChainTransfer)>,
    read_before: Option<Timestamp>,
) -> AppResult<Step> {
    let mut step = Step::new();
    let addresses: Vec<String> = transfers.iter().map(|(_, transfer)| transfer.to.clone()).collect();
    if addresses.is_empty() {
        return Ok(step);
    }
    let rampoffs = app.store().rampoffs_by_deposit_addresses(&addresses).await?;
    let mut orders: HashMap<&str, &Rampoff> = HashMap::new();
    for order in &rampoffs {
        let first = orders.entry(&order.deposit_address).or_insert(order);
        if precedence(order, port.chain()) >= precedence(first, port.chain()) {
            *first = order;
        }
    }
    let mut seen = Vec::new();
    for (head, transfer) in &transfers {
        let Some(order) = orders.get(transfer.to.as_str()) else { continue };
        // A token that is not in the catalogue has no account in the ledger: it stays where it is and is nobody's debt.
        let Some(coin) = transfer.coin.filter(|coin| app.catalogue().coin(*coin).is_some()) else {
            tracing::info!(txid = transfer.txid, order = %order.id, "an unknown token arrived at a deposit address and is ignored");
            continue;
        };
        if !transfer.amount.is_positive() {
            continue;
        }
        let key = format!("deposit:{}:{}:{}", coin.chain, transfer.txid, transfer.index);
        let known = match app.store().claim(ClaimScope::Fact, &key).await? {
            Some(claim) => match claim.subject.parse::<FactId>() {
                Ok(id) => app.store().deposit(id).await?,
                Err(_) => None,
            },
            None => None,
        };
        let deposit = match known {
            Some(known) if known.state != DepositState::Dropped => continue,
            Some(known) => Deposit { height: head.height, block: head.hash.clone(), state: DepositState::Pending, ..known },
            None => {
                let mint = app.mint();
                let id = mint.id();
                step.claims.push(Claim::forever(ClaimScope::Fact, key, id));
                Deposit {
                    id,
                    version: 0,
                    txid: transfer.txid.clone(),
                    index: transfer.index,
                    coin,
                    amount: transfer.amount,
                    from: transfer.from.clone(),
                    to: transfer.to.clone(),
                    height: head.height,
                    block: head.hash.clone(),
                    state: DepositState::Pending,
                    order: Some(order.id),
                    swept: false,
                    seen_at: mint.now,
                    block_time: head.time,
                    read_before,
                }
            }
        };
        seen.push(deposit);
    }
    write_changes(app, &mut step, seen, DepositChange::Seen);
    Ok(step)
}
