//! Coins at the address of a ramp-off.

use rampart_core::fact::DepositChange;
use rampart_core::id::FactId;
use rampart_core::ledger::Account;
use rampart_core::rampoff::{DepositReceipt, Rampoff, RampoffFact};
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_core::step::Step;
use rampart_core::treasury;
use rampart_core::watch::Deposit;

use super::{Effect, Trouble};
use crate::app::App;
use crate::workers::observe;

pub(super) async fn effect(app: &App, id: FactId, change: DepositChange) -> Effect {
    let deposit = app.store().deposit(id).await?.ok_or_else(|| Trouble::Never(format!("there is no deposit {id}")))?;
    let order = deposit.order.ok_or_else(|| Trouble::Never(format!("deposit {id} is at the address of no ramp-off")))?;
    let rampoff = app.store().rampoff(order).await?.ok_or_else(|| Trouble::Never(format!("there is no ramp-off {order}")))?;
    let is_its_coin = deposit.coin == rampoff.terms.coin;
    let fact = match change {
        DepositChange::Seen if is_its_coin => RampoffFact::DepositSeen(receipt(&deposit, 0)),
        DepositChange::Seen => return Ok(Step::new()),
        DepositChange::Confirmed if is_its_coin => {
            let confirmations = app.catalogue().coin(deposit.coin).map_or(1, |coin| coin.confirmations);
            RampoffFact::DepositConfirmed(receipt(&deposit, confirmations))
        }
        DepositChange::Confirmed => {
            RampoffFact::WrongAsset { coin: deposit.coin, deposit: deposit.id, amount: deposit.amount, from: deposit.from.clone() }
        }
        DepositChange::Dropped => return dropped(app, deposit, rampoff).await,
    };
    Ok(observe::rampoff(app, rampoff, fact))
}

/// A deposit that its order knows is the order's to give up. One that the order could not use lay in suspense once it was
/// confirmed, and is taken from there, or from the order that a person assigned it to; once, however often the chain
/// takes it up and undoes it again.
async fn dropped(app: &App, deposit: Deposit, rampoff: Rampoff) -> Effect {
    let is_known_to = |order: &Rampoff| order.deposits.iter().any(|known| known.deposit == deposit.id);
    let fact = RampoffFact::DepositDropped { deposit: deposit.id };
    if is_known_to(&rampoff) {
        return Ok(observe::rampoff(app, rampoff, fact));
    }
    let reviews = app.store().reviews_of_fact(deposit.id).await?;
    // A loss that its order has listed is about the same fact, and nothing in suspense.
    let is_its = |item: &ReviewItem| item.kind == ReviewKind::Suspense && item.asset == Some(deposit.coin.into()) && !item.is_undone();
    let mint = app.mint();
    let mut step = Step::new();
    // More than one when it was to be returned, which did not work: it lay in suspense once all the same.
    let items: Vec<ReviewItem> = reviews.into_iter().filter(is_its).collect();
    if items.is_empty() {
        return Ok(step);
    }
    match items.iter().find_map(|item| item.resolution.as_ref()?.order) {
        Some(order) => {
            let order = observe::load_rampoff(app, order).await?;
            if is_known_to(&order) {
                step = observe::rampoff(app, order, fact);
            }
        }
        None => {
            let deposits = Account::ChainDeposits(deposit.coin.chain);
            step.post(treasury::suspense_undone(&mint, deposits, deposit.coin.into(), deposit.amount, Some(rampoff.id)));
        }
    }
    items.into_iter().for_each(|item| step.write(item.undone(mint.now)));
    Ok(step)
}

fn receipt(deposit: &Deposit, confirmations: u32) -> DepositReceipt {
    DepositReceipt {
        deposit: deposit.id,
        txid: deposit.txid.clone(),
        index: deposit.index,
        amount: deposit.amount,
        from: deposit.from.clone(),
        confirmations,
        lost: false,
    }
}
