//! The list of what only a person can decide, and the decisions.

use std::fmt;

use rampart_core::asset::{Asset, CoinId, Currency};
use rampart_core::bank_account::masked;
use rampart_core::fact::{Fact, FactBody};
use rampart_core::id::{OrderId, ReviewId, TransferId};
use rampart_core::ledger::Account;
use rampart_core::order::HoldReason;
use rampart_core::outgoing::{
    Payout, PayoutDestination, PayoutPurpose, PayoutState, Route, Screening, Transfer, TransferPurpose, TransferSource, TransferState,
};
use rampart_core::payment::{PaymentFact, PaymentState, Receipt};
use rampart_core::ports::TransactionStatus;
use rampart_core::rampoff::{DepositReceipt, RampoffFact, RampoffState};
use rampart_core::record::{Record, RecordKey};
use rampart_core::redacted::Redacted;
use rampart_core::review::{Resolution, ReviewItem, ReviewKind};
use rampart_core::step::Step;
use rampart_core::treasury;
use rampart_core::watch::{Deposit, DepositState};
use rampart_store::OrderFilter;
use serde::Serialize;

use super::orders::{self, Order};
use super::{Operator, audit, major, refuse};
use crate::app::{App, MOST_TRIES};
use crate::error::{AppError, Reply};
use crate::stops;
use crate::workers::{observe, payouts, transfers, unsigned};

/// What an operator decides about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// What lies in suspense is for this order.
    Assign(OrderId),
    /// What lies in suspense goes back to where it came from; a payout that was returned is paid once more.
    Return,
    /// What lies in suspense belongs to nobody and becomes the company's.
    Keep,
    /// A quarantined fact is applied again; a transfer that cannot be signed is tried at once.
    Retry,
    /// A transfer that vanished from its chain, or cannot be signed, is given up: its coins are ours again, and its order is put on hold.
    GiveUp,
    /// Sending that was stopped goes on, with what was seen outside taken over.
    GoOn,
    /// Nothing is to be done. What lies in suspense stays there.
    Dismiss,
}

impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Assign(_) => "assign",
            Self::Return => "return",
            Self::Keep => "keep",
            Self::Retry => "retry",
            Self::GiveUp => "give_up",
            Self::GoOn => "go_on",
            Self::Dismiss => "dismiss",
        })
    }
}

/// An item of the list, without personal data: accounts are masked.
#[derive(Debug, Clone, Serialize)]
pub struct ReviewLine {
    /// Its identifier.
    pub id: String,
    /// Why a person is needed.
    pub kind: ReviewKind,
    /// The order, where there is one.
    pub order: Option<String>,
    /// How much of what.
    pub amount: Option<String>,
    /// Where it came from.
    pub source: Option<String>,
    /// What happened.
    pub reason: String,
    /// Since when it waits, or waited.
    pub created_at: String,
    /// How it was settled, by whom, when and why; nothing while it waits.
    pub resolution: Option<String>,
}

/// An order that waits for a person or its customer.
#[derive(Debug, Clone, Serialize)]
pub struct HeldOrder {
    /// `payment` or `rampoff`.
    pub kind: &'static str,
    /// Its identifier.
    pub id: String,
    /// Its customer.
    pub customer: i64,
    /// Why it waits.
    pub reason: Option<HoldReason>,
    /// What the screening provider has found; empty when it has found nothing.
    pub finding: String,
    /// Since when it waits.
    pub since: String,
}

/// What waits, or with `all` what was ever on the list, oldest first, behind `behind`.
///
/// # Errors
/// [`AppError::Unavailable`] when the database cannot be read.
pub async fn list(app: &App, all: bool, behind: Option<ReviewId>, limit: u32) -> Reply<Vec<ReviewLine>> {
    let store = app.store();
    let items = if all { store.reviews(behind, limit).await? } else { store.reviews_waiting(behind, limit).await? };
    Ok(items.into_iter().map(|item| line(app, item)).collect())
}

