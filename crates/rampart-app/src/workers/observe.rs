//! Letting orders observe: the one place where workers give an order its present price.

use rampart_core::customer::Customer;
use rampart_core::event::{EventDraft, EventType};
use rampart_core::id::OrderId;
use rampart_core::order::Order;
use rampart_core::payment::{Payment, PaymentFact};
use rampart_core::rampoff::{Rampoff, RampoffFact};
use rampart_core::rate::Rate;
use rampart_core::step::Step;
use rampart_core::view::KycView;

use crate::app::App;
use crate::error::{AppError, Reply};

/// The present price of a payment's pair.
pub(crate) fn payment_price(app: &App, payment: &Payment) -> Option<Rate> {
    app.prices().buy_price(payment.terms.coin.symbol, payment.terms.fiat, app.business().now())
}

/// The present price of a ramp-off's pair.
pub(crate) fn rampoff_price(app: &App, rampoff: &Rampoff) -> Option<Rate> {
    app.prices().sell_price(rampoff.terms.coin.symbol, rampoff.terms.fiat, app.business().now())
}

/// The present price of an order's pair.
pub(crate) fn price(app: &App, order: &Order) -> Option<Rate> {
    match order {
        Order::Payment(payment) => payment_price(app, payment),
        Order::Rampoff(rampoff) => rampoff_price(app, rampoff),
    }
}

/// What follows for a payment.
pub(crate) fn payment(app: &App, payment: Payment, fact: PaymentFact) -> Step {
    let price = payment_price(app, &payment);
    payment.observe(fact, &app.context(price))
}

/// What follows for a ramp-off.
pub(crate) fn rampoff(app: &App, rampoff: Rampoff, fact: RampoffFact) -> Step {
    let price = rampoff_price(app, &rampoff);
    rampoff.observe(fact, &app.context(price))
}

/// A payment that a record of ours names.
pub(crate) async fn load_payment(app: &App, id: OrderId) -> Reply<Payment> {
    app.store().payment(id).await?.ok_or_else(|| AppError::defect(format!("there is no payment {id}")))
}

/// A ramp-off that a record of ours names.
pub(crate) async fn load_rampoff(app: &App, id: OrderId) -> Reply<Rampoff> {
    app.store().rampoff(id).await?.ok_or_else(|| AppError::defect(format!("there is no ramp-off {id}")))
}

/// Writes a customer whose identity check has changed and tells the partner, if what it sees is different.
pub(crate) fn customer_changed(app: &App, before: &Customer, after: Customer, step: &mut Step) {
    let mint = app.mint();
    let public_url = app.config().public_url.as_str();
    let (was, is) = (KycView::of(before, public_url), KycView::of(&after, public_url));
    if was != is {
        step.events.push(EventDraft {
            id: mint.id(),
            partner: after.partner,
            kind: EventType::KycUpdated,
            subject: after.id.to_string(),
            data: is.to_json(),
            created_at: mint.now,
        });
    }
    step.write(after);
}
