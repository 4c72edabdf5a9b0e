//! Payouts: loaded with what they name, given a fact, and what follows committed by whoever told of it.

use rampart_core::id::PayoutId;
use rampart_core::outgoing::{Outgoing, Payout, PayoutFact, PayoutPurpose, PayoutState};
use rampart_core::step::Step;

use super::{observe, outgoing};
use crate::app::App;
use crate::error::{AppError, Reply};

/// A payout that a record of ours names.
pub(crate) async fn load(app: &App, id: PayoutId) -> Reply<Payout> {
    app.store().payout(id).await?.ok_or_else(|| AppError::defect(format!("there is no payout {id}")))
}

/// What a payout names.
async fn named_by(app: &App, payout: &Payout) -> Reply<Outgoing> {
    let order = match (payout.order, payout.purpose) {
        (Some(order), PayoutPurpose::Refund) => outgoing::payment(app, order).await?,
        (Some(order), PayoutPurpose::Rampoff) => outgoing::rampoff(app, order).await?,
        _ => None,
    };
    Ok(Outgoing { order, review: outgoing::review(app, payout.resolves).await?, deposits: Vec::new() })
}

/// What follows from a fact; nothing when it was known before.
pub(crate) async fn observe(app: &App, payout: Payout, fact: PayoutFact) -> Reply<Step> {
    if let (PayoutState::Failed { .. } | PayoutState::Returned { .. }, PayoutFact::Settled { .. }) = (&payout.state, &fact) {
        // Money that we counted as ours again has left after all: a person has to look.
        return Err(AppError::defect(format!("payout {} is told to have arrived after it had failed", payout.id)));
    }
    let outgoing = named_by(app, &payout).await?;
    let price = outgoing.order.as_ref().and_then(|order| observe::price(app, order));
    Ok(payout.observe(fact, outgoing, &app.context(price)))
}
