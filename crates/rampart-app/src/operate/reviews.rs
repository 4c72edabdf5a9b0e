//! The review list and its decisions.

use rampart_core::id::{DepositId, OrderId, ReviewId};
use rampart_core::identity::bank_account::masked;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Asset, CoinId, Currency};
use rampart_core::money::rate::Rounding;
use rampart_core::order::arrival::Grade;
use rampart_core::order::{HoldReason, Order, PaymentStatus, RampoffStatus, StoppedBy};
use rampart_core::outgoing::{PayoutFact, PendingOutgoing, TransferFact, TransferState, ordered_by_person};
use rampart_core::outgoing::{Transmission, TransmissionState};
pub use rampart_core::review::ReviewDecision;
use rampart_core::review::{self, ReviewItem, ReviewKind, ReviewRecords, ReviewResolution, ReviewSubject};
use rampart_core::step::Step;
use rampart_core::step::fact::FactBody;
use rampart_core::step::job::Job;
use rampart_core::step::record::{Record, RecordKey};
use rampart_store::OrderFilter;
use serde::Serialize;

use super::orders::{self, DestinationInput};
use super::{Operator, audit, audit_about, major, operators_retry, refuse};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::orders::order_checks;
use crate::partner_api::give_destination::describe_destination;
use crate::workers::observe::{self, DecisionInputs, Reading};
use crate::workers::sending::{transmit, unsigned};
use crate::workers::stops;
use crate::workers::{outgoing, payouts, transfers};

/// A review item without personal data: accounts are masked.
#[derive(Debug, Clone, Serialize)]
pub struct ReviewLine {
    pub id: String,
    pub kind: ReviewKind,
    pub order: Option<String>,
    /// Amount in major units, and the asset.
    pub amount: Option<String>,
    pub source: Option<String>,
    pub destination: Option<String>,
    /// The order's refund destination with its origin, while the item is open.
    pub order_destination: Option<String>,
    pub reason: String,
    pub created_at: String,
    /// Decision, operator, time and reason; `None` while open.
    pub resolution: Option<String>,
}

/// An order on hold.
#[derive(Debug, Clone, Serialize)]
pub struct HeldOrder {
    /// `payment` or `rampoff`.
    pub kind: &'static str,
    pub id: String,
    pub customer: i64,
    pub reason: Option<HoldReason>,
    pub finding: String,
    pub destination: Option<String>,
    pub since: String,
}

/// Open review items, or all with `all`, oldest first, after `behind`.
pub async fn list(app: &App, all: bool, behind: Option<ReviewId>, limit: u32) -> AppResult<Vec<ReviewLine>> {
    let store = &app.store;
    let items = if all { store.reviews(behind, limit).await? } else { store.reviews_waiting(behind, limit).await? };
    let mut lines = Vec::with_capacity(items.len());
    for item in items {
        let order_destination = order_destination(app, &item).await?;
        lines.push(ReviewLine { order_destination, ..line(app, item) });
    }
    Ok(lines)
}

/// The refund destination of an open item's order.
async fn order_destination(app: &App, item: &ReviewItem) -> AppResult<Option<String>> {
    let is_about_it = matches!(item.subject.kind(), ReviewKind::Suspense | ReviewKind::Reversal) && item.resolution.is_none();
    let Some(order) = item.order.filter(|_| is_about_it) else { return Ok(None) };
    Ok(orders::refund_of(&order_checks::find(app, order).await?))
}

fn line(app: &App, item: ReviewItem) -> ReviewLine {
    let is_account = matches!(item.asset, Some(Asset::Fiat(_))) && item.subject.kind() != ReviewKind::BelowFloor;
    let shown = |place: String| if is_account { masked(&place) } else { place };
    ReviewLine {
        id: item.id.to_string(),
        kind: item.subject.kind(),
        order: item.order.map(|order| order.to_string()),
        amount: item.asset.map(|asset| format!("{} {asset}", major(app, item.amount, asset))),
        source: item.subject.source().map(shown),
        destination: item.destination.map(shown),
        order_destination: None,
        reason: item.reason,
        created_at: item.created_at.to_string(),
        resolution: item
            .resolution
            .map(|ReviewResolution { decision, actor, reason, at, .. }| format!("{decision} by {actor} at {at}: {reason}")),
    }
}

