//! Coins at the address of a ramp-off.

use rampart_core::amount::Amount;
use rampart_core::arrival::{Grade, counts_at};
use rampart_core::fact::DepositChange;
use rampart_core::id::FactId;
use rampart_core::rampoff::{DepositReceipt, Rampoff, RampoffFact};
use rampart_core::step::Step;
use rampart_core::suspense;
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

/// A deposit that its order knows is the order's to give up. What the order could not use of it lay in suspense once it was
/// confirmed.
async fn dropped(app: &App, deposit: Deposit, rampoff: Rampoff, grade: Grade) -> Effect {
    let (order, is_known) = (rampoff.id, rampoff.knows(deposit.id));
    let mut step = match is_known {
        true => {
            let around = Around::rampoff(app, &rampoff).await?;
            around.observe_rampoff(app, rampoff, RampoffFact::DepositDropped { deposit: deposit.id }, grade)
        }
        false => Step::new(),
    };
    let mut items = app.store().reviews_of_fact(deposit.id).await?;
    items.retain(|item| suspense::is_about(item, &deposit));
    let assigned_to = items.iter().find_map(|item| item.resolution.as_ref()?.order).filter(|other| *other != order || !is_known);
    let assigned = match assigned_to {
        Some(other) => Some(observe::load_rampoff(app, other).await?),
        None => None,
    };
    let price = assigned.as_ref().and_then(|order| observe::rampoff_price(app, order));
    step.extend(suspense::undone(&deposit, order, items, assigned, &app.context(price)));
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
