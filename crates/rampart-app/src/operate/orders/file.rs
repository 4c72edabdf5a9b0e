//! Everything known about one order.

use rampart_core::id::OrderId;
use rampart_core::identity::bank_account::masked;
use rampart_core::ledger::Side;
use rampart_core::money::asset::{Asset, Currency, Symbol};
use rampart_core::order::arrival::Leg;
use rampart_core::order::payment::{Payment, PaymentState};
use rampart_core::order::rampoff::{Rampoff, RampoffState};
use rampart_core::order::{HoldReason, Order};
use rampart_core::outgoing::TransferState;
use serde::Serialize;

use super::super::{AuditLine, audit_lines, major, payouts, webhooks};
use super::find;
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::partner_api::give_destination::describe_destination;

const MAX_EVENT_ROWS: u32 = 200;
/// Newest review items shown. Open reversals are always shown.
const MAX_REVIEW_ROWS: u32 = 200;

/// Everything known about an order, without personal data.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OrderFile {
    /// `payment` or `rampoff`.
    pub kind: &'static str,
    pub id: String,
    pub partner: String,
    pub customer: i64,
    pub status: &'static str,
    pub hold: Option<HoldReason>,
    pub finding: String,
    pub exception: Option<rampart_core::order::arrival::DeviationKind>,
    pub reversal: Option<rampart_core::order::Reversal>,
    pub terms: String,
    /// Last known price of the pair, with spread, and its age.
    pub price: String,
    /// Refund destination with its origin; `None` when none was given.
    pub refund_destination: Option<String>,
    /// Payout destination with its origin; `None` for a payment.
    pub payout_destination: Option<String>,
    pub received: String,
    /// Balance of the customer's account for this order.
    pub balance: String,
    pub reserved: String,
    pub created_at: String,
    /// Until when the price is guaranteed.
    pub held_until: String,
    /// Facts about money or coins for this order.
    pub facts: Vec<String>,
    pub transfers: Vec<OrderFileLine>,
    pub payouts: Vec<OrderFileLine>,
    pub jobs: Vec<OrderFileLine>,
    pub entries: Vec<EntryView>,
    pub events: Vec<OrderFileLine>,
    /// Delivered ones are deleted after the retention time.
    pub deliveries: Vec<OrderFileLine>,
    pub reviews: Vec<OrderFileLine>,
    pub audit: Vec<AuditLine>,
}

/// A part of an order.
#[derive(Debug, Clone, Serialize)]
pub struct OrderFileLine {
    pub id: String,
    pub what: String,
    pub state: String,
}

/// A ledger entry of an order.
#[derive(Debug, Clone, Serialize)]
pub struct EntryView {
    pub kind: &'static str,
    pub account: String,
    pub side: Side,
    /// In major units.
    pub amount: String,
    pub asset: String,
    /// Business time.
    pub posted_at: String,
}

/// Everything known about an order.
///
/// # Errors
/// `payment_not_found` for an unknown order.
pub async fn show(app: &App, id: OrderId) -> AppResult<OrderFile> {
    let file = match find(app, id).await? {
        Order::Payment(payment) => of_payment(app, &payment),
        Order::Rampoff(rampoff) => of_rampoff(app, &rampoff),
    };
    with_related_records(app, id, file).await
}

/// The price that a command decides at, with its age: the last one the server stored.
pub(super) fn price_of(app: &App, leg: Leg, symbol: Symbol, currency: Currency) -> String {
    let board = &app.prices;
    let Some(market) = board.market(symbol, currency) else { return "none known".to_owned() };
    let with_spread = match leg {
        Leg::Buying => board.buying(market.rate),
        Leg::Selling => board.selling(market.rate),
    };
    let Some(rate) = with_spread else { return "none known".to_owned() };
    let now = app.business.now();
    let stale = if board.is_stale(&market, now) { ", too old to decide at" } else { "" };
    format!("{rate} {currency}, {} s old{stale}", market.observed_at.until(now).as_secs())
}

/// The refund account of a payment with its origin, if given.
pub(crate) fn refund_of_payment(payment: &Payment) -> Option<String> {
    let account = payment.refund_account.as_ref()?;
    Some(describe_destination(&masked(account.account.reveal()), payment.refund_origin.as_ref()))
}

/// The refund wallet of a ramp-off with its origin, if given.
pub(crate) fn refund_of_rampoff(rampoff: &Rampoff) -> Option<String> {
    rampoff.refund_wallet.as_ref().map(|wallet| describe_destination(wallet, rampoff.refund_origin.as_ref()))
}

fn of_payment(app: &App, payment: &Payment) -> OrderFile {
    let (fiat, coin) = (Asset::Fiat(payment.terms.fiat), Asset::Coin(payment.terms.coin));
    let amount = |amount, asset| format!("{} {asset}", major(app, amount, asset));
    OrderFile {
        kind: "payment",
        id: payment.id.to_string(),
        partner: payment.partner.to_string(),
        customer: payment.customer.0,
        status: payment.status().as_str(),
        hold: match payment.state {
            PaymentState::OnHold { reason, .. } => Some(reason),
            _ => None,
        },
        finding: payment.findings.describe(),
        exception: payment.exceptions.first(),
        reversal: payment.reversal,
        terms: format!("{} for {}", amount(payment.terms.fiat_amount, fiat), amount(payment.terms.coin_amount, coin)),
        price: price_of(app, Leg::Buying, payment.terms.coin.symbol, payment.terms.fiat),
        refund_destination: refund_of_payment(payment),
        received: amount(payment.received(), fiat),
        balance: amount(payment.fiat_balance, fiat),
        reserved: amount(payment.reserved, coin),
        created_at: payment.created_at.to_string(),
        held_until: payment.held_until.to_string(),
        facts: payment.receipts.iter().map(|receipt| receipt.fact.to_string()).collect(),
        ..OrderFile::default()
    }
}

