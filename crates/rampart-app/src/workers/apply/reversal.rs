//! Reversals: a capture that was charged back, or a credit that its bank recalled.
//!
//! A reversal names its receipt. The part of the receipt that lies in suspense is taken from there; the rest concerns the order that
//! received it and stops pending payouts and transfers of that order that were certainly not attempted.

use rampart_core::customer::Customer;
use rampart_core::id::{FactId, OrderId};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::order::Order;
use rampart_core::order::payment::{Payment, PaymentFact, PaymentState, Receipt, ReversedReceipt};
use rampart_core::outgoing;
use rampart_core::review::ReviewItem;
use rampart_core::review::suspense;
use rampart_core::step::fact::{Fact, FactBody, ReceiptReference, Reversed};
use rampart_core::step::record::Record;
use rampart_core::step::{ClaimScope, Step};
use rampart_core::text::redacted::Redacted;

use super::{ApplyError, Effect, fact_order};
use crate::app::App;
use crate::error::AppError;
use crate::workers::{observe, outgoing as pending};

pub(super) async fn effect(app: &App, reversal: &Reversed) -> Effect {
    let Some(name) = &reversal.receipt else {
        let payment = load_payment(app, reversal.payment).await?.ok_or_else(|| unknown_receipt(reversal))?;
        let reversed = ReversedReceipt {
            amount: reversal.amount,
            receipt: None,
            arrived_on: None,
            from_suspense: Amount::ZERO,
            reason: reversal.reason.clone(),
        };
        return of_order(app, payment, reversed).await;
    };
    let Some(receipt) = receipt(app, name).await? else { return before_receipt(app, name, reversal).await };
    if let Some(reason) = &receipt.quarantined {
        return Err(ApplyError::Quarantine(format!("it reverses money of fact {}, which is quarantined itself: {reason}", receipt.id)));
    }
    if !receipt.applied {
        return Err(ApplyError::Retry(AppError::Unavailable(format!(
            "it reverses money of fact {}, which is not applied yet",
            receipt.id
        ))));
    }
    let asset = asset_of(&receipt).ok_or_else(|| ApplyError::Quarantine(format!("fact {} reported no money", receipt.id)))?;
    if let Some(currency) = reversal.currency.filter(|currency| Asset::Fiat(*currency) != asset) {
        return Err(ApplyError::Quarantine(format!("it is in {currency}, but the receipt is in {asset}")));
    }
    let mut items = Vec::new();
    for item in app.store.reviews_of_fact(receipt.id).await? {
        let returning = pending::require_no_handover(pending::returning(app, &item).await?.into_iter().collect())?.pop();
        items.push((item, returning));
    }
    let arrived_for = match receipt.order {
        Some(order) => Some(order),
        None => fact_order::order(app, &receipt).await,
    };
    let mut owners: Vec<OrderId> = arrived_for.into_iter().collect();
    owners.extend(items.iter().flat_map(|(item, _)| [item.order, assigned_to(item)]).flatten());
    let context = app.context(None);
    let (mut step, from_suspense) = suspense::reverse(items, name.arrived_on(), reversal.amount, &reversal.reason, &context);
    let mut uncovered = from_suspense.iter().fold(reversal.amount, |uncovered, (_, part)| uncovered.less(*part));
    let mut shares: Vec<(Payment, ReversedReceipt)> = Vec::new();
    for order in owners {
        let Some(payment) = load_payment(app, Some(order)).await? else { continue };
        let mine = from_suspense.iter().filter(|(beside, _)| *beside == Some(order)).map(|(_, part)| *part);
        let (from_suspense, left) = (sum(mine), sum(remaining(&payment, receipt.id)));
        let has_share =
            receipt.order == Some(order) || from_suspense.is_positive() || payment.receipts.iter().any(|it| it.fact == receipt.id);
        if !has_share || shares.iter().any(|(known, _)| known.id == order) {
            continue;
        }
        let part = uncovered.min(left);
        uncovered = uncovered.less(part);
        let amount = sum([from_suspense, part]);
        let arrived_on = Some(name.arrived_on());
        let reversed = ReversedReceipt { amount, receipt: Some(receipt.id), arrived_on, from_suspense, reason: reversal.reason.clone() };
        shares.push((payment, reversed));
    }
    // What is covered by no order and no suspense item is a loss of the order it arrived for.
    match shares.first_mut() {
        Some((_, reversed)) => reversed.amount = sum([reversed.amount, uncovered]),
        None if uncovered.is_zero() => {}
        None => step.extend(suspense::book_loss(receipt.id, name.arrived_on(), asset, uncovered, &reversal.reason, &context.mint)),
    }
    for (payment, reversed) in shares.into_iter().filter(|(_, reversed)| reversed.amount.is_positive()) {
        let mut follows = of_order(app, payment, reversed).await?;
        // Several orders of one customer write the customer once.
        let customer_written = step.writes.iter().any(|record| matches!(record, Record::Customer(_)));
        follows.writes.retain(|record| !(customer_written && matches!(record, Record::Customer(_))));
        step.extend(follows);
    }
    Ok(step)
}

