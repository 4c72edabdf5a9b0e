//! Loads the records that transfers and payouts reference, for the core's state machines.

use rampart_core::id::{DepositId, OrderId, PayoutId, ReviewId, TransferId};
use rampart_core::money::asset::{Asset, Chain};
use rampart_core::order::Order;
use rampart_core::outgoing::{Lane, Outgoing, OutgoingRecord, Payout, PendingOutgoing, Transfer, WalletName};
use rampart_core::review::suspense;
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_core::step::watch::Deposit;

use crate::app::App;
use crate::error::{AppError, AppResult};

/// The name of a wallet's record.
pub(crate) fn wallet_name(lane: Lane, chain: Chain) -> AppResult<WalletName> {
    lane.wallet(chain).map_err(|fault| AppError::defect(format!("the wallet {lane} of {chain} has no name: {fault}")))
}

/// Loads a payout that another record references; it must exist.
pub(crate) async fn load_payout(app: &App, id: PayoutId) -> AppResult<Payout> {
    app.store.payout(id).await?.ok_or_else(|| AppError::defect(format!("there is no payout {id}")))
}

/// Loads a transfer that another record references; it must exist.
pub(crate) async fn load_transfer(app: &App, id: TransferId) -> AppResult<Transfer> {
    app.store.transfer(id).await?.ok_or_else(|| AppError::defect(format!("there is no transfer {id}")))
}

/// The review item that a payout or transfer resolves.
pub(super) async fn review(app: &App, id: Option<ReviewId>) -> AppResult<Option<ReviewItem>> {
    let Some(id) = id else { return Ok(None) };
    Ok(Some(app.store.review(id).await?.ok_or_else(|| AppError::defect(format!("there is no item {id}")))?))
}

/// The order whose money or coins a suspense item holds, if it is of that order's asset.
pub(crate) async fn beside(app: &App, item: Option<&ReviewItem>, asset: Asset) -> AppResult<Option<Order>> {
    let Some(id) = item.filter(|item| item.subject.kind() == ReviewKind::Suspense).and_then(|item| item.order) else { return Ok(None) };
    let order = match app.store.payment(id).await? {
        Some(payment) => Some(payment.into()),
        None => app.store.rampoff(id).await?.map(Order::from),
    };
    Ok(order.filter(|order| order.receives() == asset))
}

/// The newest item saying that suspense lacks the amount of an item.
pub(super) async fn shortage(app: &App, of: Option<&ReviewItem>) -> AppResult<Option<ReviewItem>> {
    let Some((item, fact)) = of.and_then(|item| Some((item, item.fact?))) else { return Ok(None) };
    Ok(suspense::shortage_of(item, &app.store.reviews_of_fact(fact).await?).cloned())
}

/// What replaced a payout that was thought to have failed: the order's pending payout or transfer, or the one that its review item was sent
/// back by since.
pub(super) async fn instead(app: &App, named: &Outgoing) -> AppResult<Option<PendingOutgoing>> {
    let pending = match (&named.order, &named.review) {
        (Some(order), _) => order.on_its_way(),
        (None, Some(item)) => item.resolution.as_ref().and_then(|resolution| resolution.sent),
        (None, None) => None,
    };
    match pending {
        Some(pending) => on_its_way(app, pending).await.map(Some),
        None => Ok(None),
    }
}

/// A pending payout or transfer, with its jobs.
async fn on_its_way(app: &App, pending: OutgoingRecord) -> AppResult<PendingOutgoing> {
    let jobs = async |subject: String| app.store.jobs_of_subject(&subject).await;
    Ok(match pending {
        // Jobs first: one created in between comes with another version of the payout or transfer.
        OutgoingRecord::Payout(id) => {
            let jobs = jobs(id.to_string()).await?;
            PendingOutgoing::Payout(Box::new(load_payout(app, id).await?), jobs)
        }
        OutgoingRecord::Transfer(id) => {
            let jobs = jobs(id.to_string()).await?;
            PendingOutgoing::Transfer(Box::new(load_transfer(app, id).await?), jobs)
        }
    })
}

/// What a fact may stop, provided that none of it is being handed over.
///
/// # Errors
/// [`AppError::Unavailable`] until the outcome of a running handover is known.
pub(super) fn require_no_handover(on_its_way: Vec<PendingOutgoing>) -> AppResult<Vec<PendingOutgoing>> {
    match on_its_way.iter().any(PendingOutgoing::is_being_handed_over) {
        true => Err(AppError::Unavailable("a payout that it stops is being handed over".to_owned())),
        false => Ok(on_its_way),
    }
}

/// Every pending payout and transfer of an order.
pub(crate) async fn of_order(app: &App, order: &Order) -> AppResult<Vec<PendingOutgoing>> {
    let mut found = Vec::new();
    for pending in order.all_pending_outgoing() {
        found.push(on_its_way(app, pending).await?);
    }
    Ok(found)
}

/// The payout or transfer by which a review item was sent back.
pub(crate) async fn returning(app: &App, item: &ReviewItem) -> AppResult<Option<PendingOutgoing>> {
    match item.resolution.as_ref().and_then(|resolution| resolution.sent) {
        Some(pending) => on_its_way(app, pending).await.map(Some),
        None => Ok(None),
    }
}

/// The order's payout that is booked as lost because a replacement had been ordered.
pub(super) async fn lost(app: &App, order: Option<OrderId>) -> AppResult<Option<Payout>> {
    let Some(order) = order else { return Ok(None) };
    Ok(app.store.payouts_of_order(order).await?.into_iter().find(|payout| payout.lost))
}

/// The deposits whose coins a transfer moves.
pub(super) async fn deposits(app: &App, ids: &[DepositId]) -> AppResult<Vec<Deposit>> {
    let mut deposits = Vec::with_capacity(ids.len());
    for id in ids {
        deposits.push(app.store.deposit(*id).await?.ok_or_else(|| AppError::defect(format!("there is no deposit {id}")))?);
    }
    Ok(deposits)
}