fn of_rampoff(app: &App, rampoff: &Rampoff) -> OrderFile {
    let (fiat, coin) = (Asset::Fiat(rampoff.terms.fiat), Asset::Coin(rampoff.terms.coin));
    let amount = |amount, asset| format!("{} {asset}", major(app, amount, asset));
    OrderFile {
        kind: "rampoff",
        id: rampoff.id.to_string(),
        partner: rampoff.partner.to_string(),
        customer: rampoff.customer.0,
        status: rampoff.status().as_str(),
        hold: match rampoff.state {
            RampoffState::OnHold { reason, .. } => Some(reason),
            _ => None,
        },
        finding: rampoff.findings.describe(),
        exception: rampoff.exceptions.first(),
        reversal: rampoff.reversal,
        terms: format!("{} for {}", amount(rampoff.terms.coin_amount, coin), amount(rampoff.terms.fiat_amount, fiat)),
        price: price_of(app, Leg::Selling, rampoff.terms.coin.symbol, rampoff.terms.fiat),
        refund_destination: refund_of_rampoff(rampoff),
        payout_destination: Some(describe_destination(&masked(rampoff.destination.account.reveal()), rampoff.destination_origin.as_ref())),
        received: amount(rampoff.received(), coin),
        balance: format!("{}, {}", amount(rampoff.coin_balance, coin), amount(rampoff.fiat_balance, fiat)),
        reserved: amount(rampoff.reserved, fiat),
        created_at: rampoff.created_at.to_string(),
        held_until: rampoff.held_until.to_string(),
        facts: rampoff.deposits.iter().map(|deposit| deposit.deposit.to_string()).collect(),
        ..OrderFile::default()
    }
}

async fn with_related_records(app: &App, id: OrderId, mut file: OrderFile) -> AppResult<OrderFile> {
    let store = &app.store;
    let subject = id.to_string();
    let partner = file.partner.parse().map_err(|_| AppError::defect("a partner's identifier that is none"))?;
    let (transfers, payouts, postings) =
        futures::try_join!(store.transfers_of_order(id), store.payouts_of_order(id), store.postings_of_order(id))?;
    let mut jobs = store.jobs_of_subject(&subject).await?;
    for related in transfers.iter().map(|each| each.id.to_string()).chain(payouts.iter().map(|each| each.id.to_string())) {
        jobs.extend(store.jobs_of_subject(&related).await?);
    }
    for transfer in transfers {
        let state = match &transfer.state {
            TransferState::Failed { reason } => format!("failed: {reason}"),
            state => state.signed().map_or_else(|| "queued".to_owned(), |signed| format!("{} {}", state.status(), signed.txid)),
        };
        let what = format!("{} {} to {}", major(app, transfer.amount, transfer.coin.into()), transfer.coin, transfer.to);
        file.transfers.push(OrderFileLine { id: transfer.id.to_string(), what, state });
    }
    for payout in payouts {
        let state = payouts::state_of(&payout);
        let account = masked(payout.destination.account.reveal());
        let what = format!("{} {} to {account}", major(app, payout.amount, payout.currency.into()), payout.currency);
        file.payouts.push(OrderFileLine { id: payout.id.to_string(), what, state });
    }
    file.jobs = jobs.into_iter().map(job_line).collect();
    for posting in postings {
        for entry in &posting.entries {
            file.entries.push(EntryView {
                kind: posting.kind.as_str(),
                account: entry.account.to_string(),
                side: entry.side,
                amount: major(app, entry.amount, entry.asset),
                asset: entry.asset.to_string(),
                posted_at: posting.posted_at.to_string(),
            });
        }
    }
    let events = store.events_of_subject(partner, &subject, 0, MAX_EVENT_ROWS).await?;
    file.deliveries = webhooks::of_events(app, partner, &events).await?;
    for event in events {
        let (what, state) = (event.draft.kind.to_string(), event.draft.created_at.to_string());
        file.events.push(OrderFileLine { id: event.sequence.to_string(), what, state });
    }
    let newest = store.reviews_of_order(id, MAX_REVIEW_ROWS).await?;
    let mut reviews = store.reversals_waiting(id).await?;
    reviews.retain(|item| newest.iter().all(|other| other.id != item.id));
    for item in reviews.into_iter().chain(newest.into_iter().rev()) {
        let state =
            item.resolution.map_or_else(|| "waits".to_owned(), |resolution| format!("{} by {}", resolution.decision, resolution.actor));
        file.reviews.push(OrderFileLine { id: item.id.to_string(), what: item.reason, state });
    }
    file.audit = audit_lines(app, &subject).await?;
    Ok(file)
}

pub(crate) fn job_line(job: rampart_core::step::job::Job) -> OrderFileLine {
    let error = job.last_error.map(|error| format!(", last: {error}")).unwrap_or_default();
    let state = format!("due {}, attempts {}{error}", job.due_at, job.attempts);
    OrderFileLine { id: job.id.to_string(), what: job.kind.as_str().to_owned(), state }
}
