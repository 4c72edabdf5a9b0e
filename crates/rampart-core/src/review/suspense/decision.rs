//! An operator's decision about a review item: assign to an order, return, or keep.

use crate::id::OrderId;
use crate::ledger::treasury;
use crate::ledger::{Account, Origin};
use crate::money::amount::Amount;
use crate::money::asset::{Asset, CoinId, Currency};
use crate::order::origin::{self, DecidedBy};
use crate::order::payment::{Payment, PaymentFact, Receipt};
use crate::order::rampoff::{DepositReceipt, Rampoff, RampoffFact};
use crate::order::{Context, Order};
use crate::outgoing::{Payout, PayoutDestination, PayoutPurpose, PayoutRoute, PayoutState, Transfer, TransferPurpose, TransferSource};
use crate::refusal::Refusal;
use crate::review::{
    CheckedDestination, Operator, Outcome, ReviewDecision, ReviewItem, ReviewKind, ReviewRecords, ReviewResolution, refuse,
};
use crate::step::Step;
use crate::step::fact::{BankCredit, FactBody};
use crate::step::record::Record;
use crate::step::watch::{Deposit, DepositState};
use crate::text::redacted::Redacted;

/// Moves a kept item back to suspense and reopens it.
pub(crate) fn reopen(item: ReviewItem, operator: &Operator, context: &Context<'_>) -> Result<Step, Refusal> {
    let mint = &context.mint;
    let resolution = item.resolution.clone().filter(|resolution| resolution.decision == ReviewDecision::Keep);
    let resolution = resolution.ok_or_else(|| refuse("only an item that was kept can be reopened"))?;
    let mut step = Step::new();
    step.post(treasury::suspense_reopened(mint, item.moved()?, item.amount));
    let reason = format!("kept by {}, and reopened by {}: {}", resolution.actor, operator.actor, operator.reason);
    step.write(item.clone().reopened(mint, reason));
    let resolution = ReviewResolution { decision: Outcome::from(ReviewDecision::Keep).then(ReviewDecision::Reopened), ..resolution };
    step.write(ReviewItem { resolution: Some(resolution), ..item });
    Ok(step)
}

/// Books what suspense lacks as a loss.
pub(crate) fn write_off(item: &ReviewItem, context: &Context<'_>) -> Result<Step, Refusal> {
    let mut step = Step::new();
    step.post(treasury::written_off(&context.mint, Account::Suspense, item.moved()?, item.amount));
    Ok(step)
}

/// Reverses the suspense booking and lets an order receive the item as if it arrived now.
pub(crate) fn assign(item: &ReviewItem, about: ReviewRecords, context: &Context<'_>) -> Result<Step, Refusal> {
    let asset = item.moved()?;
    match (about.order, asset) {
        (Some(Order::Payment(payment)), Asset::Fiat(currency)) if payment.terms.fiat == currency => {
            let (source, holder) = origin(item, about.fact.map(|fact| fact.body));
            assign_money(item, *payment, source, holder, context)
        }
        (Some(Order::Rampoff(rampoff)), Asset::Coin(coin)) if rampoff.terms.coin == coin => {
            let deposit = about.deposit.ok_or_else(|| refuse("the item names no deposit that could be assigned"))?;
            assign_coins(item, *rampoff, deposit, context)
        }
        (_, asset) => Err(refuse(format!("the order does not receive {asset}"))),
    }
}

fn assign_money(
    item: &ReviewItem,
    mut payment: Payment,
    source: Option<Redacted>,
    holder: Option<Redacted>,
    context: &Context<'_>,
) -> Result<Step, Refusal> {
    let mint = &context.mint;
    let fact = item.fact.ok_or_else(|| refuse("the item names no fact that could be assigned"))?;
    let (asset, status) = (item.moved()?, payment.status());
    payment.set_aside = set_aside_without(payment.set_aside, item, payment.id);
    let receipt = Receipt {
        fact,
        amount: item.amount,
        at: mint.now,
        holder,
        source,
        assigned: true,
        set_aside: Amount::ZERO,
        taken_back: Amount::ZERO,
    };
    let mut step = Step::new();
    // Booked on the order's pay-in account; the money stays on the account it arrived on.
    step.post(treasury::suspense_assigned(mint, payment.pay_in.account(), asset, item.amount, Some(payment.id)));
    received(step, payment.observe(PaymentFact::Paid { receipt, is_customer: true }, context), status)
}