fn line(app: &App, item: ReviewItem) -> ReviewLine {
    let is_fiat = matches!(item.asset, Some(Asset::Fiat(_)));
    ReviewLine {
        id: item.id.to_string(),
        kind: item.kind,
        order: item.order.map(|order| order.to_string()),
        amount: item.asset.map(|asset| format!("{} {asset}", major(app, item.amount, asset))),
        source: item.source.map(|source| if is_fiat && item.kind != ReviewKind::BelowFloor { masked(&source) } else { source }),
        reason: item.reason,
        created_at: item.created_at.to_string(),
        resolution: item
            .resolution
            .map(|Resolution { decision, actor, reason, at, .. }| format!("{decision} by {actor} at {at}: {reason}")),
    }
}

/// Orders on hold, newest first, below `below`.
///
/// # Errors
/// [`AppError::Unavailable`] when the database cannot be read.
pub async fn held_orders(app: &App, below: Option<OrderId>, limit: u32) -> Reply<Vec<HeldOrder>> {
    let filter = OrderFilter { statuses: vec!["on_hold".to_owned()], ..OrderFilter::default() };
    let store = app.store();
    let (payments, rampoffs) = futures::try_join!(store.payments(&filter, below, limit), store.rampoffs(&filter, below, limit))?;
    let payments = payments.into_iter().map(|order| {
        let (reason, since) = match order.state {
            PaymentState::OnHold { reason, since } => (Some(reason), since),
            _ => (None, order.updated_at),
        };
        let (id, customer, finding) = (order.id.to_string(), order.customer.0, order.findings.told());
        HeldOrder { kind: "payment", id, customer, reason, finding, since: since.to_string() }
    });
    let rampoffs = rampoffs.into_iter().map(|order| {
        let (reason, since) = match order.state {
            RampoffState::OnHold { reason, since } => (Some(reason), since),
            _ => (None, order.updated_at),
        };
        let (id, customer, finding) = (order.id.to_string(), order.customer.0, order.findings.told());
        HeldOrder { kind: "rampoff", id, customer, reason, finding, since: since.to_string() }
    });
    let mut held: Vec<HeldOrder> = payments.chain(rampoffs).collect();
    held.sort_by(|one, other| other.id.cmp(&one.id));
    held.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(held)
}

/// Settles an item.
///
/// # Errors
/// A refusal when the item is settled already, or the decision does not fit it.
pub async fn resolve(app: &App, operator: &Operator, id: ReviewId, decision: Decision) -> Reply<()> {
    for _ in 0..MOST_TRIES {
        let item = app.store().review(id).await?.ok_or_else(|| refuse(format!("there is no item {id}")))?;
        if let Some(resolution) = &item.resolution {
            return Err(refuse(format!("it was settled by {}: {}", resolution.actor, resolution.decision)));
        }
        let mut step = decide(app, &item, decision).await?;
        let resolution = Resolution {
            decision: decision.to_string(),
            order: match decision {
                Decision::Assign(order) => Some(order),
                _ => None,
            },
            actor: operator.actor.clone(),
            reason: operator.reason.clone(),
            at: app.business().now(),
        };
        audit(app, operator, &format!("review.{decision}"), id, &mut step);
        if let Some(order) = item.order {
            audit(app, operator, &format!("review.{decision}"), order, &mut step);
        }
        step.write(ReviewItem { resolution: Some(resolution), ..item });
        if let Some(outcome) = orders::once(app, step).await {
            return outcome;
        }
    }
    Err(AppError::Unavailable("the item is changing too fast".to_owned()))
}

