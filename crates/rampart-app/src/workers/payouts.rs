//! Loads a payout with the records it references and applies a fact to it. The caller commits the step.

use rampart_core::order::arrival::Leg;
use rampart_core::outgoing::{Outgoing, Payout, PayoutFact, PayoutPurpose, PayoutState};
use rampart_core::step::Step;

use super::{observe, outgoing};
use crate::app::App;
use crate::error::AppResult;

async fn named_by(app: &App, payout: &Payout) -> AppResult<Outgoing> {
    let order = match (payout.order, payout.purpose) {
        (Some(order), PayoutPurpose::Refund) => Some(observe::load(app, Leg::Buying, order).await?),
        (Some(order), PayoutPurpose::Rampoff) => Some(observe::load(app, Leg::Selling, order).await?),
        _ => None,
    };
    let review = outgoing::review(app, payout.put_back.or(payout.resolves)).await?;
    let beside = outgoing::beside(app, review.as_ref(), payout.currency.into()).await?;
    Ok(Outgoing { order, review, beside, ..Outgoing::default() })
}

/// The step that follows from a fact; empty if the fact was known already.
pub(crate) async fn observe(app: &App, payout: Payout, fact: PayoutFact) -> AppResult<Step> {
    let mut outgoing = named_by(app, &payout).await?;
    match (&fact, &payout.state) {
        (PayoutFact::Settled { .. }, PayoutState::Failed { .. } | PayoutState::Returned { .. }) => {
            outgoing.instead = outgoing::instead(app, &outgoing).await?;
            if let (PayoutState::Returned { .. }, Some(order)) = (&payout.state, payout.order) {
                let items = app.store.reversals_waiting(order).await?;
                outgoing.review = items.into_iter().find(|item| item.subject.counterparty().is_some() && item.amount == payout.amount);
            }
        }
        (PayoutFact::Settled { .. } | PayoutFact::Accepted { .. } | PayoutFact::Unknown | PayoutFact::NeverArrived, _) => {}
        _ => outgoing.lost = outgoing::lost(app, payout.order).await?,
    }
    let price = outgoing.order.as_ref().and_then(|order| observe::price(app, order));
    Ok(payout.observe(fact, outgoing, &app.context(price)))
}