fn assign_coins(item: &ReviewItem, mut rampoff: Rampoff, deposit: Deposit, context: &Context<'_>) -> Result<Step, Refusal> {
    let (asset, status) = (item.moved()?, rampoff.status());
    rampoff.set_aside = set_aside_without(rampoff.set_aside, item, rampoff.id);
    let on = Account::ChainDeposits(deposit.coin.chain);
    let mut step = Step::new();
    step.post(treasury::suspense_assigned(&context.mint, on, asset, item.amount, Some(rampoff.id)));
    let receipt = DepositReceipt {
        deposit: deposit.id,
        txid: deposit.txid,
        index: deposit.index,
        amount: item.amount,
        at: context.mint.now,
        from: deposit.from,
        confirmations: context.catalogue.coin(deposit.coin).map_or(1, |coin| coin.finality.needed(deposit.amount).blocks),
        lost: false,
        assigned: true,
        set_aside: Amount::ZERO,
    };
    received(step, rampoff.observe(RampoffFact::DepositConfirmed(receipt), context), status)
}

/// What is set aside beside an order after one of its own items is assigned to it.
fn set_aside_without(set_aside: Amount, item: &ReviewItem, order: OrderId) -> Amount {
    if item.order == Some(order) { set_aside.less(item.amount) } else { set_aside }
}

/// Refused if the order would move it to suspense again.
fn received(mut step: Step, received: Step, status: impl std::fmt::Display) -> Result<Step, Refusal> {
    if received.writes.iter().any(|record| matches!(record, Record::Review(item) if item.subject.kind() == ReviewKind::Suspense)) {
        return Err(refuse(format!("the order is {status} and cannot use it: return it, or choose another order")));
    }
    step.extend(received);
    Ok(step)
}

/// Sending account and holder of an item's money.
fn origin(item: &ReviewItem, fact: Option<FactBody>) -> (Option<Redacted>, Option<Redacted>) {
    match fact {
        Some(FactBody::BankCredit(credit)) => (credit.sender_account, credit.sender_name),
        Some(FactBody::ProcessorPaid(paid)) => (Some(Redacted::new(paid.reference)), paid.holder),
        _ => (item.subject.counterparty().map(Redacted::new), None),
    }
}

/// Returns it to its source. Money without a known sender goes to the customer's refund account.
pub(crate) fn send_back(item: &ReviewItem, about: ReviewRecords, context: &Context<'_>) -> Result<Step, Refusal> {
    match item.moved()? {
        Asset::Fiat(currency) => {
            let (route, destination) = source_of(about, context)?;
            pay_out(item, route, currency, destination, context)
        }
        Asset::Coin(coin) => {
            let to = about.sender_of(item).ok_or_else(unknown_source)?.to_owned();
            coins_out(item, coin, to, about, context)
        }
    }
}

fn unknown_source() -> Refusal {
    refuse("its source is unknown: name a destination, assign it to an order, or keep it")
}

/// Source of the money, and the route to return it.
fn source_of(about: ReviewRecords, context: &Context<'_>) -> Result<(PayoutRoute, PayoutDestination), Refusal> {
    let to = |account, name| PayoutDestination { account, bank_code: None, account_type: None, bank_name: None, name };
    match about.fact.map(|fact| fact.body) {
        Some(FactBody::BankCredit(BankCredit { rail, sender_account: Some(account), sender_name, .. })) => {
            Ok((PayoutRoute::Bank(rail), to(account, sender_name.unwrap_or_default())))
        }
        Some(FactBody::BankCredit(BankCredit { rail, sender_name: None, .. })) => {
            let Some(Order::Payment(payment)) = about.beside else { return Err(unknown_source()) };
            let given = payment.refund_account.clone().ok_or_else(unknown_source)?;
            if origin::is_usable(payment.refund_origin.as_ref(), DecidedBy::Policy, context) {
                Ok((PayoutRoute::Bank(rail), given))
            } else {
                Err(refuse("the refund account was given on a page and may not be used yet: name a destination"))
            }
        }
        Some(FactBody::ProcessorPaid(paid)) => {
            Ok((PayoutRoute::Processor(paid.processor), to(Redacted::new(paid.reference), paid.holder.unwrap_or_default())))
        }
        _ => Err(unknown_source()),
    }
}

