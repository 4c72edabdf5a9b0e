//! Money that was taken back: a capture that was charged back, a credit that its bank has recalled.
//!
//! It names its receipt. What of that lies in suspense is taken from there; the rest concerns the order whose money it is, and
//! stops what was ordered for it and certainly not attempted.

use rampart_core::amount::Amount;
use rampart_core::asset::Asset;
use rampart_core::customer::Customer;
use rampart_core::fact::{Fact, FactBody, ReceiptName, Reversed};
use rampart_core::id::{FactId, OrderId};
use rampart_core::order::Order;
use rampart_core::outgoing;
use rampart_core::payment::{Payment, PaymentFact, PaymentState, TakenBack};
use rampart_core::record::Record;
use rampart_core::redacted::Redacted;
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_core::step::{ClaimScope, Step};
use rampart_core::suspense;

use super::{Effect, Trouble, named};
use crate::app::App;
use crate::error::AppError;
use crate::workers::{observe, outgoing as leaving};

pub(super) async fn effect(app: &App, told: &Reversed) -> Effect {
    let Some(name) = &told.receipt else {
        let payment = loaded(app, told.payment).await?.ok_or_else(|| nobody(told))?;
        return of_order(app, payment, None, Amount::ZERO, told).await;
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
    let assigned = items.iter().rev().filter(|(item, _)| item.kind == ReviewKind::Suspense).find_map(|(item, _)| assigned_to(item));
    let named = match (assigned, receipt.order) {
        (Some(order), _) | (None, Some(order)) => Some(order),
        (None, None) => named::order(app, &receipt).await,
    };
    let payment = loaded(app, named).await?;
    let context = app.context(None);
    let (mut step, from_suspense) = suspense::taken_back(items, name.arrived_on(), told.amount, &told.reason, &context);
    let left = told.amount.less(from_suspense);
    step.extend(match payment {
        Some(payment) => of_order(app, payment, Some(receipt.id), from_suspense, told).await?,
        None if left.is_zero() => Step::new(),
        None => suspense::lost(receipt.id, name.arrived_on(), asset, left, &told.reason, &context.mint),
    });
    Ok(step)
}

/// What it means for the order whose money it was.
async fn of_order(app: &App, payment: Payment, receipt: Option<FactId>, from_suspense: Amount, told: &Reversed) -> Effect {
    let taken = TakenBack { amount: told.amount, receipt, from_suspense, reason: told.reason.clone() };
    let price = observe::payment_price(app, &payment);
    let context = app.context(price);
    let concerns_it =
        receipt.is_none_or(|fact| payment.receipts.iter().any(|receipt| receipt.fact == fact && receipt.left().is_positive()));
    let (customer, lost) = (payment.customer, payment.lost);
    let order = Order::from(payment);
    let on_its_way = if concerns_it { leaving::known(leaving::of_order(app, &order).await?)? } else { Vec::new() };
    let why = format!("what it was for was taken back: {}", told.reason);
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
async fn first(app: &App, name: &ReceiptName, told: &Reversed) -> Effect {
    match (name, loaded(app, told.payment).await?) {
        (ReceiptName::Capture { reference, .. }, Some(payment)) => {
            let capture = Redacted::new(reference.clone());
            let first = PaymentFact::ReversedFirst { capture, amount: told.amount, reason: told.reason.clone() };
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
async fn receipt(app: &App, name: &ReceiptName) -> Result<Option<Fact>, Trouble> {
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