async fn decide(app: &App, item: &ReviewItem, decision: Decision) -> Reply<Step> {
    let moves = matches!(decision, Decision::Assign(_) | Decision::Return | Decision::Keep);
    if moves && deposit_of(app, item).await?.is_some_and(|deposit| deposit.state != DepositState::Confirmed) {
        return Err(refuse("the chain has undone it: there is nothing to decide about"));
    }
    if moves && item.kind == ReviewKind::Reversal && item.source.is_none() {
        return Err(refuse("it is booked as lost, and nothing of it lies in suspense"));
    }
    match (decision, item.kind) {
        (Decision::GoOn, ReviewKind::Stopped) => stops::go_on(app, item).await,
        (Decision::Dismiss, ReviewKind::Stopped) => Err(refuse("it is stopped until somebody says 'go-on'")),
        (Decision::Dismiss, _) => Ok(Step::new()),
        (Decision::Retry, ReviewKind::Quarantine) => retry_fact(app, item).await,
        (Decision::Retry, ReviewKind::Unsigned) => unsigned::retry(app, item).await,
        (Decision::GiveUp, ReviewKind::Unsigned) => unsigned::give_up(app, item).await,
        (Decision::GiveUp, ReviewKind::Vanished) => give_up(app, item).await,
        (Decision::Assign(order), ReviewKind::Suspense) => assign(app, item, order).await,
        (Decision::Return, ReviewKind::Suspense) => send_back(app, item).await,
        (Decision::Return, ReviewKind::Reversal) => pay_again(app, item).await,
        (Decision::Keep, ReviewKind::Suspense | ReviewKind::Reversal) => {
            let (asset, mint) = (asset(item)?, app.mint());
            if item.kind == ReviewKind::Reversal && !matches!(asset, Asset::Fiat(_)) {
                return Err(refuse("the coins never left, and nothing of it lies in suspense"));
            }
            let mut step = Step::new();
            step.post(treasury::suspense_kept(&mint, asset, item.amount));
            Ok(step)
        }
        (decision, kind) => Err(refuse(format!("'{decision}' does not fit an item of kind {kind:?}"))),
    }
}

fn asset(item: &ReviewItem) -> Reply<Asset> {
    item.asset.ok_or_else(|| refuse("the item names no amount"))
}

async fn fact_of(app: &App, item: &ReviewItem) -> Reply<Option<Fact>> {
    match item.fact {
        Some(id) => Ok(app.store().fact(id).await?),
        None => Ok(None),
    }
}

/// The deposit that an item is about: such items carry the deposit's identifier.
async fn deposit_of(app: &App, item: &ReviewItem) -> Reply<Option<Deposit>> {
    match item.fact {
        Some(id) => Ok(app.store().deposit(id).await?),
        None => Ok(None),
    }
}

async fn retry_fact(app: &App, item: &ReviewItem) -> Reply<Step> {
    let fact = fact_of(app, item).await?.ok_or_else(|| refuse("the fact does not exist any more"))?;
    if fact.applied {
        return Err(refuse("the fact was applied meanwhile: dismiss the item"));
    }
    let mut step = Step::new();
    step.write(Fact { quarantined: None, ..fact });
    Ok(step)
}

/// What lies in suspense is taken back to where it was booked, and the order receives it as if it came now.
async fn assign(app: &App, item: &ReviewItem, order: OrderId) -> Reply<Step> {
    let (asset, mint) = (asset(item)?, app.mint());
    let cannot = |status: &str| refuse(format!("the order is {status} and cannot use it: send it back, or choose another order"));
    let (mut step, received) = match (orders::find(app, order).await?, asset) {
        (Order::Payment(payment), Asset::Fiat(currency)) if payment.terms.fiat == currency => {
            let fact = item.fact.ok_or_else(|| refuse("the item names no fact that could be assigned"))?;
            let status = payment.status();
            let (source, holder) = origin(app, item).await?;
            let receipt = Receipt { fact, amount: item.amount, at: mint.now, holder, source };
            let mut step = Step::new();
            // Booked where the order's own money is booked: the account it lies on keeps it, whichever that is.
            step.post(treasury::suspense_assigned(&mint, payment.pay_in.account(), asset, item.amount, Some(order)));
            let received = observe::payment(app, *payment, PaymentFact::Paid { receipt, is_customer: true });
            if puts_into_suspense(&received) {
                return Err(cannot(status));
            }
            (step, received)
        }
        (Order::Rampoff(rampoff), Asset::Coin(coin)) if rampoff.terms.coin == coin => {
            let deposit = deposit_of(app, item).await?.ok_or_else(|| refuse("the item names no deposit that could be assigned"))?;
            let status = rampoff.status();
            let mut step = Step::new();
            step.post(treasury::suspense_assigned(&mint, Account::ChainDeposits(coin.chain), asset, item.amount, Some(order)));
            let confirmations = app.catalogue().coin(coin).map_or(1, |coin| coin.confirmations);
            let receipt = DepositReceipt {
                deposit: deposit.id,
                txid: deposit.txid,
                index: deposit.index,
                amount: item.amount,
                from: deposit.from,
                confirmations,
                lost: false,
            };
            let received = observe::rampoff(app, *rampoff, RampoffFact::DepositConfirmed(receipt));
            if puts_into_suspense(&received) {
                return Err(cannot(status));
            }
            (step, received)
        }
        (_, asset) => return Err(refuse(format!("the order does not receive {asset}"))),
    };
    step.extend(received);
    Ok(step)
}

