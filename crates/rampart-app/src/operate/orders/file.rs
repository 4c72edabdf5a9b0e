//! Everything known about one order.

use rampart_core::id::OrderId;
use rampart_core::identity::bank_account::masked;
use rampart_core::ledger::Side;
use rampart_core::money::asset::{Asset, CoinId, Currency};
use rampart_core::order::arrival::Leg;
use rampart_core::order::{HoldReason, Order};
use rampart_core::outgoing::TransferState;
use serde::Serialize;

use super::super::{AuditLine, OrderFileLine, audit_lines, job_line, major, payouts, webhooks};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::orders::order_checks;
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
    let file = of_order(app, &order_checks::find(app, id).await?);
    with_related_records(app, id, file).await
}

/// The price that a command decides at, with its age: the last one the server stored.
pub(super) fn price_of(app: &App, (leg, coin, currency): (Leg, CoinId, Currency)) -> String {
    let board = &app.prices;
    let Some(market) = board.market(coin.symbol, currency) else { return "none known".to_owned() };
    let with_spread = match leg {
        Leg::Buying => board.buying(market.rate),
        Leg::Selling => board.selling(market.rate),
    };
    let Some(rate) = with_spread else { return "none known".to_owned() };
    let now = app.business.now();
    let stale = if board.is_stale(&market, now) { ", too old to decide at" } else { "" };
    format!("{rate} {currency}, {} s old{stale}", market.observed_at.until(now).as_secs())
}

/// The refund account (masked) or refund wallet of an order with its origin, if given.
pub(crate) fn refund_of(order: &Order) -> Option<String> {
    let place = match order {
        Order::Payment(payment) => masked(payment.refund_account.as_ref()?.account.reveal()),
        Order::Rampoff(rampoff) => rampoff.refund_wallet.clone()?,
    };
    Some(describe_destination(&place, order.head().refund_origin.as_ref()))
}

fn of_order(app: &App, order: &Order) -> OrderFile {
    let ((_, coin, fiat), head) = (order.pair(), order.head());
    let (fiat, coin) = (Asset::Fiat(fiat), Asset::Coin(coin));
    let amount = |amount, asset| format!("{} {asset}", major(app, amount, asset));
    let file = OrderFile {
        id: head.id.to_string(),
        partner: head.partner.to_string(),
        customer: head.customer.0,
        status: order.status(),
        hold: order.hold(),
        finding: head.findings.describe(),
        exception: head.exceptions.first(),
        reversal: head.reversal,
        price: price_of(app, order.pair()),
        refund_destination: refund_of(order),
        created_at: head.created_at.to_string(),
        held_until: head.held_until.to_string(),
        ..OrderFile::default()
    };
    match order {
        Order::Payment(payment) => OrderFile {
            kind: "payment",
            terms: format!("{} for {}", amount(payment.terms.fiat_amount, fiat), amount(payment.terms.coin_amount, coin)),
            received: amount(payment.received(), fiat),
            balance: amount(head.fiat_balance, fiat),
            reserved: amount(head.reserved, coin),
            facts: payment.receipts.iter().map(|receipt| receipt.fact.to_string()).collect(),
            ..file
        },
        Order::Rampoff(rampoff) => {
            let account = masked(rampoff.destination.account.reveal());
            OrderFile {
                kind: "rampoff",
                terms: format!("{} for {}", amount(rampoff.terms.coin_amount, coin), amount(rampoff.terms.fiat_amount, fiat)),
                payout_destination: Some(describe_destination(&account, rampoff.destination_origin.as_ref())),
                received: amount(rampoff.received(), coin),
                balance: format!("{}, {}", amount(rampoff.coin_balance, coin), amount(head.fiat_balance, fiat)),
                reserved: amount(head.reserved, fiat),
                facts: rampoff.deposits.iter().map(|deposit| deposit.deposit.to_string()).collect(),
                ..file
            }
        }
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
            TransferState::Failed { reason, .. } => format!("failed: {reason}"),
            state => {
                let txid = state.sent_in().and_then(|sent| sent.txid.as_deref());
                txid.map_or_else(|| state.status().to_string(), |txid| format!("{} {txid}", state.status()))
            }
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