/// Orders on hold, newest first, below `below`.
pub async fn held_orders(app: &App, below: Option<OrderId>, limit: u32) -> AppResult<Vec<HeldOrder>> {
    let held_payments = OrderFilter { statuses: vec![PaymentStatus::OnHold], ..OrderFilter::default() };
    let held_rampoffs = OrderFilter { statuses: vec![RampoffStatus::OnHold], ..OrderFilter::default() };
    let store = &app.store;
    let (payments, rampoffs) =
        futures::try_join!(store.payments(&held_payments, below, limit), store.rampoffs(&held_rampoffs, below, limit))?;
    let found = payments.into_iter().map(Order::from).chain(rampoffs.into_iter().map(Order::from));
    let line = |order: Order| {
        let head = order.head();
        let kind = match order {
            Order::Payment(_) => "payment",
            Order::Rampoff(_) => "rampoff",
        };
        HeldOrder {
            kind,
            id: head.id.to_string(),
            customer: head.customer.0,
            reason: order.hold(),
            finding: head.findings.describe(),
            destination: orders::refund_of(&order),
            since: order.on_hold().map_or(head.updated_at, |(_, since)| since).to_string(),
        }
    };
    let mut held: Vec<HeldOrder> = found.map(line).collect();
    held.sort_by(|one, other| other.id.cmp(&one.id));
    held.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(held)
}

/// Resolves a review item.
///
/// # Errors
/// A refusal when the item is resolved already, or the decision does not fit it.
pub async fn resolve(app: &App, operator: &Operator, id: ReviewId, decision: ReviewDecision) -> AppResult<()> {
    settle(app, operator, id, decision, (None, None)).await
}

/// Assigns money or coins in suspense to an order. Refused when the item is resolved already, or the order cannot use it.
pub async fn assign(app: &App, operator: &Operator, id: ReviewId, order: OrderId) -> AppResult<()> {
    settle(app, operator, id, ReviewDecision::Assign, (Some(order), None)).await
}

/// Returns money or coins in suspense to a destination that the operator names, validated like a customer's: money over
/// the rail that pays out its currency, coins on their chain less the network fee.
///
/// # Errors
/// A refusal when the item is resolved already, the destination is invalid, or nothing of it is in suspense.
pub async fn return_to(app: &App, operator: &Operator, id: ReviewId, to: &DestinationInput) -> AppResult<()> {
    settle(app, operator, id, ReviewDecision::ReturnTo, (None, Some(to))).await
}

/// The order or the destination that a decision names.
type Named<'a> = (Option<OrderId>, Option<&'a DestinationInput>);

async fn settle(app: &App, operator: &Operator, id: ReviewId, decision: ReviewDecision, (assigned, to): Named<'_>) -> AppResult<()> {
    operators_retry(app, "item is", || async move {
        let item = app.store.review(id).await?.ok_or_else(|| refuse(format!("there is no item {id}")))?;
        let (mut about, order) = (about(app, &item, decision, assigned).await?, item.order);
        about.destination = match to {
            Some(to) => Some(checked(app, &item, to).await?),
            None => None,
        };
        if decision == ReviewDecision::Return && item.resolution.is_none() {
            check_sender(app, &item, &about).await?;
        }
        let named = about.order.as_ref();
        let around = match named {
            Some(order) => Some(DecisionInputs::order(app, order, Reading::Stored).await?),
            None => None,
        };
        let price = named.and_then(|order| observe::price(app, order));
        let context = around.as_ref().map_or_else(|| app.context(price), |around| around.context(app, price, Grade::All));
        let action = match (decision, &around) {
            // A separate permission, so the audit log distinguishes it.
            (ReviewDecision::Assign, Some(around)) if is_third_party_payment(&about, around) => "review.assign_strangers".to_owned(),
            (decision, _) => format!("review.{decision}"),
        };
        let beside = about.beside.clone();
        let mut step = match chain_decision(app, &item, decision).await? {
            Some(mut step) => {
                let Operator { actor, reason } = operator.clone();
                step.write(item.settled(decision, &actor, reason, None, context.mint.now));
                step
            }
            None => item.decide(decision, operator, about, &context)?,
        };
        ordered_by_person(&mut step);
        let detail = sent_to(&step, beside.as_ref());
        audit_about(app, operator, (&action, detail.clone()), id, &mut step);
        if let Some(order) = order {
            audit_about(app, operator, (&action, detail), order, &mut step);
        }
        Ok((step, ()))
    })
    .await
}

