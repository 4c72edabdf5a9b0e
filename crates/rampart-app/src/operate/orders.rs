//! One order: everything that is known of it, and the commands of operators.

use rampart_core::arrival::Leg;
use rampart_core::asset::{Asset, Currency, Symbol};
use rampart_core::bank_account::Given;
use rampart_core::country::Country;
use rampart_core::id::OrderId;
use rampart_core::ledger::Side;
use rampart_core::order::{CommandRefusal, HoldReason, Order};
use rampart_core::outgoing::{PayoutDestination, TransferState, called_back, ordered_by_person};
use rampart_core::payment::{Payment, PaymentCommand, PaymentState};
use rampart_core::rampoff::{Rampoff, RampoffCommand, RampoffState};
use rampart_core::record::RecordKey;
use rampart_core::refusal::{Code, Refusal};
use rampart_core::step::Step;
use rampart_core::text;
use serde::Serialize;

use super::{AuditLine, Operator, audit, audit_lines, major, refuse, told};
use crate::app::{App, MOST_TRIES};
use crate::destination;
use crate::error::{AppError, Reply};
use crate::workers::{observe, outgoing as leaving};
use rampart_store::CommitError;

/// The most characters of a holder's name: as many as banks take (ISO 20022).
const LONGEST_HOLDER: usize = 140;

const REFUND: &str = "order.refund";

/// How many events of an order are shown.
const EVENTS: u32 = 200;
/// The most items of the list of reviews that are shown of an order: the newest, and what was taken back and waits.
const REVIEWS: u32 = 200;

/// Everything known of an order, without personal data.
#[derive(Debug, Clone, Serialize)]
pub struct OrderFile {
    /// `payment` or `rampoff`.
    pub kind: &'static str,
    /// Its identifier.
    pub id: String,
    /// The partner.
    pub partner: String,
    /// The customer.
    pub customer: i64,
    /// Where it stands, as partners see it.
    pub status: &'static str,
    /// Why it is on hold.
    pub hold: Option<HoldReason>,
    /// What the screening provider has found; empty when it has found nothing.
    pub finding: String,
    /// What was unusual.
    pub exception: Option<rampart_core::arrival::DeviationKind>,
    /// What was taken back.
    pub reversal: Option<rampart_core::order::Reversal>,
    /// What was agreed: pays and receives.
    pub terms: String,
    /// The last known price of its pair for its direction, spread inside, and how old it is.
    pub price: String,
    /// What arrived.
    pub received: String,
    /// What lies on the customer's account for it.
    pub balance: String,
    /// What is promised for it.
    pub reserved: String,
    /// When it was made.
    pub created_at: String,
    /// Until when its promise holds.
    pub held_until: String,
    /// The facts that told of money or coins for it.
    pub facts: Vec<String>,
    /// Coins that left or are to leave.
    pub transfers: Vec<Line>,
    /// Money that left or is to leave.
    pub payouts: Vec<Line>,
    /// Pieces of work that wait.
    pub jobs: Vec<Line>,
    /// Its ledger entries.
    pub entries: Vec<EntryView>,
    /// What its partner was told.
    pub events: Vec<Line>,
    /// What became of telling it; those that arrived long ago are forgotten.
    pub deliveries: Vec<Line>,
    /// What waits, or waited, for a person because of it.
    pub reviews: Vec<Line>,
    /// What persons did.
    pub audit: Vec<AuditLine>,
}

/// One thing that belongs to an order.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its identifier or number.
    pub id: String,
    /// What it is.
    pub what: String,
    /// Where it stands, or what is to be known of it.
    pub state: String,
}

/// A ledger entry of an order.
#[derive(Debug, Clone, Serialize)]
pub struct EntryView {
    /// Why money moved.
    pub kind: &'static str,
    /// The account.
    pub account: String,
    /// `debit` or `credit`.
    pub side: Side,
    /// How much, in major units.
    pub amount: String,
    /// The asset.
    pub asset: String,
    /// When (business time).
    pub posted_at: String,
}

pub(super) async fn find(app: &App, id: OrderId) -> Reply<Order> {
    if let Some(payment) = app.store().payment(id).await? {
        return Ok(payment.into());
    }
    match app.store().rampoff(id).await? {
        Some(rampoff) => Ok(rampoff.into()),
        None => Err(Code::PaymentNotFound.into()),
    }
}

/// Everything known of an order.
///
/// # Errors
/// `payment_not_found` when there is no such order.
pub async fn show(app: &App, id: OrderId) -> Reply<OrderFile> {
    let file = match find(app, id).await? {
        Order::Payment(payment) => of_payment(app, &payment),
        Order::Rampoff(rampoff) => of_rampoff(app, &rampoff),
    };
    with_belongings(app, id, file).await
}

