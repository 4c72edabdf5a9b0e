//! Coins at the address of a ramp-off.

use rampart_core::fact::DepositChange;
use rampart_core::id::FactId;
use rampart_core::rampoff::{DepositReceipt, Rampoff, RampoffFact};
use rampart_core::step::Step;
use rampart_core::suspense;
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

/// A deposit that its order knows is the order's to give up; any other lay in suspense, if it was confirmed.
async fn dropped(app: &App, deposit: Deposit, rampoff: Rampoff) -> Effect {
    if rampoff.knows(deposit.id) {
        return Ok(observe::rampoff(app, rampoff, RampoffFact::DepositDropped { deposit: deposit.id }));
    }
    let mut items = app.store().reviews_of_fact(deposit.id).await?;
    items.retain(|item| suspense::is_about(item, &deposit));
    let assigned = match items.iter().find_map(|item| item.resolution.as_ref()?.order) {
        Some(order) => Some(observe::load_rampoff(app, order).await?),
        None => None,
    };
    let price = assigned.as_ref().and_then(|order| observe::rampoff_price(app, order));
    Ok(suspense::undone(&deposit, rampoff.id, items, assigned, &app.context(price)))
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
