//! Money that was taken back: a capture that was charged back, a credit that its bank has recalled.
//!
//! It names its receipt. What of that lies in suspense is taken from there; the rest concerns the order whose money it is, and
//! stops what was ordered for it and certainly not attempted.

use rampart_core::amount::Amount;
use rampart_core::asset::Asset;
use rampart_core::customer::Customer;
use rampart_core::fact::{Fact, FactBody, ReceiptReference, Reversed};
use rampart_core::id::{FactId, OrderId};
use rampart_core::order::Order;
use rampart_core::outgoing;
use rampart_core::payment::{Payment, PaymentFact, PaymentState, Receipt, ReversedReceipt};
use rampart_core::record::Record;
use rampart_core::redacted::Redacted;
use rampart_core::review::ReviewItem;
use rampart_core::step::{ClaimScope, Step};
use rampart_core::suspense;

use super::{Effect, Trouble, named};
use crate::app::App;
use crate::error::AppError;
use crate::workers::{observe, outgoing as leaving};

pub(super) async fn effect(app: &App, told: &Reversed) -> Effect {
    let Some(name) = &told.receipt else {
        let payment = loaded(app, told.payment).await?.ok_or_else(|| nobody(told))?;
        let taken = ReversedReceipt {
            amount: told.amount,
            receipt: None,
            arrived_on: None,
            from_suspense: Amount::ZERO,
            reason: told.reason.clone(),
        };
        return of_order(app, payment, taken).await;
    };
    let Some(receipt) = receipt(app, name).await? else { return first(app, name, told).await };
    if let Some(reason) = &receipt.quarantined {
        return Err(Trouble::Never(format!("it takes back money of fact {}, which waits for a person itself: {reason}", receipt.id)));
    }
    if !receipt.applied {
        return Err(Trouble::Later(AppError::Unavailable(format!("it takes back money of fact {}, which is not applied yet", receipt.id))));
    }
    let asset = asset_of(&receipt).ok_or_else(|| Trouble::Never(format!("fact {} told of no money", receipt.id)))?;
    if let Some(currency) = told.currency.filter(|currency| Asset::Fiat(*currency) != asset) {
        return Err(Trouble::Never(format!("it is in {currency}, and takes back {asset}")));
    }
    let mut items = Vec::new();
    for item in app.store().reviews_of_fact(receipt.id).await? {
        let returning = leaving::known(leaving::returning(app, &item).await?.into_iter().collect())?.pop();
        items.push((item, returning));
    }
    let came_for = match receipt.order {
        Some(order) => Some(order),
        None => named::order(app, &receipt).await,
    };
    let mut owners: Vec<OrderId> = came_for.into_iter().collect();
    owners.extend(items.iter().flat_map(|(item, _)| [item.order, assigned_to(item)]).flatten());
    let context = app.context(None);
    let (mut step, from_suspense) = suspense::taken_back(items, name.arrived_on(), told.amount, &told.reason, &context);
    let mut missing = from_suspense.iter().fold(told.amount, |missing, (_, part)| missing.less(*part));
    let mut shares: Vec<(Payment, ReversedReceipt)> = Vec::new();
    for order in owners {
        let Some(payment) = loaded(app, Some(order)).await? else { continue };
        let mine = from_suspense.iter().filter(|(beside, _)| *beside == Some(order)).map(|(_, part)| *part);
        let (from_suspense, left) = (sum(mine), sum(lefts(&payment, receipt.id)));
        let is_its = receipt.order == Some(order) || from_suspense.is_positive() || payment.receipts.iter().any(|it| it.fact == receipt.id);
        if !is_its || shares.iter().any(|(known, _)| known.id == order) {
            continue;
        }
        let part = missing.min(left);
        missing = missing.less(part);
        let amount = sum([from_suspense, part]);
        let arrived_on = Some(name.arrived_on());
        let taken = ReversedReceipt { amount, receipt: Some(receipt.id), arrived_on, from_suspense, reason: told.reason.clone() };
        shares.push((payment, taken));
    }
    // What nobody has any more is a loss of the order that it came for.
    match shares.first_mut() {
        Some((_, taken)) => taken.amount = sum([taken.amount, missing]),
        None if missing.is_zero() => {}
        None => step.extend(suspense::lost(receipt.id, name.arrived_on(), asset, missing, &told.reason, &context.mint)),
    }
    for (payment, taken) in shares.into_iter().filter(|(_, taken)| taken.amount.is_positive()) {
        let mut follows = of_order(app, payment, taken).await?;
        // Two orders of one customer hold its others once.
        let is_held = step.writes.iter().any(|record| matches!(record, Record::Customer(_)));
        follows.writes.retain(|record| !(is_held && matches!(record, Record::Customer(_))));
        step.extend(follows);
    }
    Ok(step)
}