/// A command decides at the prices that the server has stored last, which it says the age of.
fn price_of(app: &App, leg: Leg, symbol: Symbol, currency: Currency) -> String {
    let board = app.prices();
    let Some(market) = board.market(symbol, currency) else { return "none known".to_owned() };
    let with_spread = match leg {
        Leg::Buying => board.buying(market.rate),
        Leg::Selling => board.selling(market.rate),
    };
    let Some(rate) = with_spread else { return "none known".to_owned() };
    let now = app.business().now();
    let stale = if board.is_stale(&market, now) { ", too old to decide at" } else { "" };
    format!("{rate} {currency}, {} s old{stale}", market.observed_at.until(now).as_secs())
}

/// What is said instead of "no current price": which price is known, and how old it is.
fn without_price(app: &App, order: &Order, refusal: CommandRefusal) -> AppError {
    let (leg, symbol, currency) = match order {
        Order::Payment(payment) => (Leg::Buying, payment.terms.coin.symbol, payment.terms.fiat),
        Order::Rampoff(rampoff) => (Leg::Selling, rampoff.terms.coin.symbol, rampoff.terms.fiat),
    };
    match refusal {
        CommandRefusal::NoPrice => {
            let known = price_of(app, leg, symbol, currency);
            Refusal::new(Code::PriceUnavailable, format!("There is no current price of {symbol}; the last one: {known}.")).into()
        }
        refusal => refusal.into(),
    }
}

fn of_payment(app: &App, payment: &Payment) -> OrderFile {
    let (fiat, coin) = (Asset::Fiat(payment.terms.fiat), Asset::Coin(payment.terms.coin));
    let amount = |amount, asset| format!("{} {asset}", major(app, amount, asset));
    OrderFile {
        kind: "payment",
        id: payment.id.to_string(),
        partner: payment.partner.to_string(),
        customer: payment.customer.0,
        status: payment.status(),
        hold: match payment.state {
            PaymentState::OnHold { reason, .. } => Some(reason),
            _ => None,
        },
        finding: payment.findings.told(),
        exception: payment.exceptions.first(),
        reversal: payment.reversal,
        terms: format!("{} for {}", amount(payment.terms.fiat_amount, fiat), amount(payment.terms.coin_amount, coin)),
        price: price_of(app, Leg::Buying, payment.terms.coin.symbol, payment.terms.fiat),
        received: amount(payment.received(), fiat),
        balance: amount(payment.fiat_balance, fiat),
        reserved: amount(payment.reserved, coin),
        created_at: payment.created_at.to_string(),
        held_until: payment.held_until.to_string(),
        facts: payment.receipts.iter().map(|receipt| receipt.fact.to_string()).collect(),
        transfers: Vec::new(),
        payouts: Vec::new(),
        jobs: Vec::new(),
        entries: Vec::new(),
        events: Vec::new(),
        deliveries: Vec::new(),
        reviews: Vec::new(),
        audit: Vec::new(),
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
        status: rampoff.status(),
        hold: match rampoff.state {
            RampoffState::OnHold { reason, .. } => Some(reason),
            _ => None,
        },
        finding: rampoff.findings.told(),
        exception: rampoff.exceptions.first(),
        reversal: rampoff.reversal,
        terms: format!("{} for {}", amount(rampoff.terms.coin_amount, coin), amount(rampoff.terms.fiat_amount, fiat)),
        price: price_of(app, Leg::Selling, rampoff.terms.coin.symbol, rampoff.terms.fiat),
        received: amount(rampoff.received(), coin),
        balance: format!("{}, {}", amount(rampoff.coin_balance, coin), amount(rampoff.fiat_balance, fiat)),
        reserved: amount(rampoff.reserved, fiat),
        created_at: rampoff.created_at.to_string(),
        held_until: rampoff.held_until.to_string(),
        facts: rampoff.deposits.iter().map(|deposit| deposit.deposit.to_string()).collect(),
        transfers: Vec::new(),
        payouts: Vec::new(),
        jobs: Vec::new(),
        entries: Vec::new(),
        events: Vec::new(),
        deliveries: Vec::new(),
        reviews: Vec::new(),
        audit: Vec::new(),
    }
}