fn puts_into_suspense(step: &Step) -> bool {
    step.writes.iter().any(|record| matches!(record, Record::Review(item) if item.kind == ReviewKind::Suspense))
}

/// Where money of an item came from, and from whom.
async fn origin(app: &App, item: &ReviewItem) -> Reply<(Option<Redacted>, Option<Redacted>)> {
    Ok(match fact_of(app, item).await?.map(|fact| fact.body) {
        Some(FactBody::BankCredit(credit)) => (credit.sender_account, credit.sender_name),
        Some(FactBody::ProcessorPaid(paid)) => (Some(Redacted::new(paid.reference)), paid.holder),
        _ => (item.source.clone().map(Redacted::new), None),
    })
}

/// What lies in suspense goes back to where it came from.
async fn send_back(app: &App, item: &ReviewItem) -> Reply<Step> {
    match asset(item)? {
        Asset::Fiat(currency) => {
            let nowhere = || refuse("nobody told where it came from: assign it to an order, or keep it");
            let (route, account, name) = match fact_of(app, item).await?.map(|fact| fact.body) {
                Some(FactBody::BankCredit(credit)) => {
                    (Route::Bank(credit.rail), credit.sender_account.ok_or_else(nowhere)?, credit.sender_name.unwrap_or_default())
                }
                Some(FactBody::ProcessorPaid(paid)) => {
                    (Route::Processor(paid.processor), Redacted::new(paid.reference), paid.holder.unwrap_or_default())
                }
                _ => return Err(nowhere()),
            };
            let destination = PayoutDestination { account, bank_code: None, account_type: None, bank_name: None, name };
            Ok(pay_out(app, item, route, currency, destination))
        }
        Asset::Coin(coin) => {
            let deposit = deposit_of(app, item).await?;
            let to = match (&deposit, &item.source) {
                (Some(deposit), _) => deposit.from.clone(),
                (None, Some(wallet)) => wallet.clone(),
                (None, None) => return Err(refuse("nobody told where it came from: keep it")),
            };
            coins_back(app, coin, item, to, deposit).await
        }
    }
}

/// Whoever returns it once more has seen what the screening provider found, if it was that which had stopped it.
const fn screening(item: &ReviewItem) -> Screening {
    Screening::decided(item.screening_hit)
}

fn pay_out(app: &App, item: &ReviewItem, route: Route, currency: Currency, destination: PayoutDestination) -> Step {
    let mint = app.mint();
    let payout = Payout {
        id: mint.id(),
        version: 0,
        purpose: PayoutPurpose::SuspenseReturn,
        order: None,
        customer: None,
        route,
        currency,
        amount: item.amount,
        destination,
        screening: screening(item),
        resolves: Some(item.id),
        state: PayoutState::Queued,
        created_at: mint.now,
    };
    let mut step = Step::new();
    payouts::order(app, payout, &mut step);
    step
}

