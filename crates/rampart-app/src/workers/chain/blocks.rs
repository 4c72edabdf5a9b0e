//! Blocks: finds the common ancestor of the chain and the followed blocks, and the deposits to our addresses.

use std::collections::HashMap;

use rampart_core::id::DepositId;
use rampart_core::money::asset::Chain;
use rampart_core::order::rampoff::Rampoff;
use rampart_core::ports::{BlockHead, ChainPort, ChainTransfer};
use rampart_core::step::fact::DepositChange;
use rampart_core::step::watch::{Deposit, DepositState};
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::time::Timestamp;

use super::{ChainWatcher, FollowedBlocks, write_changes};
use crate::app::App;
use crate::error::AppResult;

/// Precedence among orders of different chains that share an address: the order that expects coins on this chain, then an open one.
fn precedence(order: &Rampoff, chain: Chain) -> (bool, bool) {
    (order.chain() == chain, !order.is_settled())
}

/// The last followed block that is still in the chain.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CommonAncestor {
    /// The newest followed block.
    Newest,
    /// This many of the followed blocks, from the oldest, are still in the chain.
    At(usize),
    /// None of the followed blocks is in the chain any more.
    BeyondHistory,
}

pub(super) async fn common_ancestor(watcher: &ChainWatcher, followed: &FollowedBlocks) -> AppResult<CommonAncestor> {
    for (index, (height, hash)) in followed.iter().enumerate().rev() {
        let block = watcher.answer(watcher.port.block(*height)).await?;
        if block.is_some_and(|block| block.head.hash == *hash) {
            let kept = index + 1;
            return Ok(if kept == followed.len() { CommonAncestor::Newest } else { CommonAncestor::At(kept) });
        }
    }
    Ok(CommonAncestor::BeyondHistory)
}

/// Transfers to our deposit addresses, as deposits and facts. Addresses of every chain of the family count, because coins sent on the wrong
/// chain still reach us. A deposit known from a block that was undone becomes pending again.
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
    let rampoffs = app.store.rampoffs_by_deposit_addresses(&addresses).await?;
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
        // A token outside the catalogue has no ledger account: it stays where it is and is owed to nobody.
        let Some(coin) = transfer.coin.filter(|coin| app.catalogue.coin(*coin).is_some()) else {
            tracing::info!(txid = transfer.txid, order = %order.id, "an unlisted token arrived at a deposit address and is ignored");
            continue;
        };
        if !transfer.amount.is_positive() {
            continue;
        }
        let key = format!("deposit:{}:{}:{}", coin.chain, transfer.txid, transfer.index);
        let known = match app.store.claim(ClaimScope::Fact, &key).await? {
            Some(claim) => match claim.subject.parse::<DepositId>() {
                Ok(id) => app.store.deposit(id).await?,
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
