//! What transfers and payouts name, loaded for the core's machines to look at.

use rampart_core::id::{FactId, OrderId, ReviewId};
use rampart_core::order::Order;
use rampart_core::review::ReviewItem;
use rampart_core::watch::Deposit;

use super::observe;
use crate::app::App;
use crate::error::{AppError, Reply};

/// A purchase that something of ours names.
pub(super) async fn payment(app: &App, id: OrderId) -> Reply<Option<Order>> {
    Ok(Some(observe::load_payment(app, id).await?.into()))
}

/// A sale that something of ours names.
pub(super) async fn rampoff(app: &App, id: OrderId) -> Reply<Option<Order>> {
    Ok(Some(observe::load_rampoff(app, id).await?.into()))
}

/// The item of the list of reviews that something of ours resolves.
pub(super) async fn review(app: &App, id: Option<ReviewId>) -> Reply<Option<ReviewItem>> {
    let Some(id) = id else { return Ok(None) };
    Ok(Some(app.store().review(id).await?.ok_or_else(|| AppError::defect(format!("there is no item {id}")))?))
}

/// The deposits whose coins something of ours takes.
pub(super) async fn deposits(app: &App, ids: &[FactId]) -> Reply<Vec<Deposit>> {
    let mut deposits = Vec::with_capacity(ids.len());
    for id in ids {
        deposits.push(app.store().deposit(*id).await?.ok_or_else(|| AppError::defect(format!("there is no deposit {id}")))?);
    }
    Ok(deposits)
}