/// Coins that still lie on their deposit address leave from there, others from the hot wallet.
async fn coins_back(app: &App, coin: CoinId, item: &ReviewItem, to: String, deposit: Option<Deposit>) -> Reply<Step> {
    let mint = app.mint();
    let mut step = Step::new();
    let (mut source, mut deposits) = (TransferSource::Hot, Vec::new());
    if let Some(deposit) = deposit.filter(|deposit| !deposit.swept && deposit.state == DepositState::Confirmed)
        && let Some(order) = deposit.order
    {
        let order = observe::load_rampoff(app, order).await?;
        source = TransferSource::Deposit(order.deposit_index);
        deposits.push(deposit.id);
        step.write(Deposit { swept: true, ..deposit });
    }
    let transfer = Transfer {
        id: mint.id(),
        version: 0,
        purpose: TransferPurpose::SuspenseReturn,
        order: None,
        customer: None,
        coin,
        amount: item.amount,
        source,
        to,
        screening: screening(item),
        resolves: Some(item.id),
        deposits,
        fee_booked: false,
        state: TransferState::Queued,
        created_at: mint.now,
    };
    transfers::order(app, transfer, &mut step);
    Ok(step)
}

/// A payout that the receiving bank returned is paid once more, out of suspense, to where its order says.
async fn pay_again(app: &App, item: &ReviewItem) -> Reply<Step> {
    let Some(order) = item.order else { return Err(refuse("the item names no order")) };
    let Asset::Fiat(currency) = asset(item)? else { return Err(refuse("only a returned payout can be paid again")) };
    let (taken_back, key, version, of_order) = match orders::find(app, order).await? {
        Order::Payment(payment) => (payment.lost.is_positive(), RecordKey::Payment(order), payment.version, None),
        Order::Rampoff(rampoff) => {
            let lost = rampoff.deposits.iter().any(|deposit| deposit.lost);
            (lost, RecordKey::Rampoff(order), rampoff.version, Some(rampoff.destination))
        }
    };
    if taken_back {
        return Err(refuse("what the customer gave for it was taken back: keep it"));
    }
    let returned = app.store().payouts_of_order(order).await?;
    let returned = returned.into_iter().rev().find(|payout| matches!(payout.state, PayoutState::Returned { .. }));
    let returned = returned.ok_or_else(|| refuse("no payout of this order was returned"))?;
    // A refund goes to where it went: its order may know of another way that was not taken.
    let destination = of_order.unwrap_or(returned.destination);
    let mut step = pay_out(app, item, returned.route, currency, destination);
    step.rely(key, version);
    Ok(step)
}

/// A transfer that vanished from its chain is given up. As long as its nonce is free the chain may yet take the old bytes,
/// so nothing may be done that would have the coins leave twice.
async fn give_up(app: &App, item: &ReviewItem) -> Reply<Step> {
    let id: Option<TransferId> = item.source.as_ref().and_then(|source| source.parse().ok());
    let id = id.ok_or_else(|| refuse("the item names no transfer"))?;
    let transfer = app.store().transfer(id).await?.ok_or_else(|| refuse(format!("there is no transfer {id}")))?;
    let over = || refuse("the transfer is not under way any more: dismiss the item");
    let TransferState::Broadcast(signed) = &transfer.state else { return Err(over()) };
    let port = app.ports().chain(transfer.chain()).ok_or_else(|| refuse(format!("{} is not traded here", transfer.chain())))?;
    let unavailable = |fault: rampart_core::ports::Unavailable| AppError::Unavailable(fault.0);
    if port.transaction(&signed.txid).await.map_err(unavailable)? != TransactionStatus::Unknown {
        return Err(refuse("the chain knows the transaction again: dismiss the item"));
    }
    if port.next_nonce(transfer.source).await.map_err(unavailable)? <= signed.nonce {
        let nonce = signed.nonce;
        let sentence =
            format!("the nonce {nonce} is free, so the chain may yet take transaction {}: it is offered with every block", signed.txid);
        return Err(refuse(sentence));
    }
    transfers::given_up(app, transfer).await?.ok_or_else(over)
}