fn sum(amounts: impl IntoIterator<Item = Amount>) -> Amount {
    Amount::from_minor(amounts.into_iter().fold(0_i128, |sum, amount| sum.saturating_add(amount.minor())))
}

/// What an order still has of a receipt: a person may have assigned it a part beside what it had.
fn lefts(payment: &Payment, receipt: FactId) -> impl Iterator<Item = Amount> {
    payment.receipts.iter().filter(move |known| known.fact == receipt).map(Receipt::left)
}

/// What it means for the order whose money it was.
async fn of_order(app: &App, payment: Payment, taken: ReversedReceipt) -> Effect {
    let price = observe::payment_price(app, &payment);
    let context = app.context(price);
    // What lay in suspense alone stops nothing of the order's.
    let is_beside = taken.amount == taken.from_suspense;
    let concerns_it = !is_beside && taken.receipt.is_none_or(|receipt| lefts(&payment, receipt).any(Amount::is_positive));
    let why = format!("what it was for was taken back: {}", taken.reason);
    let (customer, lost) = (payment.customer, payment.lost);
    let order = Order::from(payment);
    let on_its_way = if concerns_it { leaving::known(leaving::of_order(app, &order).await?)? } else { Vec::new() };
    let mut step = outgoing::stopped_by(order, on_its_way, &why, &context, |order| match order {
        Order::Payment(payment) => payment.observe(PaymentFact::Reversed(taken), &context),
        Order::Rampoff(_) => Step::new(),
    });
    let had_left = step.writes.iter().any(|record| match record {
        Record::Payment(payment) => matches!(payment.state, PaymentState::CoinsSent { .. }) && payment.lost > lost,
        _ => false,
    });
    if had_left {
        let customer = app.store().customer(customer).await?.ok_or_else(|| Trouble::Never(format!("there is no customer {customer}")))?;
        step.write(Customer { charged_back: Some(context.mint.now), ..customer });
    }
    Ok(step)
}

/// The money has not been told of yet: its order waits for it, and what was taken back with it.
async fn first(app: &App, name: &ReceiptReference, told: &Reversed) -> Effect {
    match (name, loaded(app, told.payment).await?) {
        (ReceiptReference::Capture { reference, .. }, Some(payment)) => {
            let capture = Redacted::new(reference.clone());
            let first = PaymentFact::EarlyReversal { capture, amount: told.amount, reason: told.reason.clone() };
            Ok(observe::payment(app, payment, first))
        }
        _ => Err(nobody(told)),
    }
}

fn nobody(told: &Reversed) -> Trouble {
    let payment = told.payment.map_or_else(|| "an order that nobody names".to_owned(), |payment| format!("payment {payment}"));
    Trouble::Never(format!("money was taken back of {payment}, and nobody has told that it had arrived"))
}

async fn loaded(app: &App, order: Option<OrderId>) -> Result<Option<Payment>, Trouble> {
    match order {
        Some(order) => Ok(app.store().payment(order).await?),
        None => Ok(None),
    }
}

/// The fact that told of the money.
async fn receipt(app: &App, name: &ReceiptReference) -> Result<Option<Fact>, Trouble> {
    let Some(claim) = app.store().claim(ClaimScope::Fact, &name.natural_key()).await? else { return Ok(None) };
    let id: FactId = claim.subject.parse().map_err(|_| Trouble::Never("a natural key without its fact".to_owned()))?;
    Ok(app.store().fact(id).await?)
}

fn asset_of(receipt: &Fact) -> Option<Asset> {
    match &receipt.body {
        FactBody::BankCredit(credit) => Some(credit.currency.into()),
        FactBody::ProcessorPaid(paid) => Some(paid.currency.into()),
        _ => None,
    }
}

/// The order that an item was assigned to.
fn assigned_to(item: &ReviewItem) -> Option<OrderId> {
    item.resolution.as_ref()?.order
}