async fn with_belongings(app: &App, id: OrderId, mut file: OrderFile) -> Reply<OrderFile> {
    let store = app.store();
    let subject = id.to_string();
    let partner = file.partner.parse().map_err(|_| AppError::defect("a partner's identifier that is none"))?;
    let (transfers, payouts, postings) =
        futures::try_join!(store.transfers_of_order(id), store.payouts_of_order(id), store.postings_of_order(id))?;
    let mut jobs = store.jobs_of_subject(&subject).await?;
    for belonging in transfers.iter().map(|each| each.id.to_string()).chain(payouts.iter().map(|each| each.id.to_string())) {
        jobs.extend(store.jobs_of_subject(&belonging).await?);
    }
    for transfer in transfers {
        let state = match &transfer.state {
            TransferState::Failed { reason } => format!("failed: {reason}"),
            state => state.signed().map_or_else(|| "queued".to_owned(), |signed| format!("{} {}", state.name(), signed.txid)),
        };
        let what = format!("{} {} to {}", major(app, transfer.amount, transfer.coin.into()), transfer.coin, transfer.to);
        file.transfers.push(Line { id: transfer.id.to_string(), what, state });
    }
    for payout in payouts {
        let state = super::payouts::state_of(&payout);
        let account = rampart_core::bank_account::masked(payout.destination.account.reveal());
        let what = format!("{} {} to {account}", major(app, payout.amount, payout.currency.into()), payout.currency);
        file.payouts.push(Line { id: payout.id.to_string(), what, state });
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
    let events = store.events_of_subject(partner, &subject, 0, EVENTS).await?;
    file.deliveries = super::webhooks::of_events(app, partner, &events).await?;
    for event in events {
        let (what, state) = (event.draft.kind.to_string(), event.draft.created_at.to_string());
        file.events.push(Line { id: event.sequence.to_string(), what, state });
    }
    let newest = store.reviews_of_order(id, REVIEWS).await?;
    let mut reviews = store.reversals_waiting(id).await?;
    reviews.retain(|item| newest.iter().all(|other| other.id != item.id));
    for item in reviews.into_iter().chain(newest.into_iter().rev()) {
        let state =
            item.resolution.map_or_else(|| "waits".to_owned(), |resolution| format!("{} by {}", resolution.decision, resolution.actor));
        file.reviews.push(Line { id: item.id.to_string(), what: item.reason, state });
    }
    file.audit = audit_lines(app, &subject).await?;
    Ok(file)
}

pub(super) fn job_line(job: rampart_core::job::Job) -> Line {
    let error = job.last_error.map(|error| format!(", last: {error}")).unwrap_or_default();
    let state = format!("due {}, attempts {}{error}", job.due_at, job.attempts);
    Line { id: job.id.to_string(), what: job.kind.as_str().to_owned(), state }
}

/// Stops an order before coins or money leave.
///
/// # Errors
/// A refusal when its state does not allow it.
pub async fn hold(app: &App, operator: &Operator, id: OrderId) -> Reply<()> {
    request(app, operator, id, "order.hold", PaymentCommand::Hold, RampoffCommand::Hold).await
}

/// Lets an order that is on hold go on.
///
/// # Errors
/// A refusal when its state does not allow it, or the customer is banned.
pub async fn release(app: &App, operator: &Operator, id: OrderId) -> Reply<()> {
    request(app, operator, id, "order.release", PaymentCommand::Release, RampoffCommand::Release).await
}

/// Sends an order's money or coins back, to a destination that the customer gave.
///
/// # Errors
/// A refusal when its state does not allow it.
pub async fn refund(app: &App, operator: &Operator, id: OrderId) -> Reply<()> {
    request(app, operator, id, REFUND, PaymentCommand::Refund, RampoffCommand::Refund).await
}

/// Puts an order's money or coins into suspense, each receipt as an item of the list of reviews; the order has ended then.
///
/// # Errors
/// A refusal when its state does not allow it.
pub async fn set_aside(app: &App, operator: &Operator, id: OrderId) -> Reply<()> {
    request(app, operator, id, "order.to_suspense", PaymentCommand::SetAside, RampoffCommand::SetAside).await
}

/// Calls back what is on its way out for an order: what was certainly not attempted is stopped, what was signed is not broadcast
/// again and its nonce is used up. What arrives all the same is shown by the order.
///
/// # Errors
/// A refusal when nothing is on its way, or none of it can be called back any more.
pub async fn recall(app: &App, operator: &Operator, id: OrderId) -> Reply<()> {
    for _ in 0..MOST_TRIES {
        let order = find(app, id).await?;
        let on_its_way = leaving::of_order(app, &order).await?;
        if on_its_way.is_empty() {
            return Err(refuse(format!("it is {}, and nothing is on its way for it", order.status())));
        }
        let context = app.context(observe::price(app, &order));
        let why = format!("called back by {}: {}", operator.actor, operator.reason);
        let mut step = called_back(order, on_its_way, &why, &context)
            .ok_or_else(|| refuse("it was handed over, and cannot be called back: ask the bank, or wait for the chain"))?;
        audit(app, operator, "order.recall", id, &mut step);
        if let Some(outcome) = once(app, step).await {
            return outcome;
        }
    }
    Err(AppError::Unavailable("the order is changing too fast".to_owned()))
}

/// Where an operator says that money or coins go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// An account, and who holds it.
    Account {
        /// Its number.
        account: String,
        /// Its holder.
        holder: String,
    },
    /// A wallet, on the order's chain.
    Wallet(String),
}

