//! Loads a transfer with the records it references and applies a fact to it. The caller commits the step.

use rampart_core::order::arrival::Leg;
use rampart_core::outgoing::{Outgoing, Transfer, TransferFact, TransferPurpose};
use rampart_core::step::Step;

use super::{observe, outgoing};
use crate::app::App;
use crate::error::AppResult;

/// The records that a transfer references.
pub(crate) async fn named_by(app: &App, transfer: &Transfer) -> AppResult<Outgoing> {
    let order = match (transfer.order, transfer.purpose) {
        (Some(order), TransferPurpose::Buy) => Some(observe::load(app, Leg::Buying, order).await?),
        (Some(order), TransferPurpose::Refund) => Some(observe::load(app, Leg::Selling, order).await?),
        _ => None,
    };
    let review = outgoing::review(app, transfer.resolves).await?;
    let shortage = outgoing::shortage(app, review.as_ref()).await?;
    let beside = outgoing::beside(app, review.as_ref(), transfer.coin.into()).await?;
    Ok(Outgoing { order, review, beside, deposits: outgoing::deposits(app, &transfer.deposits).await?, shortage, ..Outgoing::default() })
}

/// The step that follows from a fact; empty if the fact was known already.
pub(crate) async fn observe(app: &App, transfer: Transfer, fact: TransferFact) -> AppResult<Step> {
    let mut outgoing = named_by(app, &transfer).await?;
    if !matches!(fact, TransferFact::Broadcast { .. } | TransferFact::Confirmed { .. } | TransferFact::Unconfirmed) {
        outgoing.lost = outgoing::lost(app, transfer.order).await?;
    }
    let price = outgoing.order.as_ref().and_then(|order| observe::price(app, order));
    Ok(transfer.observe(fact, outgoing, &app.context(price)))
}