/// Sends it to a given destination; money over the rail that pays out its currency.
pub(crate) fn send_to(item: &ReviewItem, mut about: ReviewRecords, context: &Context<'_>) -> Result<Step, Refusal> {
    match (item.moved()?, about.destination.take()) {
        (Asset::Fiat(currency), Some(CheckedDestination::Account(account))) => {
            pay_out(item, payout_route(currency, context)?, currency, account, context)
        }
        (Asset::Coin(coin), Some(CheckedDestination::Wallet(wallet))) => coins_out(item, coin, wallet, about, context),
        (Asset::Fiat(_), _) => Err(refuse("money goes to an account")),
        (Asset::Coin(_), _) => Err(refuse("coins go to a wallet")),
    }
}

fn payout_route(currency: Currency, context: &Context<'_>) -> Result<PayoutRoute, Refusal> {
    let rail = context.catalogue.payout_rail_of(currency).ok_or_else(|| refuse(format!("no rail here pays {currency} out")))?;
    Ok(PayoutRoute::Bank(rail.rail))
}

fn pay_out(
    item: &ReviewItem,
    route: PayoutRoute,
    currency: Currency,
    destination: PayoutDestination,
    context: &Context<'_>,
) -> Result<Step, Refusal> {
    let mint = &context.mint;
    let payout = Payout {
        screening: item.screening_of(destination.account.reveal()),
        resolves: Some(item.id),
        ..Payout::new(mint, PayoutPurpose::SuspenseReturn, route, currency, item.amount, destination).payable(context.catalogue)
    };
    if !payout.amount.is_positive() {
        return Err(refuse("it is less than its rail can pay: keep it, or assign it to an order"));
    }
    Ok(payout.create(Origin::Request, mint))
}

/// Coins still on their deposit address leave from there as a whole, without a fee; others leave from the hot wallet, less the
/// network fee.
fn coins_out(item: &ReviewItem, coin: CoinId, to: String, about: ReviewRecords, context: &Context<'_>) -> Result<Step, Refusal> {
    let (mint, mut step) = (&context.mint, Step::new());
    let (mut source, mut deposits, mut withheld) = (TransferSource::Hot, Vec::new(), about.network_fee);
    let is_whole = |deposit: &Deposit| deposit.amount == item.amount && !deposit.swept && deposit.state == DepositState::Confirmed;
    if let Some(deposit) = about.deposit.filter(is_whole)
        && let Some(index) = about.deposit_index
    {
        source = TransferSource::Deposit(index);
        deposits.push(deposit.id);
        withheld = Amount::ZERO;
        step.write(Deposit { swept: true, ..deposit });
    }
    if withheld >= item.amount {
        return Err(refuse("it does not cover the network fee of sending it: keep it, or assign it to an order"));
    }
    let transfer = Transfer {
        source,
        withheld,
        screening: item.screening_of(&to),
        resolves: Some(item.id),
        deposits,
        ..Transfer::new(mint, TransferPurpose::SuspenseReturn, coin, item.amount.less(withheld), to)
    };
    step.extend(transfer.create(Origin::Request, mint));
    Ok(step)
}

/// Pays a returned payout again, out of suspense: to the order's destination, or to a given one.
pub(crate) fn pay_again(item: &ReviewItem, about: ReviewRecords, context: &Context<'_>) -> Result<Step, Refusal> {
    let order = about.order.ok_or_else(|| refuse("the item names no order"))?;
    let Asset::Fiat(currency) = item.moved()? else { return Err(refuse("only a returned payout can be paid again")) };
    let (key, version) = order.relied();
    let (taken_back, of_order) = match order {
        Order::Payment(payment) => (payment.lost.is_positive(), None),
        Order::Rampoff(rampoff) => (rampoff.deposits.iter().any(|deposit| deposit.lost), Some(rampoff.destination)),
    };
    if taken_back {
        return Err(refuse("what the customer gave for it was reversed: keep it"));
    }
    let returned = about.payouts.into_iter().rev().find(|payout| matches!(payout.state, PayoutState::Returned { .. }));
    let returned = returned.ok_or_else(|| refuse("no payout of this order was returned"))?;
    let (route, destination) = match about.destination {
        None => (returned.route, of_order.unwrap_or(returned.destination)),
        Some(CheckedDestination::Account(account)) => (payout_route(currency, context)?, account),
        Some(CheckedDestination::Wallet(_)) => return Err(refuse("money goes to an account")),
    };
    let mut step = pay_out(item, route, currency, destination, context)?;
    step.rely(key, version);
    Ok(step)
}

/// The company keeps it: it belongs to nobody.
pub(crate) fn keep(item: &ReviewItem, context: &Context<'_>) -> Result<Step, Refusal> {
    let mut step = Step::new();
    step.post(treasury::suspense_kept(&context.mint, item.moved()?, item.amount));
    Ok(step)
}