/// Gives an order a destination in place of its customer: the account that a purchase is refunded to, the wallet that a sale
/// is refunded to, or the account that a sale is paid out to. It is checked like the customer's own.
///
/// # Errors
/// A refusal when the destination does not hold, or the order's state does not allow it.
pub async fn give_destination(app: &App, operator: &Operator, id: OrderId, destination: &Destination) -> Reply<()> {
    for _ in 0..MOST_TRIES {
        let order = find(app, id).await?;
        let context = app.context(observe::price(app, &order));
        let mut step = match (order, destination) {
            (Order::Payment(payment), Destination::Account { account, holder }) => {
                let given = checked_account(app, payment.country, account, holder)?;
                payment.request(PaymentCommand::GiveRefundAccount(given), &context)?
            }
            (Order::Rampoff(rampoff), Destination::Wallet(wallet)) => {
                let wallet = app.check_foreign_wallet("wallet", rampoff.chain(), wallet).await?;
                rampoff.request(RampoffCommand::GiveRefundWallet(wallet), &context)?
            }
            (Order::Rampoff(rampoff), Destination::Account { account, holder }) => {
                let given = checked_account(app, rampoff.country, account, holder)?;
                let mut step = rampoff.clone().request(RampoffCommand::GivePayoutDestination(given.clone()), &context)?;
                app.list_with_new_account(&rampoff, &given, &mut step).await?;
                step
            }
            (Order::Payment(_), Destination::Wallet(_)) => {
                return Err(refuse("a purchase is refunded to an account"));
            }
        };
        ordered_by_person(&mut step);
        audit(app, operator, "order.destination", id, &mut step);
        if let Some(outcome) = once(app, step).await {
            return outcome;
        }
    }
    Err(AppError::Unavailable("the order is changing too fast".to_owned()))
}

pub(super) fn checked_account(app: &App, country: Country, account: &str, holder: &str) -> Reply<PayoutDestination> {
    if holder.trim().is_empty() {
        return Err(refuse("say who holds the account"));
    }
    if holder.chars().count() > LONGEST_HOLDER {
        return Err(refuse(format!("the holder's name has at most {LONGEST_HOLDER} characters")));
    }
    text::check(holder).map_err(|fault| refuse(format!("the holder's name {fault}")))?;
    let checked = destination::checked(app.own_accounts(), country, Given::number(account), None, holder.trim().into());
    checked.map_err(|fault| refuse(format!("the account {fault}")))
}

/// Calls off an order that was not paid.
///
/// # Errors
/// A refusal when its state does not allow it.
pub async fn cancel(app: &App, operator: &Operator, id: OrderId) -> Reply<()> {
    request(app, operator, id, "order.cancel", PaymentCommand::Cancel, RampoffCommand::Cancel).await
}

async fn request(
    app: &App,
    operator: &Operator,
    id: OrderId,
    action: &str,
    payment_command: PaymentCommand,
    rampoff_command: RampoffCommand,
) -> Reply<()> {
    for _ in 0..MOST_TRIES {
        let order = find(app, id).await?;
        let customer = order.customer();
        let context = app.context(observe::price(app, &order));
        let asked = match order.clone() {
            Order::Payment(payment) => payment.request(payment_command.clone(), &context),
            Order::Rampoff(rampoff) => rampoff.request(rampoff_command.clone(), &context),
        };
        let mut step = asked.map_err(|refusal| without_price(app, &order, refusal))?;
        if payment_command == PaymentCommand::Release {
            let customer = app.store().customer(customer).await?.ok_or(Code::UserNotFound)?;
            if customer.banned.is_some() {
                return Err(refuse("the customer is banned: refund the order, or lift the ban first"));
            }
            if customer.charged_back.is_some() {
                return Err(refuse("the customer charged money back: refund the order, or lift that first (rampart customer unban)"));
            }
            step.rely(RecordKey::Customer(customer.id), customer.version);
        }
        ordered_by_person(&mut step);
        // A refund behind a person's own hold is a right of its own: it is told apart in the audit log.
        let action = if action == REFUND && order.hold() == Some(HoldReason::Operator) { "order.refund_after_hold" } else { action };
        audit(app, operator, action, id, &mut step);
        if let Some(outcome) = once(app, step).await {
            return outcome;
        }
    }
    Err(AppError::Unavailable("the order is changing too fast".to_owned()))
}

/// Commits an operator's step; nothing when it has to be decided again.
pub(super) async fn once(app: &App, step: Step) -> Option<Reply<()>> {
    match app.commit(step).await {
        Err(CommitError::Conflict(_)) => None,
        outcome => Some(told(outcome)),
    }
}
