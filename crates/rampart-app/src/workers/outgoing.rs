//! What transfers and payouts name, loaded for the core's machines to look at.

use rampart_core::asset::Asset;
use rampart_core::id::{FactId, OrderId, ReviewId};
use rampart_core::order::Order;
use rampart_core::outgoing::{Outgoing, OutgoingRecord, Payout, PendingOutgoing};
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_core::suspense;
use rampart_core::watch::Deposit;

use super::{observe, payouts, transfers};
use crate::app::App;
use crate::error::{AppError, AppResult};

/// A purchase that something of ours names.
pub(super) async fn payment(app: &App, id: OrderId) -> AppResult<Option<Order>> {
    Ok(Some(observe::load_payment(app, id).await?.into()))
}

/// A sale that something of ours names.
pub(super) async fn rampoff(app: &App, id: OrderId) -> AppResult<Option<Order>> {
    Ok(Some(observe::load_rampoff(app, id).await?.into()))
}

/// The item of the list of reviews that something of ours resolves.
pub(super) async fn review(app: &App, id: Option<ReviewId>) -> AppResult<Option<ReviewItem>> {
    let Some(id) = id else { return Ok(None) };
    Ok(Some(app.store().review(id).await?.ok_or_else(|| AppError::defect(format!("there is no item {id}")))?))
}

/// The order beside which an item lies in suspense, where it is of that order's money or coins.
pub(crate) async fn beside(app: &App, item: Option<&ReviewItem>, asset: Asset) -> AppResult<Option<Order>> {
    let Some(id) = item.filter(|item| item.kind == ReviewKind::Suspense).and_then(|item| item.order) else { return Ok(None) };
    let order = match app.store().payment(id).await? {
        Some(payment) => Some(payment.into()),
        None => app.store().rampoff(id).await?.map(Order::from),
    };
    Ok(order.filter(|order| order.receives() == asset))
}

/// The newest item that says that suspense lacks what an item was about.
pub(super) async fn shortage(app: &App, of: Option<&ReviewItem>) -> AppResult<Option<ReviewItem>> {
    let Some((item, fact)) = of.and_then(|item| Some((item, item.fact?))) else { return Ok(None) };
    Ok(suspense::shortage_of(item, &app.store().reviews_of_fact(fact).await?).cloned())
}

/// What was ordered in place of a payout that was taken for failed: what is on its way for its order, or what its item was
/// sent back by since.
pub(super) async fn instead(app: &App, named: &Outgoing) -> AppResult<Option<PendingOutgoing>> {
    let leaving = match (&named.order, &named.review) {
        (Some(order), _) => order.on_its_way(),
        (None, Some(item)) => item.resolution.as_ref().and_then(|resolution| resolution.sent),
        (None, None) => None,
    };
    match leaving {
        Some(leaving) => on_its_way(app, leaving).await.map(Some),
        None => Ok(None),
    }
}

/// Something that leaves, with the jobs that wait for it.
async fn on_its_way(app: &App, leaving: OutgoingRecord) -> AppResult<PendingOutgoing> {
    let jobs = async |subject: String| app.store().jobs_of_subject(&subject).await;
    Ok(match leaving {
        // Its jobs first: one that is made meanwhile goes with another version of what it is for.
        OutgoingRecord::Payout(id) => {
            let jobs = jobs(id.to_string()).await?;
            PendingOutgoing::Payout(Box::new(payouts::load(app, id).await?), jobs)
        }
        OutgoingRecord::Transfer(id) => {
            let jobs = jobs(id.to_string()).await?;
            PendingOutgoing::Transfer(Box::new(transfers::load(app, id).await?), jobs)
        }
    })
}

/// What may be stopped by a fact; not while one of them is being handed over.
///
/// # Errors
/// [`AppError::Unavailable`] until it is known whether it was.
pub(super) fn known(on_its_way: Vec<PendingOutgoing>) -> AppResult<Vec<PendingOutgoing>> {
    match on_its_way.iter().any(PendingOutgoing::is_being_handed_over) {
        true => Err(AppError::Unavailable("a payout that it stops is being handed over".to_owned())),
        false => Ok(on_its_way),
    }
}

/// Everything that is on its way out for an order.
pub(crate) async fn of_order(app: &App, order: &Order) -> AppResult<Vec<PendingOutgoing>> {
    let mut found = Vec::new();
    for leaving in order.all_on_its_way() {
        found.push(on_its_way(app, leaving).await?);
    }
    Ok(found)
}

/// What an item was sent back by, where it was.
pub(crate) async fn returning(app: &App, item: &ReviewItem) -> AppResult<Option<PendingOutgoing>> {
    match item.resolution.as_ref().and_then(|resolution| resolution.sent) {
        Some(leaving) => on_its_way(app, leaving).await.map(Some),
        None => Ok(None),
    }
}

/// A payout of an order that is booked as lost, because something else had been ordered in its place.
pub(super) async fn lost(app: &App, order: Option<OrderId>) -> AppResult<Option<Payout>> {
    let Some(order) = order else { return Ok(None) };
    Ok(app.store().payouts_of_order(order).await?.into_iter().find(|payout| payout.lost))
}

/// The deposits whose coins something of ours takes.
pub(super) async fn deposits(app: &App, ids: &[FactId]) -> AppResult<Vec<Deposit>> {
    let mut deposits = Vec::with_capacity(ids.len());
    for id in ids {
        deposits.push(app.store().deposit(*id).await?.ok_or_else(|| AppError::defect(format!("there is no deposit {id}")))?);
    }
    Ok(deposits)
}
