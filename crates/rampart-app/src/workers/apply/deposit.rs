//! Coins at the address of a ramp-off.

use rampart_core::amount::Amount;
use rampart_core::arrival::{Grade, counts_at};
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
use crate::workers::observe::{self, Around};

pub(super) async fn effect(app: &App, id: FactId, change: DepositChange, grade: Grade) -> Effect {
    let deposit = app.store().deposit(id).await?.ok_or_else(|| Trouble::Never(format!("there is no deposit {id}")))?;
    let order = deposit.order.ok_or_else(|| Trouble::Never(format!("deposit {id} is at the address of no ramp-off")))?;
    let rampoff = app.store().rampoff(order).await?.ok_or_else(|| Trouble::Never(format!("there is no ramp-off {order}")))?;
    let is_its_coin = deposit.coin == rampoff.terms.coin;
    let fact = match change {
        DepositChange::Seen if is_its_coin => RampoffFact::DepositSeen(receipt(app, &deposit, &rampoff, 0)),
        DepositChange::Seen => return Ok(Step::new()),
        DepositChange::Confirmed if is_its_coin => {
            let confirmations = app.catalogue().coin(deposit.coin).map_or(1, |coin| coin.confirmations);
            RampoffFact::DepositConfirmed(receipt(app, &deposit, &rampoff, confirmations))
        }
        DepositChange::Confirmed => {
            RampoffFact::WrongAsset { coin: deposit.coin, deposit: deposit.id, amount: deposit.amount, from: deposit.from.clone() }
        }
        DepositChange::Dropped => return dropped(app, deposit, rampoff, grade).await,
    };
    Ok(Around::rampoff(app, &rampoff).await?.observe_rampoff(app, rampoff, fact, grade))
}

/// A deposit that its order knows is the order's to give up. One that the order could not use lay in suspense once it was
/// confirmed, and is taken from there, or from the order that a person assigned it to; once, however often the chain
/// takes it up and undoes it again.
async fn dropped(app: &App, deposit: Deposit, rampoff: Rampoff, grade: Grade) -> Effect {
    let is_known_to = |order: &Rampoff| order.deposits.iter().any(|known| known.deposit == deposit.id);
    let fact = RampoffFact::DepositDropped { deposit: deposit.id };
    let mut step = Step::new();
    let order = rampoff.id;
    let is_known = is_known_to(&rampoff);
    if is_known {
        step = Around::rampoff(app, &rampoff).await?.observe_rampoff(app, rampoff, fact.clone(), grade);
    }
    let reviews = app.store().reviews_of_fact(deposit.id).await?;
    // A loss that its order has listed is about the same fact, and nothing in suspense.
    let is_its = |item: &ReviewItem| item.kind == ReviewKind::Suspense && item.asset == Some(deposit.coin.into()) && !item.is_undone();
    let mint = app.mint();
    // More than one when it was to be returned, which did not work: it lay in suspense once all the same.
    let items: Vec<ReviewItem> = reviews.into_iter().filter(is_its).collect();
    if items.is_empty() {
        return Ok(step);
    }
    match items.iter().find_map(|item| item.resolution.as_ref()?.order) {
        Some(other) if other != order || !is_known => {
            let other = observe::load_rampoff(app, other).await?;
            if is_known_to(&other) {
                step.extend(Around::rampoff(app, &other).await?.observe_rampoff(app, other, fact, grade));
            }
        }
        Some(_) => {}
        None => {
            let deposits = Account::ChainDeposits(deposit.coin.chain);
            // What lay in suspense beside what the order used.
            let amount = items.iter().map(|item| item.amount).max().unwrap_or_default().min(deposit.amount);
            step.post(treasury::suspense_undone(&mint, deposits, deposit.coin.into(), amount, Some(order)));
        }
    }
    items.into_iter().for_each(|item| step.write(item.undone(mint.now)));
    Ok(step)
}

fn receipt(app: &App, deposit: &Deposit, rampoff: &Rampoff, confirmations: u32) -> DepositReceipt {
    let backdating = app.catalogue().chain_backdating(deposit.coin.chain);
    DepositReceipt {
        deposit: deposit.id,
        txid: deposit.txid.clone(),
        index: deposit.index,
        amount: deposit.amount,
        at: counts_at(deposit.block_time, deposit.seen_at, deposit.read_before, backdating).max(rampoff.created_at),
        from: deposit.from.clone(),
        confirmations,
        lost: false,
        assigned: false,
        set_aside: Amount::ZERO,
    }
}
