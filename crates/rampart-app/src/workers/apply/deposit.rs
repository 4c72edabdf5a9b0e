//! Applies deposits at the address of a ramp-off.

use rampart_core::id::{DepositId, FactId};
use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::order::arrival::{Grade, counts_at};
use rampart_core::order::rampoff::{DepositReceipt, Rampoff, RampoffFact};
use rampart_core::review::suspense::{self, RemovedDepositTraces, UnmatchedReceipt};
use rampart_core::step::Step;
use rampart_core::step::fact::DepositChange;
use rampart_core::step::watch::Deposit;

use super::{ApplyError, Effect};
use crate::app::App;
use crate::error::AppResult;
use crate::workers::observe::{self, DecisionInputs};
use crate::workers::outgoing;

pub(super) async fn effect(app: &App, fact: FactId, id: DepositId, change: DepositChange, grade: Grade) -> Effect {
    let deposit = app.store.deposit(id).await?.ok_or_else(|| ApplyError::Quarantine(format!("there is no deposit {id}")))?;
    let order = deposit.order.ok_or_else(|| ApplyError::Quarantine(format!("deposit {id} is at the address of no ramp-off")))?;
    let rampoff = app.store.rampoff(order).await?.ok_or_else(|| ApplyError::Quarantine(format!("there is no ramp-off {order}")))?;
    let is_order_coin = deposit.coin == rampoff.terms.coin;
    let change = match change {
        DepositChange::Seen if is_order_coin => RampoffFact::DepositSeen(receipt(app, &deposit, &rampoff, 0)),
        DepositChange::Seen => return Ok(Step::new()),
        DepositChange::Confirmed if is_order_coin => {
            let confirmations = app.catalogue.coin(deposit.coin).map_or(1, |coin| coin.finality.needed(deposit.amount).blocks);
            RampoffFact::DepositConfirmed(receipt(app, &deposit, &rampoff, confirmations))
        }
        DepositChange::Confirmed => {
            if let Some(unmatched) = at_shared_address(app, &deposit, &rampoff).await? {
                return resolve_undone_items(app, suspense::receive(unmatched, &app.mint()), deposit.id).await;
            }
            let price = app.prices.market(deposit.coin.symbol, rampoff.terms.fiat).map(|market| market.rate);
            let (coin, amount, from) = (deposit.coin, deposit.amount, deposit.from.clone());
            RampoffFact::WrongAsset { coin, deposit: deposit.id, amount, from, price }
        }
        DepositChange::Dropped => return dropped(app, fact, deposit, rampoff, grade).await,
    };
    let inputs = DecisionInputs::deposit(app, &rampoff, deposit.coin, fact).await?;
    let step = inputs.observe_rampoff(app, rampoff, change, grade);
    match suspense::receives(&step, deposit.id) {
        true => resolve_undone_items(app, step, deposit.id).await,
        false => Ok(step),
    }
}

/// Coins on a chain that no order of this address expects: earlier versions gave one address to orders on different chains. They go to
/// suspense for a person to assign, and no order is changed, because they may be another's.
async fn at_shared_address(app: &App, deposit: &Deposit, rampoff: &Rampoff) -> AppResult<Option<UnmatchedReceipt>> {
    let chain = deposit.coin.chain;
    if chain == rampoff.chain() {
        return Ok(None);
    }
    let sharing = app.store.rampoffs_by_deposit_addresses(std::slice::from_ref(&deposit.to)).await?;
    if sharing.len() < 2 {
        return Ok(None);
    }
    let orders: Vec<String> = sharing.iter().map(|order| format!("{} on {}", order.id, order.chain())).collect();
    Ok(Some(UnmatchedReceipt {
        fact: deposit.id.as_fact(),
        on: Account::ChainDeposits(chain),
        asset: deposit.coin.into(),
        amount: deposit.amount,
        source: Some(deposit.from.clone()),
        order: Some(rampoff.id),
        reason: format!(
            "arrived on {chain} at the address that several ramp-offs share, which take coins elsewhere: {}",
            orders.join(", ")
        ),
    }))
}

/// A deposit that returns after its chain undid it: the suspense items it had are settled as before.
async fn resolve_undone_items(app: &App, step: Step, deposit: DepositId) -> Effect {
    let (store, mut returned) = (&app.store, Vec::new());
    for id in store.reviews_of_fact(deposit.as_fact()).await?.iter().filter(|item| item.is_undone()).filter_map(suspense::sent) {
        returned.push(outgoing::load_transfer(app, id).await?);
    }
    // Read after the transfers: one confirmed in between has written its shortage item, or this commit conflicts.
    let items = store.reviews_of_fact(deposit.as_fact()).await?;
    Ok(suspense::deposit_received_again(step, deposit, &items, &returned, &app.context(None)))
}

/// A deposit recorded by its order is reversed there. Any part the order could not use went to suspense on confirmation.
async fn dropped(app: &App, fact: FactId, deposit: Deposit, rampoff: Rampoff, grade: Grade) -> Effect {
    let (order, is_known) = (rampoff.id, rampoff.knows(deposit.id));
    let mut traces = RemovedDepositTraces::default();
    let step = match is_known {
        true => {
            let inputs = DecisionInputs::deposit(app, &rampoff, rampoff.terms.coin, fact).await?;
            let price = observe::rampoff_price(app, &rampoff);
            let on_its_way = outgoing::require_no_handover(outgoing::of_order(app, &rampoff.clone().into()).await?)?;
            inputs.rely_on(suspense::deposit_removed_from_order(rampoff, deposit.id, on_its_way, &inputs.context(app, price, grade)))
        }
        false => {
            traces.beside = Some(rampoff).filter(|rampoff| rampoff.terms.coin == deposit.coin);
            Step::new()
        }
    };
    let mut items = app.store.reviews_of_fact(deposit.id.as_fact()).await?;
    items.retain(|item| suspense::is_about(item, &deposit));
    // The last decision counts: a deposit may have been assigned to an order and then reopened.
    let assigned_to = items.last().and_then(|item| item.resolution.as_ref()?.order);
    if let Some(other) = assigned_to.filter(|other| *other != order || !is_known) {
        let rampoff = observe::load_rampoff(app, other).await?;
        traces.on_its_way = outgoing::require_no_handover(outgoing::of_order(app, &rampoff.clone().into()).await?)?;
        traces.assigned = Some(rampoff);
    }
    for id in items.iter().filter_map(suspense::sent) {
        let jobs = app.store.jobs_of_subject(&id.to_string()).await?;
        traces.returned.push((outgoing::load_transfer(app, id).await?, jobs));
    }
    let price = traces.assigned.as_ref().and_then(|order| observe::rampoff_price(app, order));
    Ok(suspense::undone(step, &deposit, order, items, traces, &app.context(price)))
}

fn receipt(app: &App, deposit: &Deposit, rampoff: &Rampoff, confirmations: u32) -> DepositReceipt {
    let backdating = app.catalogue.chain_backdating(deposit.coin.chain);
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
