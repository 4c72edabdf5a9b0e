//! Coins at the address of a ramp-off.

use rampart_core::fact::DepositChange;
use rampart_core::id::{FactId, TransferId};
use rampart_core::outgoing::Leaving;
use rampart_core::rampoff::{DepositReceipt, Rampoff, RampoffFact};
use rampart_core::review::ReviewItem;
use rampart_core::step::Step;
use rampart_core::suspense::{self, Traces};
use rampart_core::watch::Deposit;

use super::{Effect, Trouble};
use crate::app::App;
use crate::workers::{observe, transfers};

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
    let step = observe::rampoff(app, rampoff, fact);
    match suspense::receives(&step, deposit.id) {
        true => received(app, step, deposit.id).await,
        false => Ok(step),
    }
}

/// What lay in suspense before its chain undid it is settled as it was.
async fn received(app: &App, step: Step, deposit: FactId) -> Effect {
    let items = app.store().reviews_of_fact(deposit).await?;
    let undone = items.iter().rfind(|item| item.is_undone());
    let returned = match undone.and_then(sent) {
        Some(id) => app.store().transfer(id).await?,
        None => None,
    };
    Ok(suspense::received_again(step, deposit, &items, returned, &app.context(None)))
}

/// The transfer that an item was sent back by.
fn sent(item: &ReviewItem) -> Option<TransferId> {
    match item.resolution.as_ref()?.sent? {
        Leaving::Transfer(id) => Some(id),
        Leaving::Payout(_) => None,
    }
}

/// A deposit that its order knows is the order's to give up; any other lay in suspense, if it was confirmed.
async fn dropped(app: &App, deposit: Deposit, rampoff: Rampoff) -> Effect {
    if rampoff.knows(deposit.id) {
        return Ok(observe::rampoff(app, rampoff, RampoffFact::DepositDropped { deposit: deposit.id }));
    }
    let mut items = app.store().reviews_of_fact(deposit.id).await?;
    items.retain(|item| suspense::is_about(item, &deposit));
    let mut traces = Traces::default();
    // What was decided last: an order may have been given it, and have had it put back into suspense.
    if let Some(order) = items.last().and_then(|item| item.resolution.as_ref()?.order) {
        traces.assigned = Some(observe::load_rampoff(app, order).await?);
    }
    if let Some(id) = items.last().and_then(sent) {
        let jobs = app.store().jobs_of_subject(&id.to_string()).await?;
        traces.returned = Some((transfers::load(app, id).await?, jobs));
    }
    let price = traces.assigned.as_ref().and_then(|order| observe::rampoff_price(app, order));
    Ok(suspense::undone(&deposit, rampoff.id, items, traces, &app.context(price)))
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