fn sum(amounts: impl IntoIterator<Item = Amount>) -> Amount {
    Amount::from_minor(amounts.into_iter().fold(0_i128, |sum, amount| sum.saturating_add(amount.minor())))
}

/// What an order still holds of a receipt, in one or more parts: an operator may have assigned it a part beside its own.
fn remaining(payment: &Payment, receipt: FactId) -> impl Iterator<Item = Amount> {
    payment.receipts.iter().filter(move |known| known.fact == receipt).map(Receipt::left)
}

/// Applies the reversal to one order.
async fn of_order(app: &App, payment: Payment, reversed: ReversedReceipt) -> Effect {
    let price = observe::payment_price(app, &payment);
    let context = app.context(price);
    // A reversal covered by suspense alone stops nothing of the order.
    let is_beside = reversed.amount == reversed.from_suspense;
    let concerns_order = !is_beside && reversed.receipt.is_none_or(|receipt| remaining(&payment, receipt).any(Amount::is_positive));
    let why = format!("what it was for was taken back: {}", reversed.reason);
    let (customer, lost) = (payment.customer, payment.lost);
    let order = Order::from(payment);
    let on_its_way = if concerns_order { pending::require_no_handover(pending::of_order(app, &order).await?)? } else { Vec::new() };
    let mut step = outgoing::stopped_by(order, on_its_way, &why, &context, |order| match order {
        Order::Payment(payment) => payment.observe(PaymentFact::Reversed(reversed), &context),
        Order::Rampoff(_) => Step::new(),
    });
    let had_left = step.writes.iter().any(|record| match record {
        Record::Payment(payment) => matches!(payment.state, PaymentState::CoinsSent { .. }) && payment.lost > lost,
        _ => false,
    });
    if had_left {
        let customer =
            app.store.customer(customer).await?.ok_or_else(|| ApplyError::Quarantine(format!("there is no customer {customer}")))?;
        step.write(Customer { charged_back: Some(context.mint.now), ..customer });
    }
    Ok(step)
}

/// The receipt has not been reported yet: the order records the capture and the reversed amount, and goes on waiting.
async fn before_receipt(app: &App, name: &ReceiptReference, reversal: &Reversed) -> Effect {
    match (name, load_payment(app, reversal.payment).await?) {
        (ReceiptReference::Capture { reference, .. }, Some(payment)) => {
            let capture = Redacted::new(reference.clone());
            let before_receipt = PaymentFact::EarlyReversal { capture, amount: reversal.amount, reason: reversal.reason.clone() };
            Ok(observe::payment(app, payment, before_receipt))
        }
        _ => Err(unknown_receipt(reversal)),
    }
}

fn unknown_receipt(reversal: &Reversed) -> ApplyError {
    let payment = reversal.payment.map_or_else(|| "an unnamed order".to_owned(), |payment| format!("payment {payment}"));
    ApplyError::Quarantine(format!("money of {payment} was reversed, but its receipt was never reported"))
}

async fn load_payment(app: &App, order: Option<OrderId>) -> Result<Option<Payment>, ApplyError> {
    match order {
        Some(order) => Ok(app.store.payment(order).await?),
        None => Ok(None),
    }
}

/// The fact that reported the receipt.
async fn receipt(app: &App, name: &ReceiptReference) -> Result<Option<Fact>, ApplyError> {
    let Some(claim) = app.store.claim(ClaimScope::Fact, &name.natural_key()).await? else { return Ok(None) };
    let id: FactId = claim.subject.parse().map_err(|_| ApplyError::Quarantine("the natural key has no fact".to_owned()))?;
    Ok(app.store.fact(id).await?)
}

fn asset_of(receipt: &Fact) -> Option<Asset> {
    match &receipt.body {
        FactBody::BankCredit(credit) => Some(credit.currency.into()),
        FactBody::ProcessorPaid(paid) => Some(paid.currency.into()),
        _ => None,
    }
}

fn assigned_to(item: &ReviewItem) -> Option<OrderId> {
    item.resolution.as_ref()?.order
}