/// The destination of a decision, with its origin when it is the order's own.
fn sent_to(step: &Step, order: Option<&Order>) -> String {
    let destination = step.writes.iter().find_map(|record| match record {
        Record::Payout(payout) if payout.resolves.is_some() => Some(payout.destination.account.reveal().to_owned()),
        Record::Transfer(transfer) if transfer.resolves.is_some() => Some(transfer.to.clone()),
        _ => None,
    });
    let Some(destination) = destination else { return String::new() };
    let origin = match order {
        Some(Order::Payment(payment)) => {
            let account = payment.refund_account.as_ref().filter(|account| account.account.reveal() == destination);
            account.map(|_| payment.refund_origin)
        }
        Some(Order::Rampoff(rampoff)) => {
            rampoff.refund_wallet.as_ref().filter(|wallet| **wallet == destination).map(|_| rampoff.refund_origin)
        }
        None => None,
    };
    let destination = masked(&destination);
    format!("sent to {}", origin.map_or_else(|| destination.clone(), |origin| describe_destination(&destination, origin.as_ref())))
}

/// Recalls the return of an item. A payout or transfer that was certainly not attempted is stopped and the item
/// reopens; a signed transfer is not broadcast and its nonce is used up.
///
/// # Errors
/// A refusal when nothing is on its way, or it cannot be recalled.
pub async fn recall(app: &App, operator: &Operator, id: ReviewId) -> AppResult<()> {
    operators_retry(app, "item is", || async move {
        let item = app.store.review(id).await?.ok_or_else(|| refuse(format!("there is no item {id}")))?;
        let returning = outgoing::returning(app, &item).await?.ok_or_else(|| refuse("nothing was sent back for this item"))?;
        let (by, reason) = (StoppedBy::Operator, operator.reason.clone());
        let mut step = match returning {
            PendingOutgoing::Payout(payout, jobs) if payout.can_be_stopped(&jobs) => {
                without_jobs(jobs, payouts::observe(app, *payout, PayoutFact::Stopped { by, reason }).await?)
            }
            PendingOutgoing::Transfer(transfer, jobs) if transfer.state == TransferState::Queued => {
                without_jobs(jobs, transfers::observe(app, *transfer, TransferFact::Stopped { by, reason }).await?)
            }
            signed => signed
                .recall(&app.context(None))
                .ok_or_else(|| refuse("it was handed over, and cannot be called back: ask the bank, or wait for the chain"))?,
        };
        audit(app, operator, "review.recall", id, &mut step);
        Ok((step, ()))
    })
    .await
}

/// Removes the jobs of a stopped payout or transfer.
fn without_jobs(jobs: Vec<Job>, mut step: Step) -> Step {
    step.removals.extend(jobs.iter().map(|job| (RecordKey::Job(job.id), job.version)));
    step
}

/// Whether the payer is somebody other than the customer of the assigned order, as far as the payer's name is known.
fn is_third_party_payment(about: &ReviewRecords, around: &DecisionInputs) -> bool {
    let payer = match about.fact.as_ref().map(|fact| &fact.body) {
        Some(FactBody::BankCredit(credit)) => credit.sender_name.as_ref(),
        Some(FactBody::ProcessorPaid(paid)) => paid.holder.as_ref(),
        _ => None,
    };
    payer.is_some_and(|payer| !around.customer().can_be(payer.reveal()))
}

/// The step of a decision that needs the chains; `None` when the core decides alone.
async fn chain_decision(app: &App, item: &ReviewItem, decision: ReviewDecision) -> AppResult<Option<Step>> {
    match (decision, item.subject.kind()) {
        (_, ReviewKind::Stopped | ReviewKind::Unsigned) if item.resolution.is_some() => Ok(None),
        (ReviewDecision::GoOn, ReviewKind::Stopped) => stops::go_on(app, item).await.map(Some),
        (ReviewDecision::Dismiss, ReviewKind::Stopped) => Err(refuse("sending is stopped until the item is resolved with 'go-on'")),
        (ReviewDecision::Retry, ReviewKind::Unsigned) => unsigned::retry(app, item).await.map(Some),
        (ReviewDecision::GiveUp, ReviewKind::Unsigned) => unsigned::give_up(app, item).await.map(Some),
        _ => Ok(None),
    }
}

/// What a decision needs to know. An item about a deposit has the deposit's identifier as its fact.
async fn about(app: &App, item: &ReviewItem, decision: ReviewDecision, assigned: Option<OrderId>) -> AppResult<ReviewRecords> {
    let store = &app.store;
    let mut about = ReviewRecords::default();
    if let Some(id) = item.fact {
        about.fact = store.fact(id).await?;
        about.deposit = store.deposit(DepositId::named_by(id)).await?;
    }
    if let Some(at) = about.deposit.as_ref().and_then(|deposit| deposit.order) {
        about.deposit_index = Some(observe::load_rampoff(app, at).await?.deposit_index);
    }
    if let Some(asset) = item.asset {
        about.beside = outgoing::beside(app, Some(item), asset).await?;
    }
    if let Some(Asset::Coin(coin)) = item.asset {
        about.network_fee = network_fee(app, coin, about.beside.as_ref());
    }
    if let Some(order) = assigned {
        about.order = Some(order_checks::find(app, order).await?);
    }
    match (decision, item.subject.kind(), item.order) {
        (ReviewDecision::Return | ReviewDecision::ReturnTo, ReviewKind::Reversal, Some(order)) => {
            about.order = Some(order_checks::find(app, order).await?);
            about.payouts = store.payouts_of_order(order).await?;
        }
        (ReviewDecision::GiveUp, ReviewKind::Vanished, _) => about.vanished = vanished(app, item).await?,
        _ => {}
    }
    Ok(about)
}

/// Validates a destination that the operator names for an item.
async fn checked(app: &App, item: &ReviewItem, to: &DestinationInput) -> AppResult<review::CheckedDestination> {
    match (item.asset, to) {
        (Some(Asset::Fiat(currency)), DestinationInput::Account { account, holder }) => {
            let rail = app.catalogue.payout_rail_of(currency).ok_or_else(|| refuse(format!("no rail here pays {currency} out")))?;
            orders::checked_account(app, rail.country, account, holder).map(review::CheckedDestination::Account)
        }
        (Some(Asset::Coin(coin)), DestinationInput::Wallet(wallet)) => {
            order_checks::check_foreign_wallet(app, "to", coin.chain, wallet).await.map(review::CheckedDestination::Wallet)
        }
        (Some(Asset::Fiat(_)), DestinationInput::Wallet(_)) => Err(refuse("money goes to an account: say who holds it")),
        (Some(Asset::Coin(_)), DestinationInput::Account { .. }) => Err(refuse("coins go to a wallet, which has no holder")),
        (None, _) => Err(refuse("the item names no amount")),
    }
}

/// Refuses to return coins to an address of ours or a token contract: they belong to the party that sent them from
/// there.
async fn check_sender(app: &App, item: &ReviewItem, about: &ReviewRecords) -> AppResult<()> {
    let (Some(Asset::Coin(coin)), Some(sender)) = (item.asset, about.sender_of(item)) else { return Ok(()) };
    match order_checks::check_foreign_wallet(app, "the sender's address", coin.chain, sender).await {
        Err(AppError::Refusal(refusal)) => {
            Err(refuse(format!("{}: say with --wallet where the coins go, assign them to an order, or keep them", refusal.message)))
        }
        other => other.map(drop),
    }
}

/// The network fee that the receiver bears, in minor units of the coin: as fixed in the order, else the present fee at
/// the last known price, however old; zero when no price was ever known.
fn network_fee(app: &App, coin: CoinId, order: Option<&Order>) -> Amount {
    if let Some(Order::Rampoff(rampoff)) = order
        && rampoff.terms.coin == coin
    {
        return rampoff.refund_network_fee();
    }
    let (Some(chain), Some(traded)) = (app.catalogue.chain(coin.chain), app.catalogue.coin(coin)) else { return Amount::ZERO };
    let in_coins = |(currency, fee): &(Currency, Amount)| {
        let price = app.prices.market(coin.symbol, *currency)?;
        let decimals = app.catalogue.fiat(*currency)?.decimals;
        price.rate.fiat_to_coins(*fee, decimals, traded.decimals, Rounding::Up).ok()
    };
    chain.network_fees.iter().find_map(in_coins).unwrap_or(Amount::ZERO)
}

/// The transmission of an item's transfer, while its slot is open.
async fn vanished(app: &App, item: &ReviewItem) -> AppResult<Option<Transmission>> {
    let ReviewSubject::Vanished(id) = item.subject else { return Err(refuse("the item names no transfer")) };
    let transfer = app.store.transfer(id).await?.ok_or_else(|| refuse(format!("there is no transfer {id}")))?;
    let Some(transmission) = transfer.state.sent_in().and_then(|sent| sent.transmission) else { return Ok(None) };
    Ok(Some(transmit::load(app, transmission).await?).filter(|transmission| transmission.state == TransmissionState::Open))
}
